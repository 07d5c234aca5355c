"""Sandboxes in which a Python is already up and waits for its one task. Each is used once, then gone."""

from __future__ import annotations

import contextlib
import threading
from collections import deque

from skillyard.sandbox.confine.box import Box
from skillyard.sandbox.confine.machine import Machine
from skillyard.sandbox.confine.plan import Plan
from skillyard.sandbox.model import SandboxUnavailable

_AGAIN_S = 60.0
_LATER_S = 0.02  # what was just handed out begins first


class Pool:
    """Keeps `size` of them, from the first time that one is asked for. A thread of its own starts them, since they
    end with the thread that started them.
    """

    def __init__(self, machine: Machine, size: int) -> None:
        self._machine = machine
        self._size = size
        self._waiting: deque[Box] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._keeper: threading.Thread | None = None

    def take(self) -> Box | None:
        """One that waits, or None when none is ready; the caller closes it."""
        with self._changed:
            if self._keeper is None and self._size and not self._is_closed:
                self._keeper = threading.Thread(target=self._keep, name="sandbox-pool", daemon=True)
                self._keeper.start()
            box = self._waiting.popleft() if self._waiting else None
            self._changed.notify()
        return box

    def wait_until_full(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self._waiting) == self._size, seconds)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._keeper:
            self._keeper.join()

    def _keep(self) -> None:
        while self._wants_more():
            box = self._start()
            with self._changed:
                if box:
                    self._waiting.append(box)
                self._changed.notify_all()
                if box is None and not self._is_closed:  # nobody is served worse than without a pool
                    self._changed.wait(_AGAIN_S)
        for box in self._waiting:
            box.close()

    def _wants_more(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._waiting) < self._size)
            self._changed.wait_for(lambda: self._is_closed, _LATER_S)
            return not self._is_closed

    def _start(self) -> Box | None:
        with contextlib.ExitStack() as undo, contextlib.suppress(SandboxUnavailable, OSError):
            box = Box(self._machine, {}, is_python=True, has_host=True)
            undo.callback(box.close)
            plan = Plan(box.number_inside)
            plan.send()
            box.send(plan.encode())
            box.receive(0)
            undo.pop_all()
            return box
        return None
