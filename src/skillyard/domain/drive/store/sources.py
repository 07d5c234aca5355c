"""SQL of git sources, and of what their last crawl made of each folder."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from skillyard.domain.drive.git_model import Source, SourceFolder
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "sources",
        (
            "id", "address", "repository", "ref", "path", "namespace", "added_by", "added_ms", "commit_id",
            "crawled_ms", "problem",
        ),
    ),
    Table("source_folders", ("source_id", "path", "name", "version", "faults")),
)  # fmt: skip


def add_source(tx: Tx, source: Source) -> bool:
    """False when there is one of the same folder."""
    return tx.insert_new(
        "INSERT INTO sources (id, address, repository, ref, path, namespace, added_by, added_ms, commit_id, crawled_ms,"
        " problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        source.id, source.address, source.repository, source.ref, source.path, source.namespace, source.added_by,
        source.added_ms, source.commit, source.crawled_ms, source.problem,
    )  # fmt: skip


def set_crawled(tx: Tx, source_id: str, *, commit: str | None, problem: str, now_ms: int) -> bool:
    """`commit` None: the one before stays. False when there is no such source any more."""
    return bool(
        tx.run(
            "UPDATE sources SET commit_id = coalesce(?, commit_id), problem = ?, crawled_ms = ? WHERE id = ?",
            commit, problem, now_ms, source_id,
        )
    )  # fmt: skip


def remove_source(tx: Tx, source_id: str) -> bool:
    """False when there was none."""
    tx.run("DELETE FROM source_folders WHERE source_id = ?", source_id)
    return tx.run("DELETE FROM sources WHERE id = ?", source_id) == 1


def find_source(tx: Tx, source_id: str) -> Source | None:
    row = tx.one("SELECT * FROM sources WHERE id = ?", source_id)
    return _source(row) if row else None


def find_same(tx: Tx, source: Source) -> Source | None:
    """The one of the same folder."""
    sql = "SELECT * FROM sources WHERE repository = ? AND ref = ? AND path = ?"
    row = tx.one(sql, source.repository, source.ref, source.path)
    return _source(row) if row else None


def list_sources(tx: Tx, *, after: str, limit: int) -> list[Source]:
    """In the order in which they were added."""
    return [_source(row) for row in tx.all("SELECT * FROM sources WHERE id > ? ORDER BY id LIMIT ?", after, limit)]


def list_ids(tx: Tx) -> list[str]:
    return [row["id"] for row in tx.all("SELECT id FROM sources ORDER BY id")]


def set_folders(tx: Tx, source_id: str, folders: Iterable[SourceFolder]) -> None:
    """In place of what the crawl before found."""
    tx.run("DELETE FROM source_folders WHERE source_id = ?", source_id)
    for folder in folders:
        tx.run(
            "INSERT INTO source_folders (source_id, path, name, version, faults) VALUES (?, ?, ?, ?, ?)",
            source_id, folder.path, folder.name, folder.version, orjson.dumps(list(folder.faults)).decode(),
        )  # fmt: skip


def list_folders(tx: Tx, source_id: str) -> list[SourceFolder]:
    """In the order of their paths."""
    rows = tx.all("SELECT * FROM source_folders WHERE source_id = ? ORDER BY path", source_id)
    return [
        SourceFolder(
            path=row["path"], name=row["name"], version=row["version"], faults=tuple(orjson.loads(row["faults"]))
        )
        for row in rows
    ]


def _source(row: Row) -> Source:
    return Source(
        id=row["id"],
        address=row["address"],
        repository=row["repository"],
        ref=row["ref"],
        path=row["path"],
        namespace=row["namespace"],
        added_by=row["added_by"],
        added_ms=row["added_ms"],
        commit=row["commit_id"],
        crawled_ms=row["crawled_ms"],
        problem=row["problem"],
    )
