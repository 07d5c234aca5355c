"""Finds out what an address means in its repository now, and reads the skills of that commit; stores nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from skillyard.app import App
from skillyard.domain.drive.git_address import GitAddress, Spot, is_fixed
from skillyard.domain.drive.git_errors import FolderNotFound, GitBusy, NoSkillThere, RefNotFound, RepositoryUnreadable
from skillyard.domain.drive.git_model import GitFiles, GitSkill, GitSkills
from skillyard.infra.git_remote import GitRemote
from skillyard.infra.isolation import Isolated, Isolation

_MIB = 1024 * 1024
_AT_ONCE = 3  # each may hold a whole pack in memory
_MOST_WAITING = 5
_PATIENCE_S = 10.0
_UNPACKS_TO = 6  # times the size of the largest pack
_LISTED = 10
Looked = TypeVar("Looked", GitFiles, GitSkills)


class _Turns:
    """Who reads a repository now: few people, and each only one; few wait, so that slow servers hold up nobody else."""

    def __init__(self) -> None:
        self._reading: set[str] = set()
        self._waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def take(self, who: str) -> Iterator[None]:
        """Raises GitBusy."""
        with self._changed:
            if not self._may_begin(who) and not self._wait(who):
                raise GitBusy(retry_after_s=30)
            self._reading.add(who)
        try:
            yield
        finally:
            with self._changed:
                self._reading.discard(who)
                self._changed.notify_all()

    def _may_begin(self, who: str) -> bool:
        return len(self._reading) < _AT_ONCE and who not in self._reading

    def _wait(self, who: str) -> bool:
        """Whether it is their turn by now."""
        if self._waiting >= _MOST_WAITING:
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(lambda: self._may_begin(who), _PATIENCE_S)
        finally:
            self._waiting -= 1


_turns = _Turns()


@contextmanager
def reading(app: App, repository: str, *, who: str) -> Iterator[GitRemote]:
    """A conversation with a repository, for one person, whose id is `who`; its time runs from here. Raises GitBusy."""
    settings = app.settings
    with _turns.take(who):
        yield GitRemote(
            app.outbound, repository, within_s=settings.git_seconds, max_bytes=settings.git_max_mb * _MIB
        )  # fmt: skip


def find_spot(remote: GitRemote, address: GitAddress) -> Spot:
    """What it means now. Raises AddressNotAllowed, CallFailed, RepositoryNotFound, GitFailed or RefNotFound."""
    return address.find(remote.list_refs(address.prefixes))


def find_again(remote: GitRemote, *, repository: str, ref: str, path: str) -> Spot:
    """What a folder that was found before is now. Raises as `find_spot`."""
    if is_fixed(ref):
        return Spot(repository=repository, ref=ref, path=path, oid=ref, commit=ref)
    refs = remote.list_refs([ref])
    if ref not in refs.objects:
        raise RefNotFound(repository=repository, ref=ref)
    return Spot(repository=repository, ref=ref, path=path, oid=refs.objects[ref], commit=refs.commit_of(ref))


def fetch_skill(app: App, remote: GitRemote, spot: Spot) -> GitSkill:
    """The skill in the folder; where that has no SKILL.md, the only one below it.

    Raises GitBusy, RepositoryTooLarge, RepositoryUnreadable, FolderNotFound or NoSkillThere.
    """
    read = _fetch(app, remote, spot, every=False)
    if not read.is_folder:
        raise FolderNotFound(path=spot.path, repository=spot.repository, commit=spot.commit)
    if not read.skills:
        raise NoSkillThere(
            path=spot.path or "the root", repository=spot.repository, commit=spot.commit, advice=_advise(read.paths)
        )
    return read.skills[0]


def fetch_skills(app: App, remote: GitRemote, spot: Spot) -> tuple[GitSkill, ...]:
    """Every skill in the folder and below, in the order of their paths. Raises as `fetch_skill`."""
    read = _fetch(app, remote, spot, every=True)
    if not read.is_folder:
        raise FolderNotFound(path=spot.path, repository=spot.repository, commit=spot.commit)
    return read.skills


def _fetch(app: App, remote: GitRemote, spot: Spot, *, every: bool) -> GitSkills:
    """Where the server can, first the folders, then only the files of skills: the rest may be as large as it likes."""
    from skillyard.domain.drive.git_skills import list_files, read_skills

    folders = remote.fetch_folders(spot.oid)
    if folders is None:
        packs = [remote.fetch(spot.oid)]
    else:
        files = _look_into(app, spot, list_files, [folders], every=every)
        packs = [folders, *([remote.fetch_files(files.oids)] if files.oids else [])]
    return _look_into(app, spot, read_skills, packs, every=every, limits=app.archive_limits)


def _look_into(app: App, spot: Spot, look: Callable[..., Looked], packs: Sequence[bytes], **how: Any) -> Looked:
    """What a function of `git_skills` finds in packs, in a process of its own. Raises RepositoryUnreadable."""
    most_bytes = _UNPACKS_TO * app.settings.git_max_mb * _MIB
    try:
        found = _processes().run(
            look, app.settings.git_seconds, packs, spot.oid, path=spot.path, most_bytes=most_bytes, **how
        )  # fmt: skip
        why = found.why
    except (Isolated, MemoryError) as error:
        why = error.why if isinstance(error, Isolated) else "it takes too much memory"
    if why:
        raise RepositoryUnreadable(repository=spot.repository, commit=spot.commit, why=why)
    return found


@cache
def _processes() -> Isolation:
    return Isolation(_AT_ONCE)


def _advise(paths: tuple[str, ...]) -> str:
    if not paths:
        return "Name a folder that has one; it must be a file, in exactly this case."
    more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
    return f"Name one of the folders that have one: {', '.join(paths[:_LISTED])}{more}."
