"""The files of a release: the list that was made when it was published, and single files out of its archive."""

from __future__ import annotations

import threading
from collections import OrderedDict

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import FileNotInRelease
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.store import releases
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.archive import Limits, SkillFiles, open_safely
from skillyard.skill.digest import FileEntry
from skillyard.skill.names import SkillName

_KEPT_BYTES = 64 * 1024 * 1024
_SHOWN_CHARS = 200
# What was let in once is let in for good, whatever the limits are today.
NO_LIMITS = Limits(
    max_archive_bytes=1 << 40, max_unpacked_bytes=1 << 40, max_file_bytes=1 << 40, max_entries=10**6, max_ratio=10**9
)


def list_files(
    app: App, caller: Caller, *, name: SkillName, version: str, limit: int = 30, cursor: str | None = None
) -> Page[FileEntry]:
    """In the order of their paths. Raises SkillNotFound, PurchaseRequired, ReleaseNotFound or BadCursor."""
    (after,) = read_cursor(cursor, [""])
    _, files = _find(app, caller, name, version)
    found = [file for file in files if file.path > str(after)][: limit + 1]
    return page_of(found, limit, lambda file: [file.path])


def get_file(app: App, caller: Caller, *, name: SkillName, version: str, path: str) -> tuple[Release, bytes]:
    """One file's content, and its release. Raises SkillNotFound, PurchaseRequired, ReleaseNotFound,
    ReleaseQuarantined or FileNotInRelease.
    """
    release, files = _find(app, caller, name, version)
    access.check_may_take(caller, release)
    if not any(file.path == path for file in files):
        raise FileNotInRelease(name=str(name), version=release.version, path=path[:_SHOWN_CHARS])
    return release, _opened.get(app, release.archive.sha256).read(path)


def list_paths(tx: Tx, release: Release) -> tuple[str, ...]:
    """The paths of its files, whoever may see them."""
    return tuple(file.path for file in list_entries(tx, release))


def list_entries(tx: Tx, release: Release) -> tuple[FileEntry, ...]:
    """Its files, whoever may see them."""
    return releases.find_files(tx, SkillName.parse(release.name), release.version)


def unpack_release(app: App, release: Release) -> SkillFiles:
    """All its files, for work of the registry's own: nobody's rights are asked for."""
    return _opened.get(app, release.archive.sha256)


def _find(app: App, caller: Caller, name: SkillName, version: str) -> tuple[Release, tuple[FileEntry, ...]]:
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name).must_take()
        release = access.get_release(tx, name, version)
        return release, releases.find_files(tx, name, release.version)


class _OpenedArchives:
    """The archives that were looked into last, unpacked, as far as they fit; by digest, so they never go stale."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, SkillFiles] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, app: App, sha256: str) -> SkillFiles:
        """One is unpacked at a time, so that many requests for one file do not each unpack the archive."""
        with self._lock:
            files = self._kept.get(sha256)
            if files is None:
                files = self._kept[sha256] = open_safely(app.blobs.read(sha256), limits=NO_LIMITS)
                self._drop_oldest()
            self._kept.move_to_end(sha256)
            return files

    def _drop_oldest(self) -> None:
        while len(self._kept) > 1 and sum(map(_unpacked_bytes, self._kept.values())) > _KEPT_BYTES:
            self._kept.popitem(last=False)


def _unpacked_bytes(files: SkillFiles) -> int:
    return sum(entry.size_bytes for entry in files.entries)


_opened = _OpenedArchives()
