"""The database itself refuses to falsify the books: raw SQL, past all of our code, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from skillyard.domain.payments.chart import Account, Kind
from skillyard.domain.payments.holds import place, release
from skillyard.domain.payments.store import ledger as store
from skillyard.infra.database import Database
from skillyard.infra.money import Asset
from tests.domain.payments.books import CLEARING, FEE, NOW_MS, deposit, everything, faults, of

REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)
Statement = tuple[Any, ...]

ENTRY = "INSERT INTO ledger_entries (account_id, side, amount, number, balance, journal_id) VALUES (?, ?, ?, ?, ?, ?)"
JOURNAL = (
    "INSERT INTO ledger_journals (id, key, fingerprint, kind, ref, facts, at_ms) VALUES (?, ?, '', '', '', '{}', 0)"
)


class Books:
    """Ada has 1.00 and a closed and an open hold; `journal` is how her money came."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.journal = deposit(database, "ada", 100).id
        with database.transaction() as tx:
            for key in ("closed", "open"):
                hold = place(
                    tx, key=key, source=of("ada"), target_kind=Kind.PAYOUT_HOLD, amount=10, ref=key, now_ms=NOW_MS
                )
                if key == "closed":
                    release(tx, hold.id, now_ms=NOW_MS)
                setattr(self, f"{key}_hold", hold.id)

    open_hold: str
    closed_hold: str

    def id_of(self, account: Account) -> int:
        with self.database.transaction() as tx:
            return store.lock_accounts(tx, {account})[account].id

    def tip_of(self, account: Account) -> tuple[int, int]:
        account_id = self.id_of(account)
        with self.database.reading() as tx:
            return store.read_tip(tx, account_id)

    def refuse(self, *statements: Statement) -> None:
        """The transaction fails, at one of the statements or at the commit, and leaves nothing behind."""
        before = everything(self.database)
        with pytest.raises(REFUSED):
            self._run(statements)
        assert everything(self.database) == before
        assert not faults(self.database)

    def _run(self, statements: Sequence[Statement]) -> None:
        with self.database.transaction() as tx:
            for sql, *values in statements:
                tx.run(sql, *values)


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


def test_valid_rows_are_taken(books: Books) -> None:
    """The others fail for the reason that they name, not for a slip in their statements."""
    number, there = books.tip_of(of("ada"))
    clearing, ada = books.id_of(CLEARING), books.id_of(of("ada"))
    with books.database.transaction() as tx:
        tx.run(ENTRY, clearing, "D", 5, None, None, "new")
        tx.run(ENTRY, ada, "C", 5, number + 1, there + 5, "new")
        tx.run(JOURNAL, "new", "new")
    assert not faults(books.database)


def test_an_unbalanced_journal(books: Books) -> None:
    number, there = books.tip_of(of("ada"))
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 4, None, None, "new"),
        (ENTRY, books.id_of(of("ada")), "C", 5, number + 1, there + 5, "new"),
        (JOURNAL, "new", "new"),
    )


def test_a_journal_that_balances_only_across_assets(books: Books) -> None:
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
        (ENTRY, books.id_of(of("ada", asset=Asset.TON)), "C", 5, 1, 5, "new"),
        (JOURNAL, "new", "new"),
    )


def test_a_journal_without_entries(books: Books) -> None:
    books.refuse((JOURNAL, "new", "new"))


def test_entries_without_a_journal(books: Books) -> None:
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
        (ENTRY, books.id_of(FEE), "C", 5, None, None, "new"),
    )


def test_entries_that_name_no_journal_or_no_account(books: Books) -> None:
    books.refuse((ENTRY, books.id_of(CLEARING), "D", 5, None, None, None))
    books.refuse((ENTRY, 999_999, "D", 5, None, None, "new"))


def test_legs_added_to_a_journal_that_is_closed(books: Books) -> None:
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, books.journal),
        (ENTRY, books.id_of(FEE), "C", 5, None, None, books.journal),
    )


def test_entries_after_their_journal(books: Books) -> None:
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
        (ENTRY, books.id_of(FEE), "C", 5, None, None, "new"),
        (JOURNAL, "new", "new"),
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
    )


def test_an_entry_is_not_changed(books: Books) -> None:
    for change in (
        "amount = 1",
        "side = 'D'",
        "balance = balance",
        "balance = 99999",
        "number = 7",
        "account_id = 1",
        "journal_id = 'x'",
        "id = 99",
    ):
        books.refuse((f"UPDATE ledger_entries SET {change} WHERE number = 1",))


def test_a_journal_is_not_changed(books: Books) -> None:
    for change in ("kind = 'x'", "key = 'x'", "facts = '[]'", "at_ms = 1", "reverses = id", "id = 'x'"):
        books.refuse((f"UPDATE ledger_journals SET {change} WHERE id = ?", books.journal))


def test_an_account_is_not_changed(books: Books) -> None:
    for change in ("owner = 'eve'", "kind = 'credits'", "asset = 'TON'", "normal = 'D'", "has_floor = 0"):
        books.refuse((f"UPDATE ledger_accounts SET {change} WHERE owner = 'ada'",))


