"""SQL of budgets: what was spent of each in a month."""

from __future__ import annotations

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("budgets", ("ref", "month", "calls", "cost")),)


def spend(tx: Tx, ref: str, month: str, *, cost: int, most_calls: int | None, most_cost: int | None) -> bool:
    """One call and its cost; False, and nothing changes, when that is more than is left."""
    tx.insert_new("INSERT INTO budgets (ref, month, calls, cost) VALUES (?, ?, 0, 0)", ref, month)
    spent = tx.run(
        "UPDATE budgets SET calls = calls + 1, cost = cost + ? WHERE ref = ? AND month = ?"
        " AND calls < CAST(? AS BIGINT) AND cost + ? <= CAST(? AS BIGINT)",
        cost, ref, month, _bound(most_calls), cost, _bound(most_cost),
    )  # fmt: skip
    return spent == 1


def correct(tx: Tx, ref: str, month: str, *, calls: int, cost: int) -> None:
    """Change what was spent by so much."""
    tx.run("UPDATE budgets SET calls = calls + ?, cost = cost + ? WHERE ref = ? AND month = ?", calls, cost, ref, month)


def find(tx: Tx, ref: str, month: str) -> tuple[int, int]:
    """Calls and cost."""
    row = tx.one("SELECT calls, cost FROM budgets WHERE ref = ? AND month = ?", ref, month)
    return (row["calls"], row["cost"]) if row else (0, 0)


def _bound(most: int | None) -> int:
    return 2**62 if most is None else most
