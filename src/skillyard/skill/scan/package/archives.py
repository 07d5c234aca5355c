"""Looks into zip and tar archives in memory, a bounded part of each, and never writes or runs what is in them."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MEMBERS = 400
MAX_MEMBER_BYTES = 65_536
MAX_BYTES = 4 << 20
_MEMORY_BYTES = 64 << 20
_CODE = re.compile(
    r".*\.(?:py|sh|bash|js|mjs|cjs|ts|ps1|bat|cmd|rb|pl|php|lua|vbs|scpt|applescript|pyc|class|command)", re.IGNORECASE
)
_PROGRAM = re.compile(r".*\.(?:exe|dll|so|dylib|msi|scr|dmg|pkg|deb|rpm|appimage|com|apk)", re.IGNORECASE)
_ARCHIVE_BEGINS = (b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ")
_PROGRAM_BEGINS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")


class UnreadableError(ValueError):
    """The archive is broken, encrypted as a whole, or beyond the bounds."""


@dataclass(frozen=True, slots=True)
class Member:
    """`head`: at most the first MAX_MEMBER_BYTES; empty when it was not read."""

    name: str
    head: bytes
    is_encrypted: bool = False

    @property
    def is_code(self) -> bool:
        return _CODE.fullmatch(self.name) is not None or self.head.startswith(b"#!")

    @property
    def is_program(self) -> bool:
        return _PROGRAM.fullmatch(self.name) is not None or self.head.startswith(_PROGRAM_BEGINS)

    @property
    def is_archive(self) -> bool:
        return self.head.startswith(_ARCHIVE_BEGINS)


def members_of(data: bytes, most_bytes: int = MAX_BYTES) -> list[Member]:
    """The members of a zip, tar or compressed tar; a compressed file alone is one member. Raises UnreadableError.

    Beyond `most_bytes` unpacked, members of a zip have no head, and those of a tar are not told.
    """
    try:
        if data.startswith(b"PK"):
            return list(_zip_members(data, most_bytes))
        return list(_tar_members(data, most_bytes))
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError,
        NotImplementedError, RuntimeError, ValueError, LookupError, OverflowError, MemoryError,
    ) as error:  # fmt: skip
        raise UnreadableError(str(error)) from error


def _zip_members(data: bytes, left: int) -> Iterator[Member]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist()[:MAX_MEMBERS]:
            encrypted = bool(info.flag_bits & 1)
            head = b""
            readable = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if not encrypted and readable and not info.is_dir() and left > 0:
                with archive.open(info) as member:
                    head = member.read(min(MAX_MEMBER_BYTES, left))
                left -= len(head)
            yield Member(info.filename, head, encrypted)


def _tar_members(data: bytes, most_bytes: int) -> Iterator[Member]:
    plain = _decompressed(data, most_bytes)
    if plain[257:262] != b"ustar":
        yield Member("", plain[:MAX_MEMBER_BYTES])
        return
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        for _ in range(MAX_MEMBERS):
            try:
                info = archive.next()
            except tarfile.ReadError:
                return  # cut off at the bound
            if info is None:
                return
            opened = archive.extractfile(info) if info.isreg() else None
            yield Member(info.name, opened.read(MAX_MEMBER_BYTES) if opened else b"")


def _decompressed(data: bytes, most_bytes: int) -> bytes:
    """At most so many bytes of what is compressed in `data`."""
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(data, most_bytes)
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress(data, most_bytes)
    if data.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES).decompress(data, most_bytes)
    return data
