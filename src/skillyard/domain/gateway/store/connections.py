"""SQL of connections: people's accounts elsewhere, and who is renewing the token of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from skillyard.domain.gateway.connect.connection import Connection, ConnectionUse
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "connections",
        (
            "id", "owner_id", "integration", "way", "label", "account_id", "account_label", "variables", "scopes",
            "status", "is_chosen", "revision", "created_ms", "connected_ms", "expires_ms", "last_used_ms",
            "rejected_ms", "renewing_by", "renewing_until_ms", "pause_until_ms",
        ),
    ),
    Table("connection_uses", ("id", "connection_id", "owner_id", "integration", "why", "at_ms")),
)  # fmt: skip

_DEFAULT_FIRST = "is_chosen DESC, created_ms DESC, id DESC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A connection and how its token fares; see the migration."""

    connection: Connection
    revision: int
    rejected_ms: int | None
    renewing_until_ms: int | None
    pause_until_ms: int | None


def add(tx: Tx, one: Connection) -> None:
    tx.run(
        "INSERT INTO connections (id, owner_id, integration, way, label, account_id, account_label, variables, scopes,"
        " status, is_chosen, revision, created_ms, connected_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'connected', 0, 1, ?, ?, ?)",
        one.id, one.owner_id, one.integration, one.way, one.label, one.account_id, one.account_label,
        _variables(one.variables), json.dumps(one.scopes), one.created_ms, one.connected_ms, one.expires_ms,
    )  # fmt: skip


def connect_again(tx: Tx, one: Connection) -> None:
    """Let it have new secrets, and whatever was amiss with the old ones be forgotten."""
    tx.run(
        "UPDATE connections SET way = ?, label = ?, account_label = ?, scopes = ?, connected_ms = ?, expires_ms = ?,"
        " status = 'connected', revision = revision + 1, rejected_ms = NULL, renewing_by = NULL,"
        " renewing_until_ms = NULL, pause_until_ms = NULL WHERE id = ?",
        one.way, one.label, one.account_label, json.dumps(one.scopes), one.connected_ms, one.expires_ms, one.id,
    )  # fmt: skip


def find(tx: Tx, connection_id: str) -> Record | None:
    row = tx.one("SELECT * FROM connections WHERE id = ?", connection_id)
    return _record(row) if row else None


def find_account(tx: Tx, like: Connection) -> Connection | None:
    """That of the same owner for the same account at the same place."""
    row = tx.one(
        "SELECT * FROM connections WHERE owner_id = ? AND integration = ? AND account_id = ? AND variables = ?",
        like.owner_id, like.integration, like.account_id, _variables(like.variables),
    )  # fmt: skip
    return _connection(row, is_default=False) if row else None


def is_connected(tx: Tx, integration: str, account_id: str) -> bool:
    """Whether anybody has connected this account."""
    return bool(
        tx.one("SELECT 1 FROM connections WHERE integration = ? AND account_id = ? LIMIT 1", integration, account_id)
    )


def list_of(tx: Tx, owner_id: str, integration: str | None = None) -> list[Connection]:
    """By integration, of each the default one first."""
    sql, args = "SELECT * FROM connections WHERE owner_id = ?", [owner_id]
    if integration is not None:
        sql, args = f"{sql} AND integration = ?", [owner_id, integration]
    rows = tx.all(f"{sql} ORDER BY integration, {_DEFAULT_FIRST}", *args)
    befores = [None, *(row["integration"] for row in rows)]
    return [
        _connection(row, is_default=row["integration"] != before) for row, before in zip(rows, befores, strict=False)
    ]


def list_connected(tx: Tx, integration: str) -> list[Record]:
    """All people's."""
    rows = tx.all("SELECT * FROM connections WHERE integration = ? AND status = 'connected'", integration)
    return [_record(row) for row in rows]


def choose_default(tx: Tx, one: Connection) -> None:
    """Let it be meant where no other is named, until another is chosen."""
    tx.run(
        "UPDATE connections SET is_chosen = CASE WHEN id = ? THEN 1 ELSE 0 END WHERE owner_id = ? AND integration = ?",
        one.id, one.owner_id, one.integration,
    )  # fmt: skip


def remove(tx: Tx, connection_id: str) -> bool:
    return tx.run("DELETE FROM connections WHERE id = ?", connection_id) == 1


