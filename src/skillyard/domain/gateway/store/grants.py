"""SQL of grants: what people consented to."""

from __future__ import annotations

import orjson

from skillyard.domain.gateway.consent.grant import Grant
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "grants",
        (
            "id", "owner_id", "name", "version", "digest", "integration", "endpoint", "connection_id", "limits",
            "expires_ms", "created_ms", "revoked_ms",
        ),
    ),
)  # fmt: skip


def put(tx: Tx, grant: Grant) -> None:
    """Add it in place of the one for the same content and endpoint."""
    tx.run(
        "UPDATE grants SET revoked_ms = ? WHERE owner_id = ? AND name = ? AND integration = ? AND endpoint = ?"
        " AND digest = ? AND revoked_ms IS NULL",
        grant.created_ms, grant.owner_id, grant.name, grant.integration, grant.endpoint, grant.digest,
    )  # fmt: skip
    tx.run(
        "INSERT INTO grants (id, owner_id, name, version, digest, integration, endpoint, connection_id, limits,"
        " expires_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        grant.id, grant.owner_id, grant.name, grant.version, grant.digest, grant.integration, grant.endpoint,
        grant.connection_id, orjson.dumps(dict(grant.limits)).decode(), grant.expires_ms, grant.created_ms,
    )  # fmt: skip


def find(tx: Tx, owner_id: str, grant_id: str) -> Grant | None:
    row = tx.one("SELECT * FROM grants WHERE id = ? AND owner_id = ?", grant_id, owner_id)
    return _grant(row) if row else None


def list_of_skill(tx: Tx, owner_id: str, name: str, integration: str | None = None) -> list[Grant]:
    """Those that are not revoked, the newest first."""
    only, args = (" AND integration = ?", (integration,)) if integration is not None else ("", ())
    rows = tx.all(
        f"SELECT * FROM grants WHERE owner_id = ? AND name = ?{only} AND revoked_ms IS NULL"  # noqa: S608 (only marks)
        " ORDER BY created_ms DESC, id DESC",
        owner_id, name, *args,
    )  # fmt: skip
    return [_grant(row) for row in rows]


def list_of(tx: Tx, owner_id: str, *, name: str | None, before: tuple[int, str], limit: int) -> list[Grant]:
    """Those that are not revoked, the newest first, behind (created_ms, id)."""
    only, args = (" AND name = ?", (name,)) if name is not None else ("", ())
    rows = tx.all(
        f"SELECT * FROM grants WHERE owner_id = ?{only} AND revoked_ms IS NULL"  # noqa: S608 (only marks)
        " AND (created_ms < ? OR (created_ms = ? AND id < ?)) ORDER BY created_ms DESC, id DESC LIMIT ?",
        owner_id, *args, before[0], before[0], before[1], limit,
    )  # fmt: skip
    return [_grant(row) for row in rows]


def count(tx: Tx, owner_id: str) -> int:
    """How many are not revoked."""
    row = tx.one("SELECT count(*) AS number FROM grants WHERE owner_id = ? AND revoked_ms IS NULL", owner_id)
    return int(row["number"]) if row else 0


def revoke(tx: Tx, grant_id: str, *, now_ms: int) -> bool:
    """False when it is revoked already."""
    return bool(tx.run("UPDATE grants SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", now_ms, grant_id))


def _grant(row: Row) -> Grant:
    limits = {path: tuple(patterns) for path, patterns in orjson.loads(row["limits"]).items()}
    return Grant(**{**row, "limits": limits})
