"""SQL of credentials: sealed secrets, and each time that one was opened."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.domain.gateway.model import Credential, CredentialUse
from skillyard.infra.database import Row, Tx
from skillyard.infra.envelope import Sealed
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "credentials",
        (
            "id", "owner_id", "provider", "label", "for_scripts", "format", "key_name", "wrapped_key", "nonce",
            "content", "created_ms", "last_used_ms",
        ),
    ),
    Table("credential_uses", ("id", "credential_id", "owner_id", "provider", "why", "at_ms")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A credential with its sealed secret; `format` says how it was sealed."""

    credential: Credential
    sealed: Sealed
    format: int


def put(tx: Tx, record: Record) -> None:
    """Add it in place of the one that its owner has for the same service; that one's key is gone."""
    one, sealed = record.credential, record.sealed
    tx.run("DELETE FROM credentials WHERE owner_id = ? AND provider = ?", one.owner_id, one.provider)
    tx.run(
        "INSERT INTO credentials (id, owner_id, provider, label, for_scripts, format, key_name, wrapped_key, nonce,"
        " content, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        one.id, one.owner_id, one.provider, one.label, int(one.for_scripts), record.format, sealed.key_name,
        sealed.wrapped_key, sealed.nonce, sealed.content, one.created_ms,
    )  # fmt: skip


def find(tx: Tx, owner_id: str, provider: str) -> Record | None:
    row = tx.one("SELECT * FROM credentials WHERE owner_id = ? AND provider = ?", owner_id, provider)
    return _record(row) if row else None


def find_by_id(tx: Tx, owner_id: str, credential_id: str) -> Credential | None:
    row = tx.one("SELECT * FROM credentials WHERE owner_id = ? AND id = ?", owner_id, credential_id)
    return _credential(row) if row else None


def list_of(tx: Tx, owner_id: str) -> list[Credential]:
    """In the order of the services' names."""
    return [
        _credential(row) for row in tx.all("SELECT * FROM credentials WHERE owner_id = ? ORDER BY provider", owner_id)
    ]


def remove(tx: Tx, credential_id: str) -> bool:
    return tx.run("DELETE FROM credentials WHERE id = ?", credential_id) == 1


def note_use(tx: Tx, credential: Credential, why: str, *, now_ms: int) -> None:
    tx.run(
        "INSERT INTO credential_uses (credential_id, owner_id, provider, why, at_ms) VALUES (?, ?, ?, ?, ?)",
        credential.id, credential.owner_id, credential.provider, why, now_ms,
    )  # fmt: skip
    tx.run("UPDATE credentials SET last_used_ms = ? WHERE id = ?", now_ms, credential.id)


def list_uses(tx: Tx, owner_id: str, credential_id: str, *, before: int, limit: int) -> list[CredentialUse]:
    """The newest first."""
    rows = tx.all(
        "SELECT id, why, at_ms FROM credential_uses WHERE owner_id = ? AND credential_id = ? AND id < ?"
        " ORDER BY id DESC LIMIT ?",
        owner_id, credential_id, before, limit,
    )  # fmt: skip
    return [CredentialUse(id=row["id"], why=row["why"], at_ms=row["at_ms"]) for row in rows]


def forget_uses(tx: Tx, *, before_ms: int) -> None:
    tx.run("DELETE FROM credential_uses WHERE at_ms < ?", before_ms)


def list_under_other_keys(tx: Tx, key_name: str, *, after: str, limit: int) -> list[Record]:
    """Records that another key than this one locks, in the order of their ids."""
    sql = "SELECT * FROM credentials WHERE key_name <> ? AND id > ? ORDER BY id LIMIT ?"
    return [_record(row) for row in tx.all(sql, key_name, after, limit)]


def set_key(tx: Tx, credential_id: str, sealed: Sealed) -> None:
    """Lock it with another key. One that was removed or replaced in between stays away."""
    tx.run(
        "UPDATE credentials SET key_name = ?, wrapped_key = ? WHERE id = ?",
        sealed.key_name, sealed.wrapped_key, credential_id,
    )  # fmt: skip


def count_by_key(tx: Tx) -> dict[str, int]:
    rows = tx.all("SELECT key_name, count(*) AS records FROM credentials GROUP BY key_name ORDER BY key_name")
    return {row["key_name"]: row["records"] for row in rows}


def _record(row: Row) -> Record:
    sealed = Sealed(
        key_name=row["key_name"],
        wrapped_key=bytes(row["wrapped_key"]),
        nonce=bytes(row["nonce"]),
        content=bytes(row["content"]),
    )
    return Record(credential=_credential(row), sealed=sealed, format=row["format"])


def _credential(row: Row) -> Credential:
    return Credential(
        id=row["id"],
        owner_id=row["owner_id"],
        provider=row["provider"],
        label=row["label"],
        for_scripts=bool(row["for_scripts"]),
        created_ms=row["created_ms"],
        last_used_ms=row["last_used_ms"],
    )
