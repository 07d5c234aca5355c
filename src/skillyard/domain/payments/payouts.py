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
from skillyard.domain.payments.chart import Account, Kind
from skillyard.domain.payments.connect import refresh
from skillyard.domain.payments.errors import KeyUsedOtherwise
from skillyard.domain.payments.ledger import balance, credit, debit, post
from skillyard.domain.payments.ledger_errors import InsufficientFunds
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_errors import (
    NoRate,
    NotEnoughAvailable,
    PayoutAssetNotPossible,
    PayoutKindUnknown,
    PayoutNeedsAnother,
    PayoutNotFound,
    PayoutNotWaiting,
    PayoutOpen,
    PayoutTooSmall,
    ReasonNotAcceptable,
)
from skillyard.domain.payments.payout_jobs import advance_payout
from skillyard.domain.payments.payout_methods import get_usable, own_credits
from skillyard.domain.payments.payout_model import (
    KINDS,
    PAID_IN,
    WAITING,
    PayoutKind,
    PayoutRequested,
    PayoutStep,
)
from skillyard.domain.payments.payout_states import add_step, events_of, hold, move
from skillyard.domain.payments.rail import get_ready_rail
from skillyard.domain.payments.rates import find_rate
from skillyard.domain.payments.store import payouts as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue
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
    wanted = _read_kind(kind)
    minor = read_amount(amount, asset)
    _check_amount(app, wanted, asset, minor)
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
        payout = _new(app, tx, user_id, wanted, asset, minor)
        if not store.add(tx, payout, key=hashed):
            opened = store.find_open(tx, payout.method_id)
            raise PayoutOpen(kind=wanted, payout_id=opened.id if opened else "")
        _check_funds(tx, payout)
        return _hold(app, tx, payout)


def request_payout_in_usd(app: App, caller: Caller, *, amount_usd: str, kind: str, key: str | None = None) -> Payout:
    """The same for what is worth so many dollars now, in the asset that this kind of method pays, rounded down.

    Raises also NoRate.
    """
    caller.must("pay_out")
    asset = PAID_IN[_read_kind(kind)]
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
        store.set_approved(tx, payout.id, user_id, why=_waits(payout.held_until_ms, now_ms))
        approved = release(tx, _take(tx, payout_id), now_ms, actor=user_id)
        _enqueue(tx, approved)
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


def _read_kind(kind: str) -> PayoutKind:
    for known in KINDS:
        if kind == known:
            return known
    raise PayoutKindUnknown(kind=kind[:40], known=", ".join(KINDS))


def _check_amount(app: App, kind: PayoutKind, asset: Asset, amount: int) -> None:
    if asset is not PAID_IN[kind]:
        raise PayoutAssetNotPossible(kind=kind, asset=asset.value, needed=PAID_IN[kind].value)
    minimum = _limit(asset, app.settings.payout_minimum_usd_cents, app.settings.payout_minimum_nanoton)
    if kind != "credits" and amount < minimum:
        raise PayoutTooSmall(minimum=show_amount(minimum, asset), asset=asset.value)


def _limit(asset: Asset, usd_cents: int, nanoton: int) -> int:
    return usd_cents if asset is Asset.USD else nanoton


def _new(app: App, tx: Tx, user_id: str, kind: PayoutKind, asset: Asset, amount: int) -> Payout:
    """A payout as it will be asked for. Raises NoPayoutMethod, PayoutMethodNotReady."""
    now_ms = app.clock.now_ms()
    if kind == "credits":
        method_id, destination, held_until_ms, needs_approval = own_credits(user_id).id, user_id, now_ms, False
    else:
        method = get_usable(tx, user_id, kind)
        most = _limit(asset, app.settings.payout_approval_usd_cents, app.settings.payout_approval_nanoton)
        method_id, destination, needs_approval = method.id, method.destination, amount > most
        held_until_ms = max(method.usable_from_ms, now_ms)
    why = "waits for an administrator" if needs_approval else _waits(held_until_ms, now_ms)
    return Payout(
        id=new_id("po"),
        user_id=user_id,
        rail=kind,
        method_id=method_id,
        destination=destination,
        asset=asset,
        amount=amount,
        fee=0,
        status=PayoutStatus.REQUESTED,
        attempt=0,
        prepared=None,
        reference=None,
        why=why,
        requested_ms=now_ms,
        updated_ms=now_ms,
        needs_approval=needs_approval,
        held_until_ms=held_until_ms,
    )


def _waits(held_until_ms: int, now_ms: int) -> str:
    return "the payout method is new" if held_until_ms > now_ms else ""


def _check_funds(tx: Tx, payout: Payout) -> None:
    """Pay back first what the seller owes. Raises NotEnoughAvailable."""
    asset = payout.asset
    available = Account(owner=payout.user_id, kind=Kind.SELLER_AVAILABLE, asset=asset)
    owed = Account(owner=payout.user_id, kind=Kind.SELLER_RECEIVABLE, asset=asset)
    there, debt = balance(tx, available), balance(tx, owed)
    if payout.amount > there - debt:
        shown = show_amount(max(there - debt, 0), asset)
        raise NotEnoughAvailable(available=shown, amount=show_amount(payout.amount, asset), asset=asset.value)
    if debt:
        legs = [debit(available, debt), credit(owed, debt)]
        key = f"po:{payout.id}:repaid"
        post(tx, key=key, kind="repayment", ref=payout.id, legs=legs, now_ms=payout.requested_ms)


def _hold(app: App, tx: Tx, payout: Payout) -> Payout:
    """Take the money aside, and let the payout go on as far as it may. Raises NotEnoughAvailable."""
    try:
        journal_id = hold(tx, payout)
    except InsufficientFunds:  # a refund took it a moment ago
        amount = show_amount(payout.amount, payout.asset)
        raise NotEnoughAvailable(available="less", amount=amount, asset=payout.asset.value) from None
    add_step(tx, payout, was=None, actor=payout.user_id, journal_id=journal_id)
    now_ms = payout.requested_ms
    made = release(tx, payout, now_ms)
    if payout.rail == "credits":
        made = move(tx, made, PayoutStatus.PAID, cause="", now_ms=now_ms)
    _enqueue(tx, made)
    for event in (_requested(payout), *events_of(made)):
        app.events.record(tx, event)
    return made


def _enqueue(tx: Tx, payout: Payout) -> None:
    if payout.status is PayoutStatus.APPROVED:
        enqueue(tx, advance_payout, now_ms=payout.updated_ms, key=payout.id, payout_id=payout.id)


def _requested(payout: Payout) -> PayoutRequested:
    return PayoutRequested(
        payout_id=payout.id,
        user_id=payout.user_id,
        rail=payout.rail,
        asset=payout.asset.value,
        amount=show_amount(payout.amount, payout.asset),
        needs_approval=payout.needs_approval,
    )


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
