"""Tar archives in gzip (POSIX pax and ustar, GNU long names; RFC 1952): a strict reader and a reproducible writer."""

from __future__ import annotations

import re
import stat
import struct
from typing import NamedTuple

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import Intake, SkillFiles
from skillyard.skill.gzip_format import Gunzip, gzip_bytes

_BLOCK = 512
_END_OF_ARCHIVE = bytes(_BLOCK)
_MAX_PADDING_BYTES = 64 * 1024  # GNU tar fills up to 20 blocks, and its -b option rarely asks for more than 128
_MAX_EXTENSION_BYTES = 64 * 1024
_PACK_AGAIN = "pack it again"
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x")
_MTIME_1980_01_01 = 315532800
_KINDS = {
    b"0": stat.S_IFREG,
    b"\0": stat.S_IFREG,
    b"1": stat.S_IFLNK,
    b"2": stat.S_IFLNK,
    b"3": stat.S_IFCHR,
    b"4": stat.S_IFBLK,
    b"5": stat.S_IFDIR,
    b"6": stat.S_IFIFO,
}
_LONG_NAME, _PAX, _PAX_GLOBAL = b"L", b"x", b"g"


class _Header(NamedTuple):
    name: bytes
    mode: int
    size: int
    kind: bytes


def read_tar_gz(data: bytes, intake: Intake) -> None:
    """Hand every file in `data` to `intake`, its faults too. Raises SkillError where the structure is broken."""
    stream = Gunzip(data, intake)
    announced: dict[bytes, bytes] = {}
    while (block := _read_block(stream, intake)) != _END_OF_ARCHIVE:
        header = _read_header(block, intake)
        if header.kind in (_LONG_NAME, _PAX, _PAX_GLOBAL):
            records = _read_extension(stream, header, intake)
            if announced.keys() & records.keys():
                intake.stop("bad_archive", "an entry has two long names or sizes", _PACK_AGAIN)
            announced |= records
        else:
            _read_entry(stream, _completed(header, announced, intake), intake)
            announced = {}
    if announced:
        intake.stop("truncated", "the archive ends where an entry is announced", "it was cut short: send it again")
    _read_padding(stream, intake)
    stream.finish()


def _read_block(stream: Gunzip, intake: Intake) -> bytes:
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        intake.stop("truncated", "the archive ends without its end marker", "it was cut short: send it again")
    return block


def _read_header(block: bytes, intake: Intake) -> _Header:
    (name, mode, _, _, size, _, checksum, kind, _, magic, _, _, _, _, _, prefix) = _HEADER.unpack(block)
    if _octal(checksum, intake) != sum(block) - sum(checksum) + 8 * ord(" "):
        intake.stop("bad_checksum", "a header's checksum is wrong", "it is damaged or no tar: pack it again")
    if magic not in (b"ustar\0", b"ustar ", bytes(6)):
        intake.stop("bad_archive", f"an entry is of an unknown kind of tar ({magic!r})", "pack it as ustar or pax")
    full_name = _until_nul(name)
    if magic == b"ustar\0" and _until_nul(prefix):
        full_name = _until_nul(prefix) + b"/" + full_name
    return _Header(name=full_name, mode=_octal(mode, intake), size=_octal(size, intake), kind=kind)


def _octal(field: bytes, intake: Intake) -> int:
    digits = field.strip(b" \0")
    if not re.fullmatch(b"[0-7]*", digits):
        intake.stop("bad_archive", "a header has a number that is not octal", _PACK_AGAIN)
    return int(digits or b"0", 8)


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _completed(header: _Header, announced: dict[bytes, bytes], intake: Intake) -> _Header:
    """`header` with the name announced before it; node-tar repeats the size there, which must be the same."""
    if announced.get(b"size", b"%d" % header.size) != b"%d" % header.size:
        intake.stop("mismatched_header", "its two headers declare different sizes", _PACK_AGAIN)
    return header._replace(name=announced.get(b"path", header.name))


def _read_entry(stream: Gunzip, header: _Header, intake: Intake) -> None:
    # `tar -C folder .` writes every name with a leading "./", and the folder itself as "./".
    name = header.name.decode("utf-8", "surrogateescape").removeprefix("./")
    kind = _KINDS.get(header.kind)
    if kind is None:
        what = {b"S": "a sparse file", b"M": "a part of a file"}.get(header.kind, f"of the type {header.kind!a}")
        intake.stop("special_file", f"this is {what}", "pack plain files and folders only", entry=name)
    if name.endswith("/") and kind == stat.S_IFREG:
        kind = stat.S_IFDIR
    if kind == stat.S_IFDIR and header.name in (b".", b"./") and not header.size:
        return
    mode = kind | header.mode & 0o7777
    is_wanted = intake.admit(name.removesuffix("/"), mode=mode, size_bytes=header.size)
    data = _read_data(stream, header.size, intake, name)
    if is_wanted:
        intake.keep(name, data, mode=mode)


