"""SQL of how much somebody had done in a month."""

from __future__ import annotations

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("account_usage", ("user_id", "month", "calls")),)


def add_calls(tx: Tx, user_id: str, month: str, *, calls: int) -> int:
    """How many there are then."""
    row = tx.one(
        "INSERT INTO account_usage (user_id, month, calls) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, month) DO UPDATE SET calls = account_usage.calls + excluded.calls RETURNING calls",
        user_id, month, calls,
    )  # fmt: skip
    assert row is not None
    return int(row["calls"])


def count_calls(tx: Tx, user_id: str, month: str) -> int:
    row = tx.one("SELECT calls FROM account_usage WHERE user_id = ? AND month = ?", user_id, month)
    return int(row["calls"]) if row else 0
