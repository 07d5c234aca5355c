"""Leaves a host alone for a moment that failed several times in a row: its callers learn at once that it is down.

Each node sees for itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from skillyard.domain.gateway.calls.call_errors import UpstreamResting

_FAILURES = 5
_REST_S = 10.0
_MOST_HOSTS = 10_000

Key = tuple[str, str]


@dataclass(slots=True)
class _Seen:
    failures: int = 0
    rests_until: float = 0.0


class Breakers:
    """By integration and host. After a rest one call goes through, and decides for the others."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[Key, _Seen] = OrderedDict()  # those that failed and did not succeed since
        self._lock = threading.Lock()

    def check(self, key: Key) -> None:
        """Raises UpstreamResting."""
        seen = self._seen.get(key)
        if seen is None or seen.failures < _FAILURES:
            return
        with self._lock:
            left_s = seen.rests_until - self._now()
            if left_s > 0:
                raise UpstreamResting(host=key[1], retry_after_s=max(1, round(left_s)))
            seen.rests_until = self._now() + _REST_S  # this one tries

    def succeeded(self, key: Key) -> None:
        if key in self._seen:
            with self._lock:
                self._seen.pop(key, None)

    def failed(self, key: Key) -> None:
        with self._lock:
            seen = self._seen.setdefault(key, _Seen())
            seen.failures += 1
            if seen.failures >= _FAILURES:
                seen.rests_until = self._now() + _REST_S
            self._seen.move_to_end(key)
            if len(self._seen) > _MOST_HOSTS:
                self._seen.popitem(last=False)


breakers = Breakers()
"""Those of this process."""
