"""SQL of integrations that administrators added: the texts of their files."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("integrations", ("slug", "version", "digest", "content", "changed_by", "changed_ms", "removed_ms")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`digest`: SHA-256 of the text, by which copies in memory are known to be those of today."""

    slug: str
    version: int
    digest: str
    content: str
    changed_by: str
    changed_ms: int


def next_version(tx: Tx, slug: str) -> int:
    """The version that the next text of it gets, held for the rest of the transaction; 1 when there never was one."""
    tx.lock(f"integration {slug}")
    row = tx.one("SELECT version FROM integrations WHERE slug = ?", slug)
    return int(row["version"]) + 1 if row else 1


def put(tx: Tx, record: Record) -> None:
    """Add it, in place of the text that it had."""
    tx.run(
        "INSERT INTO integrations (slug, version, digest, content, changed_by, changed_ms) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (slug) DO UPDATE SET version = excluded.version, digest = excluded.digest,"
        " content = excluded.content, changed_by = excluded.changed_by, changed_ms = excluded.changed_ms,"
        " removed_ms = NULL",
        record.slug, record.version, record.digest, record.content, record.changed_by, record.changed_ms,
    )  # fmt: skip


def remove(tx: Tx, slug: str, *, by: str, now_ms: int) -> bool:
    """False when there is none (any more)."""
    changed = tx.run(
        "UPDATE integrations SET content = '', digest = '', changed_by = ?, changed_ms = ?, removed_ms = ?"
        " WHERE slug = ? AND removed_ms IS NULL",
        by, now_ms, now_ms, slug,
    )  # fmt: skip
    return changed == 1


def digest_of(tx: Tx, slug: str) -> str | None:
    """Of its text as it is now; None when there is none."""
    row = tx.one("SELECT digest FROM integrations WHERE slug = ? AND removed_ms IS NULL", slug)
    return row["digest"] if row else None


def list_digests(tx: Tx) -> dict[str, str]:
    """By their names, in order."""
    rows = tx.all("SELECT slug, digest FROM integrations WHERE removed_ms IS NULL ORDER BY slug")
    return {row["slug"]: row["digest"] for row in rows}


def find(tx: Tx, slug: str) -> Record | None:
    row = tx.one(
        "SELECT slug, version, digest, content, changed_by, changed_ms FROM integrations"
        " WHERE slug = ? AND removed_ms IS NULL",
        slug,
    )
    return Record(**row) if row else None
