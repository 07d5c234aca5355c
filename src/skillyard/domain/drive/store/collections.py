"""SQL of collections, their skills, and how much their keys were used."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Iterable, Sequence

from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive.collection import Collection
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "collections",
        (
            "id", "owner_id", "name", "secret_hash", "prefix", "scopes", "skills_are_listed", "include_team",
            "include_shared", "is_public", "enabled", "monthly_quota", "rate_per_minute", "created_ms", "updated_ms",
            "expires_ms", "last_used_ms", "made_with",
        ),
    ),
    Table("collection_skills", ("collection_id", "name")),
    Table("collection_uses", ("collection_id", "month", "executions")),
)  # fmt: skip
_COLLECTIONS = (
    "SELECT c.*, coalesce(u.executions, 0) AS executions FROM collections c"
    " LEFT JOIN collection_uses u ON u.collection_id = c.id AND u.month = ?"
)


def add(tx: Tx, new: Collection, *, secret_hash: str) -> None:
    tx.run(
        "INSERT INTO collections (id, owner_id, name, secret_hash, prefix, scopes, skills_are_listed, include_team,"
        " include_shared, is_public, enabled, monthly_quota, rate_per_minute, created_ms, updated_ms, expires_ms,"
        " made_with) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id, new.owner_id, new.name, secret_hash, new.prefix, _words(new.scopes), int(new.skills is not None),
        int(new.include_team), int(new.include_shared), int(new.is_public), int(new.enabled), new.monthly_quota,
        new.rate_per_minute, new.created_ms, new.updated_ms, new.expires_ms, new.made_with,
    )  # fmt: skip
    _set_skills(tx, new)


def update(tx: Tx, new: Collection) -> None:
    """All that its owner can change; not the key."""
    tx.run(
        "UPDATE collections SET name = ?, skills_are_listed = ?, include_team = ?, include_shared = ?, is_public = ?,"
        " enabled = ?, monthly_quota = ?, rate_per_minute = ?, updated_ms = ?, expires_ms = ? WHERE id = ?",
        new.name, int(new.skills is not None), int(new.include_team), int(new.include_shared), int(new.is_public),
        int(new.enabled), new.monthly_quota, new.rate_per_minute, new.updated_ms, new.expires_ms, new.id,
    )  # fmt: skip
    tx.run("DELETE FROM collection_skills WHERE collection_id = ?", new.id)
    _set_skills(tx, new)


def set_key(tx: Tx, new: Collection, *, secret_hash: str) -> None:
    tx.run(
        "UPDATE collections SET secret_hash = ?, prefix = ?, scopes = ?, expires_ms = ?, updated_ms = ?,"
        " last_used_ms = NULL, made_with = ? WHERE id = ?",
        secret_hash, new.prefix, _words(new.scopes), new.expires_ms, new.updated_ms, new.made_with, new.id,
    )  # fmt: skip


def remove(tx: Tx, collection_id: str) -> None:
    """With its skills and counts (ON DELETE CASCADE)."""
    tx.run("DELETE FROM collections WHERE id = ?", collection_id)


def find(tx: Tx, owner_id: str, name: str, *, month: str) -> Collection | None:
    return _one(tx, f"{_COLLECTIONS} WHERE c.owner_id = ? AND c.name = ?", month, owner_id, name)


def find_public(tx: Tx, name: str, *, month: str) -> Collection | None:
    return _one(tx, f"{_COLLECTIONS} WHERE c.name = ? AND c.is_public = 1", month, name)


def find_by_secret(tx: Tx, secret_hash: str, *, month: str) -> Collection | None:
    return _one(tx, f"{_COLLECTIONS} WHERE c.secret_hash = ?", month, secret_hash)


def find_by_id(tx: Tx, collection_id: str, *, month: str) -> Collection | None:
    return _one(tx, f"{_COLLECTIONS} WHERE c.id = ?", month, collection_id)


def list_of_owner(tx: Tx, owner_id: str, *, after: str, limit: int, month: str) -> list[Collection]:
    """In the order of their names, those that come after a name."""
    rows = tx.all(
        f"{_COLLECTIONS} WHERE c.owner_id = ? AND c.name > ? ORDER BY c.name LIMIT ?", month, owner_id, after, limit
    )
    return _collections(tx, rows)


def count_of_owner(tx: Tx, owner_id: str) -> int:
    row = tx.one("SELECT count(*) AS number FROM collections WHERE owner_id = ?", owner_id)
    return int(row["number"]) if row else 0


def set_last_used(tx: Tx, collection_id: str, at_ms: int) -> None:
    tx.run("UPDATE collections SET last_used_ms = ? WHERE id = ?", at_ms, collection_id)


def count_uses(tx: Tx, collection_id: str, *, month: str, times: int) -> int:
    """So many more; how many it are with them. Counting at once with others waits for them."""
    tx.run(
        "INSERT INTO collection_uses (collection_id, month, executions) VALUES (?, ?, ?)"
        " ON CONFLICT (collection_id, month)"
        " DO UPDATE SET executions = collection_uses.executions + excluded.executions",
        collection_id, month, times,
    )  # fmt: skip
    row = tx.one("SELECT executions FROM collection_uses WHERE collection_id = ? AND month = ?", collection_id, month)
    assert row is not None
    return int(row["executions"])


def _set_skills(tx: Tx, new: Collection) -> None:
    for name in sorted(new.skills or ()):
        tx.run("INSERT INTO collection_skills (collection_id, name) VALUES (?, ?)", new.id, name)


def _one(tx: Tx, sql: str, *args: str) -> Collection | None:
    found = _collections(tx, tx.all(sql, *args))
    return found[0] if found else None


def _collections(tx: Tx, rows: Sequence[Row]) -> list[Collection]:
    skills = _list_skills(tx, [row["id"] for row in rows if row["skills_are_listed"]])
    return [_collection(row, skills.get(row["id"])) for row in rows]


def _list_skills(tx: Tx, ids: Some[str]) -> dict[str, frozenset[str]]:
    """Of each of the collections, which are all limited to some skills, or to none."""
    if not ids:
        return {}
    marks = ", ".join("?" * len(ids))
    rows = tx.all(f"SELECT * FROM collection_skills WHERE collection_id IN ({marks})", *ids)  # noqa: S608 (only marks)
    found: dict[str, set[str]] = {each: set() for each in ids}
    for row in rows:
        found[row["collection_id"]].add(row["name"])
    return {each: frozenset(names) for each, names in found.items()}


def _collection(row: Row, skills: frozenset[str] | None) -> Collection:
    return Collection(
        id=row["id"],
        owner_id=row["owner_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=frozenset(Scope(word) for word in row["scopes"].split()),
        skills=skills,
        include_team=bool(row["include_team"]),
        include_shared=bool(row["include_shared"]),
        is_public=bool(row["is_public"]),
        enabled=bool(row["enabled"]),
        monthly_quota=row["monthly_quota"],
        rate_per_minute=row["rate_per_minute"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        expires_ms=row["expires_ms"],
        last_used_ms=row["last_used_ms"],
        executions=row["executions"],
        made_with=row["made_with"],
    )


def _words(scopes: Iterable[Scope]) -> str:
    return " ".join(sorted(scopes))
