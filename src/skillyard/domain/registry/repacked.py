"""Releases in another archive format than the one that was uploaded, packed on demand, always to the same bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.model import ArchiveFormat, Release
from skillyard.skill.archive import open_safely, pack
from skillyard.skill.digest import sha256_hex, sha512_sri

_KEPT_BYTES = 32 * 1024 * 1024
_KEPT_FACTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """`sha512` as in `integrity` attributes. `data` is None where the uploaded archive is what is wanted."""

    sha256: str
    sha512: str
    size_bytes: int
    data: bytes | None = None


class Repacked:
    """What was packed last, as far as it fits, and the hashes of more; by the archive's SHA-256, so never stale.

    `may_have_folder`: an archive with one folder around all files is handed out as it is, too.
    """

    def __init__(self, format: ArchiveFormat, *, may_have_folder: bool) -> None:
        self._format = format
        self._may_have_folder = may_have_folder
        self._kept: OrderedDict[str, Packed] = OrderedDict()
        self._facts: OrderedDict[str, Packed] = OrderedDict()
        self._lock = threading.Lock()

    def facts(self, app: App, release: Release) -> Packed:
        """Without `data`. Raises BlobMissing, or SkillError when the release cannot be packed so."""
        with self._lock:
            known = self._facts.get(release.archive.sha256)
        return known or self.get(app, release)

    def get(self, app: App, release: Release) -> Packed:
        """Raises as `facts` does."""
        sha256 = release.archive.sha256
        with self._lock:
            if packed := self._kept.get(sha256):
                self._kept.move_to_end(sha256)
                return packed
            if (facts := self._facts.get(sha256)) and facts.sha256 == sha256:
                return facts
        packed = self._make(app, release)
        with self._lock:
            self._keep(sha256, packed)
        return packed

    def _make(self, app: App, release: Release) -> Packed:
        archive = release.archive
        uploaded = Packed(sha256=archive.sha256, sha512=archive.sha512, size_bytes=archive.size_bytes)
        is_format = archive.format == self._format
        if is_format and self._may_have_folder:
            return uploaded
        files = open_safely(app.blobs.read(archive.sha256), limits=NO_LIMITS)
        if is_format and files.top_folder is None:
            return uploaded
        data = pack(files, format=self._format, limits=NO_LIMITS)
        return Packed(sha256=sha256_hex(data), sha512=sha512_sri(data), size_bytes=len(data), data=data)

    def _keep(self, sha256: str, packed: Packed) -> None:
        self._facts[sha256] = Packed(sha256=packed.sha256, sha512=packed.sha512, size_bytes=packed.size_bytes)
        if packed.data is not None:
            self._kept[sha256] = packed
        while len(self._kept) > 1 and sum(len(kept.data or b"") for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
        while len(self._facts) > _KEPT_FACTS:
            self._facts.popitem(last=False)
