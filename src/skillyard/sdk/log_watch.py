"""The check against the public log while an install goes on: begun in the background, awaited before anything stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skillyard.sdk.errors import IntegrityError, NetworkError
from skillyard.sdk.log import Checked, check_releases

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
    """Begin to check these releases, if that `is_due`."""
    wanted = list(skills)
    if not is_due or not wanted:
        yield Watch(None)
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix="log")
    running = pool.submit(check_releases, connect(), wanted)
    try:
        yield Watch(running)
    except IntegrityError:
        running.result()  # what the log says of it tells more
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
