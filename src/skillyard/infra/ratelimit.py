"""How often somebody may do something: a fixed window per key, in this process's memory, bounded."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is allowed; of `limit` per window `remaining` are left, and the window ends in `reset_s` seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


class Limiter:
    """Counts per key. When more keys are known than fit, the ones not seen for longest are forgotten."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most_keys: int = _MOST_KEYS) -> None:
        self._now = now
        self._most_keys = most_keys
        self._windows: OrderedDict[str, list[float]] = OrderedDict()  # key → [end of the window, count]
        self._lock = threading.Lock()

    def check(self, key: str, limit: int, window_s: int) -> Verdict:
        """Count one more for the key. Not allowed once `limit` were counted in the running window."""
        now = self._now()
        with self._lock:
            window = self._windows.get(key)
            if window is None or window[0] <= now:
                window = self._windows[key] = [now + window_s, 0]
            window[1] += 1
            self._windows.move_to_end(key)
            if len(self._windows) > self._most_keys:
                self._windows.popitem(last=False)
            count = int(window[1])
            reset_s = max(1, round(window[0] - now))
        return Verdict(count <= limit, limit, max(0, limit - count), reset_s)
