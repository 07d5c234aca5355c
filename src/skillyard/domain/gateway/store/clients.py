"""SQL of what this registry is called at services where people sign in."""

from __future__ import annotations

from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (Table("integration_clients", ("integration", "client_id", "set_by", "set_ms")),)


def put(tx: Tx, integration: str, *, client_id: str, set_by: str, set_ms: int) -> None:
    remove(tx, integration)
    tx.run(
        "INSERT INTO integration_clients (integration, client_id, set_by, set_ms) VALUES (?, ?, ?, ?)",
        integration, client_id, set_by, set_ms,
    )  # fmt: skip


def find(tx: Tx, integration: str) -> Row | None:
    return tx.one("SELECT * FROM integration_clients WHERE integration = ?", integration)


def remove(tx: Tx, integration: str) -> bool:
    return tx.run("DELETE FROM integration_clients WHERE integration = ?", integration) == 1
