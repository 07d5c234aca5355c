"""SQL of sessions and the refresh tokens that renew them."""

from __future__ import annotations

from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("sessions", ("id", "user_id", "how", "started_ms", "expires_ms", "ended_ms")),
    Table("refresh_tokens", ("secret_hash", "session_id", "created_ms", "used_ms")),
)


def add_session(tx: Tx, session_id: str, user_id: str, *, how: str, started_ms: int, expires_ms: int) -> None:
    tx.run(
        "INSERT INTO sessions (id, user_id, how, started_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
        session_id, user_id, how, started_ms, expires_ms,
    )  # fmt: skip


def find_session(tx: Tx, session_id: str) -> Row | None:
    return tx.one("SELECT * FROM sessions WHERE id = ?", session_id)


def add_refresh_token(tx: Tx, session_id: str, *, secret_hash: str, now_ms: int) -> None:
    tx.run(
        "INSERT INTO refresh_tokens (secret_hash, session_id, created_ms) VALUES (?, ?, ?)",
        secret_hash, session_id, now_ms,
    )  # fmt: skip


def find_session_of(tx: Tx, *, secret_hash: str) -> Row | None:
    """The session of a refresh token, used or not."""
    return tx.one(
        "SELECT s.* FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id WHERE r.secret_hash = ?", secret_hash
    )


def use_refresh_token(tx: Tx, *, secret_hash: str, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run("UPDATE refresh_tokens SET used_ms = ? WHERE secret_hash = ? AND used_ms IS NULL", now_ms, secret_hash)
    )


def set_expiry(tx: Tx, session_id: str, expires_ms: int) -> None:
    tx.run("UPDATE sessions SET expires_ms = ? WHERE id = ?", expires_ms, session_id)


def end_session(tx: Tx, session_id: str, *, now_ms: int) -> None:
    """End it with all its access tokens."""
    tx.run("UPDATE sessions SET ended_ms = ? WHERE id = ? AND ended_ms IS NULL", now_ms, session_id)
    tx.run("UPDATE tokens SET revoked_ms = ? WHERE session_id = ? AND revoked_ms IS NULL", now_ms, session_id)


def end_sessions(tx: Tx, user_id: str, *, but: str | None, now_ms: int) -> None:
    """All sessions of somebody, but the one of that id."""
    tx.run(
        "UPDATE sessions SET ended_ms = ? WHERE user_id = ? AND ended_ms IS NULL AND expires_ms > ? AND id <> ?",
        now_ms, user_id, now_ms, but or "",
    )  # fmt: skip


def remove_expired(tx: Tx, *, before_ms: int) -> int:
    """Forget sessions that expired before the time, once their access tokens are forgotten."""
    forgotten = (
        "SELECT id FROM sessions WHERE expires_ms < ? AND NOT EXISTS"
        " (SELECT 1 FROM tokens WHERE tokens.session_id = sessions.id)"
    )
    tx.run(f"DELETE FROM refresh_tokens WHERE session_id IN ({forgotten})", before_ms)  # noqa: S608 (only ours)
    return tx.run(f"DELETE FROM sessions WHERE id IN ({forgotten})", before_ms)  # noqa: S608 (only ours)
