"""SQL of webhooks, their sealed secrets, and of how far events were followed for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import orjson

from skillyard.domain.drive.asking import Asker
from skillyard.domain.notices.model import Hook
from skillyard.infra.database import Row, Tx
from skillyard.infra.envelope import Sealed
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "hooks",
        (
            "id", "owner_id", "namespace", "url", "events", "threshold", "enabled", "why_disabled", "since_position",
            "failures", "failing_since_ms", "quiet_until_ms", "last_status", "last_tried_ms", "format", "key_name",
            "wrapped_key", "nonce", "content", "created_ms", "updated_ms", "key_id", "made_with",
        ),
    ),
    Table("hook_events", ("hook_id", "event")),
    Table("notice_cursors", ("name", "position")),
)  # fmt: skip

_PART = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A webhook with its sealed secret; `format` says how it was sealed."""

    hook: Hook
    sealed: Sealed
    format: int


def add_hook(tx: Tx, record: Record) -> None:
    new, sealed = record.hook, record.sealed
    tx.run(
        "INSERT INTO hooks (id, owner_id, namespace, url, events, threshold, enabled, why_disabled, since_position,"
        " failures, quiet_until_ms, format, key_name, wrapped_key, nonce, content, created_ms, updated_ms, key_id,"
        " made_with) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id, new.owner_id, new.namespace, new.url, orjson.dumps(new.events).decode(), new.threshold,
        int(new.enabled), new.why_disabled, new.since_position, record.format, sealed.key_name, sealed.wrapped_key,
        sealed.nonce, sealed.content, new.created_ms, new.updated_ms, new.asker.key_id, new.asker.made_with,
    )  # fmt: skip
    _set_events(tx, new)


def set_hook(tx: Tx, hook: Hook) -> None:
    """All of it but its secret and where it belongs."""
    tx.run(
        "UPDATE hooks SET owner_id = ?, key_id = ?, made_with = ?, url = ?, events = ?, threshold = ?, enabled = ?,"
        " why_disabled = ?, since_position = ?, failures = ?, failing_since_ms = ?, quiet_until_ms = ?,"
        " last_status = ?, last_tried_ms = ?, updated_ms = ? WHERE id = ?",
        hook.owner_id, hook.asker.key_id, hook.asker.made_with, hook.url, orjson.dumps(hook.events).decode(),
        hook.threshold, int(hook.enabled), hook.why_disabled, hook.since_position, hook.failures,
        hook.failing_since_ms, hook.quiet_until_ms, hook.last_status, hook.last_tried_ms, hook.updated_ms, hook.id,
    )  # fmt: skip
    _set_events(tx, hook)


def set_health(tx: Tx, hook: Hook) -> None:
    """What its last delivery tells of it, and whether it is still told anything."""
    tx.run(
        "UPDATE hooks SET enabled = ?, why_disabled = ?, failures = ?, failing_since_ms = ?, quiet_until_ms = ?,"
        " last_status = ?, last_tried_ms = ? WHERE id = ?",
        int(hook.enabled), hook.why_disabled, hook.failures, hook.failing_since_ms, hook.quiet_until_ms,
        hook.last_status, hook.last_tried_ms, hook.id,
    )  # fmt: skip


def remove_hook(tx: Tx, hook_id: str) -> bool:
    """With its deliveries."""
    return tx.run("DELETE FROM hooks WHERE id = ?", hook_id) == 1


def lock_hook(tx: Tx, hook_id: str) -> Hook | None:
    """As it is now; nobody else changes it until the commit."""
    tx.lock(f"hook {hook_id}")
    return find_hook(tx, hook_id)


def find_hook(tx: Tx, hook_id: str) -> Hook | None:
    row = tx.one("SELECT * FROM hooks WHERE id = ?", hook_id)
    return _hook(row) if row else None


def find_record(tx: Tx, hook_id: str) -> Record | None:
    row = tx.one("SELECT * FROM hooks WHERE id = ?", hook_id)
    return _record(row) if row else None


def list_own(tx: Tx, owner_id: str) -> list[Hook]:
    """Of a person for what concerns them, the oldest first."""
    rows = tx.all("SELECT * FROM hooks WHERE owner_id = ? AND namespace IS NULL ORDER BY id", owner_id)
    return [_hook(row) for row in rows]


