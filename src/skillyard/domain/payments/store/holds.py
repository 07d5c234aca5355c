"""SQL of holds."""

from __future__ import annotations

from typing import Literal

from skillyard.domain.payments.chart import Account
from skillyard.domain.payments.store.ledger import lock_accounts
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "ledger_holds",
        (
            "id", "source_id", "target_id", "amount", "ref", "placed_by", "status", "captured", "closed_by",
            "placed_ms", "expires_ms",
        ),
    ),
)  # fmt: skip
_HOLD = (
    "SELECT h.*, s.owner, s.asset, s.kind AS source_kind, t.kind AS target_kind FROM ledger_holds h"
    " JOIN ledger_accounts s ON s.id = h.source_id JOIN ledger_accounts t ON t.id = h.target_id"
)


def add_hold(
    tx: Tx, *, hold_id: str, source: Account, target: Account, amount: int, ref: str, placed_by: str, now_ms: int,
    expires_ms: int | None,
) -> None:  # fmt: skip
    accounts = lock_accounts(tx, {source, target})
    tx.run(
        "INSERT INTO ledger_holds (id, source_id, target_id, amount, ref, placed_by, status, placed_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?)",
        hold_id, accounts[source].id, accounts[target].id, amount, ref, placed_by, now_ms, expires_ms,
    )  # fmt: skip


def find_hold(tx: Tx, hold_id: str) -> Row | None:
    return tx.one(f"{_HOLD} WHERE h.id = ?", hold_id)


def find_hold_placed_by(tx: Tx, journal_id: str) -> Row | None:
    return tx.one(f"{_HOLD} WHERE h.placed_by = ?", journal_id)


def list_open_until(tx: Tx, now_ms: int, limit: int) -> list[Row]:
    """Open ones whose time is over, the oldest first."""
    return tx.all(
        f"{_HOLD} WHERE h.status = 'open' AND h.expires_ms <= ? ORDER BY h.expires_ms, h.id LIMIT ?", now_ms, limit
    )


def close_hold(tx: Tx, hold_id: str, *, status: Literal["captured", "released"], captured: int, closed_by: str) -> None:
    tx.run(
        "UPDATE ledger_holds SET status = ?, captured = ?, closed_by = ? WHERE id = ?",
        status, captured, closed_by, hold_id,
    )  # fmt: skip
