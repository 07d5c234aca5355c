"""How a payout begins: what may be asked for, when it has to wait, and the money that is taken aside for it."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments.advance_payouts import release
from skillyard.domain.payments.chart import Account, Kind
from skillyard.domain.payments.ledger import balance, credit, debit, post
from skillyard.domain.payments.ledger_errors import InsufficientFunds
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_errors import (
    NotEnoughAvailable,
    PayoutAssetNotPossible,
    PayoutKindUnknown,
    PayoutTooSmall,
)
from skillyard.domain.payments.payout_jobs import advance_payout
from skillyard.domain.payments.payout_methods import get_usable, own_credits
from skillyard.domain.payments.payout_model import KINDS, PAID_IN, PayoutKind, PayoutRequested
from skillyard.domain.payments.payout_states import add_step, events_of, hold, move
from skillyard.domain.payments.store import payouts
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue
from skillyard.infra.money import Asset, show_amount

_DAY_MS = 24 * 3600 * 1000


def read_kind(kind: str) -> PayoutKind:
    """Raises PayoutKindUnknown."""
    for known in KINDS:
        if kind == known:
            return known
    raise PayoutKindUnknown(kind=kind[:40], known=", ".join(KINDS))


def check_amount(app: App, kind: PayoutKind, asset: Asset, amount: int) -> None:
    """Raises PayoutAssetNotPossible, PayoutTooSmall."""
    if asset is not PAID_IN[kind]:
        raise PayoutAssetNotPossible(kind=kind, asset=asset.value, needed=PAID_IN[kind].value)
    minimum = _limit(asset, app.settings.payout_minimum_usd_cents, app.settings.payout_minimum_nanoton)
    if kind != "credits" and amount < minimum:
        raise PayoutTooSmall(minimum=show_amount(minimum, asset), asset=asset.value)


def _limit(asset: Asset, usd_cents: int, nanoton: int) -> int:
    return usd_cents if asset is Asset.USD else nanoton


def new_payout(app: App, tx: Tx, user_id: str, kind: PayoutKind, asset: Asset, amount: int) -> Payout:
    """A payout as it will be asked for. Raises NoPayoutMethod, PayoutMethodNotReady."""
    now_ms = app.clock.now_ms()
    if kind == "credits":
        method_id, destination, held_until_ms, needs_approval = own_credits(user_id, now_ms).id, user_id, now_ms, False
    else:
        method = get_usable(tx, user_id, kind)
        most = _limit(asset, app.settings.payout_approval_usd_cents, app.settings.payout_approval_nanoton)
        lately = payouts.sum_unapproved(tx, user_id, asset, since_ms=now_ms - _DAY_MS)  # parts make a large one, too
        method_id, destination, needs_approval = method.id, method.destination, lately + amount > most
        held_until_ms = max(method.usable_from_ms, now_ms)
    why = "waits for an administrator" if needs_approval else why_it_waits(held_until_ms, now_ms)
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


def why_it_waits(held_until_ms: int, now_ms: int) -> str:
    return "the payout method is new" if held_until_ms > now_ms else ""


def repay_debt(tx: Tx, payout: Payout) -> None:
    """What the seller owes is paid back before anything is available. Raises NotEnoughAvailable."""
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


def hold_and_go_on(app: App, tx: Tx, payout: Payout) -> Payout:
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
    enqueue_approved(tx, made)
    for event in (_requested(payout), *events_of(made)):
        app.events.record(tx, event)
    return made


def enqueue_approved(tx: Tx, payout: Payout) -> None:
    """Have it sent at once, if it may go out."""
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
