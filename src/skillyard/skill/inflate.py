"""Raw deflate (RFC 1951) and CRC-32: Intel's ISA-L where it is installed, which is several times faster, else zlib."""

from __future__ import annotations

import zlib
from typing import Protocol, cast

try:
    from isal import isal_zlib as _fastest
except ImportError:
    import zlib as _fastest  # type: ignore[no-redef]

INFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, cast(type[Exception], _fastest.error))


class Inflater(Protocol):
    """What `zlib.decompressobj` returns."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes: ...


def new_inflater() -> Inflater:
    """For one deflate stream without header or trailer. Raises one of INFLATE_ERRORS on what is no such stream."""
    return cast(Inflater, _fastest.decompressobj(wbits=-15))


def crc32(data: bytes | memoryview, before: int = 0) -> int:
    """The checksum of zip and gzip, continued from that of what came `before`."""
    return _fastest.crc32(data, before)
