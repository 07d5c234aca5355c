"""SQL of refunds, of providers' events, and of how far their lists were read."""

from __future__ import annotations

from skillyard.domain.payments.model import Refund, RefundStatus
from skillyard.infra.database import Row, Tx
from skillyard.infra.money import Asset
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "refunds",
        (
            "id", "invoice_id", "buyer_id", "rail", "receipt_reference", "asset", "amount", "to_address", "status",
            "attempt", "prepared", "reference", "reason", "why", "requested_ms", "updated_ms",
        ),
    ),
    Table(
        "provider_events", ("rail", "event_id", "kind", "object_id", "account", "received_ms", "handled_ms")
    ),
    Table("rail_cursors", ("rail", "cursor")),
)  # fmt: skip


def add_refund(tx: Tx, new: Refund) -> bool:
    """False when one with this id, or of this reference at the provider, is there already."""
    return tx.insert_new(
        "INSERT INTO refunds (id, invoice_id, buyer_id, rail, receipt_reference, asset, amount, to_address, status,"
        " attempt, prepared, reference, reason, why, requested_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id, new.invoice_id, new.buyer_id, new.rail, new.receipt_reference, new.asset.value, new.amount,
        new.to_address, new.status.value, new.attempt, new.prepared, new.reference, new.reason, new.why,
        new.requested_ms, new.requested_ms,
    )  # fmt: skip


def find_refund(tx: Tx, refund_id: str) -> Refund | None:
    row = tx.one("SELECT * FROM refunds WHERE id = ?", refund_id)
    return _refund(row) if row else None


def find_by_reference(tx: Tx, rail: str, reference: str) -> Refund | None:
    row = tx.one("SELECT * FROM refunds WHERE rail = ? AND reference = ?", rail, reference)
    return _refund(row) if row else None


def list_refunds(tx: Tx, invoice_id: str) -> list[Refund]:
    return [_refund(row) for row in tx.all("SELECT * FROM refunds WHERE invoice_id = ? ORDER BY id", invoice_id)]


def list_unfinished(tx: Tx, *, updated_before_ms: int, limit: int) -> list[Refund]:
    sql = "SELECT * FROM refunds WHERE status IN ('requested', 'submitting', 'unknown') AND updated_ms <= ?"
    return [_refund(row) for row in tx.all(f"{sql} ORDER BY updated_ms LIMIT ?", updated_before_ms, limit)]


def has_unfinished(tx: Tx, invoice_id: str) -> bool:
    """Whether money of the invoice is on its way back, and may yet stay."""
    sql = "SELECT 1 FROM refunds WHERE invoice_id = ? AND status IN ('requested', 'submitting', 'unknown')"
    return tx.one(sql, invoice_id) is not None


def set_refund(tx: Tx, before: Refund, after: Refund, *, now_ms: int) -> bool:
    """False when it is in another state, or at another attempt, than `before`."""
    sql = (
        "UPDATE refunds SET status = ?, attempt = ?, prepared = ?, reference = ?, why = ?, updated_ms = ?"
        " WHERE id = ? AND status = ? AND attempt = ?"
    )
    changed = tx.run(
        sql, after.status.value, after.attempt, after.prepared, after.reference, after.why, now_ms,
        before.id, before.status.value, before.attempt,
    )  # fmt: skip
    return changed == 1


def add_provider_event(
    tx: Tx, *, rail: str, event_id: str, kind: str, object_id: str, account: str | None, now_ms: int
) -> bool:
    """False when it was received before."""
    return tx.insert_new(
        "INSERT INTO provider_events (rail, event_id, kind, object_id, account, received_ms) VALUES (?, ?, ?, ?, ?, ?)",
        rail, event_id, kind, object_id, account, now_ms,
    )  # fmt: skip


def find_unhandled(tx: Tx, rail: str, event_id: str) -> Row | None:
    return tx.one(
        "SELECT * FROM provider_events WHERE rail = ? AND event_id = ? AND handled_ms IS NULL", rail, event_id
    )


def set_handled(tx: Tx, rail: str, event_id: str, *, now_ms: int) -> None:
    tx.run("UPDATE provider_events SET handled_ms = ? WHERE rail = ? AND event_id = ?", now_ms, rail, event_id)


def forget_provider_events(tx: Tx, *, received_before_ms: int) -> None:
    tx.run("DELETE FROM provider_events WHERE received_ms < ? AND handled_ms IS NOT NULL", received_before_ms)


def find_cursor(tx: Tx, rail: str) -> str | None:
    row = tx.one("SELECT cursor FROM rail_cursors WHERE rail = ?", rail)
    return row["cursor"] if row else None


def set_cursor(tx: Tx, rail: str, cursor: str) -> None:
    sql = "INSERT INTO rail_cursors (rail, cursor) VALUES (?, ?)"
    tx.run(f"{sql} ON CONFLICT (rail) DO UPDATE SET cursor = excluded.cursor", rail, cursor)


def _refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        invoice_id=row["invoice_id"],
        buyer_id=row["buyer_id"],
        rail=row["rail"],
        receipt_reference=row["receipt_reference"],
        asset=Asset(row["asset"]),
        amount=int(row["amount"]),
        to_address=row["to_address"],
        status=RefundStatus(row["status"]),
        attempt=row["attempt"],
        prepared=row["prepared"],
        reference=row["reference"],
        reason=row["reason"],
        why=row["why"],
        requested_ms=row["requested_ms"],
    )
