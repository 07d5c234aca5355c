"""A release as one tar.gz without a folder around it, for clients that read nothing else; and signed addresses for it.

What was uploaded like that is handed out as it is. Everything else is packed anew on demand, always to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import DownloadAddressNotValid, NeedsConsent, ReleaseRecalled
from skillyard.domain.registry.model import Blob, Release
from skillyard.domain.registry.repacked import Packed, Repacked
from skillyard.domain.registry.store import releases
from skillyard.domain.registry.trust import Status
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName

LIFE_MS = 3600 * 1000
_PURPOSE = "download"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAddress:
    """What opens the tarball of one release for reading, until it expires."""

    release_id: str
    expires_ms: int
    signature: str


def integrity_of(app: App, release: Release) -> str:
    """The SHA-512 of the release's tarball. Raises BlobMissing, or SkillError when there can be none."""
    return _tarballs.facts(app, release).sha512


def list_integrities(app: App, releases: Iterable[Release]) -> list[tuple[Release, str]]:
    """Each release with the SHA-512 of its tarball, but for those whose paths fit into none. Raises BlobMissing."""
    found = []
    for release in releases:
        try:
            found.append((release, integrity_of(app, release)))
        except SkillError:
            continue
    return found


def sign_address(app: App, caller: Caller, release: Release) -> SignedAddress:
    """For a caller of whom it is known that they may see the release. Good for an hour. Raises PurchaseRequired."""
    with app.database.reading() as tx:
        access.check_visible(tx, caller, SkillName.parse(release.name)).must_take()
    expires_ms = app.clock.now_ms() + LIFE_MS
    return SignedAddress(
        release_id=release.id, expires_ms=expires_ms, signature=app.signer.sign(_PURPOSE, release.id, expires_ms)
    )


def find_signed(app: App, address: SignedAddress, *, has_consent: bool = False) -> tuple[Blob, Packed]:
    """The tarball that the address opens. `has_consent`: to a flagged release.

    Raises DownloadAddressNotValid, ReleaseQuarantined, ReleaseRecalled, or NeedsConsent.
    """
    is_signed = app.signer.is_valid(address.signature, _PURPOSE, address.release_id, address.expires_ms)
    if not is_signed or address.expires_ms <= app.clock.now_ms():
        raise DownloadAddressNotValid
    with app.database.reading() as tx:
        (release,) = releases.list_whole(tx, [address.release_id])
    check_may_hand_out(release, has_consent=has_consent)
    tarball = _tarballs.get(app, release)
    blob = Blob(
        sha256=tarball.sha256,
        size_bytes=tarball.size_bytes,
        format="tar.gz",
        filename=f"{release.name.replace('/', '-')}-{release.version}.tgz",
        release_id=release.id,
        name=release.name,
    )
    return blob, tarball


def check_may_hand_out(release: Release, *, has_consent: bool) -> None:
    """Stricter than for our own client, which asks its user: those that come here ask nobody.

    Raises ReleaseQuarantined, ReleaseRecalled, or NeedsConsent.
    """
    access.check_may_take(ANONYMOUS, release)
    why = release.reasons[0] if release.reasons else "see its findings"
    if release.status is Status.RECALLED:
        raise ReleaseRecalled(name=release.name, version=release.version, why=why)
    if release.status is Status.FLAGGED and not has_consent:
        raise NeedsConsent(name=release.name, version=release.version, why=why)


_tarballs = Repacked("tar.gz", may_have_folder=False)
