"""The sandbox of a process: opened when a program is first to run, so that a server without one starts all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from skillyard.sandbox.model import Level, Sandbox, SandboxUnavailable

_TRY_AGAIN_S = 30.0


class LazySandbox:
    """Why it could not be opened is remembered for some seconds, so that nobody probes in vain for every run."""

    def __init__(self, open_it: Callable[[], Sandbox]) -> None:
        self._open_it = open_it
        self._lock = threading.Lock()
        self._opened: Sandbox | None = None
        self._failed: tuple[float, SandboxUnavailable] | None = None
        self.is_stopping = False

    def get(self) -> Sandbox:
        """Raises SandboxUnavailable."""
        with self._lock:
            if self._opened is not None:
                return self._opened
            if self._failed and time.monotonic() - self._failed[0] < _TRY_AGAIN_S:
                raise SandboxUnavailable(self._failed[1].why, self._failed[1].hint)
            try:
                self._opened = self._open_it()
            except SandboxUnavailable as error:
                self._failed = (time.monotonic(), error)
                raise
            return self._opened

    def probe(self) -> Level:
        """The level that is reached here. Raises SandboxUnavailable."""
        return self.get().probe()

    def stop(self) -> None:
        """The process is about to end: programs under way are to be ended."""
        self.is_stopping = True

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