def _read_data(stream: Gunzip, size: int, intake: Intake, name: str) -> bytes:
    data, padding = stream.read(size), stream.read(-size % _BLOCK)
    if len(data) + len(padding) != size + -size % _BLOCK:
        intake.stop("truncated", "the archive ends inside it", "it was cut short: send it again", entry=name)
    if padding.strip(b"\0"):
        intake.refuse("hidden_data", "there is data between it and the next entry", _PACK_AGAIN, entry=name)
    return data


def _read_extension(stream: Gunzip, header: _Header, intake: Intake) -> dict[bytes, bytes]:
    """What a GNU or pax header says of the next entry: its `path` and `size`, the rest does not matter here."""
    if header.size > _MAX_EXTENSION_BYTES:
        intake.stop("too_large", f"an extended header has {header.size} bytes", "pack it without extended attributes")
    intake.weigh(header.size + _BLOCK)
    data = _read_data(stream, header.size, intake, "")
    if header.kind == _LONG_NAME:
        return {b"path": _until_nul(data)}
    records = _read_pax(data, intake)
    if refused := sorted(key for key in records if _is_refused(key, is_global=header.kind == _PAX_GLOBAL)):
        intake.stop(
            "bad_archive",
            f"an extended header sets {b', '.join(refused).decode('ascii', 'backslashreplace')}",
            "pack plain files and folders only, without sparse files",
        )
    return {key: records[key] for key in (b"path", b"size") if key in records}


def _read_pax(data: bytes, intake: Intake) -> dict[bytes, bytes]:
    """`<length> <key>=<value>` lines, the length counting the whole line (POSIX pax, "Extended Header")."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        match = re.compile(rb"([1-9][0-9]{0,5}) ([^=\n]+)=").match(data, at)
        end = at + int(match[1]) if match else 0
        if not match or end <= match.end() or end > len(data) or data[end - 1 : end] != b"\n" or match[2] in records:
            intake.stop("bad_archive", "an extended header is broken", _PACK_AGAIN)
        records[match[2]] = data[match.end() : end - 1]
        at = end
    return records


def _is_refused(key: bytes, *, is_global: bool) -> bool:
    """Records that make a link or a sparse file, or that would give all following entries one path or size."""
    return key in (b"linkpath", b"hdrcharset") or key.startswith(b"GNU.") or (is_global and key in (b"path", b"size"))


def _read_padding(stream: Gunzip, intake: Intake) -> None:
    if stream.read(_BLOCK) != _END_OF_ARCHIVE:
        intake.stop("truncated", "the archive has half an end marker", _PACK_AGAIN)
    padding = stream.read(_MAX_PADDING_BYTES + 1)
    if padding.strip(b"\0") or len(padding) > _MAX_PADDING_BYTES:
        intake.stop("trailing_data", "there is data after the end of the archive", _PACK_AGAIN)


def tar_gz_bytes(files: SkillFiles, prefix: str) -> bytes:
    """The same bytes for the same files on every machine: sorted, dated 1980, plain ustar, without compression.

    Plain, because some agents read no extended headers. Raises SkillError for names that ustar cannot hold.
    """
    tar = bytearray()
    faults = []
    for entry in files.entries:
        split = _split_name(f"{prefix}{entry.path}".encode())
        if split is None:
            faults.append(_too_long(entry.path))
            continue
        data = files.read(entry.path)
        tar += _header(*split, size=len(data), mode=0o755 if entry.executable else 0o644)
        tar += data + bytes(-len(data) % _BLOCK)
    if faults:
        raise SkillError(faults)
    return gzip_bytes(bytes(tar + 2 * _END_OF_ARCHIVE))


def _split_name(path: bytes) -> tuple[bytes, bytes] | None:
    """Prefix and name as ustar stores them: up to 155 and 100 bytes with a slash between them that is not stored."""
    if len(path) <= 100:
        return b"", path
    slash = path.find(b"/", len(path) - 101)
    return (path[:slash], path[slash + 1 :]) if 0 < slash <= 155 else None


def _header(prefix: bytes, name: bytes, *, size: int, mode: int) -> bytes:
    fields = (
        name,
        b"%07o" % mode,
        b"%07o" % 0,
        b"%07o" % 0,
        b"%011o" % size,
        b"%011o" % _MTIME_1980_01_01,
        b" " * 8,
        b"0",
        b"",
        b"ustar",
        b"00",
        b"",
        b"",
        b"%07o" % 0,
        b"%07o" % 0,
        prefix,
    )
    block = _HEADER.pack(*fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _too_long(path: str) -> Fault:
    return Fault(
        code="bad_path",
        message="the path is too long for a plain tar",
        hint="shorten its names, or pack it as zip",
        file=path,
    )
