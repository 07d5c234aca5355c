"""How many calls one person has under way in this process: at most half of what it makes at once, so that nobody's slow
upstream leaves others without.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from skillyard.app import App
from skillyard.domain.gateway.calls.call_errors import TooManyCallsAtOnce

_under_way: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def under_way(app: App, user_id: str) -> Iterator[None]:
    """One more, for as long as the block takes. Raises TooManyCallsAtOnce."""
    most = max(1, app.settings.gateway_calls_at_once // 2)
    with _lock:
        if _under_way[user_id] >= most:
            raise TooManyCallsAtOnce(most=most, retry_after_s=1)
        _under_way[user_id] += 1
    try:
        yield
    finally:
        with _lock:
            _under_way[user_id] -= 1
            if not _under_way[user_id]:
                del _under_way[user_id]
