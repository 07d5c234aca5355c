"""Gzip (RFC 1952) around exactly one stream: a reader that unpacks no more than it is asked for, and a writer."""

from __future__ import annotations

import struct
from typing import NoReturn

from skillyard.skill.files import Intake
from skillyard.skill.inflate import INFLATE_ERRORS, crc32, new_inflater

GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE = b"\x08"
_IS_TEXT, _HAS_NAME = 1, 8
_MAX_NAME_BYTES = 1024
_CHUNK_IN, _CHUNK_OUT = 64 * 1024, 256 * 1024
_TRAILER = struct.Struct("<2L")
_STORED_BLOCK = struct.Struct("<B2H")
_UNKNOWN_OS = 255


class Gunzip:
    """The unpacked bytes of `data`, piece by piece. Every broken promise of the format stops `intake`."""

    def __init__(self, data: bytes, intake: Intake) -> None:
        self._data = data
        self._intake = intake
        self._at = self._read_header()
        self._pending: bytes | memoryview = b""
        self._inflater = new_inflater()
        self._ready = bytearray()
        self._crc = 0
        self._size = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        while len(self._ready) < size and not self._inflater.eof:
            self._unpack()
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def finish(self) -> None:
        """Check that the stream ended with all that was read, that its checksum is right and that nothing follows."""
        while not self._inflater.eof and not self._ready:
            self._unpack()
        trailer_at = self._at - len(self._inflater.unused_data)
        rest = self._data[trailer_at + _TRAILER.size :]
        if len(self._data) < trailer_at + _TRAILER.size:
            self._stop_truncated()
        if self._ready or rest:
            what = "a second gzip stream" if rest.startswith(GZIP_MAGIC) else "data"
            self._intake.stop("trailing_data", f"there is {what} after the end of the archive", "pack it again")
        if _TRAILER.unpack_from(self._data, trailer_at) != (self._crc, self._size & 0xFFFFFFFF):
            self._intake.stop("bad_checksum", "the archive's checksum is wrong", "it was damaged: send it again")

    def _read_header(self) -> int:
        flags = self._data[3] if len(self._data) > 10 else None
        if flags is None:
            self._stop_truncated()
        elif self._data[2:3] != _DEFLATE or flags & ~(_IS_TEXT | _HAS_NAME):
            self._intake.stop("bad_archive", "the gzip header has more than a name", "pack it again with plain gzip")
        elif not flags & _HAS_NAME:
            return 10
        name_end = self._data.find(b"\0", 10, 10 + _MAX_NAME_BYTES)
        if name_end == -1:
            self._intake.stop("bad_archive", "the gzip header's name has no end", "pack it again with plain gzip")
        return name_end + 1

    def _unpack(self) -> None:
        if not self._pending:
            self._pending = self._data[self._at : self._at + _CHUNK_IN]
            self._at += len(self._pending)
        was_fed = len(self._pending)
        try:
            unpacked = self._inflater.decompress(self._pending, _CHUNK_OUT)
        except INFLATE_ERRORS:
            self._intake.stop("bad_compression", "its compressed data is broken", "it was damaged: send it again")
        self._pending = self._inflater.unconsumed_tail
        if not unpacked and not was_fed and not self._inflater.eof:
            self._stop_truncated()
        self._crc = crc32(unpacked, self._crc)
        self._size += len(unpacked)
        self._ready += unpacked

    def _stop_truncated(self) -> NoReturn:
        self._intake.stop("truncated", "the archive ends too early", "it was cut short: send it again")


def gzip_bytes(data: bytes) -> bytes:
    """`data` in gzip, in stored blocks: deflate has no canonical output, every build of zlib may choose other bytes."""
    packed = bytearray(GZIP_MAGIC + _DEFLATE + bytes(6) + bytes([_UNKNOWN_OS]))
    for at in range(0, max(len(data), 1), 0xFFFF):
        block = data[at : at + 0xFFFF]
        is_last = at + 0xFFFF >= len(data)
        packed += _STORED_BLOCK.pack(is_last, len(block), len(block) ^ 0xFFFF) + block
    return bytes(packed + _TRAILER.pack(crc32(data), len(data) & 0xFFFFFFFF))
