"""SQL of links to skills of drives, and of who took them."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.drive.model import DriveItem, Share
from skillyard.domain.drive.store.items import read_item
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "drive_shares",
        ("id", "drive", "name", "secret_hash", "created_by", "created_ms", "expires_ms", "revoked_ms"),
    ),
    Table("drive_share_takers", ("share_id", "user_id", "is_granted", "accepted_ms")),
)


def add_share(tx: Tx, share: Share, secret_hash: str) -> None:
    tx.run(
        "INSERT INTO drive_shares (id, drive, name, secret_hash, created_by, created_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        share.id, share.drive, share.name, secret_hash, share.created_by, share.created_ms, share.expires_ms,
    )  # fmt: skip


def find_by_secret(tx: Tx, secret_hash: str) -> Share | None:
    row = tx.one("SELECT * FROM drive_shares WHERE secret_hash = ?", secret_hash)
    return _share(row) if row else None


def find_share(tx: Tx, share_id: str) -> Share | None:
    row = tx.one("SELECT * FROM drive_shares WHERE id = ?", share_id)
    return _share(row) if row else None


def list_shares(tx: Tx, drive: str, *, before: str, limit: int) -> list[Share]:
    """The newest first, of those that were made before one."""
    sql = "SELECT * FROM drive_shares WHERE drive = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return [_share(row) for row in tx.all(sql, drive, before, limit)]


def count_open(tx: Tx, drive: str, *, now_ms: int) -> int:
    sql = "SELECT count(*) AS number FROM drive_shares WHERE drive = ? AND revoked_ms IS NULL AND expires_ms > ?"
    row = tx.one(sql, drive, now_ms)
    return int(row["number"]) if row else 0


def set_revoked(tx: Tx, share_id: str, *, now_ms: int) -> bool:
    """False when it was revoked before."""
    return tx.run("UPDATE drive_shares SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", now_ms, share_id) == 1


def add_taker(tx: Tx, share_id: str, user_id: str, *, is_granted: bool, now_ms: int) -> bool:
    """False when they took it before."""
    return tx.insert_new(
        "INSERT INTO drive_share_takers (share_id, user_id, is_granted, accepted_ms) VALUES (?, ?, ?, ?)",
        share_id, user_id, int(is_granted), now_ms,
    )  # fmt: skip


def set_granted(tx: Tx, share_id: str, user_id: str) -> None:
    tx.run("UPDATE drive_share_takers SET is_granted = 1 WHERE share_id = ? AND user_id = ?", share_id, user_id)


def remove_taker(tx: Tx, share_id: str, user_id: str) -> bool | None:
    """Whether they had been granted access by it; None when they had not taken it."""
    row = tx.one("SELECT is_granted FROM drive_share_takers WHERE share_id = ? AND user_id = ?", share_id, user_id)
    tx.run("DELETE FROM drive_share_takers WHERE share_id = ? AND user_id = ?", share_id, user_id)
    return bool(row["is_granted"]) if row else None


def hand_on_grant(tx: Tx, name: str, user_id: str) -> bool:
    """Let another share of the skill that they took be the one that grants it; False when there is none."""
    row = tx.one(
        "SELECT t.share_id FROM drive_share_takers t JOIN drive_shares s ON s.id = t.share_id"
        " WHERE t.user_id = ? AND s.name = ? AND s.revoked_ms IS NULL ORDER BY t.share_id LIMIT 1",
        user_id, name,
    )  # fmt: skip
    if row is None:
        return False
    set_granted(tx, row["share_id"], user_id)
    return True


def list_takers(tx: Tx, share_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Share and user id of all who took one of these, in the order in which they did."""
    if not share_ids:
        return []
    marks = ", ".join("?" * len(share_ids))
    rows = tx.all(
        f"SELECT share_id, user_id FROM drive_share_takers WHERE share_id IN ({marks})"  # noqa: S608 (only marks)
        " ORDER BY accepted_ms, user_id",
        *share_ids,
    )
    return [(row["share_id"], row["user_id"]) for row in rows]


def list_taken(tx: Tx, user_id: str) -> list[Share]:
    """What somebody took and was not revoked, the newest first."""
    rows = tx.all(
        "SELECT s.* FROM drive_shares s JOIN drive_share_takers t ON t.share_id = s.id"
        " WHERE t.user_id = ? AND s.revoked_ms IS NULL ORDER BY s.id DESC",
        user_id,
    )
    return [_share(row) for row in rows]


def list_shared_with(tx: Tx, user_id: str) -> list[DriveItem]:
    """What is in other drives and was shared with somebody, what they took first before the others."""
    rows = tx.all(
        "SELECT i.* FROM drive_share_takers t JOIN drive_shares s ON s.id = t.share_id"
        " JOIN drive_items i ON i.drive = s.drive AND i.name = s.name"
        " WHERE t.user_id = ? AND s.revoked_ms IS NULL ORDER BY i.name, t.accepted_ms, s.id",
        user_id,
    )
    return [read_item(row) for row in rows]


def _share(row: Row) -> Share:
    return Share(
        id=row["id"],
        drive=row["drive"],
        name=row["name"],
        created_by=row["created_by"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        revoked_ms=row["revoked_ms"],
    )
