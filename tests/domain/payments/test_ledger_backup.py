"""The books go through a backup whole: rows are written again in an order that the database's own rules accept."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.holds import capture, place
from skillyard.domain.payments.ledger import credit, reverse
from skillyard.operate.backup import backup, restore
from tests.domain.payments.books import CLEARING, NOW_MS, book, deposit, everything, faults, income, of
from tests.makers import make_app


@pytest.fixture
def sqlite_app(tmp_path: Path) -> App:
    return make_app(tmp_path / "sqlite")


@pytest.fixture
def postgres_app(tmp_path: Path, postgres_url: str) -> App:
    return make_app(tmp_path / "postgresql", database_url=postgres_url)


def with_books(app: App) -> App:
    journal = deposit(app.database, "ada", 500).id
    with app.database.transaction() as tx:
        reverse(tx, journal_id=journal, key="undo", now_ms=NOW_MS)
        book(tx, "again", income("ada", 300))
        for key in ("po_1", "po_2"):
            hold = place(
                tx, key=key, source=of("ada"), target_kind=Kind.PAYOUT_HOLD, amount=100, ref=key, now_ms=NOW_MS
            )
        capture(tx, hold.id, amount=90, to=[credit(CLEARING, 90)], now_ms=NOW_MS)
    return app


@pytest.mark.parametrize("direction", ["sqlite to postgresql", "postgresql to sqlite"])
def test_books_are_restored_into_the_other_database_and_go_on(
    direction: str, sqlite_app: App, postgres_app: App, tmp_path: Path
) -> None:
    source, target = (sqlite_app, postgres_app) if direction.startswith("sqlite") else (postgres_app, sqlite_app)
    backup(with_books(source), tmp_path / "books.tar")
    restore(target, tmp_path / "books.tar")
    assert everything(target.database) == everything(source.database)
    deposit(target.database, "ada", 7, key="after")
    assert not faults(target.database)
    source.close()
    target.close()
