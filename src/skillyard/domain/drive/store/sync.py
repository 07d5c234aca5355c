"""SQL of syncs, and of how many skills drives hold for free since their first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from skillyard.domain.drive.sync_model import Action, ItemStatus, SyncItem, SyncRun
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "sync_runs",
        (
            "id", "drive", "user_id", "install_id", "kind", "mode", "status", "opened_ms", "closed_ms", "counters",
            "key_id",
        ),
    ),
    Table("sync_items", ("run_id", "slug", "position", "item", "status", "published", "charged", "detail")),
    Table("drive_high_waters", ("drive", "skills", "set_ms")),
)  # fmt: skip

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """`item`: as it was decided, without its releases, which are in `target` and `base` by name and version."""

    item: SyncItem
    target: Pair | None
    base: Pair | None
    status: ItemStatus
    published: str | None
    charged: int
    detail: str


def add_run(tx: Tx, run: SyncRun, *, key_id: str | None) -> None:
    """`key_id`: the key for some skills with which it was begun, whose holder goes on with it."""
    tx.run(
        "INSERT INTO sync_runs (id, drive, user_id, install_id, kind, mode, status, opened_ms, counters, key_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}', ?)",
        run.id, run.drive, run.user_id, run.install_id, run.kind, run.mode.value, run.status, run.opened_ms, key_id,
    )  # fmt: skip
    for position, one in enumerate(run.items):
        tx.run(
            "INSERT INTO sync_items (run_id, slug, position, item, status, charged, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            run.id, one.item.slug, position, _show_item(one.item), one.status.value, one.charged, one.detail,
        )  # fmt: skip


def find_run(tx: Tx, run_id: str) -> Row | None:
    return tx.one("SELECT * FROM sync_runs WHERE id = ?", run_id)


def list_items(tx: Tx, run_id: str) -> list[StoredItem]:
    rows = tx.all("SELECT * FROM sync_items WHERE run_id = ? ORDER BY position", run_id)
    return [_read_item(row) for row in rows]


def find_item(tx: Tx, run_id: str, slug: str) -> StoredItem | None:
    row = tx.one("SELECT * FROM sync_items WHERE run_id = ? AND slug = ?", run_id, slug)
    return _read_item(row) if row else None


def set_item(tx: Tx, run_id: str, slug: str, status: ItemStatus, *, detail: str = "") -> None:
    sql = "UPDATE sync_items SET status = ?, detail = ? WHERE run_id = ? AND slug = ?"
    tx.run(sql, status.value, detail, run_id, slug)


def set_published(tx: Tx, run_id: str, slug: str, version: str, *, charged: int) -> bool:
    """False when it is not pending any more."""
    changed = tx.run(
        "UPDATE sync_items SET status = 'committed', published = ?, charged = ?"
        " WHERE run_id = ? AND slug = ? AND status = 'pending'",
        version, charged, run_id, slug,
    )  # fmt: skip
    return changed == 1


def supersede(tx: Tx, user_id: str, install_id: str, *, key_id: str | None, now_ms: int) -> None:
    """End the open runs of a machine, as far as they were begun with this key, or with none."""
    tx.run(
        "UPDATE sync_runs SET status = 'superseded', closed_ms = ?"
        " WHERE user_id = ? AND install_id = ? AND status = 'open' AND coalesce(key_id, '') = ?",
        now_ms, user_id, install_id, key_id or "",
    )  # fmt: skip


def close_run(tx: Tx, run_id: str, counters: Mapping[str, int], *, now_ms: int) -> bool:
    """False when it is not open any more."""
    changed = tx.run(
        "UPDATE sync_runs SET status = 'finished', closed_ms = ?, counters = ? WHERE id = ? AND status = 'open'",
        now_ms, orjson.dumps(counters).decode(), run_id,
    )  # fmt: skip
    return changed == 1


def remove_old(tx: Tx, user_id: str, *, before_ms: int) -> None:
    tx.run("DELETE FROM sync_runs WHERE user_id = ? AND opened_ms < ?", user_id, before_ms)


def find_high_water(tx: Tx, drive: str) -> int:
    """0 before its first sync was finished."""
    row = tx.one("SELECT skills FROM drive_high_waters WHERE drive = ?", drive)
    return int(row["skills"]) if row else 0


def set_high_water(tx: Tx, drive: str, skills: int, *, now_ms: int) -> bool:
    """False when it was set before; it stays as it is."""
    return tx.insert_new(
        "INSERT INTO drive_high_waters (drive, skills, set_ms) VALUES (?, ?, ?)", drive, skills, now_ms
    )  # fmt: skip


def _show_item(item: SyncItem) -> str:
    facts = {
        "slug": item.slug, "action": item.action.value, "reason": item.reason, "name": item.name, "drive": item.drive,
        "credits": item.credits, "publish_as": item.publish_as, "held_version": item.held_version,
    }  # fmt: skip
    releases = [release and [release.name, release.version] for release in (item.target, item.base)]
    return orjson.dumps([facts, *releases]).decode()


def _read_item(row: Row) -> StoredItem:
    facts, target, base = orjson.loads(row["item"])
    return StoredItem(
        item=SyncItem(**{**facts, "action": Action(facts["action"])}),
        target=(target[0], target[1]) if target else None,
        base=(base[0], base[1]) if base else None,
        status=ItemStatus(row["status"]),
        published=row["published"],
        charged=row["charged"],
        detail=row["detail"],
    )
