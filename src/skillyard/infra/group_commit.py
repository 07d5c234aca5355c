"""Many small writes in few transactions: whoever comes while one is being committed goes into the next, together.

Nobody returns before what they wrote is committed, so nothing is lost that somebody was told of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

Work = TypeVar("Work")
Done = TypeVar("Done")


class _Entry(Generic[Work, Done]):
    """One caller's work. Who waits for it is woken when it is done, or to lead the next group."""

    __slots__ = ("done", "error", "is_over", "woken", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done: Done | None = None
        self.error: BaseException | None = None
        self.is_over = False
        self.woken = threading.Lock()
        self.woken.acquire()


class GroupCommit(Generic[Work, Done]):
    """The first caller commits; those who come meanwhile wait, and one of them commits for all of them. So a single
    caller waits for nobody, and many need hardly more transactions than one.
    """

    def __init__(self) -> None:
        self._waiting: list[_Entry[Work, Done]] = []
        self._is_led = False
        self._lock = threading.Lock()

    def do(self, work: Work, commit: Callable[[Sequence[Work]], Sequence[Done]]) -> Done:
        """What came of it, once it is committed. `commit` does the work of a whole group in one transaction, and
        returns what came of each, in the same order. Raises what that of the group raised.
        """
        entry: _Entry[Work, Done] = _Entry(work)
        with self._lock:
            self._waiting.append(entry)
            leads, self._is_led = not self._is_led, True
        if not leads:
            entry.woken.acquire()
        if not entry.is_over:
            self._lead(commit)
        if entry.error is not None:
            raise entry.error
        return cast(Done, entry.done)

    def _lead(self, commit: Callable[[Sequence[Work]], Sequence[Done]]) -> None:
        """Commit for all who wait now, and let the first of those who came meanwhile lead the next group."""
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            for entry, done in zip(group, commit([entry.work for entry in group]), strict=True):
                entry.done = done
        except BaseException as error:
            for entry in group:
                entry.error = error
        for entry in group:
            entry.is_over = True
            entry.woken.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].woken.release()
            else:
                self._is_led = False
