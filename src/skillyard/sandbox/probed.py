"""What all kinds of sandbox share: the level that they reach is found out once, by trying."""

from __future__ import annotations

import threading
from abc import abstractmethod

from skillyard.sandbox.model import Level, Sandbox


class ProbedSandbox(Sandbox):
    """Whoever asks while it is tried waits for the answer; a failure is not remembered."""

    def __init__(self) -> None:
        self._level: Level | None = None
        self._probing = threading.Lock()

    def probe(self) -> Level:
        with self._probing:
            if self._level is None:
                self._level = self._try()
            return self._level

    @abstractmethod
    def _try(self) -> Level:
        """Run something harmless. Raises SandboxUnavailable."""
