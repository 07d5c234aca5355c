"""Blobs as plain files: `ab/cdef…`, written aside, flushed, and renamed into place."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from skillyard.infra.blobs import BlobInfo, BlobMissing, copy_checked

_NAME = re.compile(r"[0-9a-f]{64}")
_PARTIAL = ".partial-"
_ABANDONED_S = 24 * 3600


class LocalBlobs:
    """A folder of blobs; several processes on one machine may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._durable: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, sha256: str, source: BinaryIO, size_bytes: int) -> bool:
        path = self._path(sha256)
        self._make_folder(path.parent)
        if path.exists():
            with Path(os.devnull).open("wb") as nowhere:  # who knows but the digest does not have the bytes
                copy_checked(source, nowhere, sha256, size_bytes)
            _sync_folder(path.parent)  # whoever wrote it may not have come so far
            return False
        descriptor, partial = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                copy_checked(source, file, sha256, size_bytes)
                file.flush()
                os.fchmod(file.fileno(), 0o444)
                os.fsync(file.fileno())
            is_new = _link(partial, path)
        finally:
            Path(partial).unlink(missing_ok=True)
        _sync_folder(path.parent)
        return is_new

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(sha256=sha256) from error

    def read(self, sha256: str) -> bytes:
        with self.open(sha256) as file:
            return file.read()

    def size(self, sha256: str) -> int | None:
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def local_path(self, sha256: str) -> Path | None:
        path = self._path(sha256)
        return path if path.exists() else None

    def remove(self, sha256: str) -> None:
        self._path(sha256).unlink(missing_ok=True)

    def list(self) -> Iterator[BlobInfo]:
        for path in sorted(self._folder.glob("??/*")):
            if _NAME.fullmatch(path.parent.name + path.name):
                facts = path.stat()
                yield BlobInfo(
                    sha256=path.parent.name + path.name,
                    size_bytes=facts.st_size,
                    modified_ms=facts.st_mtime_ns // 1_000_000,
                )

    def sweep(self, now_ms: int) -> int:
        """Remove what writers that died left behind; how many files."""
        abandoned = [
            path for path in self._folder.glob(f"??/{_PARTIAL}*") if path.stat().st_mtime < now_ms / 1000 - _ABANDONED_S
        ]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def _make_folder(self, folder: Path) -> None:
        """Whoever made it may not have come so far as to make it outlast a power cut."""
        if folder.name not in self._durable:
            folder.mkdir(exist_ok=True)
            _sync_folder(self._folder)
            self._durable.add(folder.name)

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise BlobMissing(sha256=sha256)
        return self._folder / sha256[:2] / sha256[2:]


def _link(partial: str, path: Path) -> bool:
    """Give the finished file its name, unless another writer was first."""
    try:
        os.link(partial, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        Path(partial).replace(path)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
