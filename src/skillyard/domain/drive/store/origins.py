"""SQL of where skills come from."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.drive.git_model import Origin
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "origins",
        (
            "name", "address", "repository", "ref", "path", "commit_id", "version", "user_id", "source_id", "at_ms",
            "checked_ms", "problem",
        ),
    ),
)  # fmt: skip


def set_origin(tx: Tx, origin: Origin) -> None:
    """Whether the name had one before or not."""
    tx.run(
        "INSERT INTO origins (name, address, repository, ref, path, commit_id, version, user_id, source_id, at_ms,"
        " checked_ms, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
        " address = excluded.address, repository = excluded.repository, ref = excluded.ref, path = excluded.path,"
        " commit_id = excluded.commit_id, version = excluded.version, user_id = excluded.user_id,"
        " source_id = excluded.source_id, at_ms = excluded.at_ms, checked_ms = excluded.checked_ms,"
        " problem = excluded.problem",
        origin.name, origin.address, origin.repository, origin.ref, origin.path, origin.commit, origin.version,
        origin.user_id, origin.source_id, origin.at_ms, origin.checked_ms, origin.problem,
    )  # fmt: skip


def set_checked(tx: Tx, origin: Origin, *, problem: str, now_ms: int) -> None:
    """Somebody looked, and nothing came of it; unless it was published anew meanwhile."""
    tx.run(
        "UPDATE origins SET checked_ms = ?, problem = ? WHERE name = ? AND checked_ms = ?",
        now_ms, problem, origin.name, origin.checked_ms,
    )  # fmt: skip


def remove_origin(tx: Tx, name: str) -> None:
    tx.run("DELETE FROM origins WHERE name = ?", name)


def find_origin(tx: Tx, name: str) -> Origin | None:
    row = tx.one("SELECT * FROM origins WHERE name = ?", name)
    return _origin(row) if row else None


def list_origins(tx: Tx, names: Collection[str]) -> dict[str, Origin]:
    """Those of these skills that have one, by name."""
    if not names:
        return {}
    marks = ", ".join("?" * len(names))
    rows = tx.all(f"SELECT * FROM origins WHERE name IN ({marks})", *sorted(names))  # noqa: S608 (only marks)
    return {row["name"]: _origin(row) for row in rows}


def list_in_namespace(tx: Tx, namespace: str, *, path: str) -> list[Origin]:
    """Those of skills of a namespace that come from a folder of this path, by name."""
    rows = tx.all(
        "SELECT * FROM origins WHERE path = ? AND substr(name, 1, ?) = ? ORDER BY name",
        path, len(namespace) + 1, f"{namespace}/",
    )  # fmt: skip
    return [_origin(row) for row in rows]


def list_to_check(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """Names of what somebody imported, a drive still has, and nobody looked at since; what waits longest first.

    Commits, whose ids are no names of branches or tags, are left out.
    """
    rows = tx.all(
        "SELECT o.name FROM origins o WHERE o.checked_ms < ? AND o.user_id IS NOT NULL AND o.commit_id IS NOT NULL"
        " AND (o.ref = 'HEAD' OR o.ref LIKE 'refs/%')"
        " AND EXISTS (SELECT 1 FROM drive_items d WHERE d.name = o.name AND d.via = 'git')"
        " ORDER BY o.checked_ms, o.name LIMIT ?",
        before_ms, limit,
    )  # fmt: skip
    return [row["name"] for row in rows]


def _origin(row: Row) -> Origin:
    return Origin(
        name=row["name"],
        address=row["address"],
        repository=row["repository"],
        ref=row["ref"],
        path=row["path"],
        commit=row["commit_id"],
        version=row["version"],
        user_id=row["user_id"],
        source_id=row["source_id"],
        at_ms=row["at_ms"],
        checked_ms=row["checked_ms"],
        problem=row["problem"],
    )