def test_nothing_is_removed(books: Books) -> None:
    for table in ("ledger_entries", "ledger_journals", "ledger_accounts", "ledger_holds"):
        books.refuse((f"DELETE FROM {table}",))
        if books.database.dialect == "postgresql":
            books.refuse((f"TRUNCATE {table} CASCADE",))


def test_an_overdrawn_account(books: Books) -> None:
    number, there = books.tip_of(of("ada"))
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "C", there + 1, None, None, "new"),
        (ENTRY, books.id_of(of("ada")), "D", there + 1, number + 1, -1, "new"),
        (JOURNAL, "new", "new"),
    )


def test_a_sum_that_does_not_continue_the_account(books: Books) -> None:
    for numbered, carried in (
        (1, 6),
        (1, 4),
        (1, 100_000),
        (1, None),
        (0, 5),
        (2, 5),
        (-100, 5),
        (None, None),
        (None, 5),
    ):
        number, there = books.tip_of(of("ada"))
        wrong_number = None if numbered is None else number + numbered
        wrong_sum = None if carried is None else there + carried
        books.refuse(
            (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
            (ENTRY, books.id_of(of("ada")), "C", 5, wrong_number, wrong_sum, "new"),
            (JOURNAL, "new", "new"),
        )


def test_a_sum_on_an_account_without_floor(books: Books) -> None:
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, 1, 5, "new"),
        (ENTRY, books.id_of(FEE), "C", 5, None, None, "new"),
        (JOURNAL, "new", "new"),
    )


def test_an_amount_that_is_not_above_zero(books: Books) -> None:
    for amount in (0, -5):
        books.refuse(
            (ENTRY, books.id_of(CLEARING), "D", amount, None, None, "new"),
            (ENTRY, books.id_of(FEE), "C", amount, None, None, "new"),
            (JOURNAL, "new", "new"),
        )


def test_a_second_journal_under_a_key_or_id(books: Books) -> None:
    for id_of_it, key in (("new", "deposit:ada"), (None, "new")):
        books.refuse(
            (ENTRY, books.id_of(CLEARING), "D", 5, None, None, id_of_it or books.journal),
            (ENTRY, books.id_of(FEE), "C", 5, None, None, id_of_it or books.journal),
            (JOURNAL, id_of_it or books.journal, key),
        )


def test_a_second_reversal(books: Books) -> None:
    def reversal(name: str) -> list[Statement]:
        sql = JOURNAL.replace("at_ms)", "at_ms, reverses)").replace(" 0)", " 0, ?)")
        return [
            (ENTRY, books.id_of(CLEARING), "D", 5, None, None, name),
            (ENTRY, books.id_of(FEE), "C", 5, None, None, name),
            (sql, name, name, books.journal),
        ]

    books.refuse(*reversal("one"), *reversal("two"))


def test_an_open_hold_is_not_changed_but_closed(books: Books) -> None:
    for change in (
        "amount = 1",
        "source_id = target_id",
        "status = 'open'",
        "ref = 'x'",
        "placed_ms = 1",
        "id = 'x'",
        "captured = 5",
    ):
        books.refuse((f"UPDATE ledger_holds SET {change} WHERE id = ?", books.open_hold))


def test_a_closed_hold_stays_as_it_is(books: Books) -> None:
    for change in ("status = 'open', closed_by = NULL", "status = 'captured'", "captured = 5"):
        books.refuse((f"UPDATE ledger_holds SET {change} WHERE id = ?", books.closed_hold))


def test_a_hold_is_closed_by_a_journal_only(books: Books) -> None:
    books.refuse(("UPDATE ledger_holds SET status = 'captured' WHERE id = ?", books.open_hold))
    books.refuse(("UPDATE ledger_holds SET status = 'captured', closed_by = 'x' WHERE id = ?", books.open_hold))


def test_replacing_rows_is_no_way_around(books: Books) -> None:
    """SQLite's REPLACE removes rows without asking the triggers of DELETE; PostgreSQL's has none, but an upsert."""
    if books.database.dialect == "postgresql":
        books.refuse(
            (
                "INSERT INTO ledger_journals SELECT * FROM ledger_journals WHERE id = ?"
                " ON CONFLICT (id) DO UPDATE SET kind = 'x'",
                books.journal,
            )
        )
        return
    books.refuse(("INSERT OR REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE id = 1",))
    books.refuse(
        (
            "INSERT OR REPLACE INTO ledger_entries (id, account_id, side, amount, number, balance, journal_id)"
            " SELECT 1, ?, 'D', 5, NULL, NULL, 'new'",
            books.id_of(CLEARING),
        )
    )
    books.refuse(
        (ENTRY, books.id_of(CLEARING), "D", 5, None, None, "new"),
        (ENTRY, books.id_of(FEE), "C", 5, None, None, "new"),
        (JOURNAL.replace("INSERT", "INSERT OR REPLACE"), "new", "deposit:ada"),
    )
    books.refuse(("INSERT OR REPLACE INTO ledger_holds SELECT * FROM ledger_holds",))
    before = everything(books.database)
    with books.database.transaction() as tx:  # ignored, not refused: making an account that is there is no fault
        tx.run("INSERT OR REPLACE INTO ledger_accounts SELECT id, 'eve', kind, asset, normal, 0 FROM ledger_accounts")
    assert everything(books.database) == before
