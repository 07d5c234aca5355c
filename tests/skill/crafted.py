"""Archives written byte by byte, so that every field can lie. Shares no code with the readers under test."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import pytest

from skillyard.skill.archive import Limits, open_safely
from skillyard.skill.faults import Fault, SkillError

REGULAR, FOLDER, LINK = 0o100644, 0o040755, 0o120777
SKILL = b"---\nname: pdf\n---\n"


@dataclass(kw_only=True)
class Zipped:
    """One entry of a zip. What is None follows from `data`, and `local_` fields from those of the directory."""

    name: bytes | str
    data: bytes = b"x"
    method: int = 8
    flags: int = 0
    mode: int = REGULAR
    attributes: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    offset: int | None = None
    descriptor: bytes | None = None
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_crc: int | None = None
    local_size: int | None = None
    local_extra: bytes | None = None
    before: bytes = b""

    def records(self, at: int) -> tuple[bytes, bytes]:
        name = self.name.encode() if isinstance(self.name, str) else self.name
        packed = self.packed if self.packed is not None else deflated(self.data) if self.method == 8 else self.data
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        size = len(self.data) if self.size is None else self.size
        local = [
            _first(self.local_crc, 0 if self.flags & 8 else crc),
            0 if self.flags & 8 else len(packed),
            _first(self.local_size, 0 if self.flags & 8 else size),
        ]
        local_name, local_extra = _first(self.local_name, name), _first(self.local_extra, self.extra)
        descriptor = b"PK\x07\x08" + struct.pack("<3L", crc, len(packed), size) if self.flags & 8 else b""
        entry = self.before + struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20, _first(self.local_flags, self.flags),
            _first(self.local_method, self.method), 0, 33, *local, len(local_name), len(local_extra),
        )  # fmt: skip
        entry += local_name + local_extra + packed + _first(self.descriptor, descriptor)
        central = struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | 20, 20, self.flags, self.method, 0, 33, crc, len(packed), size,
            len(name), len(self.extra), len(self.comment), self.disk, 0, self.mode << 16 | self.attributes,
            _first(self.offset, at + len(self.before)),
        )  # fmt: skip
        return entry, central + name + self.extra + self.comment


def zip_of(
    *entries: Zipped, skill: bool = True, gap: bytes = b"", gap2: bytes = b"", comment: bytes = b"", **end: int
) -> bytes:
    """A zip of a SKILL.md (unless told otherwise) and `entries`; `gap` and `gap2` stand around the directory."""
    body, directory = b"", b""
    listed = ([Zipped(name="SKILL.md", data=SKILL)] if skill else []) + list(entries)
    for entry in listed:
        local, central = entry.records(len(body))
        body, directory = body + local, directory + central
    body += gap
    fields = {"disk": 0, "disk2": 0, "here": len(listed), "all": len(listed), "size": len(directory), "at": len(body)}
    fields |= end
    end_record = struct.pack("<4s4H2LH", b"PK\x05\x06", *fields.values(), len(comment))
    return body + directory + gap2 + end_record + comment


def tarred(
    name: bytes | str,
    data: bytes = b"x",
    *,
    kind: bytes = b"0",
    mode: int = 0o644,
    size: int | bytes | None = None,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    padding: bytes = b"\0",
    checksum: bytes | None = None,
) -> bytes:
    """One member: header and data, filled up to whole blocks with `padding`."""
    raw = name.encode() if isinstance(name, str) else name
    length = len(data) if size is None else size
    digits = length if isinstance(length, bytes) else b"%011o\0" % length
    block = struct.pack(
        "100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x", raw, b"%07o\0" % mode, b"0000000\0", b"0000000\0", digits,
        b"00000000000\0", b" " * 8, kind, link, magic, b"root", b"root", b"0000000\0", b"0000000\0", prefix,
    )  # fmt: skip
    block = block[:148] + _first(checksum, b"%06o\0 " % sum(block)) + block[156:]
    return block + data + padding * (-len(data) % 512)


def pax(*records: tuple[str, str], kind: bytes = b"x") -> bytes:
    lines = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode()
        length = len(rest) + len(str(len(rest)))
        length = len(rest) + len(str(length))
        lines += str(length).encode() + rest
    return tarred("././@PaxHeader", lines, kind=kind)


def tar_gz_of(*members: bytes, skill: bool = True, end: bytes = bytes(1024)) -> bytes:
    """A tar.gz of a SKILL.md (unless told otherwise) and members made by `tarred` and `pax`."""
    start = tarred("SKILL.md", SKILL) if skill else b""
    return gz(start + b"".join(members) + end)


def gz(tar: bytes, *, header: bytes = b"\x1f\x8b\x08\x00" + bytes(6), crc: int = 0, size: int = 0) -> bytes:
    """`tar` in gzip; bits of `crc` and `size` make its trailer wrong."""
    return header + deflated(tar) + struct.pack("<2L", zlib.crc32(tar) ^ crc, len(tar) ^ size)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(6, wbits=-15)
    return packer.compress(data) + packer.flush()


def refusal(data: bytes, limits: Limits | None = None) -> tuple[Fault, ...]:
    """The faults for which `data` is not opened; each says where to look and what to do."""
    with pytest.raises(SkillError) as refused:
        open_safely(data, limits=limits or Limits())
    faults = refused.value.faults
    assert faults
    assert all(fault.hint and fault.message and str(fault).isprintable() for fault in faults)
    return faults


def codes(data: bytes, limits: Limits | None = None) -> set[str]:
    return {fault.code for fault in refusal(data, limits)}


def _first(value, otherwise):
    return otherwise if value is None else value
