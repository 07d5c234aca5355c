"""A release as one tar.gz without a folder around it, for clients that read nothing else; and signed addresses for it.

What was uploaded like that is handed out as it is. Everything else is packed anew on demand, always to the same bytes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import DownloadAddressNotValid, NeedsConsent, ReleaseRecalled
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.model import Blob, Release
from skillyard.domain.registry.store import releases
from skillyard.domain.registry.trust import Status
from skillyard.skill.archive import open_safely, pack
from skillyard.skill.digest import sha256_hex, sha512_sri
from skillyard.skill.faults import SkillError

LIFE_MS = 3600 * 1000
_PURPOSE = "download"
_KEPT_BYTES = 32 * 1024 * 1024
_KEPT_FACTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """`sha512` as in `integrity` attributes. `data` is None where the uploaded archive is the tarball."""

    sha256: str
    sha512: str
    size_bytes: int
    data: bytes | None = None


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


def sign_address(app: App, release: Release) -> SignedAddress:
    """For a caller of whom it is known that they may read the release. Good for an hour."""
    expires_ms = app.clock.now_ms() + LIFE_MS
    return SignedAddress(
        release_id=release.id, expires_ms=expires_ms, signature=app.signer.sign(_PURPOSE, release.id, expires_ms)
    )


def find_signed(app: App, address: SignedAddress, *, has_consent: bool = False) -> tuple[Blob, Tarball]:
    """The tarball that the address opens. `has_consent`: to a flagged release.

    Raises DownloadAddressNotValid, ReleaseQuarantined, ReleaseRecalled, or NeedsConsent.
    """
    is_signed = app.signer.is_valid(address.signature, _PURPOSE, address.release_id, address.expires_ms)
    if not is_signed or address.expires_ms <= app.clock.now_ms():
        raise DownloadAddressNotValid
    with app.database.reading() as tx:
        (release,) = releases.list_whole(tx, [address.release_id])
    _check_may_take(release, has_consent=has_consent)
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


def _check_may_take(release: Release, *, has_consent: bool) -> None:
    """Stricter than for our own client, which asks its user: those that come here ask nobody."""
    access.check_may_take(ANONYMOUS, release)
    why = release.reasons[0] if release.reasons else "see its findings"
    if release.status is Status.RECALLED:
        raise ReleaseRecalled(name=release.name, version=release.version, why=why)
    if release.status is Status.FLAGGED and not has_consent:
        raise NeedsConsent(name=release.name, version=release.version, why=why)


class _Tarballs:
    """What was packed last, as far as it fits, and the hashes of more; by the archive's SHA-256, so never stale."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Tarball] = OrderedDict()
        self._facts: OrderedDict[str, Tarball] = OrderedDict()
        self._lock = threading.Lock()

    def facts(self, app: App, release: Release) -> Tarball:
        """Without `data`."""
        with self._lock:
            known = self._facts.get(release.archive.sha256)
        return known or self.get(app, release)

    def get(self, app: App, release: Release) -> Tarball:
        sha256 = release.archive.sha256
        with self._lock:
            if tarball := self._kept.get(sha256):
                self._kept.move_to_end(sha256)
                return tarball
            if (facts := self._facts.get(sha256)) and facts.sha256 == sha256:
                return facts
        tarball = _make(app, release)
        with self._lock:
            self._keep(sha256, tarball)
        return tarball

    def _keep(self, sha256: str, tarball: Tarball) -> None:
        self._facts[sha256] = Tarball(sha256=tarball.sha256, sha512=tarball.sha512, size_bytes=tarball.size_bytes)
        if tarball.data is not None:
            self._kept[sha256] = tarball
        while len(self._kept) > 1 and sum(len(kept.data or b"") for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
        while len(self._facts) > _KEPT_FACTS:
            self._facts.popitem(last=False)


def _make(app: App, release: Release) -> Tarball:
    archive = release.archive
    files = open_safely(app.blobs.read(archive.sha256), limits=NO_LIMITS)
    if archive.format == "tar.gz" and files.top_folder is None:
        return Tarball(sha256=archive.sha256, sha512=archive.sha512, size_bytes=archive.size_bytes)
    data = pack(files, format="tar.gz", limits=NO_LIMITS)
    return Tarball(sha256=sha256_hex(data), sha512=sha512_sri(data), size_bytes=len(data), data=data)


_tarballs = _Tarballs()
