"""`examine` finds what somebody falsified who could switch the database's own rules off."""

from __future__ import annotations

import pytest

from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.holds import place
from skillyard.domain.payments.ledger import examine, reverse
from skillyard.infra.database import Database, Tx
from tests.domain.payments.books import CLEARING, NOW_MS, TABLES, book, deposit, faults, income, of


def without_rules(tx: Tx) -> None:
    """As only the owner of the database can."""
    if tx.dialect == "sqlite":
        for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%'"):
            tx.run(f"DROP TRIGGER {row['name']}")
    else:
        for table in TABLES:
            tx.run(f"ALTER TABLE {table} DISABLE TRIGGER USER")


@pytest.fixture(autouse=True)
def _books(database: Database) -> None:
    journal = deposit(database, "ada", 100).id
    with database.transaction() as tx:
        reverse(tx, journal_id=journal, key="undo", now_ms=NOW_MS)
        book(tx, "more", income("ada", 50))
        place(tx, key="po", source=of("ada"), target_kind=Kind.PAYOUT_HOLD, amount=20, ref="po", now_ms=NOW_MS)
    assert not faults(database)


@pytest.mark.parametrize(
    ("falsified", "told"),
    [
        ("UPDATE ledger_entries SET amount = amount + 1 WHERE number = 3", "do not balance"),
        ("UPDATE ledger_entries SET amount = amount + 1 WHERE number = 3", "does not balance"),
        ("UPDATE ledger_entries SET balance = balance + 1 WHERE number = 3", "does not add up at its entry 3"),
        ("UPDATE ledger_entries SET number = 9 WHERE number = 3", "does not add up at its entry 4"),
        ("UPDATE ledger_accounts SET has_floor = 0 WHERE owner = 'ada'", "another side or floor"),
        ("UPDATE ledger_accounts SET normal = 'C' WHERE owner = 'platform'", "another side or floor"),
        ("UPDATE ledger_journals SET reverses = (SELECT id FROM ledger_journals WHERE key = 'more')"
         " WHERE reverses IS NOT NULL", "is not the opposite"),
        ("UPDATE ledger_holds SET amount = 21", "does not fit its journals"),
        ("INSERT INTO ledger_journals (id, key, fingerprint, kind, ref, facts, at_ms)"
         " VALUES ('jrn_x', 'x', '', '', '', '{}', 0)", "Journal jrn_x has no entries"),
    ],
)  # fmt: skip
def test_what_was_falsified_is_told(database: Database, falsified: str, told: str) -> None:
    with database.transaction() as tx:
        without_rules(tx)
        assert tx.run(falsified) >= 1
    assert any(told in fault for fault in faults(database)), faults(database)


def test_entries_without_a_journal_and_holds_without_money_are_told(database: Database) -> None:
    """Seen inside a transaction that could not commit."""
    with pytest.raises(RuntimeError, match="enough seen"):
        falsify_and_leave(database)


def falsify_and_leave(database: Database) -> None:
    with database.transaction() as tx:
        without_rules(tx)
        clearing, held = (
            tx.all("SELECT id FROM ledger_accounts WHERE kind = ?", kind)[0]["id"]
            for kind in (CLEARING.kind.value, Kind.PAYOUT_HOLD.value)
        )
        tx.run("INSERT INTO ledger_entries (account_id, side, amount, journal_id) VALUES (?, 'D', 5, 'x')", clearing)
        tx.run("UPDATE ledger_entries SET balance = 1 WHERE account_id = ?", held)
        found = examine(tx)
        assert any("belongs to no journal" in fault for fault in found)
        assert f"Account {held} carries less than is held upon it." in found
        raise RuntimeError("enough seen")
