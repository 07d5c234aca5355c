"""SQL of compositions. Each change says from which state it goes, so that of two who advance one only one does."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.domain.market.board_model import Composition, CompositionStatus, Hop
from skillyard.domain.market.model import Failure, InvocationStatus
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "compositions",
        (
            "id", "owner_id", "agent_id", "scopes", "input", "output", "status", "error_code", "error_message",
            "retry_key", "fingerprint", "created_ms", "updated_ms", "settled_ms",
        ),
    ),
    Table(
        "composition_hops",
        ("composition_id", "position", "offer_id", "name", "version", "price", "mapping", "invocation_id"),
    ),
)  # fmt: skip
_HOPS = (
    "SELECT h.*, i.status, i.price AS charged FROM composition_hops h"
    " LEFT JOIN invocations i ON i.id = h.invocation_id WHERE h.composition_id = ? ORDER BY h.position"
)


def add_composition(tx: Tx, new: Composition, *, retry_key: str | None, fingerprint: str) -> bool:
    """False when its owner has used the key before."""
    added = tx.insert_new(
        "INSERT INTO compositions (id, owner_id, agent_id, scopes, input, status, retry_key, fingerprint, created_ms,"
        " updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id, new.owner_id, new.agent_id, " ".join(new.scopes), _json(new.input), new.status.value, retry_key,
        fingerprint, new.created_ms, new.updated_ms,
    )  # fmt: skip
    for position, hop in enumerate(new.hops if added else ()):
        tx.run(
            "INSERT INTO composition_hops (composition_id, position, offer_id, name, version, price, mapping)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            new.id, position, hop.offer_id, hop.name, hop.version, hop.price, _json(dict(hop.mapping)),
        )  # fmt: skip
    return added


def find_composition(tx: Tx, composition_id: str) -> Composition | None:
    row = tx.one("SELECT * FROM compositions WHERE id = ?", composition_id)
    return _composition(tx, row) if row else None


def find_by_key(tx: Tx, owner_id: str, retry_key: str) -> tuple[Composition, str] | None:
    """What an owner used the key for, and its fingerprint."""
    row = tx.one("SELECT * FROM compositions WHERE owner_id = ? AND retry_key = ?", owner_id, retry_key)
    return (_composition(tx, row), row["fingerprint"]) if row else None


def find_of_invocation(tx: Tx, invocation_id: str) -> str | None:
    """The composition that an invocation is part of."""
    row = tx.one("SELECT composition_id FROM composition_hops WHERE invocation_id = ?", invocation_id)
    return row["composition_id"] if row else None


def list_of_owner(tx: Tx, owner_id: str, *, before: str, limit: int) -> list[Composition]:
    """The newest first; `before`: an id, empty at the start."""
    since, args = ("AND id < ?", [before]) if before else ("", [])
    sql = f"SELECT * FROM compositions WHERE owner_id = ? {since} ORDER BY id DESC LIMIT ?"  # noqa: S608 (only marks)
    return [_composition(tx, row) for row in tx.all(sql, owner_id, *args, limit)]


def list_left(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """Ids of those that run and that nobody has touched since, the longest left first."""
    sql = "SELECT id FROM compositions WHERE status = 'running' AND updated_ms < ? ORDER BY updated_ms LIMIT ?"
    return [row["id"] for row in tx.all(sql, before_ms, limit)]


def begin_hop(tx: Tx, composition_id: str, position: int, invocation_id: str, *, now_ms: int) -> None:
    """Note what a hop is invoked as; noted once."""
    sql = "UPDATE composition_hops SET invocation_id = ? WHERE composition_id = ? AND position = ?"
    tx.run(f"{sql} AND invocation_id IS NULL", invocation_id, composition_id, position)
    touch(tx, composition_id, now_ms=now_ms)


def touch(tx: Tx, composition_id: str, *, now_ms: int) -> None:
    tx.run("UPDATE compositions SET updated_ms = ? WHERE id = ? AND status = 'running'", now_ms, composition_id)


def settle(tx: Tx, settled: Composition) -> bool:
    """Write how it ended. False when it had ended before."""
    is_completed, failure = settled.status is CompositionStatus.COMPLETED, settled.failure
    sql = (
        "UPDATE compositions SET status = ?, output = ?, error_code = ?, error_message = ?, settled_ms = ?,"
        " updated_ms = ? WHERE id = ? AND status = 'running'"
    )
    changed = tx.run(
        sql, settled.status.value, _json(settled.output) if is_completed else None, failure.code if failure else None,
        failure.message if failure else None, settled.settled_ms, settled.updated_ms, settled.id,
    )  # fmt: skip
    return changed == 1


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _composition(tx: Tx, row: Row) -> Composition:
    failure = Failure(code=row["error_code"], message=row["error_message"]) if row["error_code"] else None
    return Composition(
        id=row["id"],
        owner_id=row["owner_id"],
        agent_id=row["agent_id"],
        scopes=tuple(row["scopes"].split()),
        input=orjson.loads(row["input"]),
        output=orjson.loads(row["output"]) if row["output"] is not None else None,
        status=CompositionStatus(row["status"]),
        failure=failure,
        hops=tuple(_hop(hop) for hop in tx.all(_HOPS, row["id"])),
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        settled_ms=row["settled_ms"],
    )


def _hop(row: Row) -> Hop:
    status = InvocationStatus(row["status"]) if row["status"] else None
    return Hop(
        offer_id=row["offer_id"],
        name=row["name"],
        version=row["version"],
        price=int(row["price"]),
        mapping=orjson.loads(row["mapping"]),
        invocation_id=row["invocation_id"],
        status=status,
        paid=int(row["charged"]) if status is InvocationStatus.COMPLETED else 0,
    )