def list_of_namespace(tx: Tx, namespace: str) -> list[Hook]:
    """The oldest first."""
    return [_hook(row) for row in tx.all("SELECT * FROM hooks WHERE namespace = ? ORDER BY id", namespace)]


def list_told(
    tx: Tx, names: Collection[str], *, people: Sequence[str], namespaces: Sequence[str], position: int
) -> list[Hook]:
    """Those that asked for one of these events, of these people and these namespaces, before it happened."""
    asked = f"SELECT hook_id FROM hook_events WHERE event IN ({', '.join('?' * len(names))})"  # noqa: S608 (only marks)
    sql = f"SELECT * FROM hooks WHERE enabled = 1 AND since_position < ? AND id IN ({asked})"  # noqa: S608 (as above)
    found = []
    for whose, every in (("namespace", namespaces), ("namespace IS NULL AND owner_id", people)):
        for part in _parts(every):
            marks = ", ".join("?" * len(part))
            found += tx.all(f"{sql} AND {whose} IN ({marks})", position, *names, *part)
    return [_hook(row) for row in found]


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """A skill that many have concerns more people than a statement has room for."""
    return (values[start : start + _PART] for start in range(0, len(values), _PART))


def are_there_any(tx: Tx) -> bool:
    return tx.one("SELECT 1 AS found FROM hooks WHERE enabled = 1 LIMIT 1") is not None


def is_asked_for(tx: Tx, names: Collection[str]) -> bool:
    """Whether some webhook asked for one of these events."""
    marks = ", ".join("?" * len(names))
    return tx.one(f"SELECT 1 AS found FROM hook_events WHERE event IN ({marks}) LIMIT 1", *names) is not None  # noqa: S608


def list_under_other_keys(tx: Tx, key_name: str, *, after: str, limit: int) -> list[Record]:
    """Those whose secret another key than this one locks, in the order of their ids."""
    sql = "SELECT * FROM hooks WHERE key_name <> ? AND id > ? ORDER BY id LIMIT ?"
    return [_record(row) for row in tx.all(sql, key_name, after, limit)]


def set_key(tx: Tx, hook_id: str, sealed: Sealed) -> None:
    tx.run("UPDATE hooks SET key_name = ?, wrapped_key = ? WHERE id = ?", sealed.key_name, sealed.wrapped_key, hook_id)


def count_by_key(tx: Tx) -> dict[str, int]:
    rows = tx.all("SELECT key_name, count(*) AS records FROM hooks GROUP BY key_name ORDER BY key_name")
    return {row["key_name"]: row["records"] for row in rows}


def followed_to(tx: Tx, name: str) -> int:
    row = tx.one("SELECT position FROM notice_cursors WHERE name = ?", name)
    return int(row["position"]) if row else 0


def set_followed(tx: Tx, name: str, position: int) -> None:
    tx.run(
        "INSERT INTO notice_cursors (name, position) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        name, position,
    )  # fmt: skip


def _set_events(tx: Tx, hook: Hook) -> None:
    tx.run("DELETE FROM hook_events WHERE hook_id = ?", hook.id)
    for event in hook.events:
        tx.run("INSERT INTO hook_events (hook_id, event) VALUES (?, ?)", hook.id, event)


def _record(row: Row) -> Record:
    sealed = Sealed(
        key_name=row["key_name"],
        wrapped_key=bytes(row["wrapped_key"]),
        nonce=bytes(row["nonce"]),
        content=bytes(row["content"]),
    )
    return Record(hook=_hook(row), sealed=sealed, format=row["format"])


def _hook(row: Row) -> Hook:
    return Hook(
        id=row["id"], namespace=row["namespace"], url=row["url"],
        asker=Asker(user_id=row["owner_id"], key_id=row["key_id"], made_with=row["made_with"]),
        events=tuple(orjson.loads(row["events"])), threshold=row["threshold"], enabled=bool(row["enabled"]),
        why_disabled=row["why_disabled"], since_position=row["since_position"], failures=row["failures"],
        failing_since_ms=row["failing_since_ms"], quiet_until_ms=row["quiet_until_ms"],
        last_status=row["last_status"], last_tried_ms=row["last_tried_ms"], created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
    )  # fmt: skip
