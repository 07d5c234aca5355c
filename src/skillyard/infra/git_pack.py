"""Reads a pack (gitformat-pack(5)) that nobody vouches for, with bounds on what it unpacks to.

Every object is named by the hash of its content, computed here: whoever knows a commit's id gets the files of it, or
nothing.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1

from dulwich.errors import ApplyDeltaError
from dulwich.objects import parse_tree
from dulwich.pack import (
    OFS_DELTA,
    REF_DELTA,
    UnpackedObject,
    apply_delta,
    obj_sha,
    read_pack_header_at,
    unpack_object_at,
)

_COMMIT, _TREE, _BLOB, _TAG = 1, 2, 3, 4
_HEADER_BYTES = 12
_MOST_TAGS_IN_TAGS = 5
_MOST_SIZE_BITS = 63
_MOST_OBJECTS = 200_000
_WRONG = (ValueError, IndexError, KeyError, AssertionError, zlib.error, ApplyDeltaError)


class BadPack(Exception):
    """The pack cannot be read; `why` says what is wrong with it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A name in a folder; `mode` is git's: 0o40000 a folder, 0o120000 a link, 0o160000 another repository."""

    name: str
    mode: int
    oid: str


class Objects:
    """The objects of some packs, by their ids in hex."""

    def __init__(self, found: dict[bytes, tuple[int, bytes]]) -> None:
        self._found = found

    def commit_of(self, oid: str) -> str:
        """The commit that this is, or that this tag is of. Raises BadPack."""
        for _ in range(_MOST_TAGS_IN_TAGS):
            kind, data = self._get(oid)
            if kind == _COMMIT:
                return oid
            if kind != _TAG:
                raise BadPack(f"{oid} is no commit")
            oid = _first_line(data, b"object ")
        raise BadPack("a tag is a tag of a tag, without end")

    def tree_of(self, commit: str) -> str:
        """The folder at the root of a commit. Raises BadPack."""
        return _first_line(self._get(commit, _COMMIT)[1], b"tree ")

    def entries(self, tree: str) -> list[TreeEntry]:
        """What is in a folder. Raises BadPack."""
        try:
            return [
                TreeEntry(name=name.decode("utf-8", "surrogateescape"), mode=mode, oid=oid.decode())
                for name, mode, oid in parse_tree(self._get(tree, _TREE)[1], 20, strict=False)
            ]
        except _WRONG as error:
            raise BadPack(f"the folder {tree} cannot be read") from error

    def blob(self, oid: str) -> bytes:
        """The content of a file. Raises BadPack."""
        return self._get(oid, _BLOB)[1]

    def _get(self, oid: str, kind: int | None = None) -> tuple[int, bytes]:
        found = self._found.get(bytes.fromhex(oid))
        if found is None:
            raise BadPack(f"the object {oid} is missing")
        if kind not in (None, found[0]):
            raise BadPack(f"the object {oid} is of another kind than said")
        return found


def read_packs(packs: Sequence[bytes], *, most_bytes: int) -> Objects:
    """Everything that is in them. Raises BadPack, before they unpack to more than `most_bytes`."""
    found: dict[bytes, tuple[int, bytes]] = {}
    unpacking = _Unpacking(most_bytes)
    try:
        for data in packs:
            found |= unpacking.run(data)
    except _WRONG as error:
        raise BadPack("it is damaged") from error
    return Objects(found)


class _Unpacking:
    """Unpacks packs, of each first what stands for itself, then what is told as changes of something else."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._at: dict[int, list[UnpackedObject]] = defaultdict(list)  # changes of what begins there
        self._of: dict[bytes, list[UnpackedObject]] = defaultdict(list)  # changes of what has this id

    def run(self, data: bytes) -> dict[bytes, tuple[int, bytes]]:
        found: dict[bytes, tuple[int, bytes]] = {}
        todo = [(entry.offset, entry.pack_type_num, b"".join(entry.decomp_chunks)) for entry in self._whole(data)]
        while todo:
            offset, kind, content = todo.pop()
            oid = obj_sha(kind, content)
            found[oid] = (kind, content)
            for change in (*self._at.pop(offset or 0, ()), *self._of.pop(oid, ())):
                todo.append((change.offset, kind, self._changed(content, b"".join(change.decomp_chunks))))
        if self._at or self._of:
            raise BadPack("it tells changes of objects that it does not have")
        return found

    def _whole(self, data: bytes) -> Iterator[UnpackedObject]:
        """Objects that stand for themselves; the others are noted."""
        _, count = read_pack_header_at(data)
        if count > _MOST_OBJECTS:
            raise BadPack(f"it has more than {_MOST_OBJECTS} objects")
        offset = _HEADER_BYTES
        for _ in range(count):
            self._weigh(_declared_size(data, offset))
            entry, end = unpack_object_at(data, offset, sha1)
            if entry.pack_type_num == OFS_DELTA:
                self._at[offset - int(entry.delta_base or 0)].append(entry)
            elif entry.pack_type_num == REF_DELTA:
                self._of[bytes(entry.delta_base or b"")].append(entry)
            else:
                yield entry
            offset = end

    def _changed(self, base: bytes, delta: bytes) -> bytes:
        _, after = _size_at(delta, 0)
        size_bytes, _ = _size_at(delta, after)
        self._weigh(size_bytes)
        return b"".join(apply_delta(base, delta))

    def _weigh(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        if self._bytes > self._most_bytes:
            raise BadPack(f"it unpacks to more than {self._most_bytes} bytes")


def _declared_size(data: bytes, offset: int) -> int:
    """The size in an entry's header: four bits in the first byte, which has the type too, then seven in each."""
    first = data[offset]
    if not first & 0x80:
        return first & 0x0F
    return first & 0x0F | _size_at(data, offset + 1)[0] << 4


def _size_at(data: bytes, offset: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while shift < _MOST_SIZE_BITS:
        byte = data[offset]
        number |= (byte & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
        if not byte & 0x80:
            return number, offset
    raise BadPack("it says that an object has a size that nothing has")


def _first_line(data: bytes, begin: bytes) -> str:
    line = data.partition(b"\n")[0]
    oid = line.removeprefix(begin).decode("ascii", "replace")
    if not line.startswith(begin) or len(oid) != 40 or not set(oid) <= set("0123456789abcdef"):
        raise BadPack("a commit or tag does not say what it is of")
    return oid
