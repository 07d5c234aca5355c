"""Zip archives (PKWARE APPNOTE 6.3): a reader that believes only what two places agree on, and a reproducible writer.

Every byte must belong to exactly one entry, the central directory or the end record. Zip64 is refused: nothing within
our limits needs it, and its second set of sizes is where readers come to disagree.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from skillyard.skill.files import Intake, SkillFiles
from skillyard.skill.inflate import INFLATE_ERRORS, crc32, new_inflater
from skillyard.skill.zip_records import (
    ALLOWED_FLAGS,
    CENTRAL,
    CENTRAL_MAGIC,
    DATE_1980_01_01,
    DEFLATED,
    DESCRIPTOR_MAGIC,
    DOS_FOLDER,
    ENCRYPTED,
    END,
    END_MAGIC,
    HAS_DESCRIPTOR,
    IS_UTF8,
    LOCAL,
    LOCAL_MAGIC,
    MADE_ON_UNIX,
    MAX_32,
    NEEDS_VERSION_1,
    SIZES,
    STORED,
    UNICODE_PATH_EXTRA,
    WINDOWS_REPARSE_POINT,
    ZIP64_EXTRA,
    ZIP64_LOCATOR_MAGIC,
    CentralHeader,
    EndRecord,
    LocalHeader,
)

_PACK_AGAIN = "pack it again"


@dataclass(slots=True, kw_only=True)
class _Entry:
    """One line of the central directory; `data_at` is known once the local header was read."""

    central: CentralHeader
    raw_name: bytes
    extra: bytes
    data_at: int = 0

    @property
    def name(self) -> str:
        return self.raw_name.decode("utf-8", "surrogateescape")

    @property
    def data_end(self) -> int:
        return self.data_at + self.central.packed_size


def read_zip(data: bytes, intake: Intake) -> None:
    """Hand every file in `data` to `intake`, its faults too. Raises SkillError where the structure is broken."""
    end = _read_end(data, intake)
    entries = _read_directory(data, end, intake)
    _place_entries(data, entries, end, intake)
    admitted = [(entry, _admit(entry, intake)) for entry in entries]
    if intake.faults:
        return
    for entry, is_file in admitted:
        content = _read_content(data, entry, intake)
        if is_file and content is not None:
            intake.keep(entry.name, content, mode=_mode(entry))


def _read_end(data: bytes, intake: Intake) -> EndRecord:
    at = len(data) - END.size
    if at < 0 or not data.startswith(END_MAGIC, at):
        _stop_without_end(data, intake)
    end = EndRecord._make(END.unpack_from(data, at))
    if (
        data[max(at - 20, 0) : at].startswith(ZIP64_LOCATOR_MAGIC)
        or end.entries == 0xFFFF
        or end.directory_at == MAX_32
    ):
        _stop_zip64(intake)
    if end.disk or end.directory_disk or end.entries_on_disk != end.entries:
        intake.stop("bad_archive", "the archive is one part of several", "pack it in one piece")
    if end.comment_size or end.directory_at + end.directory_size != at:
        intake.stop("hidden_data", "there is data around the end record of the archive", _PACK_AGAIN)
    if end.entries > intake.limits.max_entries:
        intake.stop(
            "too_many_entries",
            f"there are {end.entries} entries, {intake.limits.max_entries} are allowed",
            "leave out what the skill can do without",
        )
    return end


def _stop_zip64(intake: Intake) -> NoReturn:
    intake.stop("zip64", "the archive uses zip64", "pack it without zip64 extensions")


def _stop_without_end(data: bytes, intake: Intake) -> NoReturn:
    last_possible = max(len(data) - END.size, 0)
    at = data.rfind(END_MAGIC, max(last_possible - 0xFFFF, 0), last_possible + len(END_MAGIC))
    if at == -1 or at + END.size > len(data):
        intake.stop("truncated", "the archive has no end record", "it was cut short: send it again")
    comment_size = EndRecord._make(END.unpack_from(data, at)).comment_size
    if at + END.size + comment_size == len(data):
        intake.stop(
            "hidden_data",
            "the archive has a comment",
            "pack it without one; where git archive made it, send its tar.gz",
        )
    intake.stop("trailing_data", "there is data after the end of the archive", _PACK_AGAIN)


def _read_directory(data: bytes, end: EndRecord, intake: Intake) -> list[_Entry]:
    entries = []
    at, stop_at = end.directory_at, end.directory_at + end.directory_size
    while at < stop_at:
        names_at = at + CENTRAL.size
        if names_at > stop_at or data[at : at + 4] != CENTRAL_MAGIC:
            intake.stop("bad_archive", f"the central directory is broken at byte {at}", _PACK_AGAIN)
        central = CentralHeader._make(CENTRAL.unpack_from(data, at))
        if MAX_32 in (central.packed_size, central.size, central.local_at):
            _stop_zip64(intake)
        extra_at = names_at + central.name_size
        at = extra_at + central.extra_size + central.comment_size
        if at > stop_at:
            intake.stop("bad_archive", "the central directory is longer than it declares", _PACK_AGAIN)
        raw_name, extra = data[names_at:extra_at], data[extra_at : extra_at + central.extra_size]
        entries.append(_Entry(central=central, raw_name=raw_name, extra=extra))
    if len(entries) != end.entries:
        intake.stop("bad_archive", f"{end.entries} entries are declared, there are {len(entries)}", _PACK_AGAIN)
    return entries


def _place_entries(data: bytes, entries: list[_Entry], end: EndRecord, intake: Intake) -> None:
    """Find each entry's data, and that the entries fill the archive up to its directory without gap or overlap."""
    expected = 0
    for entry in sorted(entries, key=lambda entry: entry.central.local_at):
        at = entry.central.local_at
        if at < expected:
            intake.stop("overlapping_entries", "this entry overlaps another one", _PACK_AGAIN, entry=entry.name)
        if at > expected:
            intake.stop(
                "hidden_data", f"{at - expected} bytes before it belong to no entry", _PACK_AGAIN, entry=entry.name
            )
        expected = _read_local(data, entry, end, intake)
    if expected != end.directory_at:
        intake.stop("hidden_data", "there is data between the entries and the central directory", _PACK_AGAIN)


