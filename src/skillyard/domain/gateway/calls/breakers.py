"""Leaves a host alone for a moment that failed several times in a row: its callers learn at once that it is down.

While only the calls of one person failed, only these rest: nobody takes it from others. Each node sees for itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from skillyard.domain.gateway.calls.call_errors import UpstreamResting

_FAILURES = 5
_REST_S = 10.0
_MOST_HOSTS = 10_000

Key = tuple[str, str]


@dataclass(slots=True)
class _Seen:
    """`people`: whose calls failed; of more than two it does not matter who."""

    failures: int = 0
    rests_until: float = 0.0
    people: set[str] = field(default_factory=set)

    def concerns(self, person: str) -> bool:
        return len(self.people) > 1 or person in self.people


class Breakers:
    """By integration and host. After a rest one call goes through, and decides for the others."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[Key, _Seen] = OrderedDict()  # those that failed and did not succeed since
        self._lock = threading.Lock()

    def check(self, key: Key, person: str) -> None:
        """Raises UpstreamResting."""
        seen = self._seen.get(key)
        if seen is None or seen.failures < _FAILURES or not seen.concerns(person):
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

    def failed(self, key: Key, person: str) -> None:
        with self._lock:
            seen = self._seen.setdefault(key, _Seen())
            seen.failures += 1
            if not seen.concerns(person):
                seen.people.add(person)
            if seen.failures >= _FAILURES:
                seen.rests_until = self._now() + _REST_S
            self._seen.move_to_end(key)
            if len(self._seen) > _MOST_HOSTS:
                self._seen.popitem(last=False)


breakers = Breakers()
"""Those of this process."""
