"""Time as milliseconds since 1970 (UTC), from a clock that tests can hold still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int: ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock for tests: stands still until moved."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def move(self, *, seconds: float) -> None:
        self._now_ms += int(seconds * 1000)


def iso(at_ms: int) -> str:
    """`2026-11-21T07:00:00.000Z`, the only spelling of a time on our wire."""
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def month_of(now_ms: int) -> str:
    """The calendar month in UTC by which executions are counted, such as 2026-11."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).strftime("%Y-%m")


def month_ends_in_s(now_ms: int) -> int:
    """Seconds until the next month, at least one."""
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return max(1, round((datetime(year, month, 1, tzinfo=UTC) - now).total_seconds()))
