"""SQL of what goes into runs and comes out of them: files, and output piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from skillyard.domain.runs.model import OutputChunk
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.sandbox.model import Stream
from skillyard.skill.digest import FileEntry

TABLES = (
    Table("run_files", ("run_id", "direction", "path", "sha256", "size_bytes", "executable")),
    Table("run_output", ("run_id", "position", "stream", "at_ms", "data")),
)

Direction = Literal["in", "out"]


def add_files(tx: Tx, run_id: str, direction: Direction, files: Iterable[FileEntry]) -> None:
    sql = "INSERT INTO run_files (run_id, direction, path, sha256, size_bytes, executable) VALUES (?, ?, ?, ?, ?, ?)"
    for file in files:
        tx.run(sql, run_id, direction, file.path, file.sha256, file.size_bytes, int(file.executable))


def list_files(tx: Tx, run_id: str, direction: Direction) -> tuple[FileEntry, ...]:
    rows = tx.all("SELECT * FROM run_files WHERE run_id = ? AND direction = ? ORDER BY path", run_id, direction)
    return tuple(read_file(row) for row in rows)


def read_file(row: Row) -> FileEntry:
    return FileEntry(
        path=row["path"], sha256=row["sha256"], size_bytes=row["size_bytes"], executable=bool(row["executable"])
    )


def add_output(tx: Tx, run_id: str, chunks: Iterable[OutputChunk]) -> None:
    """Chunks that are there already stay as they are."""
    sql = "INSERT INTO run_output (run_id, position, stream, at_ms, data) VALUES (?, ?, ?, ?, ?)"
    for chunk in chunks:
        tx.insert_new(sql, run_id, chunk.position, chunk.stream, chunk.at_ms, chunk.data)


def list_output(tx: Tx, run_id: str, *, after: int, limit: int) -> list[OutputChunk]:
    rows = tx.all(
        "SELECT * FROM run_output WHERE run_id = ? AND position > ? ORDER BY position LIMIT ?", run_id, after, limit
    )
    return [
        OutputChunk(position=row["position"], stream=row["stream"], at_ms=row["at_ms"], data=bytes(row["data"]))
        for row in rows
    ]


def read_stream(tx: Tx, run_id: str, stream: Stream) -> bytes:
    """All that it wrote there."""
    rows = tx.all("SELECT data FROM run_output WHERE run_id = ? AND stream = ? ORDER BY position", run_id, stream)
    return b"".join(bytes(row["data"]) for row in rows)


def count_bytes(tx: Tx, owner_id: str, *, since_ms: int) -> int:
    """In files and output of the runs that somebody has asked for since then."""
    of_owner = "JOIN runs r ON r.id = c.run_id WHERE r.owner_id = ? AND r.created_ms >= ?"
    row = tx.one(
        f"SELECT (SELECT COALESCE(sum(c.size_bytes), 0) FROM run_files c {of_owner})"  # noqa: S608 (only marks)
        f" + (SELECT COALESCE(sum(length(c.data)), 0) FROM run_output c {of_owner}) AS bytes",
        owner_id, since_ms, owner_id, since_ms,
    )  # fmt: skip
    return int(row["bytes"]) if row else 0


def forget(tx: Tx, run_id: str) -> None:
    tx.run("DELETE FROM run_output WHERE run_id = ?", run_id)
    tx.run("DELETE FROM run_files WHERE run_id = ?", run_id)
