"""SQL of payouts and of their steps from state to state."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.domain.payments.model import Payout, PayoutMoved, PayoutStatus
from skillyard.domain.payments.payout_model import IN_FLIGHT, OPEN, PayoutStep
from skillyard.infra.database import Row, Tx
from skillyard.infra.money import Asset
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "payouts",
        (
            "id", "user_id", "rail", "method_id", "destination", "asset", "amount", "fee", "status", "attempt",
            "prepared", "reference", "why", "request_key", "needs_approval", "approved_by", "held_until_ms",
            "requested_ms", "updated_ms", "next_try_ms", "claimed_until_ms", "came_back",
        ),
    ),
    Table(
        "payout_events",
        ("position", "payout_id", "from_status", "to_status", "cause", "actor", "journal_id", "at_ms"),
    ),
)  # fmt: skip

_ID = re.compile(r"po_[0-9a-z]{26}", re.ASCII)


def add(tx: Tx, payout: Payout, *, key: str | None) -> bool:
    """False when the method has an open one, or the person has used the key."""
    return tx.insert_new(
        "INSERT INTO payouts (id, user_id, rail, method_id, destination, asset, amount, fee, status, attempt, why,"
        " request_key, needs_approval, held_until_ms, requested_ms, updated_ms, next_try_ms, claimed_until_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        payout.id, payout.user_id, payout.rail, payout.method_id, payout.destination, payout.asset.value,
        payout.amount, payout.fee, payout.status.value, payout.attempt, payout.why, key, int(payout.needs_approval),
        payout.held_until_ms, payout.requested_ms, payout.updated_ms, payout.held_until_ms,
    )  # fmt: skip


def take(tx: Tx, payout_id: str) -> Payout | None:
    """As it is now; nobody else moves it until the commit."""
    if not _ID.fullmatch(payout_id):
        return None
    tx.lock(f"payout {payout_id}")
    return find(tx, payout_id)


def find(tx: Tx, payout_id: str) -> Payout | None:
    if not _ID.fullmatch(payout_id):
        return None
    row = tx.one("SELECT * FROM payouts WHERE id = ?", payout_id)
    return _payout(row) if row else None


def find_by_key(tx: Tx, user_id: str, key: str) -> Payout | None:
    row = tx.one("SELECT * FROM payouts WHERE user_id = ? AND request_key = ?", user_id, key)
    return _payout(row) if row else None


def find_open(tx: Tx, method_id: str) -> Payout | None:
    sql = f"SELECT * FROM payouts WHERE method_id = ? AND status IN ({_marks(OPEN)})"  # noqa: S608 (only marks)
    row = tx.one(sql, method_id, *_words(OPEN))
    return _payout(row) if row else None


def move(tx: Tx, payout: Payout, *, was: PayoutStatus, next_try_ms: int) -> bool:
    """Store what changes on the way to another state; False when it is not in the state `was` any more."""
    sql = (
        "UPDATE payouts SET status = ?, attempt = ?, prepared = ?, reference = ?, fee = ?, why = ?, updated_ms = ?,"
        " next_try_ms = ?, claimed_until_ms = 0 WHERE id = ? AND status = ?"
    )
    return bool(
        tx.run(
            sql, payout.status.value, payout.attempt, payout.prepared, payout.reference, payout.fee, payout.why,
            payout.updated_ms, next_try_ms, payout.id, was.value,
        )
    )  # fmt: skip


def set_approved(tx: Tx, payout_id: str, approved_by: str, *, why: str) -> None:
    sql = "UPDATE payouts SET approved_by = ?, why = ?, next_try_ms = held_until_ms WHERE id = ?"
    tx.run(sql, approved_by, why, payout_id)


def claim(tx: Tx, payout_id: str, *, until_ms: int, now_ms: int) -> bool:
    """Whether it is due, and ours to work on until then."""
    sql = (
        "UPDATE payouts SET claimed_until_ms = ? WHERE id = ? AND claimed_until_ms <= ? AND next_try_ms <= ?"  # noqa: S608
        f" AND status IN ({_marks(OPEN)})"
    )
    return bool(tx.run(sql, until_ms, payout_id, now_ms, now_ms, *_words(OPEN)))


def postpone(tx: Tx, payout_id: str, *, attempt: int, until_ms: int, why: str) -> None:
    """Give the claim back; unless it is another attempt by now."""
    sql = "UPDATE payouts SET claimed_until_ms = 0, next_try_ms = ?, why = ? WHERE id = ? AND attempt = ?"
    tx.run(sql, until_ms, why, payout_id, attempt)


def set_due(tx: Tx, payout_id: str, *, now_ms: int) -> None:
    tx.run("UPDATE payouts SET next_try_ms = ? WHERE id = ? AND next_try_ms > ?", now_ms, payout_id, now_ms)


def is_another_in_flight(tx: Tx, rail: str, payout_id: str) -> bool:
    """Whether another payout, or a refund, is with the provider."""
    sql = f"SELECT 1 AS found FROM payouts WHERE rail = ? AND id <> ? AND status IN ({_marks(IN_FLIGHT)})"  # noqa: S608
    refunds = "SELECT 1 AS found FROM refunds WHERE rail = ? AND status IN ('submitting', 'unknown')"
    return (tx.one(sql, rail, payout_id, *_words(IN_FLIGHT)) or tx.one(refunds, rail)) is not None


def set_came_back(tx: Tx, payout_id: str, moved: PayoutMoved) -> None:
    """Keep what was said too early."""
    said = orjson.dumps(asdict(moved)).decode()
    tx.run("UPDATE payouts SET came_back = ? WHERE id = ?", said, payout_id)


def find_came_back(tx: Tx, payout_id: str) -> PayoutMoved | None:
    row = tx.one("SELECT came_back FROM payouts WHERE id = ?", payout_id)
    return PayoutMoved(**orjson.loads(row["came_back"])) if row and row["came_back"] else None


def list_due(tx: Tx, *, now_ms: int, limit: int) -> list[str]:
    """Ids, those that have waited longest first."""
    rows = tx.all(
        "SELECT id FROM payouts WHERE next_try_ms <= ? AND claimed_until_ms <= ?"  # noqa: S608 (only marks)
        f" AND status IN ({_marks(OPEN)}) ORDER BY next_try_ms, id LIMIT ?",
        now_ms, now_ms, *_words(OPEN), limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


def list_unapproved(tx: Tx) -> list[str]:
    """Ids, the oldest first."""
    sql = "SELECT id FROM payouts WHERE status = 'requested' AND needs_approval = 1 AND approved_by IS NULL ORDER BY id"
    return [row["id"] for row in tx.all(sql)]


def list_late(tx: Tx, *, updated_before_ms: int) -> list[str]:
    """Each as its id and why; approved or with the provider since before then, the oldest first."""
    statuses = OPEN - {PayoutStatus.REQUESTED}
    rows = tx.all(
        f"SELECT id, status, why FROM payouts WHERE status IN ({_marks(statuses)}) AND updated_ms < ? ORDER BY id",  # noqa: S608
        *_words(statuses), updated_before_ms,
    )  # fmt: skip
    return [f"{row['id']} is {row['status']}{': ' if row['why'] else ''}{row['why']}" for row in rows]


def list_payouts(
    tx: Tx,
    *,
    user_id: str | None,
    statuses: Collection[PayoutStatus],
    before: tuple[int, str],
    limit: int,
    offset: int,
) -> list[Payout]:
    """The newest first; of everybody, or in every state, where none is named."""
    sql, args = "SELECT * FROM payouts WHERE (requested_ms, id) < (?, ?)", [*before]
    if user_id is not None:
        sql, args = f"{sql} AND user_id = ?", [*args, user_id]
    if statuses:
        sql, args = f"{sql} AND status IN ({_marks(statuses)})", [*args, *_words(statuses)]
    rows = tx.all(f"{sql} ORDER BY requested_ms DESC, id DESC LIMIT ? OFFSET ?", *args, limit, offset)
    return [_payout(row) for row in rows]


def list_waiting_to(tx: Tx, method_ids: Collection[str]) -> list[str]:
    """Ids of the payouts by these methods that are not sent."""
    if not method_ids:
        return []
    sql = f"SELECT id FROM payouts WHERE method_id IN ({_marks(method_ids)}) AND status IN ('requested', 'approved')"  # noqa: S608
    return [row["id"] for row in tx.all(f"{sql} ORDER BY id", *method_ids)]


def find_statuses(tx: Tx, payout_ids: Collection[str]) -> dict[str, PayoutStatus]:
    if not payout_ids:
        return {}
    sql = f"SELECT id, status FROM payouts WHERE id IN ({_marks(payout_ids)})"  # noqa: S608 (only marks)
    return {row["id"]: PayoutStatus(row["status"]) for row in tx.all(sql, *payout_ids)}


def sum_paid(tx: Tx, user_id: str) -> dict[Asset, int]:
    """What somebody was paid out and has kept."""
    rows = tx.all(
        "SELECT asset, sum(amount) AS total FROM payouts WHERE user_id = ? AND status = 'paid' GROUP BY asset", user_id
    )
    return {Asset(row["asset"]): int(row["total"]) for row in rows}


def sum_unapproved(tx: Tx, user_id: str, asset: Asset, *, since_ms: int) -> int:
    """What somebody asked for since then that went out, or will, without an administrator looking at it."""
    row = tx.one(
        "SELECT coalesce(sum(amount), 0) AS total FROM payouts WHERE user_id = ? AND asset = ? AND requested_ms > ?"
        " AND rail <> 'credits' AND needs_approval = 0"
        " AND status NOT IN ('failed', 'rejected', 'cancelled', 'returned')",
        user_id, asset.value, since_ms,
    )  # fmt: skip
    return int(row["total"]) if row else 0


def add_step(tx: Tx, step: PayoutStep) -> None:
    tx.run(
        "INSERT INTO payout_events (payout_id, from_status, to_status, cause, actor, journal_id, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        step.payout_id, step.from_status and step.from_status.value, step.to_status.value, step.cause, step.actor,
        step.journal_id, step.at_ms,
    )  # fmt: skip


def list_steps(tx: Tx, payout_id: str) -> list[PayoutStep]:
    """The oldest first."""
    rows = tx.all("SELECT * FROM payout_events WHERE payout_id = ? ORDER BY position", payout_id)
    return [
        PayoutStep(
            payout_id=row["payout_id"],
            from_status=PayoutStatus(row["from_status"]) if row["from_status"] else None,
            to_status=PayoutStatus(row["to_status"]),
            cause=row["cause"],
            actor=row["actor"],
            journal_id=row["journal_id"],
            at_ms=row["at_ms"],
        )
        for row in rows
    ]


def _marks(values: Collection[Any]) -> str:
    return ", ".join("?" * len(values))


def _words(statuses: Iterable[PayoutStatus]) -> list[str]:
    return [status.value for status in statuses]


def _payout(row: Row) -> Payout:
    return Payout(
        id=row["id"],
        user_id=row["user_id"],
        rail=row["rail"],
        method_id=row["method_id"],
        destination=row["destination"],
        asset=Asset(row["asset"]),
        amount=int(row["amount"]),
        fee=int(row["fee"]),
        status=PayoutStatus(row["status"]),
        attempt=row["attempt"],
        prepared=row["prepared"],
        reference=row["reference"],
        why=row["why"],
        requested_ms=row["requested_ms"],
        updated_ms=row["updated_ms"],
        needs_approval=bool(row["needs_approval"]),
        approved_by=row["approved_by"],
        held_until_ms=row["held_until_ms"],
    )
