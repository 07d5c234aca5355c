"""Put the files of a stored skill into a folder: hard links where the file system has them, else copies."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from skillyard.sdk.errors import SdkError
from skillyard.sdk.folders import Stamp
from skillyard.sdk.store import Stored
from skillyard.skill.digest import FileEntry

# Another file system, one without links, one that forbids them here, or too many links to one file.
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
)


class Linker:
    """Remembers that links did not work, so that each file after the first is copied at once."""

    def __init__(self, mode: str) -> None:
        self._may_link = mode == "hardlink"

    def place(self, stored: Stored, files: Iterable[FileEntry], folder: Path) -> dict[str, Stamp]:
        """Make `folder` and fill it. The stamps of what is in it now.

        Links are read-only, because they share their bytes with the store; copies are the project's own.
        """
        stamps = {}
        made: set[str] = set()
        folder.mkdir(parents=True)
        try:
            for file in files:
                target = f"{folder}/{file.path}"
                parent = os.path.dirname(target)  # noqa: PTH120 (thousands of files: text is much faster than Path)
                if parent not in made:
                    os.makedirs(parent, exist_ok=True)  # noqa: PTH103
                    made.add(parent)
                stamps[file.path] = self._place_file(f"{stored.folder}/{file.path}", target, file, stored)
        except FileNotFoundError:
            raise _changed() from None
        return stamps

    def _place_file(self, source: str, target: str, file: FileEntry, stored: Stored) -> Stamp:
        if self._may_link:
            try:
                os.link(source, target, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                self._may_link = False
            else:
                stamp = Stamp.of(os.lstat(target))
                if stamp != stored.stamps[file.path]:
                    raise _changed()
                return stamp
        return _copy(source, target, file)


def _copy(source: str, target: str, file: FileEntry) -> Stamp:
    with open(source, "rb") as reader:  # noqa: PTH123
        content = reader.read()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise _changed()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(target, flags, 0o755 if file.executable else 0o644)
    with os.fdopen(handle, "wb") as writer:
        writer.write(content)
        writer.flush()
        return Stamp.of(os.fstat(handle))


def _changed() -> SdkError:
    return SdkError(
        "The store changed while it was read; nothing was installed.",
        code="store_changed",
        hint="Run the command again: what was changed is fetched anew.",
    )
