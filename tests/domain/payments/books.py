"""Accounts and short ways to post, for the tests of the ledger."""

from __future__ import annotations

from typing import Any

from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.ledger import Journal, Leg, balance, credit, debit, examine, post
from skillyard.infra.database import Database, Row, Tx
from skillyard.infra.money import Asset

NOW_MS = 1_795_000_000_000
CLEARING = platform(Kind.STRIPE_CLEARING, Asset.USD)
FEE = platform(Kind.PLATFORM_FEE, Asset.USD)
TABLES = ("ledger_accounts", "ledger_entries", "ledger_journals", "ledger_holds")


def of(owner: str, kind: Kind = Kind.SELLER_AVAILABLE, asset: Asset = Asset.USD) -> Account:
    return Account(owner=owner, kind=kind, asset=asset)


def income(owner: str, amount: int) -> list[Leg]:
    """Money from outside for somebody, without a fee."""
    return [debit(CLEARING, amount), credit(of(owner), amount)]


def book(tx: Tx, key: str, legs: list[Leg], **more: Any) -> Journal:
    return post(
        tx, key=key, kind=more.pop("kind", "receipt"), ref=more.pop("ref", key), legs=legs, now_ms=NOW_MS, **more
    )


def deposit(database: Database, owner: str, amount: int, key: str = "") -> Journal:
    with database.transaction() as tx:
        return book(tx, key or f"deposit:{owner}", income(owner, amount))


def balance_now(database: Database, account: Account) -> int:
    with database.reading() as tx:
        return balance(tx, account)


def faults(database: Database) -> list[str]:
    with database.reading() as tx:
        return examine(tx)


def everything(database: Database) -> dict[str, list[Row]]:
    """All rows of the books."""
    with database.reading() as tx:
        return {name: tx.all(f"SELECT * FROM {name} ORDER BY id") for name in TABLES}
