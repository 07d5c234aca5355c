"""The records that a zip consists of, and their fields in order (PKWARE APPNOTE 6.3, sections 4.3 and 4.4)."""

from __future__ import annotations

import struct
from typing import NamedTuple

LOCAL_MAGIC = b"PK\x03\x04"
END_MAGIC = b"PK\x05\x06"
CENTRAL_MAGIC = b"PK\x01\x02"
ZIP64_LOCATOR_MAGIC = b"PK\x06\x07"
DESCRIPTOR_MAGIC = b"PK\x07\x08"
END = struct.Struct("<4s4H2LH")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
SIZES = struct.Struct("<3L")

STORED, DEFLATED = 0, 8
HAS_DESCRIPTOR, IS_UTF8 = 0x0008, 0x0800
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
ALLOWED_FLAGS = 0x0006 | HAS_DESCRIPTOR | IS_UTF8  # the first two tell how hard deflate tried
ZIP64_EXTRA, UNICODE_PATH_EXTRA = 0x0001, 0x7075
MAX_32 = 0xFFFFFFFF
DOS_FOLDER, WINDOWS_REPARSE_POINT = 0x10, 0x400
MADE_ON_UNIX, NEEDS_VERSION_1 = 3 << 8 | 20, 10
DATE_1980_01_01 = 1 << 5 | 1


class EndRecord(NamedTuple):
    magic: bytes
    disk: int
    directory_disk: int
    entries_on_disk: int
    entries: int
    directory_size: int
    directory_at: int
    comment_size: int


class CentralHeader(NamedTuple):
    magic: bytes
    made_by: int
    version_needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_size: int
    size: int
    name_size: int
    extra_size: int
    comment_size: int
    disk: int
    internal_attributes: int
    attributes: int
    local_at: int


class LocalHeader(NamedTuple):
    magic: bytes
    version_needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_size: int
    size: int
    name_size: int
    extra_size: int
