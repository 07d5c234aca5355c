"""Git's objects (gitformat-pack(5)) of a folder that never had another content: the same ones for the same files."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["commit", "tree", "blob"]
_NUMBERS: Mapping[Kind, int] = {"commit": 1, "tree": 2, "blob": 3}
_AUTHOR = "Skillyard <registry@localhost>"


@dataclass(frozen=True, slots=True)
class GitFile:
    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A commit without parents. `objects`: id → the object as it stands in a pack; the commit is one of them."""

    commit_id: str
    objects: Mapping[str, bytes]

    @property
    def size_bytes(self) -> int:
        return sum(len(packed) for packed in self.objects.values())


def make_snapshot(files: Mapping[str, GitFile], *, message: str, at_ms: int) -> Snapshot:
    """A commit of these files, by path with `/`, dated `at_ms`."""
    objects: dict[str, bytes] = {}
    tree_id = _add_tree(objects, _folder_of(files))
    who = f"{_AUTHOR} {at_ms // 1000} +0000"
    text = f"tree {tree_id}\nauthor {who}\ncommitter {who}\n\n{message}\n"
    return Snapshot(commit_id=_add(objects, "commit", text.encode()), objects=objects)


def pack_of(snapshots: Iterable[Snapshot]) -> bytes:
    """A pack of all their objects, each once, and none as a difference to another."""
    objects = {key: packed for one in snapshots for key, packed in one.objects.items()}
    body = b"".join([b"PACK", struct.pack(">2I", 2, len(objects)), *objects.values()])
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: dict[str, GitFile] = field(default_factory=dict)


def _folder_of(files: Mapping[str, GitFile]) -> _Folder:
    root = _Folder()
    for path, file in files.items():
        *parents, name = path.split("/")
        folder = root
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
        folder.files[name] = file
    return root


def _add_tree(objects: dict[str, bytes], folder: _Folder) -> str:
    """Entries in the order of their names, where a folder's ends with a slash."""
    entries = {f"{name}/": ("40000", name, _add_tree(objects, inner)) for name, inner in folder.folders.items()}
    for name, file in folder.files.items():
        mode = "100755" if file.executable else "100644"
        entries[name] = (mode, name, _add(objects, "blob", file.data))
    lines = sorted((key.encode(), entry) for key, entry in entries.items())
    return _add(
        objects, "tree", b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(id_) for _, (mode, name, id_) in lines)
    )


def _add(objects: dict[str, bytes], kind: Kind, data: bytes) -> str:
    header = f"{kind} {len(data)}\0".encode()
    object_id = hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
    if object_id not in objects:
        objects[object_id] = _pack_header(kind, len(data)) + zlib.compress(data)
    return object_id


def _pack_header(kind: Kind, size: int) -> bytes:
    """Three bits of kind, four of the size, then seven of it in each further byte."""
    first, size = _NUMBERS[kind] << 4 | size & 0x0F, size >> 4
    header = bytearray()
    while size:
        header.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    header.append(first)
    return bytes(header)
