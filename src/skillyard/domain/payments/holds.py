"""Money set aside for something that may yet fail: captured (a part goes on, the rest returns) or released, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from skillyard.domain.payments.chart import HOLDS, Account, Kind
from skillyard.domain.payments.ledger import Leg, credit, debit, post
from skillyard.domain.payments.ledger_errors import HoldClosed, HoldTooSmall, LedgerConflict, NoSuchHold
from skillyard.domain.payments.store import holds as store
from skillyard.infra.database import Row, Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import Asset, show_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`source`: where it came from and the rest returns to; `target`: where it waits; amounts in minor units."""

    id: str
    source: Account
    target: Account
    amount: int
    ref: str
    placed_by: str
    status: Literal["open", "captured", "released"]
    captured: int
    placed_ms: int
    expires_ms: int | None


def place(
    tx: Tx,
    *,
    key: str,
    source: Account,
    target_kind: Kind,
    amount: int,
    ref: str,
    now_ms: int,
    expires_ms: int | None = None,
) -> Hold:
    """Set the amount aside, once per key: asked for again, the hold as it is by now.

    `target_kind`: one of `chart.HOLDS`, which names the journals. Raises InsufficientFunds, LedgerConflict.
    """
    target = replace(source, kind=target_kind)
    legs = [_leg(source, -amount), _leg(target, amount)]
    journal = post(tx, key=key, kind=HOLDS[target_kind].placed, ref=ref, legs=legs, now_ms=now_ms)
    if journal.is_new:
        store.add_hold(
            tx, hold_id=new_id("hld"), source=source, target=target, amount=amount, ref=ref, placed_by=journal.id,
            now_ms=now_ms, expires_ms=expires_ms,
        )  # fmt: skip
    row = store.find_hold_placed_by(tx, journal.id)
    if row is None:
        raise LedgerConflict(what=key)
    return _hold(row)


def get_hold(tx: Tx, hold_id: str) -> Hold:
    """Raises NoSuchHold."""
    row = store.find_hold(tx, hold_id)
    if row is None:
        raise NoSuchHold(hold_id=hold_id)
    return _hold(row)


def capture(tx: Tx, hold_id: str, *, amount: int, to: Sequence[Leg], now_ms: int) -> Hold:
    """Pass `amount` of the hold on, by the legs `to`, which must take exactly that; the rest returns to its source.

    Legs in other assets may go with them, balanced by themselves. The same again changes nothing. Raises NoSuchHold,
    HoldClosed, HoldTooSmall.
    """
    hold = get_hold(tx, hold_id)
    if not 0 <= amount <= hold.amount:
        asset = hold.source.asset
        held, needed = show_amount(hold.amount, asset), show_amount(amount, asset)
        raise HoldTooSmall(hold_id=hold_id, held=held, needed=needed, asset=asset.value)
    legs = [_leg(hold.target, -hold.amount), _leg(hold.source, hold.amount - amount), *to]
    return _close(tx, hold, "captured", amount, legs, now_ms)


def release(tx: Tx, hold_id: str, *, now_ms: int) -> Hold:
    """Return all of it to its source. The same again changes nothing. Raises NoSuchHold, HoldClosed."""
    hold = get_hold(tx, hold_id)
    return _close(tx, hold, "released", 0, [_leg(hold.target, -hold.amount), _leg(hold.source, hold.amount)], now_ms)


def list_expired(tx: Tx, now_ms: int, limit: int) -> list[Hold]:
    """Open holds whose time is over, the oldest first. Until somebody releases one it may still be captured."""
    return [_hold(row) for row in store.list_open_until(tx, now_ms, limit)]


def _close(
    tx: Tx, hold: Hold, status: Literal["captured", "released"], captured: int, legs: Sequence[Leg], now_ms: int
) -> Hold:
    """The one key for both ways of closing is what makes it happen once."""
    names = HOLDS[hold.target.kind]
    kind = names.captured if status == "captured" else names.released
    try:
        journal = post(tx, key=f"{hold.id}:close", kind=kind, ref=hold.ref, legs=legs, now_ms=now_ms)
    except LedgerConflict as error:
        raise HoldClosed(hold_id=hold.id, status=get_hold(tx, hold.id).status) from error
    if journal.is_new:
        store.close_hold(tx, hold.id, status=status, captured=captured, closed_by=journal.id)
    return get_hold(tx, hold.id)


def _leg(account: Account, change: int) -> Leg:
    """What changes the balance by so much."""
    grows = (change > 0) == (account.kind.normal == "C")
    return credit(account, abs(change)) if grows else debit(account, abs(change))


def _hold(row: Row) -> Hold:
    source = Account(owner=row["owner"], kind=Kind(row["source_kind"]), asset=Asset(row["asset"]))
    return Hold(
        id=row["id"], source=source, target=replace(source, kind=Kind(row["target_kind"])), amount=row["amount"],
        ref=row["ref"], placed_by=row["placed_by"], status=row["status"], captured=row["captured"],
        placed_ms=row["placed_ms"], expires_ms=row["expires_ms"],
    )  # fmt: skip