def begin_renewal(tx: Tx, connection_id: str, *, revision: int, by: str, now_ms: int, until_ms: int) -> bool:
    """Of several that see the same secrets one gets True, and is to end it before `until_ms`."""
    return bool(
        tx.run(
            "UPDATE connections SET renewing_by = ?, renewing_until_ms = ? WHERE id = ? AND revision = ?"
            " AND status = 'connected' AND (renewing_until_ms IS NULL OR renewing_until_ms <= ?)",
            by, until_ms, connection_id, revision, now_ms,
        )
    )  # fmt: skip


def end_renewal(tx: Tx, connection_id: str, *, revision: int, expires_ms: int | None, rejected_ms: int | None) -> bool:
    """It has new secrets; False when others came first, or it is gone."""
    return bool(
        tx.run(
            "UPDATE connections SET revision = revision + 1, expires_ms = ?, rejected_ms = ?, renewing_by = NULL,"
            " renewing_until_ms = NULL, pause_until_ms = NULL WHERE id = ? AND revision = ?",
            expires_ms, rejected_ms, connection_id, revision,
        )
    )  # fmt: skip


def fail_renewal(tx: Tx, connection_id: str, *, by: str, pause_until_ms: int) -> None:
    """Let nobody try before `pause_until_ms`."""
    tx.run(
        "UPDATE connections SET renewing_by = NULL, renewing_until_ms = NULL, pause_until_ms = ?"
        " WHERE id = ? AND renewing_by = ?",
        pause_until_ms, connection_id, by,
    )  # fmt: skip


def require_reconnect(tx: Tx, connection_id: str, *, revision: int) -> bool:
    """Its secrets are no good; False when it has others by now, or this was known."""
    return bool(
        tx.run(
            "UPDATE connections SET status = 'reconnect_required', renewing_by = NULL, renewing_until_ms = NULL"
            " WHERE id = ? AND revision = ? AND status = 'connected'",
            connection_id, revision,
        )
    )  # fmt: skip


def note_use(tx: Tx, one: Connection, why: str, *, now_ms: int) -> None:
    tx.run(
        "INSERT INTO connection_uses (connection_id, owner_id, integration, why, at_ms) VALUES (?, ?, ?, ?, ?)",
        one.id, one.owner_id, one.integration, why, now_ms,
    )  # fmt: skip


def note_call(tx: Tx, connection_id: str, *, now_ms: int) -> None:
    """It was used for a call, which has a row of its own elsewhere."""
    tx.run("UPDATE connections SET last_used_ms = ? WHERE id = ?", now_ms, connection_id)


def list_uses(tx: Tx, owner_id: str, connection_id: str, *, before: int, limit: int) -> list[ConnectionUse]:
    """The newest first; also of one that is gone."""
    rows = tx.all(
        "SELECT id, why, at_ms FROM connection_uses WHERE owner_id = ? AND connection_id = ? AND id < ?"
        " ORDER BY id DESC LIMIT ?",
        owner_id, connection_id, before, limit,
    )  # fmt: skip
    return [ConnectionUse(id=row["id"], why=row["why"], at_ms=row["at_ms"]) for row in rows]


def forget_uses(tx: Tx, *, before_ms: int) -> None:
    tx.run("DELETE FROM connection_uses WHERE at_ms < ?", before_ms)


def _variables(variables: Mapping[str, str]) -> str:
    """The same text for the same variables."""
    return json.dumps(dict(variables), sort_keys=True)


def _record(row: Row) -> Record:
    return Record(
        connection=_connection(row, is_default=bool(row["is_chosen"])),
        revision=row["revision"],
        rejected_ms=row["rejected_ms"],
        renewing_until_ms=row["renewing_until_ms"],
        pause_until_ms=row["pause_until_ms"],
    )


def _connection(row: Row, *, is_default: bool) -> Connection:
    return Connection(
        id=row["id"],
        owner_id=row["owner_id"],
        integration=row["integration"],
        way=row["way"],
        label=row["label"],
        account_id=row["account_id"],
        account_label=row["account_label"],
        status=row["status"],
        scopes=tuple(json.loads(row["scopes"])),
        variables=json.loads(row["variables"]),
        is_default=is_default,
        created_ms=row["created_ms"],
        connected_ms=row["connected_ms"],
        expires_ms=row["expires_ms"],
        last_used_ms=row["last_used_ms"],
    )
