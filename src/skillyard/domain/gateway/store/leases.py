"""SQL of leases: with what runs show the gateway which run they are."""

from __future__ import annotations

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("leases", ("run_id", "secret_hash", "made_ms", "misused_ms")),)


def put(tx: Tx, run_id: str, *, secret_hash: str, now_ms: int) -> None:
    """A run has one: that of a worker that died before the program began is void."""
    tx.run(
        "INSERT INTO leases (run_id, secret_hash, made_ms) VALUES (?, ?, ?) ON CONFLICT (run_id)"
        " DO UPDATE SET secret_hash = excluded.secret_hash, made_ms = excluded.made_ms",
        run_id, secret_hash, now_ms,
    )  # fmt: skip


def find_run(tx: Tx, secret_hash: str) -> str | None:
    """The id of the run whose lease it is."""
    row = tx.one("SELECT run_id FROM leases WHERE secret_hash = ?", secret_hash)
    return row["run_id"] if row else None


def set_misused(tx: Tx, run_id: str, *, now_ms: int) -> bool:
    """False when it is known to be already."""
    return bool(tx.run("UPDATE leases SET misused_ms = ? WHERE run_id = ? AND misused_ms IS NULL", now_ms, run_id))


def forget(tx: Tx, *, before_ms: int) -> None:
    tx.run("DELETE FROM leases WHERE made_ms < ?", before_ms)
