"""SQL of uploads in two phases."""

from __future__ import annotations

from skillyard.domain.registry.model import Upload, Visibility
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "uploads",
        (
            "id", "name", "user_id", "sha256", "size_bytes", "visibility", "channel", "version",
            "created_ms", "expires_ms", "received_ms", "confirmed_ms",
        ),
    ),
)  # fmt: skip


def add_upload(tx: Tx, upload: Upload) -> None:
    tx.run(
        "INSERT INTO uploads (id, name, user_id, sha256, size_bytes, visibility, channel, version, created_ms,"
        " expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        upload.id, upload.name, upload.user_id, upload.sha256, upload.size_bytes, upload.visibility, upload.channel,
        upload.version, upload.created_ms, upload.expires_ms,
    )  # fmt: skip


def find_upload(tx: Tx, upload_id: str, *, now_ms: int) -> Upload | None:
    """One that can still be used."""
    row = tx.one("SELECT * FROM uploads WHERE id = ? AND expires_ms > ? AND confirmed_ms IS NULL", upload_id, now_ms)
    return _upload(row) if row else None


def is_confirmed(tx: Tx, upload_id: str, user_id: str) -> bool:
    """Whether this user has used it up, not too long ago."""
    sql = "SELECT 1 AS found FROM uploads WHERE id = ? AND user_id = ? AND confirmed_ms IS NOT NULL"
    return tx.one(sql, upload_id, user_id) is not None


def set_content(tx: Tx, upload_id: str, *, sha256: str, size_bytes: int, now_ms: int) -> bool:
    """What an open upload shall hold from now on, and has not received yet. False when it cannot be used any more."""
    return bool(
        tx.run(
            "UPDATE uploads SET sha256 = ?, size_bytes = ?, received_ms = NULL"
            " WHERE id = ? AND expires_ms > ? AND confirmed_ms IS NULL",
            sha256, size_bytes, upload_id, now_ms,
        )
    )  # fmt: skip


def set_received(tx: Tx, upload_id: str, *, sha256: str, now_ms: int) -> bool:
    """False when it cannot be used any more, or shall hold other content by now."""
    return bool(
        tx.run(
            "UPDATE uploads SET received_ms = ?"
            " WHERE id = ? AND sha256 = ? AND expires_ms > ? AND confirmed_ms IS NULL",
            now_ms, upload_id, sha256, now_ms,
        )
    )  # fmt: skip


def use_upload(tx: Tx, upload_id: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(tx.run("UPDATE uploads SET confirmed_ms = ? WHERE id = ? AND confirmed_ms IS NULL", now_ms, upload_id))


def remove_upload(tx: Tx, upload_id: str) -> bool:
    """Of several that come at once, one gets True."""
    return bool(tx.run("DELETE FROM uploads WHERE id = ? AND confirmed_ms IS NULL", upload_id))


def remove_expired(tx: Tx, *, now_ms: int) -> int:
    return tx.run("DELETE FROM uploads WHERE expires_ms <= ?", now_ms)


def _upload(row: Row) -> Upload:
    return Upload(
        id=row["id"],
        name=row["name"],
        user_id=row["user_id"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        visibility=Visibility(row["visibility"]) if row["visibility"] else None,
        channel=row["channel"],
        version=row["version"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        received_ms=row["received_ms"],
    )
