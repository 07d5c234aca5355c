"""Payouts: sellers ask for money that is theirs, it is held, and administrators look at large ones before they go out.

`advance_payouts.py` sends them and finds out what became of them.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.advance_payouts import release
from skillyard.domain.payments.connect import refresh
from skillyard.domain.payments.errors import KeyUsedOtherwise
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_errors import (
    NoRate,
    PayoutNeedsAnother,
    PayoutNotFound,
    PayoutNotWaiting,
    PayoutOpen,
    ReasonNotAcceptable,
)
from skillyard.domain.payments.payout_model import PAID_IN, WAITING, PayoutStep
from skillyard.domain.payments.payout_requests import (
    check_amount,
    enqueue_approved,
    hold_and_go_on,
    new_payout,
    read_kind,
    repay_debt,
    why_it_waits,
)
from skillyard.domain.payments.payout_states import events_of, move
from skillyard.domain.payments.rail import get_ready_rail
from skillyard.domain.payments.rates import find_rate
from skillyard.domain.payments.store import payouts as store
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset, read_amount, show_amount
from skillyard.infra.paging import Page, page_of, read_cursor

_NEWEST = (2**62, "~")
_MOST_REASON = 500


def request_payout(app: App, caller: Caller, *, amount: str, asset: Asset, kind: str, key: str | None = None) -> Payout:
    """Hold the amount and have it sent by the payout method of this kind; in credits it is there at once.

    `key`: the caller's own; the same request under it again is the same payout. It waits (`held_until_ms`) while the
    method is new, and for an administrator when it is large (`needs_approval`).

    Raises AmountNotValid, PayoutKindUnknown, PayoutAssetNotPossible, PayoutTooSmall, RailNotReady, NoPayoutMethod,
    PayoutMethodNotReady, PayoutOpen, NotEnoughAvailable or KeyUsedOtherwise.
    """
    caller.must("pay_out")
    user_id, _ = caller.identity
    wanted = read_kind(kind)
    minor = read_amount(amount, asset)
    check_amount(app, wanted, asset, minor)
    if wanted != "credits":
        get_ready_rail(app, wanted)
    if wanted == "stripe":
        refresh(app, user_id)
    with app.database.transaction() as tx:
        tx.lock(f"payouts of {user_id}")
        hashed = sha256(key.encode("utf-8", "surrogatepass")).hexdigest() if key else None
        if hashed and (known := store.find_by_key(tx, user_id, hashed)):
            if (known.amount, known.asset, known.rail) != (minor, asset, wanted):
                raise KeyUsedOtherwise
            return known
        payout = new_payout(app, tx, user_id, wanted, asset, minor)
        if not store.add(tx, payout, key=hashed):
            opened = store.find_open(tx, payout.method_id)
            raise PayoutOpen(kind=wanted, payout_id=opened.id if opened else "")
        repay_debt(tx, payout)
        return hold_and_go_on(app, tx, payout)


def request_payout_in_usd(app: App, caller: Caller, *, amount_usd: str, kind: str, key: str | None = None) -> Payout:
    """The same for what is worth so many dollars now, in the asset that this kind of method pays, rounded down.

    Raises also NoRate.
    """
    caller.must("pay_out")
    asset = PAID_IN[read_kind(kind)]
    if asset is Asset.USD:
        return request_payout(app, caller, amount=amount_usd, asset=asset, kind=kind, key=key)
    cents = read_amount(amount_usd, Asset.USD, what="amount_usd")
    with app.database.reading() as tx:
        rate = find_rate(tx, asset, app.clock.now_ms())
    if rate is None:
        raise NoRate(asset=asset.value)
    units = Decimal(cents).scaleb(asset.scale - Asset.USD.scale) / Decimal(rate.usd)
    amount = show_amount(int(units.to_integral_value(ROUND_DOWN)), asset)
    return request_payout(app, caller, amount=amount, asset=asset, kind=kind, key=key)


def list_payouts(
    app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None, offset: int = 0
) -> Page[Payout]:
    """The caller's, the newest first. Raises BadCursor."""
    caller.must("buy")
    user_id, _ = caller.identity
    return _page(app, user_id, (), limit, cursor, offset)


