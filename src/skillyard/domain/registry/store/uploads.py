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
            "created_ms", "expires_ms", "received_ms",
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
    """One that is still open."""
    row = tx.one("SELECT * FROM uploads WHERE id = ? AND expires_ms > ?", upload_id, now_ms)
    return _upload(row) if row else None


def set_received(tx: Tx, upload_id: str, *, now_ms: int) -> bool:
    """False when it is not open any more."""
    return bool(tx.run("UPDATE uploads SET received_ms = ? WHERE id = ? AND expires_ms > ?", now_ms, upload_id, now_ms))


def remove_upload(tx: Tx, upload_id: str) -> bool:
    """Of several that come at once, one gets True."""
    return bool(tx.run("DELETE FROM uploads WHERE id = ?", upload_id))


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
