"""SQL of invocations. Each change says from which state it goes: whoever is second changes nothing, and is told so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.domain.market.model import SERVER, Failure, Invocation, InvocationStatus, Usage
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "invocations",
        (
            "id", "offer_id", "version", "buyer_id", "agent_id", "passport_id", "intent", "input", "output",
            "error_code", "error_message", "status", "runs_here", "price", "rail", "claims", "claimed_by",
            "lease_until_ms", "expires_ms", "created_ms", "updated_ms", "started_ms", "settled_ms", "usage", "receipts",
            "retry_key", "fingerprint", "key_id",
        ),
    ),
)  # fmt: skip
_MOST_COUNTED = 500
_INVOCATIONS = (
    "SELECT i.*, o.name, o.owner_id, r.digest FROM invocations i JOIN market_offers o ON o.id = i.offer_id"
    " JOIN market_releases r ON r.offer_id = i.offer_id AND r.version = i.version"
)


def add_invocation(tx: Tx, new: Invocation, *, retry_key: str | None, fingerprint: str) -> bool:
    """False when its buyer has used the key before."""
    return tx.insert_new(
        "INSERT INTO invocations (id, offer_id, version, buyer_id, agent_id, passport_id, intent, input, status,"
        " runs_here, price, rail, claims, expires_ms, created_ms, updated_ms, usage, receipts, retry_key, fingerprint,"
        " key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, '[]', ?, ?, ?)",
        new.id, new.offer_id, new.version, new.buyer_id, new.agent_id, new.passport_id, new.intent, _json(new.input),
        new.status.value, int(new.runs_here), new.price, new.rail, new.expires_ms, new.created_ms, new.updated_ms,
        _json(asdict(new.usage)), retry_key, fingerprint, new.key_id,
    )  # fmt: skip


def find_invocation(tx: Tx, invocation_id: str) -> Invocation | None:
    row = tx.one(f"{_INVOCATIONS} WHERE i.id = ?", invocation_id)
    return _invocation(row) if row else None


def find_by_key(tx: Tx, buyer_id: str, retry_key: str) -> tuple[Invocation, str] | None:
    """What a buyer used the key for, and its fingerprint."""
    row = tx.one(f"{_INVOCATIONS} WHERE i.buyer_id = ? AND i.retry_key = ?", buyer_id, retry_key)
    return (_invocation(row), row["fingerprint"]) if row else None


def find_delivered(tx: Tx, buyer_id: str, offer_id: str) -> str | None:
    """The latest that was completed for a buyer."""
    row = tx.one(
        "SELECT id FROM invocations WHERE buyer_id = ? AND offer_id = ? AND status = 'completed'"
        " ORDER BY id DESC LIMIT 1",
        buyer_id, offer_id,
    )  # fmt: skip
    return row["id"] if row else None


def count_waiting(tx: Tx, buyer_id: str) -> int:
    """How much of what a buyer asked this server for last has not ended."""
    row = tx.one(
        "SELECT count(*) AS number FROM (SELECT status, runs_here FROM invocations WHERE buyer_id = ?"
        " ORDER BY id DESC LIMIT ?) AS latest WHERE runs_here = 1 AND status IN ('pending', 'processing')",
        buyer_id, _MOST_COUNTED,
    )  # fmt: skip
    return int(row["number"]) if row else 0


def count_open(tx: Tx, buyer_id: str) -> int:
    """Of all that the buyer asked for, what is not settled."""
    row = tx.one(
        "SELECT count(*) AS number FROM invocations WHERE buyer_id = ? AND status IN ('pending', 'processing')",
        buyer_id,
    )
    return int(row["number"]) if row else 0


def list_of_buyer(
    tx: Tx, buyer_id: str, *, status: InvocationStatus | None, before: str, limit: int
) -> list[Invocation]:
    """The newest first; `before`: an id, empty at the start."""
    parts, args = _since(before, status)
    rows = tx.all(f"{_INVOCATIONS} WHERE i.buyer_id = ?{parts} ORDER BY i.id DESC LIMIT ?", buyer_id, *args, limit)
    return [_invocation(row) for row in rows]


def list_of_provider(
    tx: Tx, namespaces: Collection[str], *, status: InvocationStatus | None, before: str, limit: int
) -> list[Invocation]:
    """Of the offers in these namespaces, the newest first."""
    if not namespaces:
        return []
    parts, args = _since(before, status)
    where = f"o.namespace IN ({', '.join('?' * len(namespaces))}){parts}"
    rows = tx.all(f"{_INVOCATIONS} WHERE {where} ORDER BY i.id DESC LIMIT ?", *namespaces, *args, limit)
    return [_invocation(row) for row in rows]


def list_pending(
    tx: Tx, namespaces: Collection[str], *, offer_id: str | None, now_ms: int, limit: int
) -> list[Invocation]:
    """What waits for a provider of these namespaces and not for this server, the oldest first."""
    if not namespaces:
        return []
    marks = ", ".join("?" * len(namespaces))
    where = f"i.status = 'pending' AND i.runs_here = 0 AND i.expires_ms > ? AND o.namespace IN ({marks})"
    args: list[Any] = [now_ms, *namespaces]
    if offer_id is not None:
        where, args = f"{where} AND i.offer_id = ?", [*args, offer_id]
    rows = tx.all(f"{_INVOCATIONS} WHERE {where} ORDER BY i.id LIMIT ?", *args, limit)
    return [_invocation(row) for row in rows]


def claim(tx: Tx, invocation_id: str, *, by: str, lease_until_ms: int, now_ms: int) -> bool:
    """Pending → processing, for exactly one. The registry may take over what it had begun with itself."""
    return _changed(
        tx,
        "UPDATE invocations SET status = 'processing', claimed_by = ?, claims = claims + 1, lease_until_ms = ?,"
        " started_ms = COALESCE(started_ms, ?), updated_ms = ? WHERE id = ? AND expires_ms > ?"
        " AND (status = 'pending' OR (status = 'processing' AND claimed_by = ? AND ? = 1))",
        by, lease_until_ms, now_ms, now_ms, invocation_id, now_ms, SERVER, int(by == SERVER),
    )  # fmt: skip


def renew(tx: Tx, invocation_id: str, *, by: str, lease_until_ms: int, now_ms: int) -> bool:
    """False unless it is still theirs. One whose lease is over, and that nobody else took, is theirs again."""
    return _changed(
        tx,
        "UPDATE invocations SET status = 'processing', lease_until_ms = ?, updated_ms = ? WHERE id = ?"
        " AND status IN ('pending', 'processing') AND claimed_by = ? AND expires_ms > ?",
        lease_until_ms, now_ms, invocation_id, by, now_ms,
    )  # fmt: skip


def settle(tx: Tx, settled: Invocation) -> bool:
    """Write how it ended. False when it had ended before, or somebody has begun with it anew."""
    failure = settled.failure
    return _changed(
        tx,
        "UPDATE invocations SET status = ?, output = ?, error_code = ?, error_message = ?, lease_until_ms = NULL,"
        " settled_ms = ?, updated_ms = ?, usage = ?, receipts = ?"
        " WHERE id = ? AND status IN ('pending', 'processing') AND claims = ?",
        settled.status.value, _json(settled.output) if settled.status is InvocationStatus.COMPLETED else None,
        failure.code if failure else None, failure.message if failure else None, settled.settled_ms,
        settled.updated_ms, _json(asdict(settled.usage)), _json(list(settled.receipts)), settled.id,
        settled.claims,
    )  # fmt: skip


def list_over(tx: Tx, *, now_ms: int, limit: int) -> list[str]:
    """Ids of those whose time is over, the first to end first."""
    sql = "SELECT id FROM invocations WHERE status IN ('pending', 'processing') AND expires_ms <= ?"
    return [row["id"] for row in tx.all(f"{sql} ORDER BY expires_ms LIMIT ?", now_ms, limit)]


def free_leases(tx: Tx, *, now_ms: int) -> int:
    """What providers began with and did not go on with waits again; who had it may still deliver. How many."""
    return tx.run(
        "UPDATE invocations SET status = 'pending', lease_until_ms = NULL, updated_ms = ? WHERE status = 'processing'"
        " AND lease_until_ms <= ? AND claimed_by <> ?",
        now_ms, now_ms, SERVER,
    )  # fmt: skip


def _since(before: str, status: InvocationStatus | None) -> tuple[str, list[str]]:
    parts, args = "", []
    if before:
        parts, args = " AND i.id < ?", [before]
    if status is not None:
        parts, args = f"{parts} AND i.status = ?", [*args, status.value]
    return parts, args


def _changed(tx: Tx, sql: str, *args: Any) -> bool:
    return tx.run(sql, *args) == 1


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _invocation(row: Row) -> Invocation:
    usage: dict[str, Any] = orjson.loads(row["usage"])
    return Invocation(
        id=row["id"],
        offer_id=row["offer_id"],
        name=row["name"],
        version=row["version"],
        digest=row["digest"],
        buyer_id=row["buyer_id"],
        owner_id=row["owner_id"],
        agent_id=row["agent_id"],
        passport_id=row["passport_id"],
        intent=row["intent"],
        input=orjson.loads(row["input"]),
        output=orjson.loads(row["output"]) if row["output"] is not None else None,
        failure=Failure(code=row["error_code"], message=row["error_message"] or "") if row["error_code"] else None,
        status=InvocationStatus(row["status"]),
        runs_here=bool(row["runs_here"]),
        price=int(row["price"]),
        rail=row["rail"],
        claims=row["claims"],
        claimed_by=row["claimed_by"],
        lease_until_ms=row["lease_until_ms"],
        expires_ms=row["expires_ms"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        started_ms=row["started_ms"],
        settled_ms=row["settled_ms"],
        usage=Usage(**{**usage, "steps": tuple(usage["steps"])}),
        receipts=tuple(orjson.loads(row["receipts"])),
        key_id=row["key_id"],
    )
