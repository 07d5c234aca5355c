"""SQL of attempts to connect an account in the browser. What may happen once changes its row only as long as the row
is as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass

from skillyard.domain.gateway.connect.attempt import OPEN, Attempt, AttemptStatus
from skillyard.domain.gateway.connect.whose import Account
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "connection_attempts",
        (
            "id", "owner_id", "integration", "label", "variables", "scopes", "reconnects", "status", "reason",
            "message", "state_hash", "browser_hash", "redirect_uri", "account_id", "account_label",
            "is_identified", "token_expires_ms", "connection_id", "created_ms", "expires_ms",
        ),
    ),
)  # fmt: skip

_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An attempt, and the browser in which it is made; `token_expires_ms`: of the token that waits to be confirmed."""

    attempt: Attempt
    browser_hash: str | None
    redirect_uri: str | None
    token_expires_ms: int | None


def add(tx: Tx, one: Attempt) -> None:
    tx.run(
        "INSERT INTO connection_attempts (id, owner_id, integration, label, variables, scopes, reconnects, status,"
        " reason, message, account_id, account_label, is_identified, created_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', 0, ?, ?)",
        one.id, one.owner_id, one.integration, one.label, json.dumps(dict(one.variables)), json.dumps(one.scopes),
        one.reconnects, one.status, one.created_ms, one.expires_ms,
    )  # fmt: skip


def find(tx: Tx, attempt_id: str) -> Record | None:
    row = tx.one("SELECT * FROM connection_attempts WHERE id = ?", attempt_id)
    return _record(row) if row else None


def find_by_state(tx: Tx, state_hash: str) -> Record | None:
    row = tx.one("SELECT * FROM connection_attempts WHERE state_hash = ?", state_hash)
    return _record(row) if row else None


def count_open(tx: Tx, owner_id: str, *, now_ms: int) -> int:
    row = tx.one(
        f"SELECT count(*) AS number FROM connection_attempts WHERE owner_id = ? AND expires_ms > ?"  # noqa: S608 (ours)
        f" AND status IN ({_OPEN})",
        owner_id, now_ms,
    )  # fmt: skip
    return int(row["number"]) if row else 0


def leave(tx: Tx, attempt_id: str, *, state_hash: str, browser_hash: str, redirect_uri: str) -> bool:
    """Somebody goes to the service with this state; one that was made before is void."""
    return bool(
        tx.run(
            "UPDATE connection_attempts SET status = 'awaiting_user', state_hash = ?, browser_hash = ?,"
            " redirect_uri = ? WHERE id = ? AND status IN ('created', 'awaiting_user')",
            state_hash, browser_hash, redirect_uri, attempt_id,
        )
    )  # fmt: skip


def use_state(tx: Tx, state_hash: str) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run(
            "UPDATE connection_attempts SET status = 'exchanging' WHERE state_hash = ? AND status = 'awaiting_user'",
            state_hash,
        )
    )


def verify(tx: Tx, attempt_id: str, *, scopes: tuple[str, ...], token_expires_ms: int | None) -> bool:
    """The code was good for a token."""
    return bool(
        tx.run(
            "UPDATE connection_attempts SET status = 'verifying_identity', scopes = ?, token_expires_ms = ?"
            " WHERE id = ? AND status = 'exchanging'",
            json.dumps(scopes), token_expires_ms, attempt_id,
        )
    )  # fmt: skip


def identify(tx: Tx, attempt_id: str, account: Account | None) -> None:
    """It is known whose account it is, or that the service does not say that."""
    tx.run(
        "UPDATE connection_attempts SET is_identified = 1, account_id = ?, account_label = ? WHERE id = ?",
        account.id if account else "", account.label if account else "", attempt_id,
    )  # fmt: skip


def end(tx: Tx, attempt_id: str, status: AttemptStatus, *, reason: str = "", message: str = "") -> bool:
    """Of several that would end it, one gets True."""
    return bool(
        tx.run(
            "UPDATE connection_attempts SET status = ?, reason = ?, message = ?"  # noqa: S608 (ours)
            f" WHERE id = ? AND status IN ({_OPEN})",
            status, reason, message, attempt_id,
        )
    )  # fmt: skip


def set_connection(tx: Tx, attempt_id: str, connection_id: str) -> None:
    tx.run("UPDATE connection_attempts SET connection_id = ? WHERE id = ?", connection_id, attempt_id)


def list_late(tx: Tx, *, now_ms: int, limit: int) -> list[Attempt]:
    """Those whose time is over while nothing has ended them, the oldest first."""
    rows = tx.all(
        f"SELECT * FROM connection_attempts WHERE expires_ms <= ? AND status IN ({_OPEN})"  # noqa: S608 (ours)
        " ORDER BY expires_ms LIMIT ?",
        now_ms, limit,
    )  # fmt: skip
    return [_record(row).attempt for row in rows]


def list_open(tx: Tx, integration: str) -> list[Attempt]:
    """All people's that are under way."""
    sql = f"SELECT * FROM connection_attempts WHERE integration = ? AND status IN ({_OPEN})"  # noqa: S608 (ours)
    return [_record(row).attempt for row in tx.all(sql, integration)]


def forget(tx: Tx, *, before_ms: int) -> None:
    """Those that ended before; none of them holds a secret any more."""
    tx.run(f"DELETE FROM connection_attempts WHERE expires_ms <= ? AND status NOT IN ({_OPEN})", before_ms)  # noqa: S608


def _record(row: Row) -> Record:
    attempt = Attempt(
        id=row["id"],
        owner_id=row["owner_id"],
        integration=row["integration"],
        label=row["label"],
        variables=json.loads(row["variables"]),
        scopes=tuple(json.loads(row["scopes"])),
        status=row["status"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        reconnects=row["reconnects"],
        reason=row["reason"],
        message=row["message"],
        account_id=row["account_id"],
        account_label=row["account_label"],
        is_identified=bool(row["is_identified"]),
        connection_id=row["connection_id"],
    )
    return Record(
        attempt=attempt,
        browser_hash=row["browser_hash"],
        redirect_uri=row["redirect_uri"],
        token_expires_ms=row["token_expires_ms"],
    )
