"""How a payout goes from state to state: the row, the books and the record of it in one, each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_legs import legs_of_worth, legs_to, repay
from skillyard.domain.payments.ledger import Leg, balance, credit, debit, post
from skillyard.domain.payments.model import Payout, PayoutMoved, PayoutStatus
from skillyard.domain.payments.payout_model import (
    ALLOWED,
    IN_FLIGHT,
    OPEN,
    SYSTEM,
    PayoutFailed,
    PayoutPaid,
    PayoutStep,
)
from skillyard.domain.payments.rail import get_rail
from skillyard.domain.payments.store import payouts as store
from skillyard.infra.database import Tx
from skillyard.infra.events import Event
from skillyard.infra.log import Logger
from skillyard.infra.money import CENTS_PER_CREDIT, show_amount

_MOST_WHY = 500
_log = Logger("skillyard.payouts")


def move(
    tx: Tx,
    payout: Payout,
    to: PayoutStatus,
    *,
    cause: str,
    now_ms: int,
    actor: str = SYSTEM,
    next_try_ms: int = 0,
    **changes: Any,
) -> Payout:
    """Move a payout that `take` gave, with what follows for its money. The caller records `events_of` it at the end."""
    if to not in ALLOWED[payout.status]:
        raise ValueError(f"a payout that is {payout.status} cannot become {to}")
    moved = replace(payout, status=to, updated_ms=now_ms, why=cause[:_MOST_WHY], **changes)
    if not store.move(tx, moved, was=payout.status, next_try_ms=next_try_ms):
        raise RuntimeError(f"payout {payout.id} was moved by somebody who did not take it")
    journal_id = _book(tx, payout, moved)
    add_step(tx, moved, was=payout.status, actor=actor, journal_id=journal_id)
    return moved


def add_step(tx: Tx, payout: Payout, *, was: PayoutStatus | None, actor: str, journal_id: str | None) -> None:
    step = PayoutStep(
        payout_id=payout.id,
        from_status=was,
        to_status=payout.status,
        cause=payout.why,
        actor=actor,
        journal_id=journal_id,
        at_ms=payout.updated_ms,
    )
    store.add_step(tx, step)


def hold(tx: Tx, payout: Payout) -> str:
    """Take the money of a new payout aside; the journal. Raises InsufficientFunds."""
    legs = [debit(_available(payout), payout.amount), credit(_held(payout), payout.amount)]
    return _post(tx, payout, "hold", "payout_hold", legs, payout.requested_ms)


def apply_payout(tx: Tx, moved: PayoutMoved, now_ms: int) -> list[Event]:
    """Take in what the provider says of a payout, as often and in whatever order it says so; what is to be recorded.

    That one was paid always counts. That one failed or came back counts for the attempt that it is said of; where that
    is not known yet, the provider is asked what became of the payout.
    """
    payout = store.take(tx, moved.payout_id)
    if payout is None or payout.rail != moved.rail:
        _log.warning("a provider tells of a payout that is not ours", payout=moved.payout_id[:40], rail=moved.rail)
        return []
    if moved.state == "paid":
        return _paid(tx, payout, moved, now_ms)
    return _not_paid(tx, payout, moved, now_ms)


def events_of(payout: Payout) -> list[Event]:
    """What the world is told of a payout that came to this state; nothing while it is open."""
    if payout.status is PayoutStatus.PAID:
        amount = show_amount(payout.amount, payout.asset)
        paid = PayoutPaid(
            payout_id=payout.id, user_id=payout.user_id, rail=payout.rail, asset=payout.asset.value, amount=amount
        )
        return [paid]
    if payout.status in OPEN:
        return []
    failed = PayoutFailed(
        payout_id=payout.id, user_id=payout.user_id, rail=payout.rail, status=payout.status.value, why=payout.why
    )
    return [failed]


def _paid(tx: Tx, payout: Payout, moved: PayoutMoved, now_ms: int) -> list[Event]:
    reference = moved.reference or payout.reference
    if PayoutStatus.PAID not in ALLOWED[payout.status]:
        if payout.status is PayoutStatus.PAID and reference != payout.reference:
            _log.error("a payout was paid twice", payout=payout.id, reference=moved.reference)
        return []
    if payout.status not in IN_FLIGHT:
        _log.error("a payout was paid that was taken for not paid", payout=payout.id, status=payout.status.value)
    paid = move(
        tx, payout, PayoutStatus.PAID, cause=moved.why, now_ms=now_ms, reference=reference, fee=payout.fee + moved.fee
    )
    back = store.find_came_back(tx, payout.id)
    return [*events_of(paid), *(_not_paid(tx, paid, back, now_ms) if back else [])]


def _not_paid(tx: Tx, payout: Payout, moved: PayoutMoved, now_ms: int) -> list[Event]:
    """Failed after it was paid is returned: the bank of the seller refused it."""
    why = moved.why or f"the provider says that it was {moved.state}"
    is_meant = payout.reference == moved.reference
    if payout.status is PayoutStatus.PAID and is_meant:
        fee = payout.fee + moved.fee
        return events_of(move(tx, payout, PayoutStatus.RETURNED, cause=why, now_ms=now_ms, fee=fee))
    if payout.status in IN_FLIGHT and is_meant and moved.state == "failed":
        return events_of(move(tx, payout, PayoutStatus.FAILED, cause=why, now_ms=now_ms))
    if payout.status in OPEN:
        if moved.state == "returned":
            store.set_came_back(tx, payout.id, moved)
        store.set_due(tx, payout.id, now_ms=now_ms)
    return []


def _book(tx: Tx, before: Payout, payout: Payout) -> str | None:
    """What a step means for the money, under a key per step that can happen only once."""
    held, available = debit(_held(payout), payout.amount), credit(_available(payout), payout.amount)
    if payout.status is PayoutStatus.PAID:
        source = [held] if before.status in OPEN else _taken_again(tx, payout)
        journal_id = _post(tx, payout, "paid", "payout_paid", [*source, *_sent(tx, payout)], payout.updated_ms)
        if payout.rail == "credits":
            repay(tx, payout.user_id, key=f"po:{payout.id}:paid", ref=payout.id, now_ms=payout.updated_ms)
        return journal_id
    if payout.status is PayoutStatus.RETURNED:
        fee = payout.fee - before.fee
        back = [debit(_clearing(payout), payout.amount - fee), debit(_fees(payout), fee)]
        return _post(tx, payout, "returned", "payout_returned", [*back, available], payout.updated_ms)
    if payout.status not in OPEN:
        return _post(tx, payout, "released", "payout_returned", [held, available], payout.updated_ms)
    return None


def _sent(tx: Tx, payout: Payout) -> list[Leg]:
    """The provider's fee is ours to bear. As credits nothing goes out: we owe the same person the same worth."""
    if payout.rail == "credits":
        credits = payout.amount // CENTS_PER_CREDIT
        return [*legs_to(tx, payout.user_id, credits), *legs_of_worth(payout.asset, payout.amount, credits)]
    return [credit(_clearing(payout), payout.amount + payout.fee), debit(_fees(payout), payout.fee)]


def _taken_again(tx: Tx, payout: Payout) -> list[Leg]:
    """The money was given back already: take it from what is there, and let the seller owe the rest."""
    there = min(balance(tx, _available(payout)), payout.amount)
    owed = Account(owner=payout.user_id, kind=Kind.SELLER_RECEIVABLE, asset=payout.asset)
    return [debit(_available(payout), there), debit(owed, payout.amount - there)]


def _post(tx: Tx, payout: Payout, step: str, kind: str, legs: Sequence[Leg], now_ms: int) -> str:
    return post(tx, key=f"po:{payout.id}:{step}", kind=kind, ref=payout.id, legs=legs, now_ms=now_ms).id


def _available(payout: Payout) -> Account:
    return Account(owner=payout.user_id, kind=Kind.SELLER_AVAILABLE, asset=payout.asset)


def _held(payout: Payout) -> Account:
    return Account(owner=payout.user_id, kind=Kind.PAYOUT_HOLD, asset=payout.asset)


def _clearing(payout: Payout) -> Account:
    return platform(get_rail(payout.rail).clearing, payout.asset)


def _fees(payout: Payout) -> Account:
    return platform(get_rail(payout.rail).fee, payout.asset)
