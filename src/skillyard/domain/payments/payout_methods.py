"""Where sellers want their money: a TON wallet, an account with Stripe, or credits, which everybody has."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.connect import refresh
from skillyard.domain.payments.model import ConnectAccount
from skillyard.domain.payments.payout_errors import (
    ConnectAccountNotYours,
    LabelNotAcceptable,
    NoPayoutMethod,
    PayoutMethodNotReady,
)
from skillyard.domain.payments.payout_model import MethodStatus, PayoutKind, PayoutMethodChanged
from skillyard.domain.payments.store import connect as accounts
from skillyard.domain.payments.store import payout_methods as store
from skillyard.domain.payments.store.payout_methods import MethodRow
from skillyard.domain.payments.ton.address import read_address, show_address
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id

_HOUR_MS = 3600 * 1000
_MOST_LABEL = 100
_DEFAULT_LABEL = "Stripe Express"
_NOT_COMPLETE = "its account with the provider is not complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutMethod:
    """Where a seller wants the money. Pending: the provider still wants something of them; disabled: it closed that
    way. Cooling: it is new, and payouts wait until `usable_from_ms`. `ton_wallet_address` is as wallets show it.
    """

    id: str
    kind: PayoutKind
    status: MethodStatus
    ton_wallet_address: str | None = None
    stripe_account_id: str | None = None
    stripe_account_label: str | None = None
    usable_from_ms: int = 0
    why: str = ""
    created_ms: int
    updated_ms: int


def set_ton_wallet(app: App, caller: Caller, *, address: str) -> PayoutMethod:
    """Take payouts in TON to this wallet, in any form of its address. Payouts under way keep theirs.

    Raises WalletNotValid.
    """
    caller.must("pay_out")
    destination = read_address(address, app.settings.ton_network)
    with app.database.transaction() as tx:
        return _set(app, tx, caller, "ton", destination, label=None)


def set_stripe_account(app: App, caller: Caller, *, account_id: str, label: str = "") -> PayoutMethod:
    """Take payouts to the account that the caller has connected. Raises ConnectAccountNotYours, LabelNotAcceptable."""
    caller.must("pay_out")
    user_id, _ = caller.identity
    label = label.strip() or _DEFAULT_LABEL
    if len(label) > _MOST_LABEL or not label.isprintable():
        raise LabelNotAcceptable(most=_MOST_LABEL)
    refresh(app, user_id)
    with app.database.transaction() as tx:
        account = accounts.find_of(tx, user_id)
        if account is None or account.account_id != account_id or account.status == "disconnected":
            raise ConnectAccountNotYours(account_id=account_id[:40])
        return _set(app, tx, caller, "stripe", account_id, label=label)


def list_payout_methods(app: App, caller: Caller) -> list[PayoutMethod]:
    """One of each kind at most, sorted by kind; credits are always there."""
    caller.must("buy")
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        rows = store.list_current(tx, user_id)
        account = accounts.find_of(tx, user_id)
        since_ms = list_people(tx, [user_id])[user_id].created_ms
    shown = [_show(app, row, account, now_ms) for row in rows]
    return sorted([*shown, own_credits(user_id, since_ms)], key=lambda method: method.kind)


def own_credits(user_id: str, since_ms: int) -> PayoutMethod:
    """What needs no setting: an account of credits on this server."""
    return PayoutMethod(
        id=f"pm_credits_{user_id}", kind="credits", status="active", created_ms=since_ms, updated_ms=since_ms
    )


def get_usable(tx: Tx, user_id: str, kind: PayoutKind) -> MethodRow:
    """The method that a payout of the person goes by now. Raises NoPayoutMethod, PayoutMethodNotReady."""
    row = store.find_current(tx, user_id, kind)
    if row is None:
        raise NoPayoutMethod(kind=kind)
    if why := why_not(row, accounts.find_of(tx, user_id)):
        raise PayoutMethodNotReady(kind=kind, why=why)
    return row


def why_not(row: MethodRow, account: ConnectAccount | None) -> str:
    """Why nobody can be paid by a method; empty when one can. `account`: that of the same person."""
    if row.disabled_why is not None:
        return row.disabled_why
    if row.kind != "stripe":
        return ""
    is_complete = account is not None and account.account_id == row.destination and account.status == "active"
    return "" if is_complete else _NOT_COMPLETE


def _set(app: App, tx: Tx, caller: Caller, kind: PayoutKind, destination: str, *, label: str | None) -> PayoutMethod:
    """The same destination again changes no more than the label; another one has to cool."""
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    tx.lock(f"payouts of {user_id}")
    account = accounts.find_of(tx, user_id)
    known = store.find_current(tx, user_id, kind)
    if known and known.destination == destination and known.disabled_why is None:
        store.set_label(tx, known.id, label, now_ms=now_ms)
    else:
        if known:
            store.replace(tx, known.id, now_ms=now_ms)
        made = MethodRow(
            id=new_id("pm"),
            user_id=user_id,
            kind=kind,
            destination=destination,
            label=label,
            usable_from_ms=now_ms + app.settings.payout_cooling_hours * _HOUR_MS,
            disabled_why=None,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        store.add(tx, made)
        event = PayoutMethodChanged(user_id=user_id, method_id=made.id, method_kind=kind, is_usable=True)
        app.events.record(tx, event)
    row = store.find_current(tx, user_id, kind)
    assert row is not None, "it was just set"
    return _show(app, row, account, now_ms)


def _show(app: App, row: MethodRow, account: ConnectAccount | None, now_ms: int) -> PayoutMethod:
    is_ton = row.kind == "ton"
    return PayoutMethod(
        id=row.id,
        kind=row.kind,
        status=_status(row, account, now_ms),
        ton_wallet_address=show_address(row.destination, app.settings.ton_network) if is_ton else None,
        stripe_account_id=None if is_ton else row.destination,
        stripe_account_label=None if is_ton else row.label,
        usable_from_ms=row.usable_from_ms,
        why=why_not(row, account),
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )


def _status(row: MethodRow, account: ConnectAccount | None, now_ms: int) -> MethodStatus:
    if row.disabled_why is not None:
        return "disabled"
    if why_not(row, account):
        return "pending"
    return "cooling" if now_ms < row.usable_from_ms else "active"
