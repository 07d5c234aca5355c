"""SQL of the books. Entries and journals are only ever added."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from skillyard.domain.payments.chart import Account, Kind, Side
from skillyard.infra.database import Row, Tx
from skillyard.infra.money import Asset
from skillyard.infra.tables import Table

TABLES = (
    Table("ledger_accounts", ("id", "owner", "kind", "asset", "normal", "has_floor")),
    Table("ledger_entries", ("id", "account_id", "side", "amount", "number", "balance", "journal_id"), ordered_by="id"),
    Table("ledger_journals", ("id", "key", "fingerprint", "kind", "ref", "reverses", "facts", "at_ms")),
)
_ENTRY = "e.id, e.side, e.amount, a.owner, a.kind AS account_kind, a.asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    id: int
    account: Account
    normal: Side
    has_floor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """`number` and `balance` only where the account has a floor."""

    account_id: int
    side: Side
    amount: int
    number: int | None = None
    balance: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    id: int
    account: Account
    side: Side
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    id: str
    key: str
    fingerprint: str
    kind: str
    ref: str
    reverses: str | None
    facts: str
    at_ms: int


def lock_accounts(tx: Tx, accounts: Collection[Account]) -> dict[Account, AccountRow]:
    """All of them, made where missing. Those with a floor are locked until the commit, in one order for everybody."""
    found = _find_accounts(tx, accounts)
    if missing := [account for account in accounts if account not in found]:
        for account in sorted(missing, key=lambda one: (one.owner, one.kind, one.asset)):
            _add_account(tx, account)
        found = _find_accounts(tx, accounts)
    guarded = sorted(row.id for row in found.values() if row.has_floor)
    if guarded and tx.dialect == "postgresql":  # SQLite has one writer anyway
        sql = f"SELECT id FROM ledger_accounts WHERE id IN ({_marks(guarded)}) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
        tx.all(sql, *guarded)
    return found


def read_tip(tx: Tx, account_id: int) -> tuple[int, int]:
    """The number of the last entry of an account with a floor, and the balance after it."""
    row = tx.one(
        "SELECT number, balance FROM ledger_entries WHERE account_id = ? AND number IS NOT NULL"
        " ORDER BY number DESC LIMIT 1",
        account_id,
    )
    return (row["number"], row["balance"]) if row else (0, 0)


def add_entries(tx: Tx, journal_id: str, entries: Iterable[NewEntry]) -> None:
    rows = [(entry.account_id, entry.side, entry.amount, entry.number, entry.balance, journal_id) for entry in entries]
    tx.run(
        "INSERT INTO ledger_entries (account_id, side, amount, number, balance, journal_id) VALUES "  # noqa: S608
        + ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows)),
        *(value for row in rows for value in row),
    )


def add_journal(tx: Tx, row: JournalRow) -> None:
    """Closes it: call it after its entries were added."""
    tx.run(
        "INSERT INTO ledger_journals (id, key, fingerprint, kind, ref, reverses, facts, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row.id, row.key, row.fingerprint, row.kind, row.ref, row.reverses, row.facts, row.at_ms,
    )  # fmt: skip


def find_journal(tx: Tx, journal_id: str) -> JournalRow | None:
    row = tx.one("SELECT * FROM ledger_journals WHERE id = ?", journal_id)
    return _journal(row) if row else None


def find_journal_by_key(tx: Tx, key: str) -> JournalRow | None:
    row = tx.one("SELECT * FROM ledger_journals WHERE key = ?", key)
    return _journal(row) if row else None


def find_reversal(tx: Tx, journal_id: str) -> JournalRow | None:
    row = tx.one("SELECT * FROM ledger_journals WHERE reverses = ?", journal_id)
    return _journal(row) if row else None


def list_entries_of_journal(tx: Tx, journal_id: str) -> list[EntryRow]:
    rows = tx.all(
        f"SELECT {_ENTRY} FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id"  # noqa: S608
        " WHERE e.journal_id = ? ORDER BY e.id",
        journal_id,
    )
    return [_entry(row) for row in rows]


def find_account(tx: Tx, account: Account) -> AccountRow | None:
    return _find_accounts(tx, [account]).get(account)


def list_accounts(tx: Tx, owner: str | None = None) -> list[AccountRow]:
    """Of one owner, or all."""
    if owner is None:
        return [_account(row) for row in tx.all("SELECT * FROM ledger_accounts ORDER BY id")]
    return [_account(row) for row in tx.all("SELECT * FROM ledger_accounts WHERE owner = ? ORDER BY id", owner)]


def balance_of(tx: Tx, row: AccountRow) -> int:
    """What the last entry says, or without a floor the sum of all entries; in the normal sense of the account."""
    if row.has_floor:
        return read_tip(tx, row.id)[1]
    found = tx.one(
        "SELECT sum(CASE WHEN side = ? THEN amount ELSE -amount END) AS total FROM ledger_entries WHERE account_id = ?",
        row.normal, row.id,
    )  # fmt: skip
    return int(found["total"] or 0) if found else 0


def list_entries(
    tx: Tx, *, owner: str, kinds: Collection[Kind], limit: int, before: int | None, offset: int
) -> list[tuple[EntryRow, JournalRow]]:
    """The newest first."""
    names = [kind.value for kind in kinds]
    rows = tx.all(
        f"SELECT {_ENTRY}, j.id AS journal_id, j.key, j.fingerprint, j.kind, j.ref, j.reverses, j.facts, j.at_ms"  # noqa: S608
        " FROM ledger_accounts a JOIN ledger_entries e ON e.account_id = a.id"
        " JOIN ledger_journals j ON j.id = e.journal_id"
        f" WHERE a.owner = ? AND a.kind IN ({_marks(names)}) AND e.id < ? ORDER BY e.id DESC LIMIT ? OFFSET ?",
        owner, *names, 2**62 if before is None else before, limit, offset,
    )  # fmt: skip
    return [(_entry(row), _journal(row, id_column="journal_id")) for row in rows]


def _add_account(tx: Tx, account: Account) -> None:
    tx.insert_new(
        "INSERT INTO ledger_accounts (owner, kind, asset, normal, has_floor) VALUES (?, ?, ?, ?, ?)",
        account.owner, account.kind.value, account.asset.value, account.kind.normal, int(account.kind.has_floor),
    )  # fmt: skip


def _find_accounts(tx: Tx, accounts: Collection[Account]) -> dict[Account, AccountRow]:
    wanted = " OR ".join(["(owner = ? AND kind = ? AND asset = ?)"] * len(accounts))
    values = [value for one in accounts for value in (one.owner, one.kind.value, one.asset.value)]
    rows = tx.all(f"SELECT * FROM ledger_accounts WHERE {wanted}", *values)  # noqa: S608 (only marks)
    return {row.account: row for row in map(_account, rows)}


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _account(row: Row) -> AccountRow:
    account = Account(owner=row["owner"], kind=Kind(row["kind"]), asset=Asset(row["asset"]))
    return AccountRow(id=row["id"], account=account, normal=row["normal"], has_floor=bool(row["has_floor"]))


def _entry(row: Row) -> EntryRow:
    account = Account(owner=row["owner"], kind=Kind(row["account_kind"]), asset=Asset(row["asset"]))
    return EntryRow(id=row["id"], account=account, side=row["side"], amount=row["amount"])


def _journal(row: Row, *, id_column: str = "id") -> JournalRow:
    return JournalRow(
        id=row[id_column], key=row["key"], fingerprint=row["fingerprint"], kind=row["kind"], ref=row["ref"],
        reverses=row["reverses"], facts=row["facts"], at_ms=row["at_ms"],
    )  # fmt: skip
