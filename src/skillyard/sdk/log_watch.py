"""The check against the public log while an install goes on: begun in the background, awaited before anything stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skillyard.sdk.errors import ApiError, IntegrityError, NetworkError
from skillyard.sdk.log import Checked, check_releases
from skillyard.skill.log.leaf import Kind

if TYPE_CHECKING:
    from skillyard.sdk.client import Client
    from skillyard.skill.lockfile import LockedSkill

_NOTHING = Checked(positions={})


class Watch:
    """A check under way, or none that is due."""

    def __init__(self, running: Future[Checked] | None) -> None:
        self._running = running

    def result(self, *, may_be_offline: bool) -> Checked:
        """Wait for it. Raises IntegrityError; NetworkError too, unless nothing came over the network just now."""
        if self._running is None:
            return _NOTHING
        try:
            return self._running.result()
        except NetworkError as error:
            if not may_be_offline:
                raise
            return Checked(positions={}, notes=(f"The public log could not be asked ({error.message})",))


@contextmanager
def watching(connect: Callable[[], Client], skills: Iterable[LockedSkill], *, is_due: bool) -> Iterator[Watch]:
    """Begin to check these releases, if that `is_due`. Other bytes than were promised are refused with their entry."""
    wanted = {skill.name: skill for skill in skills}
    pool = ThreadPoolExecutor(1, thread_name_prefix="log")
    watch = Watch(pool.submit(check_releases, connect(), wanted.values()) if is_due and wanted else None)
    try:
        yield watch
    except (IntegrityError, NetworkError, ApiError) as error:
        checked = _whatever_is_known(watch)  # what the log refuses tells more
        skill = wanted.get(str(error.facts.get("name")))
        raise _with_entry(error, skill, checked) if skill and isinstance(error, IntegrityError) else error from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _whatever_is_known(watch: Watch) -> Checked:
    """Raises IntegrityError only."""
    try:
        return watch.result(may_be_offline=True)
    except ApiError:
        return _NOTHING


def _with_entry(error: IntegrityError, skill: LockedSkill, checked: Checked) -> IntegrityError:
    position = checked.positions.get(skill.name, skill.log_position)
    if position is None:
        return error
    entry = f"entry {position} of the public log, {Kind.PUBLISHED.value} {skill.name}@{skill.version}"
    return IntegrityError(
        f"{error.message} What was published is in {entry}.",
        code=error.code,
        hint=error.hint,
        facts={**error.facts, "position": position, "kind": Kind.PUBLISHED.value},
    )
