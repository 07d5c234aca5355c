"""Facts that rails bring, each applied in a transaction of its own, however often they are told."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.app import App
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments.connect import apply_account
from skillyard.domain.payments.disputes import apply_dispute
from skillyard.domain.payments.give_back import apply_refund_moved
from skillyard.domain.payments.model import (
    AccountMoved,
    Closed,
    DisputeMoved,
    Fact,
    OperatorMoved,
    PayoutMoved,
    Receipt,
    RefundMoved,
)
from skillyard.domain.payments.payout_states import apply_payout
from skillyard.domain.payments.settle import apply_closed, apply_operator_moved, apply_receipt
from skillyard.domain.payments.store import refunds as store
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import Event
from skillyard.infra.log import Logger

_log = Logger("skillyard.payments")
_DAY_MS = 24 * 3600 * 1000


def maturity_ms(app: App) -> int:
    return app.settings.maturity_days * _DAY_MS


def apply_facts(app: App, facts: Iterable[Fact]) -> None:
    """One that must wait, or that we fail at, does not keep the others waiting. Raises its refusal when all the others
    are applied.
    """
    refusals: list[Exception] = []
    for fact in facts:
        try:
            apply_fact(app, fact)
        except Exception as refusal:
            if not isinstance(refusal, SkillyardError):
                _log.exception("a fact could not be applied", rail=fact.rail, kind=type(fact).__name__)
            refusals.append(refusal)
    if refusals:
        raise refusals[0]


def apply_fact(app: App, fact: Fact) -> None:
    with app.database.transaction() as tx:
        for event in _applied(app, tx, fact):
            app.events.record(tx, event)


def sweep(app: App, rail_name: str) -> None:
    """Read what the provider lists since the last time. The cursor moves only when all of it is applied."""
    rail = ports.get_rail(rail_name)
    with app.database.reading() as tx:
        cursor = store.find_cursor(tx, rail_name)
    facts, after = rail.sweep(app, cursor)
    apply_facts(app, facts)
    if after is not None and after != cursor:
        with app.database.transaction() as tx:
            store.set_cursor(tx, rail_name, after)


def _applied(app: App, tx: Tx, fact: Fact) -> list[Event]:
    now_ms = app.clock.now_ms()
    match fact:
        case Receipt():
            return apply_receipt(tx, fact, now_ms=now_ms, maturity_ms=maturity_ms(app))
        case Closed():
            return apply_closed(tx, fact, now_ms=now_ms)
        case RefundMoved():
            return apply_refund_moved(tx, fact, now_ms=now_ms)
        case DisputeMoved():
            return apply_dispute(tx, fact, now_ms=now_ms)
        case PayoutMoved():
            return apply_payout(tx, fact, now_ms)
        case OperatorMoved():
            return apply_operator_moved(tx, fact, now_ms=now_ms)
        case AccountMoved():
            return apply_account(tx, fact.account, now_ms)