def get_payout(app: App, caller: Caller, *, payout_id: str) -> tuple[Payout, list[PayoutStep]]:
    """One of the caller's, or anybody's for administrators; and how it came to be as it is, the oldest step first.

    Raises PayoutNotFound.
    """
    caller.must("buy")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        payout = store.find(tx, payout_id)
        if payout is None or (payout.user_id != user_id and not caller.may("administer")):
            raise PayoutNotFound(payout_id=payout_id[:40])
        return payout, store.list_steps(tx, payout_id)


def cancel_payout(app: App, caller: Caller, *, payout_id: str) -> Payout:
    """Stop one's own payout before it is sent; the money is available again.

    Raises PayoutNotFound, PayoutNotWaiting.
    """
    caller.must("pay_out")
    user_id, _ = caller.identity
    return _stop(app, payout_id, PayoutStatus.CANCELLED, owner=user_id, actor=user_id, cause="cancelled by the seller")


def list_all_payouts(
    app: App,
    caller: Caller,
    *,
    statuses: Collection[PayoutStatus] = (),
    limit: int = 30,
    cursor: str | None = None,
    offset: int = 0,
) -> Page[Payout]:
    """Everybody's, in these states or all, the newest first; for administrators. Raises BadCursor."""
    caller.must("administer")
    return _page(app, None, statuses, limit, cursor, offset)


def approve_payout(app: App, caller: Caller, *, payout_id: str) -> Payout:
    """Let a large payout go out, once the time is over that it waits for a new method; for administrators.

    Raises PayoutNotFound, PayoutNotWaiting, or PayoutNeedsAnother: nobody approves their own.
    """
    caller.must("administer")
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        payout = _take(tx, payout_id)
        if payout.user_id == user_id:
            raise PayoutNeedsAnother
        if payout.status is not PayoutStatus.REQUESTED or not payout.needs_approval or payout.approved_by:
            raise PayoutNotWaiting(payout_id=payout.id, status=payout.status.value)
        store.set_approved(tx, payout.id, user_id, why=why_it_waits(payout.held_until_ms, now_ms))
        approved = release(tx, _take(tx, payout_id), now_ms, actor=user_id)
        enqueue_approved(tx, approved)
        return approved


def reject_payout(app: App, caller: Caller, *, payout_id: str, reason: str) -> Payout:
    """Refuse a payout that is not sent; the money is available again, and the seller reads the reason.

    Raises PayoutNotFound, PayoutNotWaiting, ReasonNotAcceptable.
    """
    caller.must("administer")
    user_id, _ = caller.identity
    reason = reason.strip()
    if not 0 < len(reason) <= _MOST_REASON or not reason.isprintable():
        raise ReasonNotAcceptable(most=_MOST_REASON)
    return _stop(app, payout_id, PayoutStatus.REJECTED, owner=None, actor=user_id, cause=reason)


def _stop(app: App, payout_id: str, to: PayoutStatus, *, owner: str | None, actor: str, cause: str) -> Payout:
    """Before it is sent. `owner`: whose it must be. Raises PayoutNotFound, PayoutNotWaiting."""
    with app.database.transaction() as tx:
        payout = _take(tx, payout_id)
        if owner not in (None, payout.user_id):
            raise PayoutNotFound(payout_id=payout_id[:40])
        if payout.status not in WAITING:
            raise PayoutNotWaiting(payout_id=payout.id, status=payout.status.value)
        stopped = move(tx, payout, to, cause=cause, now_ms=app.clock.now_ms(), actor=actor)
        for event in events_of(stopped):
            app.events.record(tx, event)
        return stopped


def _take(tx: Tx, payout_id: str) -> Payout:
    payout = store.take(tx, payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id=payout_id[:40])
    return payout


def _page(
    app: App, user_id: str | None, statuses: Collection[PayoutStatus], limit: int, cursor: str | None, offset: int
) -> Page[Payout]:
    at_ms, payout_id = read_cursor(cursor, _NEWEST)
    with app.database.reading() as tx:
        found = store.list_payouts(
            tx,
            user_id=user_id,
            statuses=statuses,
            before=(int(at_ms), str(payout_id)),
            limit=limit + 1,
            offset=offset,
        )
    return page_of(found, limit, lambda one: [one.requested_ms, one.id])
