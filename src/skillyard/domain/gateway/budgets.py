"""Allowances: how far somebody's credential serves others in a calendar month (UTC).

What a call may cost at most is set aside before it is made, so that many at once do not pass the limit together; then
it is corrected to what it did cost. A worker that dies in between leaves it set aside: rather too little than too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from skillyard.app import App
from skillyard.domain.gateway.store import budgets as store
from skillyard.infra.errors import Conflict


class AllowanceSpent(Conflict):
    code = "allowance_spent"
    text = "What the seller allows this skill to use of their credentials in a month is used up."
    hint = "Use it again next month, or ask the seller for more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`ref`: what it is given to. `most_cost`: in millionths of a dollar; None: without bound."""

    ref: str
    most_calls: int | None = None
    most_cost: int | None = None

    @property
    def is_bounded(self) -> bool:
        return self.most_calls is not None or self.most_cost is not None


@dataclass(slots=True)
class Spending:
    """One call. Its `cost` is what it came to, as soon as that is known; None of it counts when it `was_made` not."""

    cost: int
    was_made: bool = True


@contextmanager
def spending(app: App, allowance: Allowance, *, cost: int) -> Iterator[Spending]:
    """Set aside what a call may cost, for as long as the block makes it. Raises AllowanceSpent."""
    spent = Spending(cost)
    if not allowance.is_bounded:
        yield spent
        return
    month = datetime.fromtimestamp(app.clock.now_ms() / 1000, tz=UTC).strftime("%Y-%m")
    _set_aside(app, allowance, month, cost)
    try:
        yield spent
    finally:
        _correct(app, allowance, month, set_aside=cost, spent=spent)


def _set_aside(app: App, allowance: Allowance, month: str, cost: int) -> None:
    with app.database.transaction() as tx:
        if not store.spend(
            tx, allowance.ref, month, cost=cost, most_calls=allowance.most_calls, most_cost=allowance.most_cost
        ):
            raise AllowanceSpent


def _correct(app: App, allowance: Allowance, month: str, *, set_aside: int, spent: Spending) -> None:
    calls, cost = (0, spent.cost - set_aside) if spent.was_made else (-1, -set_aside)
    if calls or cost:
        with app.database.transaction() as tx:
            store.correct(tx, allowance.ref, month, calls=calls, cost=cost)
