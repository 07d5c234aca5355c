"""The books: balanced journals under a key, written once. Nothing in them ever changes; a correction is a new journal.

The database refuses by itself what would break that (`infra/migrations/0050_ledger*.sql`). What a sale or a payout
means in legs is decided by those who post it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skillyard.domain.payments.chart import Account, Kind, Side
from skillyard.domain.payments.ledger_errors import InsufficientFunds, LedgerConflict, NoSuchJournal
from skillyard.domain.payments.spent_credits import watch_credits
from skillyard.domain.payments.store import ledger as store
from skillyard.domain.payments.store import ledger_faults as faults
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import Asset, show_amount

_LARGEST_LEG = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`amount`: minor units of the account's asset, never below zero."""

    account: Account
    side: Side
    amount: int

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 <= self.amount < _LARGEST_LEG:
            raise ValueError(f"a leg takes whole minor units from 0 on, not {self.amount!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """`key`: under which it was asked for; `ref`: what it is about (an invoice, a payout); `is_new`: posted now."""

    id: str
    key: str
    kind: str
    ref: str
    at_ms: int
    is_new: bool
    reverses: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One entry as the owner of its account sees it. `amount`: what it added to the balance; below zero: took away.

    `position` grows with time, for paging.
    """

    position: int
    journal_id: str
    kind: str
    ref: str
    at_ms: int
    facts: Mapping[str, Any]
    account: Account
    amount: int


def debit(account: Account, amount: int) -> Leg:
    return Leg(account=account, side="D", amount=amount)


def credit(account: Account, amount: int) -> Leg:
    return Leg(account=account, side="C", amount=amount)


def post(
    tx: Tx,
    *,
    key: str,
    kind: str,
    ref: str,
    legs: Sequence[Leg],
    now_ms: int,
    reverses: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Journal:
    """Book the legs as one journal, once per `key`: asked for again, the journal that is there, with `is_new` False.

    Legs of zero are dropped. `facts` (JSON) are kept beside it, the rate of an exchange for example. `reverses`: the
    journal that these legs undo as a whole. Raises LedgerConflict when the key, or the reversal, stands for something
    else; InsufficientFunds, and ValueError for legs that do not balance per asset.
    """
    merged = _merged(legs)
    _must_balance(merged, kind)
    fingerprint = _fingerprint(kind, ref, reverses, merged)
    tx.lock(f"ledger {reverses or key}")
    if old := store.find_journal_by_key(tx, key):
        if old.fingerprint != fingerprint:
            raise LedgerConflict(what=f"{kind} {key}")
        return _journal(old, is_new=False)
    if reverses and store.find_reversal(tx, reverses):
        raise LedgerConflict(what=f"The reversal of {reverses}")
    row = store.JournalRow(
        id=new_id("jrn"), key=key, fingerprint=fingerprint, kind=kind, ref=ref, reverses=reverses,
        facts=json.dumps(dict(facts or {}), sort_keys=True), at_ms=now_ms,
    )  # fmt: skip
    entries = _continued(tx, merged)
    watch_credits(tx, {leg.account for leg in merged}, now_ms=now_ms)
    store.add_entries(tx, row.id, entries)
    store.add_journal(tx, row)
    return _journal(row, is_new=True)


def reverse(tx: Tx, *, journal_id: str, key: str, now_ms: int) -> Journal:
    """Book the opposite of a journal, once. Raises NoSuchJournal, LedgerConflict, InsufficientFunds."""
    old = store.find_journal(tx, journal_id)
    if old is None:
        raise NoSuchJournal(journal_id=journal_id)
    legs = [
        Leg(account=row.account, side="C" if row.side == "D" else "D", amount=row.amount)
        for row in store.list_entries_of_journal(tx, journal_id)
    ]
    return post(tx, key=key, kind="reversal", ref=old.ref, legs=legs, now_ms=now_ms, reverses=journal_id)


def find_journal(tx: Tx, key: str) -> Journal | None:
    """The journal that was posted under the key."""
    row = store.find_journal_by_key(tx, key)
    return _journal(row, is_new=False) if row else None


def balance(tx: Tx, account: Account) -> int:
    """Minor units, in the normal sense of its kind; 0 for an account that was never posted to."""
    row = store.find_account(tx, account)
    return store.balance_of(tx, row) if row else 0


def balances(tx: Tx, owner: str) -> dict[tuple[Kind, Asset], int]:
    """Of all accounts of the owner."""
    return {(row.account.kind, row.account.asset): store.balance_of(tx, row) for row in store.list_accounts(tx, owner)}


def list_entries(
    tx: Tx,
    *,
    owner: str,
    kinds: Collection[Kind],
    limit: int,
    before: int | None = None,
    offset: int = 0,
) -> list[Posting]:
    """What was booked on the owner's accounts of these kinds, the newest first; below the position `before`."""
    found = store.list_entries(tx, owner=owner, kinds=kinds, limit=limit, before=before, offset=offset)
    return [
        Posting(
            position=entry.id, journal_id=journal.id, kind=journal.kind, ref=journal.ref, at_ms=journal.at_ms,
            facts=json.loads(journal.facts), account=entry.account,
            amount=entry.amount if entry.side == entry.account.kind.normal else -entry.amount,
        )
        for entry, journal in found
    ]  # fmt: skip


def examine(tx: Tx) -> list[str]:
    """What is wrong with the books, in sentences; nothing when they are sound. Reads all of them."""
    return [
        *(
            f"The entries in {asset} do not balance: {over} more was debited."
            for asset, over in faults.list_lopsided(tx)
        ),
        *(f"Journal {journal} has no entries or does not balance." for journal in faults.list_unbalanced(tx)),
        *(f"Entry {entry} belongs to no journal." for entry in faults.list_orphans(tx)),
        *(f"Reversal {journal} is not the opposite of its journal." for journal in faults.list_wrong_reversals(tx)),
        *(f"Account {account} does not add up at its entry {number}." for account, number in faults.list_jumps(tx)),
        *(
            f"Account {row.id} has another side or floor than its kind."
            for row in store.list_accounts(tx)
            if _is_odd(row)
        ),
        *(f"Hold {hold} does not fit its journals." for hold in faults.list_wrong_holds(tx)),
        *(f"Account {account} carries less than is held upon it." for account in faults.list_overheld(tx)),
    ]


def _is_odd(row: store.AccountRow) -> bool:
    return (row.normal, row.has_floor) != (row.account.kind.normal, row.account.kind.has_floor)


def _merged(legs: Iterable[Leg]) -> list[Leg]:
    """One leg per account and side, in a fixed order: what adds to an account comes before what takes from it."""
    sums: Counter[tuple[Account, Side]] = Counter()
    for leg in legs:
        sums[leg.account, leg.side] += leg.amount
    merged = [Leg(account=account, side=side, amount=amount) for (account, side), amount in sums.items() if amount]
    return sorted(merged, key=_order)


def _order(leg: Leg) -> tuple[str, str, str, bool]:
    account = leg.account
    return account.owner, account.kind.value, account.asset.value, leg.side != account.kind.normal


def _must_balance(legs: Sequence[Leg], kind: str) -> None:
    over: Counter[Asset] = Counter()
    for leg in legs:
        over[leg.account.asset] += leg.amount if leg.side == "D" else -leg.amount
    if not legs or any(over.values()):
        raise ValueError(f"the legs of {kind} do not balance: {dict(over)}")


def _fingerprint(kind: str, ref: str, reverses: str | None, legs: Sequence[Leg]) -> str:
    shown = [[*_order(leg)[:3], leg.side, leg.amount] for leg in legs]
    return hashlib.sha256(json.dumps([kind, ref, reverses, shown]).encode()).hexdigest()


def _continued(tx: Tx, legs: Sequence[Leg]) -> list[store.NewEntry]:
    """The entries, each with the number and the balance of its account after it, which is locked until the commit."""
    accounts = store.lock_accounts(tx, {leg.account for leg in legs})
    tips = {row.id: store.read_tip(tx, row.id) for row in accounts.values() if row.has_floor}
    entries = []
    for leg in legs:
        row = accounts[leg.account]
        entry = store.NewEntry(account_id=row.id, side=leg.side, amount=leg.amount)
        if row.has_floor:
            entry = _after(entry, leg, tips[row.id])
            tips[row.id] = (entry.number or 0, entry.balance or 0)
        entries.append(entry)
    return entries


def _after(entry: store.NewEntry, leg: Leg, tip: tuple[int, int]) -> store.NewEntry:
    number, there = tip
    after = there + (leg.amount if leg.side == leg.account.kind.normal else -leg.amount)
    if after < 0:
        asset = leg.account.asset
        raise InsufficientFunds(
            asset=asset.value, needed=show_amount(leg.amount, asset), there=show_amount(there, asset)
        )
    return replace(entry, number=number + 1, balance=after)


def _journal(row: store.JournalRow, *, is_new: bool) -> Journal:
    return Journal(
        id=row.id, key=row.key, kind=row.kind, ref=row.ref, at_ms=row.at_ms, is_new=is_new, reverses=row.reverses
    )
