"""A release as a zip, for clients that read nothing else: as it was uploaded where it is one, else packed anew."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.model import Blob, Release
from skillyard.domain.registry.repacked import Packed, Repacked
from skillyard.domain.registry.tarballs import check_may_hand_out
from skillyard.infra.errors import Unavailable
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName

ZIPS = Repacked("zip", may_have_folder=True)


def list_zips(app: App, releases: Iterable[Release]) -> list[tuple[Release, Packed]]:
    """Each release with the hash and size of its zip, but for those that there can be none of."""
    found = []
    for release in releases:
        try:
            found.append((release, ZIPS.facts(app, release)))
        except (SkillError, Unavailable):
            continue
    return found


def find_zip(
    app: App, caller: Caller, *, name: SkillName, version: str, has_consent: bool = False
) -> tuple[Blob, Packed]:
    """The zip of a release, by version or channel. `has_consent`: to a flagged release.

    Raises SkillNotFound, PurchaseRequired, ReleaseNotFound, ReleaseQuarantined, ReleaseRecalled, or NeedsConsent.
    """
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name).must_take()
        release = access.get_release(tx, name, version)
    check_may_hand_out(release, has_consent=has_consent)
    packed = ZIPS.get(app, release)
    return zip_blob(release, packed), packed


def zip_blob(release: Release, packed: Packed) -> Blob:
    """The zip as something to download."""
    return Blob(
        sha256=packed.sha256,
        size_bytes=packed.size_bytes,
        format="zip",
        filename=f"{release.name.replace('/', '-')}-{release.version}.zip",
        release_id=release.id,
        name=release.name,
    )
