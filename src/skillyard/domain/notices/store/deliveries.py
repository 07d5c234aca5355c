"""SQL of messages to webhooks, and of what came of them."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from skillyard.domain.notices.model import About, Delivery
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "hook_deliveries",
        (
            "id", "hook_id", "position", "event", "about", "body", "status", "tries", "attempts", "next_ms",
            "answer_status", "answer", "why", "created_ms", "tried_ms",
        ),
    ),
)  # fmt: skip


def add_delivery(tx: Tx, new: Delivery) -> bool:
    """False when the webhook has one of this event already."""
    return tx.insert_new(
        "INSERT INTO hook_deliveries (id, hook_id, position, event, about, body, status, tries, attempts, next_ms,"
        " answer, why, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
        new.id, new.hook_id, new.position, new.event, orjson.dumps(asdict(new.about)).decode(), new.body, new.status,
        new.tries, new.attempts, new.next_ms, new.why, new.created_ms,
    )  # fmt: skip


def find_delivery(tx: Tx, delivery_id: str) -> Delivery | None:
    row = tx.one("SELECT * FROM hook_deliveries WHERE id = ?", delivery_id)
    return _delivery(row) if row else None


def set_delivery(tx: Tx, delivery: Delivery) -> None:
    """What came of it by now."""
    tx.run(
        "UPDATE hook_deliveries SET status = ?, tries = ?, attempts = ?, next_ms = ?, answer_status = ?, answer = ?,"
        " why = ?, tried_ms = ? WHERE id = ?",
        delivery.status, delivery.tries, delivery.attempts, delivery.next_ms, delivery.answer_status, delivery.answer,
        delivery.why, delivery.tried_ms, delivery.id,
    )  # fmt: skip


def list_deliveries(tx: Tx, hook_id: str, *, before: str, limit: int) -> list[Delivery]:
    """The newest first."""
    sql = "SELECT * FROM hook_deliveries WHERE hook_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return [_delivery(row) for row in tx.all(sql, hook_id, before, limit)]


def list_forgotten(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """The ids of those that wait since long before they were to be tried."""
    sql = "SELECT id FROM hook_deliveries WHERE status = 'pending' AND next_ms < ? ORDER BY next_ms LIMIT ?"
    return [row["id"] for row in tx.all(sql, before_ms, limit)]


def forget_deliveries(tx: Tx, *, before_ms: int) -> None:
    tx.run("DELETE FROM hook_deliveries WHERE created_ms < ? AND status <> 'pending'", before_ms)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"], hook_id=row["hook_id"], position=row["position"], event=row["event"],
        about=About(**orjson.loads(row["about"])), body=row["body"], status=row["status"], tries=row["tries"],
        attempts=row["attempts"], next_ms=row["next_ms"], answer_status=row["answer_status"], answer=row["answer"],
        why=row["why"], created_ms=row["created_ms"], tried_ms=row["tried_ms"],
    )  # fmt: skip
