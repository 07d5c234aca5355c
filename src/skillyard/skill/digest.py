"""Digests: of bytes, of streams, and of a tree of files. Where the bytes come from is left to others."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from skillyard.skill.faults import Fault, SkillError

_TREE_HEADER = b"skillyard-tree-v1\n"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of a skill: its path below SKILL.md's folder with `/` between segments, and what is in it."""

    path: str
    size_bytes: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Both spellings that clients check a download against: sha256 in hex, sha512 as in `integrity` attributes."""

    sha256: str
    sha512: str
    size_bytes: int


class Readable(Protocol):
    """The one method of a binary stream that is needed here."""

    def read(self, size: int, /) -> bytes: ...


def sha256_hex(data: bytes) -> str:
    """64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha512_sri(data: bytes) -> str:
    """`sha512-` and the base64 of the hash (W3C Subresource Integrity, section 3.1)."""
    return _as_sri(hashlib.sha512(data).digest())


def read_digests(stream: Readable) -> Digests:
    """Read `stream` to its end, a megabyte at a time."""
    sha256, sha512, size_bytes = hashlib.sha256(), hashlib.sha512(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        sha256.update(chunk)
        sha512.update(chunk)
        size_bytes += len(chunk)
    return Digests(sha256=sha256.hexdigest(), sha512=_as_sri(sha512.digest()), size_bytes=size_bytes)


def tree_digest(files: Iterable[FileEntry]) -> str:
    """`sha256:` and the hash of the list of files: the same tree has the same digest in a zip, a tar.gz or a folder.

    The list is `skillyard-tree-v1`, then `<sha256>  <size>  <path>` per file, sorted by the bytes of the path, every
    line ended by a newline, in UTF-8. Modes and times do not enter it. Raises SkillError for a path that has no
    unambiguous line in it.
    """
    tree = hashlib.sha256(_TREE_HEADER)
    for path, file in sorted(((_path_bytes(file.path), file) for file in files), key=itemgetter(0)):
        tree.update(b"%s  %d  %s\n" % (file.sha256.encode(), file.size_bytes, path))
    return f"sha256:{tree.hexdigest()}"


def _path_bytes(path: str) -> bytes:
    if "\n" not in path:
        try:
            return path.encode()
        except UnicodeEncodeError:
            pass
    raise SkillError(
        [
            Fault(
                code="bad_path",
                message=f"the path {path!a} has a line break or is not Unicode text",
                hint="rename the file",
            )
        ]
    )


def _as_sri(sha512: bytes) -> str:
    return "sha512-" + base64.b64encode(sha512).decode("ascii")
