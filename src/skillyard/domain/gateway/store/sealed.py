"""SQL of sealed secrets of the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.infra.database import Row, Tx
from skillyard.infra.envelope import Sealed
from skillyard.infra.tables import Table

TABLES = (Table("gateway_secrets", ("ref", "format", "key_name", "wrapped_key", "nonce", "content")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A sealed secret; `ref`: what it belongs to, `format`: how it was sealed."""

    ref: str
    format: int
    sealed: Sealed


def put(tx: Tx, ref: str, sealed: Sealed, *, format: int) -> None:
    """Add it, in place of the one with the same `ref`."""
    remove(tx, ref)
    tx.run(
        "INSERT INTO gateway_secrets (ref, format, key_name, wrapped_key, nonce, content) VALUES (?, ?, ?, ?, ?, ?)",
        ref, format, sealed.key_name, sealed.wrapped_key, sealed.nonce, sealed.content,
    )  # fmt: skip


def find(tx: Tx, ref: str) -> Record | None:
    row = tx.one("SELECT * FROM gateway_secrets WHERE ref = ?", ref)
    return _record(row) if row else None


def remove(tx: Tx, ref: str) -> None:
    tx.run("DELETE FROM gateway_secrets WHERE ref = ?", ref)


def list_under_other_keys(tx: Tx, key_name: str, *, after: str, limit: int) -> list[Record]:
    """Records that another key than this one locks, in the order of their refs."""
    sql = "SELECT * FROM gateway_secrets WHERE key_name <> ? AND ref > ? ORDER BY ref LIMIT ?"
    return [_record(row) for row in tx.all(sql, key_name, after, limit)]


def set_key(tx: Tx, record: Record, sealed: Sealed) -> None:
    """Lock it with another key. One that was removed or replaced in between stays as it is."""
    tx.run(
        "UPDATE gateway_secrets SET key_name = ?, wrapped_key = ? WHERE ref = ? AND wrapped_key = ?",
        sealed.key_name, sealed.wrapped_key, record.ref, record.sealed.wrapped_key,
    )  # fmt: skip


def count_by_key(tx: Tx) -> dict[str, int]:
    rows = tx.all("SELECT key_name, count(*) AS records FROM gateway_secrets GROUP BY key_name ORDER BY key_name")
    return {row["key_name"]: row["records"] for row in rows}


def _record(row: Row) -> Record:
    sealed = Sealed(
        key_name=row["key_name"],
        wrapped_key=bytes(row["wrapped_key"]),
        nonce=bytes(row["nonce"]),
        content=bytes(row["content"]),
    )
    return Record(ref=row["ref"], format=row["format"], sealed=sealed)
