"""Threads for calls of integrations, apart from those of all other routes: who waits for a slow upstream keeps nobody
else waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from skillyard.app import App
from skillyard.domain.gateway.calls.call_errors import CallsFull

_MOST = 1000  # more than any setting allows; they are started as they are needed

_threads = ThreadPoolExecutor(max_workers=_MOST, thread_name_prefix="call")
_lock = threading.Lock()
_under_way = 0

Result = TypeVar("Result")


async def in_call_thread(app: App, work: Callable[[], Result]) -> Result:
    """What the work returns. It goes on when its caller leaves. Raises CallsFull at once when too much is under way."""
    global _under_way
    with _lock:
        if _under_way >= app.settings.gateway_calls_at_once:
            raise CallsFull(retry_after_s=1)
        _under_way += 1
    future = _threads.submit(work)
    future.add_done_callback(_done)
    return await asyncio.wrap_future(future)


def _done(_: Future[Result]) -> None:
    global _under_way
    with _lock:
        _under_way -= 1