def _read_local(data: bytes, entry: _Entry, end: EndRecord, intake: Intake) -> int:
    """Check the header in front of the data against the directory, and return where the entry ends."""
    at, central = entry.central.local_at, entry.central
    names_at = at + LOCAL.size
    if names_at > end.directory_at or data[at : at + 4] != LOCAL_MAGIC:
        intake.stop("bad_archive", "the central directory points to no entry", _PACK_AGAIN, entry=entry.name)
    local = LocalHeader._make(LOCAL.unpack_from(data, at))
    extra_at = names_at + local.name_size
    entry.data_at = extra_at + local.extra_size
    if entry.data_end > end.directory_at:
        intake.stop("overlapping_entries", "this entry reaches into the directory", _PACK_AGAIN, entry=entry.name)
    sizes = (local.crc, local.packed_size, local.size)
    expected = (central.crc, central.packed_size, central.size)
    is_streamed = bool(central.flags & HAS_DESCRIPTOR)
    if (
        (local.flags, local.method) != (central.flags, central.method)
        or data[names_at:extra_at] != entry.raw_name
        or (sizes != expected and not (is_streamed and sizes == (0, 0, 0)))
    ):
        intake.refuse(
            "mismatched_header",
            "its header and the central directory disagree",
            _PACK_AGAIN,
            entry=entry.name,
        )
    for code, message in _extra_breaches(data[extra_at : entry.data_at], entry):
        intake.refuse(code, message, _PACK_AGAIN, entry=entry.name)
    return entry.data_end + (_descriptor_size(data, entry, intake) if is_streamed else 0)


def _descriptor_size(data: bytes, entry: _Entry, intake: Intake) -> int:
    """The sizes repeated behind data that was packed while it was streamed; their magic number is optional."""
    sizes = SIZES.pack(entry.central.crc, entry.central.packed_size, entry.central.size)
    descriptor = DESCRIPTOR_MAGIC + sizes if data.startswith(DESCRIPTOR_MAGIC, entry.data_end) else sizes
    if not data.startswith(descriptor, entry.data_end):
        intake.stop(
            "mismatched_header", "the sizes behind its data are not those declared", _PACK_AGAIN, entry=entry.name
        )
    return len(descriptor)


