"""How much people have done in a month, and how much they may: runs and invocations, whatever they cost."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.errors import MonthIsFull
from skillyard.domain.payments.store import usage as store
from skillyard.infra.clock import month_ends_in_s, month_of
from skillyard.infra.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of one calendar month (UTC), `2026-11`. `limit`: None for no limit."""

    month: str
    calls: int
    limit: int | None


def count_calls(tx: Tx, app: App, caller: Caller, *, times: int = 1) -> None:
    """Count what is queued in this transaction. Raises MonthIsFull, upon which nothing may be."""
    user_id, _ = caller.identity
    limit, now_ms = _limit(app, caller), app.clock.now_ms()
    month = month_of(now_ms)
    calls = store.add_calls(tx, user_id, month, calls=times)
    if limit is not None and calls > limit:
        raise MonthIsFull(limit=limit, month=month, retry_after_s=month_ends_in_s(now_ms))


def read_usage(tx: Tx, app: App, caller: Caller) -> Usage:
    """The caller's, of this month."""
    month = month_of(app.clock.now_ms())
    return Usage(month=month, calls=store.count_calls(tx, caller.identity[0], month), limit=_limit(app, caller))


def _limit(app: App, caller: Caller) -> int | None:
    return None if caller.is_admin else app.settings.calls_per_month or None
