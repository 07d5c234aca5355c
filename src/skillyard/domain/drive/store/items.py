"""SQL of what is in drives."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.drive.model import DriveItem
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "drive_items",
        (
            "drive", "name", "version", "enabled", "pinned", "dismissed_version", "via", "upstream_name",
            "upstream_version", "upstream_accepted", "upstream_dismissed", "added_ms", "added_by", "updated_ms",
        ),
    ),
)  # fmt: skip

_MOST_NAMES = 500  # more of them are sorted out here


def add_item(tx: Tx, item: DriveItem) -> bool:
    """False when the drive has the skill already; it stays as it is."""
    return tx.insert_new(
        "INSERT INTO drive_items (drive, name, version, enabled, pinned, dismissed_version, via, upstream_name,"
        " upstream_version, upstream_accepted, upstream_dismissed, added_ms, added_by, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.drive, item.name, item.version, int(item.enabled), int(item.pinned), item.dismissed_version, item.via,
        item.upstream_name, item.upstream_version, item.upstream_accepted, item.upstream_dismissed, item.added_ms,
        item.added_by, item.updated_ms,
    )  # fmt: skip


def set_item(tx: Tx, item: DriveItem) -> None:
    """Everything but when it was added, and by whom."""
    tx.run(
        "UPDATE drive_items SET version = ?, enabled = ?, pinned = ?, dismissed_version = ?, via = ?,"
        " upstream_name = ?, upstream_version = ?, upstream_accepted = ?, upstream_dismissed = ?, updated_ms = ?"
        " WHERE drive = ? AND name = ?",
        item.version, int(item.enabled), int(item.pinned), item.dismissed_version, item.via, item.upstream_name,
        item.upstream_version, item.upstream_accepted, item.upstream_dismissed, item.updated_ms, item.drive, item.name,
    )  # fmt: skip


def find_item(tx: Tx, drive: str, name: str) -> DriveItem | None:
    row = tx.one("SELECT * FROM drive_items WHERE drive = ? AND name = ?", drive, name)
    return read_item(row) if row else None


def remove_item(tx: Tx, drive: str, name: str) -> bool:
    """False when it was not there."""
    return tx.run("DELETE FROM drive_items WHERE drive = ? AND name = ?", drive, name) == 1


def count_items(tx: Tx, drive: str) -> int:
    row = tx.one("SELECT count(*) AS number FROM drive_items WHERE drive = ?", drive)
    return int(row["number"]) if row else 0


def list_items(tx: Tx, drive: str, *, after: str, limit: int) -> list[DriveItem]:
    """In the order of their names, those that come after a name."""
    rows = tx.all(
        "SELECT * FROM drive_items WHERE drive = ? AND name > ? ORDER BY name LIMIT ?", drive, after, limit
    )  # fmt: skip
    return [read_item(row) for row in rows]


def list_all(tx: Tx, drives: Collection[str], names: Collection[str] | None = None) -> list[DriveItem]:
    """All that is in these drives, in the order of drives and names; only those called so, if `names` are given."""
    if not drives or (names is not None and not names):
        return []
    where, asked = f"drive IN ({_marks(drives)})", list(drives)
    if names is not None and len(names) <= _MOST_NAMES:
        where, asked = f"{where} AND name IN ({_marks(names)})", [*asked, *names]
    found = tx.all(f"SELECT * FROM drive_items WHERE {where} ORDER BY drive, name", *asked)  # noqa: S608 (only marks)
    return [read_item(row) for row in found if names is None or row["name"] in names]


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def read_item(row: Row) -> DriveItem:
    return DriveItem(
        drive=row["drive"],
        name=row["name"],
        version=row["version"],
        enabled=bool(row["enabled"]),
        pinned=bool(row["pinned"]),
        dismissed_version=row["dismissed_version"],
        via=row["via"],
        upstream_name=row["upstream_name"],
        upstream_version=row["upstream_version"],
        upstream_accepted=row["upstream_accepted"],
        upstream_dismissed=row["upstream_dismissed"],
        added_ms=row["added_ms"],
        added_by=row["added_by"],
        updated_ms=row["updated_ms"],
    )
