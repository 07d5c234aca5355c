"""Careful file operations: atomic writes, locks between processes, removal of read-only trees."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from skillyard.sdk.errors import Busy

_POLL_S = 0.02
_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def write_atomically(
    path: Path, content: str | bytes, *, mode: int = 0o644, durable: bool = True, temporary: Path | None = None
) -> None:
    """Replace `path` as a whole, or leave it as it was.

    The content is first written to `temporary`, on the same file system; a caller who is alone names one, so that what
    a killed process left is used again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary or path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}")
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    try:
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` outlast a power cut, where the system can."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_if_there(path: Path) -> bytes | None:
    """The content of a file, or None when there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def remove_tree(folder: Path) -> None:
    """Delete a folder with all in it, read-only files too; links are removed, never followed. Gone already is fine."""
    try:
        kind = folder.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(kind):
        folder.unlink(missing_ok=True)
        return
    import shutil

    shutil.rmtree(folder, onerror=_make_writable_and_retry)


def _make_writable_and_retry(retry: Callable[[str], object], path: str, _: object) -> None:
    """Windows refuses to delete read-only files, and POSIX to delete from a read-only folder."""
    with suppress(FileNotFoundError):
        os.chmod(os.path.dirname(path), 0o700)  # noqa: PTH101, PTH120 (as rmtree gives it)
        if not os.path.islink(path):  # noqa: PTH114
            os.chmod(path, 0o700)  # noqa: PTH101
        retry(path)


@contextmanager
def file_lock(
    path: Path, *, wait_s: float, busy: str, hint: str = "Wait for it to end, then try again."
) -> Iterator[None]:
    """Hold an exclusive lock among processes and threads; the system frees it when its holder dies.

    Raises Busy with the text `busy` after `wait_s` seconds. (A tenth of the start-up time of the filelock package.)
    """
    deadline = time.monotonic() + wait_s
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o644), "r+b") as file:
            if _try_to_lock(file) and _is_still_there(file, path):
                yield
                return
        if time.monotonic() >= deadline:
            raise Busy(busy, code="busy", hint=hint)
        time.sleep(_POLL_S)


def _is_still_there(file: IO[bytes], path: Path) -> bool:
    """Whoever held the lock before may have removed the file; a lock on it would then exclude nobody."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_to_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
