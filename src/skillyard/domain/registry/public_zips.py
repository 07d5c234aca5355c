"""Zips of public skills at addresses that name their content: what is behind one never changes, nor is it ever another.

The address leads on to a signed one, so that a server that keeps archives elsewhere can send its readers there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.registry.errors import DownloadAddressNotValid, ZipNotFound
from skillyard.domain.registry.model import Blob, Release
from skillyard.domain.registry.repacked import Packed
from skillyard.domain.registry.store import releases
from skillyard.domain.registry.store import zips as store
from skillyard.domain.registry.tarballs import check_may_hand_out
from skillyard.domain.registry.zips import ZIPS, zip_blob
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PURPOSE = "zip"
_SHOWN_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicZip:
    """`sha256` and `size_bytes` are those of the zip, which is not always what was uploaded."""

    release_id: str
    name: str
    version: str
    sha256: str
    size_bytes: int


def show_public_zip(app: App, release: Release) -> PublicZip | None:
    """The zip of a release that everybody may have; None when there is none."""
    if not release.is_free:
        return None
    try:
        check_may_hand_out(release, has_consent=False)
        packed = ZIPS.facts(app, release)
    except (SkillyardError, SkillError):
        return None
    _remember(app, release, packed)
    return _zip(release, packed)


def find_public_zip(app: App, *, name: SkillName, sha: str) -> PublicZip:
    """The zip of a skill that hashes to `sha`. Raises ZipNotFound, also when the skill is public no more;
    ReleaseQuarantined, ReleaseRecalled or NeedsConsent.
    """
    with app.database.reading() as tx:
        release_id = store.find_release(tx, str(name), sha) if _SHA256.fullmatch(sha) else None
        found = releases.list_whole(tx, [release_id]) if release_id else []
    if not found:
        raise ZipNotFound(name=str(name)[:_SHOWN_CHARS], sha256=sha[:_SHOWN_CHARS])
    return _zip(*_open(app, found[0], sha))


def sign_zip(app: App, found: PublicZip) -> str:
    """The signature that opens this zip. It does not expire, as the address that leads to it does not."""
    return app.signer.sign(_PURPOSE, found.release_id, found.sha256)


def open_public_zip(app: App, *, release_id: str, sha: str, signature: str) -> tuple[Blob, Packed]:
    """What a signed address opens. Raises DownloadAddressNotValid, and as `find_public_zip` does."""
    if not app.signer.is_valid(signature, _PURPOSE, release_id, sha):
        raise DownloadAddressNotValid
    with app.database.reading() as tx:
        [release] = releases.list_whole(tx, [release_id])
    release, packed = _open(app, release, sha)
    return zip_blob(release, packed), packed


def _open(app: App, release: Release, sha: str) -> tuple[Release, Packed]:
    if not release.is_free:
        raise ZipNotFound(name=release.name, sha256=sha)
    check_may_hand_out(release, has_consent=False)
    packed = ZIPS.get(app, release)
    if packed.sha256 != sha:
        raise ZipNotFound(name=release.name, sha256=sha)
    return release, packed


def _remember(app: App, release: Release, packed: Packed) -> None:
    """Only of what was packed anew; the hash of an uploaded zip stands in its release."""
    if packed.sha256 == release.archive.sha256:
        return
    with app.database.reading() as tx:
        if store.has_zip(tx, release.id):
            return
    _add(app, release, packed)


def _add(app: App, release: Release, packed: Packed) -> None:
    with app.database.transaction() as tx:
        store.add_zip(tx, release.id, release.name, packed.sha256)


def _zip(release: Release, packed: Packed) -> PublicZip:
    return PublicZip(
        release_id=release.id,
        name=release.name,
        version=release.version,
        sha256=packed.sha256,
        size_bytes=packed.size_bytes,
    )
