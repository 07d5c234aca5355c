"""SQL of invitations to namespaces."""

from __future__ import annotations

from skillyard.domain.accounts.invitation import Invitation
from skillyard.domain.accounts.rights import Role
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("namespace_invitations", ("namespace", "user_id", "role", "invited_by", "created_ms", "expires_ms")),
)  # fmt: skip
_INVITATIONS = "SELECT i.*, u.username FROM namespace_invitations i JOIN users u ON u.id = i.user_id"


def put(tx: Tx, new: Invitation, *, user_id: str) -> None:
    """In place of the one that there may be."""
    tx.run(
        "INSERT INTO namespace_invitations (namespace, user_id, role, invited_by, created_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, user_id) DO UPDATE SET role = excluded.role,"
        " invited_by = excluded.invited_by, created_ms = excluded.created_ms, expires_ms = excluded.expires_ms",
        new.namespace, user_id, new.role.value, new.invited_by, new.created_ms, new.expires_ms,
    )  # fmt: skip


def take(tx: Tx, namespace: str, username: str, *, now_ms: int) -> Invitation | None:
    """The invitation, which is there no longer; of several that come at once, one gets it. None when it expired."""
    row = tx.one(f"{_INVITATIONS} WHERE i.namespace = ? AND u.username = ?", namespace, username)
    if row is None:
        return None
    gone = tx.run(
        "DELETE FROM namespace_invitations WHERE namespace = ? AND user_id = ? AND expires_ms > ?",
        namespace, row["user_id"], now_ms,
    )  # fmt: skip
    return _invitation(row) if gone else None


def count_of_namespace(tx: Tx, namespace: str, *, now_ms: int) -> int:
    row = tx.one(
        "SELECT count(*) AS number FROM namespace_invitations WHERE namespace = ? AND expires_ms > ?", namespace, now_ms
    )
    return int(row["number"]) if row else 0


def list_of_namespace(tx: Tx, namespace: str, *, after: str, limit: int, now_ms: int) -> list[Invitation]:
    """In the order of usernames, those that come after one."""
    rows = tx.all(
        f"{_INVITATIONS} WHERE i.namespace = ? AND u.username > ? AND i.expires_ms > ? ORDER BY u.username LIMIT ?",
        namespace, after, now_ms, limit,
    )  # fmt: skip
    return [_invitation(row) for row in rows]


def list_of_user(tx: Tx, user_id: str, *, after: str, limit: int, now_ms: int) -> list[Invitation]:
    """In the order of namespaces, those that come after one."""
    rows = tx.all(
        f"{_INVITATIONS} WHERE i.user_id = ? AND i.namespace > ? AND i.expires_ms > ? ORDER BY i.namespace LIMIT ?",
        user_id, after, now_ms, limit,
    )  # fmt: skip
    return [_invitation(row) for row in rows]


def remove_expired(tx: Tx, *, now_ms: int) -> int:
    return tx.run("DELETE FROM namespace_invitations WHERE expires_ms <= ?", now_ms)


def _invitation(row: Row) -> Invitation:
    return Invitation(
        namespace=row["namespace"],
        username=row["username"],
        role=Role(row["role"]),
        invited_by=row["invited_by"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
    )
