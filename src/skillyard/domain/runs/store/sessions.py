"""SQL of sessions, and of the files in their workspaces."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.domain.runs.model import Session, SessionStatus
from skillyard.domain.runs.store.contents import read_file
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.digest import FileEntry

TABLES = (
    Table("run_sessions", ("id", "owner_id", "status", "created_ms", "expires_ms", "ended_ms", "reused_by", "key_id")),
    Table("run_session_files", ("session_id", "path", "sha256", "size_bytes", "executable")),
)


def add(tx: Tx, session: Session, *, reused_by: str | None = None) -> None:
    tx.run(
        "INSERT INTO run_sessions (id, owner_id, status, created_ms, expires_ms, reused_by, key_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        session.id, session.owner_id, session.status.value, session.created_ms, session.expires_ms, reused_by,
        session.key_id,
    )  # fmt: skip


def find(tx: Tx, session_id: str) -> Session | None:
    row = tx.one("SELECT * FROM run_sessions WHERE id = ?", session_id)
    return _session(row) if row else None


def find_reusable(tx: Tx, owner_id: str, *, reused_by: str, now_ms: int) -> str | None:
    """The newest in which nothing waits or runs."""
    row = tx.one(
        "SELECT id FROM run_sessions s WHERE owner_id = ? AND reused_by = ? AND status = 'open' AND expires_ms > ?"
        " AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.session_id = s.id AND r.status IN ('queued', 'running'))"
        " ORDER BY created_ms DESC, id DESC LIMIT 1",
        owner_id, reused_by, now_ms,
    )  # fmt: skip
    return row["id"] if row else None


def list_sessions(tx: Tx, owner_id: str, *, before: tuple[int, str], limit: int) -> list[Session]:
    rows = tx.all(
        "SELECT * FROM run_sessions WHERE owner_id = ? AND (created_ms < ? OR (created_ms = ? AND id < ?))"
        " ORDER BY created_ms DESC, id DESC LIMIT ?",
        owner_id, before[0], before[0], before[1], limit,
    )  # fmt: skip
    return [_session(row) for row in rows]


def use(tx: Tx, session_id: str, *, expires_ms: int) -> bool:
    """Put its end off; False when it has ended."""
    sql = "UPDATE run_sessions SET expires_ms = ? WHERE id = ? AND status = 'open'"
    return bool(tx.run(sql, expires_ms, session_id))


def end(tx: Tx, session_id: str, status: SessionStatus, *, now_ms: int) -> bool:
    """False when it has ended already."""
    sql = "UPDATE run_sessions SET status = ?, ended_ms = ? WHERE id = ? AND status = 'open'"
    return bool(tx.run(sql, status.value, now_ms, session_id))


def list_idle(tx: Tx, *, now_ms: int, limit: int) -> list[str]:
    """Those that are past their time and in which nothing waits or runs."""
    rows = tx.all(
        "SELECT id FROM run_sessions s WHERE status = 'open' AND expires_ms <= ? AND NOT EXISTS"
        " (SELECT 1 FROM runs r WHERE r.session_id = s.id AND r.status IN ('queued', 'running'))"
        " ORDER BY expires_ms LIMIT ?",
        now_ms, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


def list_files(tx: Tx, session_id: str) -> tuple[FileEntry, ...]:
    rows = tx.all("SELECT * FROM run_session_files WHERE session_id = ? ORDER BY path", session_id)
    return tuple(read_file(row) for row in rows)


def set_files(tx: Tx, session_id: str, files: Iterable[FileEntry]) -> None:
    """In place of those that were there."""
    tx.run("DELETE FROM run_session_files WHERE session_id = ?", session_id)
    sql = "INSERT INTO run_session_files (session_id, path, sha256, size_bytes, executable) VALUES (?, ?, ?, ?, ?)"
    for file in files:
        tx.run(sql, session_id, file.path, file.sha256, file.size_bytes, int(file.executable))


def _session(row: Row) -> Session:
    return Session(
        id=row["id"],
        owner_id=row["owner_id"],
        status=SessionStatus(row["status"]),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        ended_ms=row["ended_ms"],
        key_id=row["key_id"],
    )
