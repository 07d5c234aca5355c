"""How many calls somebody may make: by their plan, their key, their connection and their address.

Counted in the database, in minutes and days of UTC, so that all nodes know the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person
from skillyard.domain.accounts.errors import UserNotFound
from skillyard.domain.accounts.model import Caller, User
from skillyard.domain.gateway.calls.call_errors import (
    CallLimitReached,
    DailyLimitReached,
    MinuteLimitReached,
    PlanLimitReached,
    PlanUnknown,
)
from skillyard.domain.gateway.calls.call_model import Who
from skillyard.domain.gateway.store import limits as store
from skillyard.domain.gateway.store.limits import Per, Window
from skillyard.infra.database import Tx
from skillyard.settings import GatewayPlan

_MS: dict[Per, int] = {"minute": 60_000, "day": 24 * 3600 * 1000}
_MOST_SUBJECT_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    name: str
    allows: GatewayPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` calls in the window; `of`: whose limit it is, as people read it."""

    window: Window
    most: int
    of: str


def plan_of(tx: Tx, app: App, user_id: str) -> Plan:
    """That of a person. One that the settings name no more is that of everybody."""
    name = store.find_plan(tx, user_id)
    if name is None or name not in app.settings.plans:
        name = app.settings.gateway_plan
    return Plan(name=name, allows=app.settings.plans[name])


def check_connections(tx: Tx, app: App, user_id: str, *, has: int) -> None:
    """Whether somebody who has so many connections may have one more. Raises PlanLimitReached."""
    plan = plan_of(tx, app, user_id)
    if plan.allows.connections and has >= plan.allows.connections:
        raise PlanLimitReached(plan=plan.name, limit=plan.allows.connections)


def set_plan(app: App, caller: Caller, *, username: str, plan: str | None) -> Plan:
    """Give somebody another plan; None: that of everybody. For administrators. Raises PlanUnknown, UserNotFound."""
    caller.must("administer")
    if plan is not None and plan not in app.settings.plans:
        raise PlanUnknown(plan=plan[:40], plans=", ".join(app.settings.plans))
    with app.database.transaction() as tx:
        user = person_of(tx, username)
        if plan is None:
            store.remove_plan(tx, user.id)
        else:
            store.set_plan(tx, user.id, plan, set_by=caller.identity[0], now_ms=app.clock.now_ms())
        return plan_of(tx, app, user.id)


def person_of(tx: Tx, username: str) -> User:
    """Raises UserNotFound."""
    found = find_person(tx, username)
    if found is None:
        raise UserNotFound(username=username[:40])
    return found


def limits_of(app: App, plan: Plan, who: Who, connection_id: str | None, *, now_ms: int) -> tuple[Limit, ...]:
    """All that bound a call."""
    allows, of_plan = plan.allows, f"of the plan {plan.name}"
    bounds: list[tuple[str, Per, int, str]] = [
        (f"user {who.user_id}", "minute", allows.calls_per_minute, of_plan),
        (f"user {who.user_id}", "day", allows.calls_per_day, of_plan),
    ]
    if who.token_id:
        bounds.append((f"key {who.token_id}", "minute", allows.calls_per_minute_and_key, "with one key"))
    if connection_id:
        most = allows.calls_per_minute_and_connection
        bounds.append((f"connection {connection_id}", "minute", most, "with one connection"))
    if who.address:
        subject = f"address {who.address}"[:_MOST_SUBJECT_CHARS]
        bounds.append((subject, "minute", app.settings.gateway_calls_per_minute, "from one address"))
    return tuple(
        Limit(window=window_of(subject, per, now_ms), most=most, of=of) for subject, per, most, of in bounds if most
    )


def window_of(subject: str, per: Per, now_ms: int) -> Window:
    """The minute or day (UTC) that is now."""
    return Window(subject, per, (now_ms // _MS[per] + 1) * _MS[per])


def count(tx: Tx, calls: Sequence[Sequence[Limit]]) -> list[Limit | None]:
    """Count several calls, each with all that bounds it. For each the limit that is reached, and then nothing of it is
    counted; None: none is.
    """
    wanted = Counter(limit.window for limits in calls for limit in limits)
    most = {limit.window: limit.most for limits in calls for limit in limits}
    totals = store.add_calls(tx, wanted)
    left = {window: most[window] - (total - wanted[window]) for window, total in totals.items()}
    reached: list[Limit | None] = []
    for limits in calls:
        full = next((limit for limit in limits if left[limit.window] <= 0), None)
        reached.append(full)
        for limit in () if full else limits:
            left[limit.window] -= 1
    refused = [limit.window for limits, full in zip(calls, reached, strict=True) if full for limit in limits]
    store.take_back(tx, Counter(refused))
    return reached


def refusal(limit: Limit, *, now_ms: int) -> CallLimitReached:
    """What is told to who reached it."""
    kind = DailyLimitReached if limit.window.per == "day" else MinuteLimitReached
    return kind(
        limit=limit.most,
        window=limit.window.per,
        of=limit.of,
        ends=datetime.fromtimestamp(limit.window.ends_ms / 1000, tz=UTC).strftime("%H:%M:%S UTC"),
        retry_after_s=max(1, -((now_ms - limit.window.ends_ms) // 1000)),
    )
