"""SQL of what releases did when they ran."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("observed", ("release_id", "kind", "value", "is_gap", "first_ms")),
    Table("observed_runs", ("release_id", "runs", "first_ms", "last_ms")),
)


def count_run(tx: Tx, release_id: str, *, now_ms: int) -> None:
    tx.run(
        "INSERT INTO observed_runs (release_id, runs, first_ms, last_ms) VALUES (?, 1, ?, ?)"
        " ON CONFLICT (release_id) DO UPDATE SET runs = observed_runs.runs + 1, last_ms = excluded.last_ms",
        release_id, now_ms, now_ms,
    )  # fmt: skip


def add(tx: Tx, release_id: str, entries: Iterable[tuple[str, str, bool]], *, now_ms: int) -> None:
    """Those of (kind, value, is a gap) that are new."""
    sql = "INSERT INTO observed (release_id, kind, value, is_gap, first_ms) VALUES (?, ?, ?, ?, ?)"
    for kind, value, is_gap in entries:
        tx.insert_new(sql, release_id, kind, value, int(is_gap), now_ms)


def count(tx: Tx, release_id: str) -> int:
    row = tx.one("SELECT count(*) AS number FROM observed WHERE release_id = ?", release_id)
    return int(row["number"]) if row else 0


def list_observed(tx: Tx, release_id: str) -> list[Row]:
    """`kind`, `value`, `is_gap`, `first_ms`."""
    return tx.all("SELECT * FROM observed WHERE release_id = ? ORDER BY kind, value", release_id)


def find_runs(tx: Tx, release_id: str) -> Row | None:
    """`runs`, `first_ms`, `last_ms`."""
    return tx.one("SELECT * FROM observed_runs WHERE release_id = ?", release_id)
