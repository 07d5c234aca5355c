"""How much somebody has called, and how much more they may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call_model import DayOfCalls
from skillyard.domain.gateway.calls.plans import Plan, plan_of, window_of
from skillyard.domain.gateway.store import calls as store
from skillyard.domain.gateway.store import limits
from skillyard.domain.gateway.store.limits import Per
from skillyard.infra.database import Tx

MOST_DAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Of `limit` calls until `ends_ms`; None: no limit, and `calls` are not counted."""

    calls: int | None
    limit: int | None
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUsage:
    """`days`: the numbers of each day (UTC) and integration, the oldest first."""

    plan: Plan
    minute: Used
    day: Used
    days: tuple[DayOfCalls, ...]


def read_usage(app: App, caller: Caller, *, days: int = 30) -> CallUsage:
    """The caller's, of the last so many days, today included."""
    caller.must("read_own")
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    since = day_before(now_ms, days=min(days, MOST_DAYS) - 1)
    with app.database.reading() as tx:
        plan = plan_of(tx, app, user_id)
        return CallUsage(
            plan=plan,
            minute=_used(tx, user_id, "minute", plan.allows.calls_per_minute, now_ms),
            day=_used(tx, user_id, "day", plan.allows.calls_per_day, now_ms),
            days=tuple(store.list_days(tx, user_id, since=since)),
        )


def day_before(now_ms: int, *, days: int) -> str:
    """The day (UTC) so many days ago, such as 2026-11-21."""
    return (datetime.fromtimestamp(now_ms / 1000, tz=UTC) - timedelta(days=days)).strftime("%Y-%m-%d")


def _used(tx: Tx, user_id: str, per: Per, most: int, now_ms: int) -> Used:
    window = window_of(f"user {user_id}", per, now_ms)
    if not most:
        return Used(calls=None, limit=None, ends_ms=window.ends_ms)
    return Used(calls=limits.count_calls(tx, window), limit=most, ends_ms=window.ends_ms)