def _extra_breaches(local_extra: bytes, entry: _Entry) -> Iterator[tuple[str, str]]:
    for extra in (entry.extra, local_extra):
        at = 0
        while at < len(extra):
            kind, size = struct.unpack_from("<2H", extra.ljust(at + 4, b"\0"), at)
            value = extra[at + 4 : at + 4 + size]
            at += 4 + size
            if at > len(extra):
                yield "bad_archive", "it has a broken extra field"
            elif kind == ZIP64_EXTRA:
                yield "zip64", "it uses zip64"
            elif kind == UNICODE_PATH_EXTRA and value[5:] != entry.raw_name:
                yield "mismatched_header", "it has two different names"


def _admit(entry: _Entry, intake: Intake) -> bool:
    central = entry.central
    if central.flags & ENCRYPTED:
        intake.refuse("encrypted", "this entry is encrypted", "pack it without a password", entry=entry.name)
    elif central.flags & ~ALLOWED_FLAGS:
        intake.refuse("bad_archive", f"it has the unknown flags {central.flags:#06x}", _PACK_AGAIN, entry=entry.name)
    if central.method not in (STORED, DEFLATED):
        intake.refuse(
            "unsupported_compression",
            f"it is compressed with method {central.method}",
            "pack it with deflate or uncompressed",
            entry=entry.name,
        )
    if central.comment_size or central.disk:
        intake.refuse("hidden_data", "it has a comment", "pack it without comments", entry=entry.name)
    mode = _mode(entry)
    is_named_folder = entry.raw_name.endswith(b"/")
    if stat.S_ISDIR(mode) != is_named_folder or (central.attributes & DOS_FOLDER and not is_named_folder):
        intake.refuse("mismatched_header", "it is half file, half folder", _PACK_AGAIN, entry=entry.name)
    return intake.admit(entry.name.removesuffix("/"), mode=mode, size_bytes=central.size)


def _mode(entry: _Entry) -> int:
    """The Unix mode that most programs store beside the DOS attributes; one is made up where it is absent."""
    mode = entry.central.attributes >> 16
    if entry.central.attributes & WINDOWS_REPARSE_POINT:
        return stat.S_IFLNK
    if not stat.S_IFMT(mode):
        mode |= stat.S_IFDIR if entry.raw_name.endswith(b"/") else stat.S_IFREG
    return mode


def _read_content(data: bytes, entry: _Entry, intake: Intake) -> bytes | None:
    """Unpack and verify one entry, never more than a byte beyond its declared size; None after a fault."""
    central = entry.central
    packed = memoryview(data)[entry.data_at : entry.data_end]
    content = bytes(packed) if central.method == STORED else _inflate(packed, central.size)
    if content is None:
        intake.refuse("bad_compression", "its compressed data is broken", _PACK_AGAIN, entry=entry.name)
    elif len(content) != central.size:
        intake.refuse(
            "wrong_size", f"it declares {central.size} bytes and unpacks to others", _PACK_AGAIN, entry=entry.name
        )
    elif crc32(content) != central.crc:
        intake.refuse("bad_checksum", "its checksum is wrong", "it was damaged: send it again", entry=entry.name)
    else:
        return content
    return None


def _inflate(packed: memoryview, size: int) -> bytes | None:
    inflater = new_inflater()
    try:
        content = inflater.decompress(packed, size + 1)
    except INFLATE_ERRORS:
        return None
    is_whole = inflater.eof and not inflater.unused_data
    return content if is_whole or len(content) > size else None


def zip_bytes(files: SkillFiles, prefix: str) -> bytes:
    """The same bytes for the same files on every machine: sorted, dated 1980, and stored without compression.

    Deflate has no canonical output; every build of zlib may choose other bytes.
    """
    local, central = bytearray(), bytearray()
    for entry in files.entries:
        data = files.read(entry.path)
        name = f"{prefix}{entry.path}".encode()
        shared = (
            NEEDS_VERSION_1,
            0 if name.isascii() else IS_UTF8,
            STORED,
            0,
            DATE_1980_01_01,
            crc32(data),
            len(data),
            len(data),
            len(name),
            0,
        )
        mode = stat.S_IFREG | (0o755 if entry.executable else 0o644)
        central += CENTRAL.pack(CENTRAL_MAGIC, MADE_ON_UNIX, *shared, 0, 0, 0, mode << 16, len(local)) + name
        local += LOCAL.pack(LOCAL_MAGIC, *shared) + name + data
    count = len(files.entries)
    end = END.pack(END_MAGIC, 0, 0, count, count, len(central), len(local), 0)
    return bytes(local + central + end)
