"""Folders on this node's own disk: skills and layers that were unpacked before, and workspaces of runs."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skillyard.infra.errors import Unavailable

_KEPT = 100
_IN_USE_S = 2 * 3600.0  # longer than a run, and the making of its layer, may take


class DiskNearlyFull(Unavailable):
    code = "disk_nearly_full"
    text = "The server has too little room on its disk for what this needs."
    hint = "Ask the operator to make room, or need no packages that are not there yet."


class KeptFolders:
    """Folders by key, each made once and used by many; those that were used last stay. Safe for several processes."""

    def __init__(self, folder: Path, *, least_free_bytes: int = 0) -> None:
        """`least_free_bytes`: of the disk, without which nothing is made."""
        self._folder = folder
        self._least_free_bytes = least_free_bytes

    def get(self, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of `key`; `make` fills one that does not exist yet. Raises what it raises, and DiskNearlyFull."""
        found = self._folder / key
        if not found.is_dir():
            self._make(found, make)
        os.utime(found)
        return found

    def _make(self, target: Path, make: Callable[[Path], None]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_oldest()
        if shutil.disk_usage(self._folder).free < self._least_free_bytes:
            raise DiskNearlyFull
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".making-", ignore_cleanup_errors=True) as making:
            fresh = Path(making) / "made"
            make(fresh)
            with suppress(OSError):  # somebody else was first
                fresh.rename(target)
        if not target.is_dir():
            raise FileNotFoundError(f"{target} could not be made")

    def _drop_oldest(self) -> None:
        kept = sorted(((_age_s(child), child) for child in self._folder.iterdir()), reverse=True)
        for number, (age_s, child) in enumerate(kept):
            is_needed = shutil.disk_usage(self._folder).free < self._least_free_bytes
            if age_s > _IN_USE_S and (is_needed or number < len(kept) - _KEPT):
                shutil.rmtree(child, ignore_errors=True)


@contextmanager
def a_workspace(folder: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards; also what killed workers left is."""
    folder.mkdir(parents=True, exist_ok=True)
    for child in folder.iterdir():
        if _age_s(child) > _IN_USE_S:
            shutil.rmtree(child, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="run-", ignore_cleanup_errors=True) as outer:
        inner = Path(outer) / "work"
        inner.mkdir()
        yield inner


def open_to_all(folder: Path) -> None:
    """Let everybody read what is in it, whatever the server's umask: programs run as somebody else."""
    for place, folders, files in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: PTH101, S103 (as os.walk gives it; the folder around is the server's alone)
        del folders
        for name in files:
            path = Path(place, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _age_s(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0
