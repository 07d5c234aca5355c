"""SQL of invoices, their history, and the money that arrived for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.domain.payments.model import Invoice, InvoiceStatus, PayTo, Price, Quote, Receipt
from skillyard.infra.database import Row, Tx
from skillyard.infra.money import Asset
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "invoices",
        (
            "id", "item", "buyer_id", "seller_id", "rail", "price_id", "asset", "amount", "memo", "attempt", "details",
            "status", "is_waiting", "referrer_id", "fee_bps", "referral_bps", "received", "created_ms", "expires_ms",
            "paid_ms",
        ),
    ),
    Table(
        "invoice_events", ("id", "invoice_id", "from_status", "to_status", "cause", "actor", "journal_id", "at_ms")
    ),
    Table(
        "receipts",
        (
            "rail", "reference", "invoice_id", "asset", "amount", "fee", "memo", "payer", "details", "received_ms",
            "recorded_ms", "refunded",
        ),
    ),
)  # fmt: skip
_WITH_PRICE = (
    "SELECT invoices.*, prices.mode AS price_mode, prices.amount AS price_amount, prices.created_ms AS price_created_ms"
    " FROM invoices JOIN prices ON prices.id = invoices.price_id"
)


def add_invoice(tx: Tx, new: Invoice) -> bool:
    """False when the buyer has one waiting for the item and the rail already."""
    return tx.insert_new(
        "INSERT INTO invoices (id, item, buyer_id, seller_id, rail, price_id, asset, amount, memo, attempt, details,"
        " status, is_waiting, referrer_id, fee_bps, referral_bps, received, created_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        new.id, new.item, new.buyer_id, new.seller_id, new.rail, new.price.id, new.asset.value, new.amount, new.memo,
        new.attempt, _details(new.quote, new.pay_to), new.status.value, int(new.status.is_waiting), new.referrer_id,
        new.fee_bps, new.referral_bps, new.created_ms, new.expires_ms,
    )  # fmt: skip


def find_invoice(tx: Tx, invoice_id: str) -> Invoice | None:
    row = tx.one(f"{_WITH_PRICE} WHERE invoices.id = ?", invoice_id)
    return _invoice(row) if row else None


def find_waiting(tx: Tx, *, buyer_id: str, item: str, rail: str) -> Invoice | None:
    sql = f"{_WITH_PRICE} WHERE buyer_id = ? AND invoices.item = ? AND rail = ? AND is_waiting = 1"
    row = tx.one(sql, buyer_id, item, rail)
    return _invoice(row) if row else None


def find_by_memo(tx: Tx, memo: str) -> str | None:
    row = tx.one("SELECT id FROM invoices WHERE memo = ?", memo)
    return row["id"] if row else None


def list_over(tx: Tx, *, now_ms: int, grace_ms: int, limit: int) -> list[Invoice]:
    """Those that money is expected for and whose time is over, the oldest first; `grace_ms`: more of it for those that
    were paid in part.
    """
    sql = f"{_WITH_PRICE} WHERE is_waiting = 1 AND expires_ms <= ? AND (status <> 'underpaid' OR expires_ms <= ?)"
    return [_invoice(row) for row in tx.all(f"{sql} ORDER BY expires_ms LIMIT ?", now_ms, now_ms - grace_ms, limit)]


def list_open(tx: Tx, *, now_ms: int, limit: int) -> list[Invoice]:
    """Those that can be paid now, the first to expire first."""
    sql = f"{_WITH_PRICE} WHERE is_waiting = 1 AND expires_ms > ? AND status <> 'draft' ORDER BY expires_ms LIMIT ?"
    return [_invoice(row) for row in tx.all(sql, now_ms, limit)]


def list_due(tx: Tx, rails: Sequence[str], *, limit: int) -> list[Invoice]:
    """Those by these rails whose money buys nothing and has not gone back."""
    marks = ", ".join("?" * len(rails))
    sql = f"{_WITH_PRICE} WHERE status = 'refund_due' AND rail IN ({marks}) ORDER BY invoices.id LIMIT ?"
    return [_invoice(row) for row in tx.all(sql, *rails, limit)]


def list_of_buyer(tx: Tx, buyer_id: str, *, before: str, limit: int, offset: int) -> list[Invoice]:
    sql = f"{_WITH_PRICE} WHERE buyer_id = ? AND invoices.id < ? ORDER BY invoices.id DESC LIMIT ? OFFSET ?"
    return [_invoice(row) for row in tx.all(sql, buyer_id, before, limit, offset)]


def set_opened(tx: Tx, invoice: Invoice, pay_to: PayTo) -> bool:
    """A draft became open; False when something else happened to it meanwhile."""
    sql = "UPDATE invoices SET status = 'open', details = ? WHERE id = ? AND status = 'draft' AND attempt = ?"
    return tx.run(sql, _details(invoice.quote, pay_to), invoice.id, invoice.attempt) == 1


def set_status(tx: Tx, invoice: Invoice, to: InvoiceStatus, *, paid_ms: int | None = None) -> bool:
    """False when it is in another state than `invoice` says."""
    sql = "UPDATE invoices SET status = ?, is_waiting = ?, paid_ms = coalesce(?, paid_ms) WHERE id = ? AND status = ?"
    return tx.run(sql, to.value, int(to.is_waiting), paid_ms, invoice.id, invoice.status.value) == 1


def add_received(tx: Tx, invoice_id: str, amount: int) -> None:
    tx.run("UPDATE invoices SET received = received + ? WHERE id = ?", amount, invoice_id)


def add_event(
    tx: Tx, invoice: Invoice, to: InvoiceStatus, *, cause: str, actor: str, journal_id: str | None, at_ms: int
) -> None:
    tx.run(
        "INSERT INTO invoice_events (invoice_id, from_status, to_status, cause, actor, journal_id, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        invoice.id, invoice.status.value, to.value, cause, actor, journal_id, at_ms,
    )  # fmt: skip


def list_events(tx: Tx, invoice_id: str) -> list[Row]:
    return tx.all("SELECT * FROM invoice_events WHERE invoice_id = ? ORDER BY id", invoice_id)


def add_receipt(tx: Tx, receipt: Receipt, invoice_id: str | None, *, now_ms: int) -> bool:
    """False when this money was recorded before."""
    return tx.insert_new(
        "INSERT INTO receipts (rail, reference, invoice_id, asset, amount, fee, memo, payer, details, received_ms,"
        " recorded_ms, refunded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        receipt.rail, receipt.reference, invoice_id, receipt.asset.value, receipt.amount, receipt.fee, receipt.memo,
        receipt.payer, orjson.dumps(dict(receipt.details)).decode(), receipt.received_ms, now_ms,
    )  # fmt: skip


def set_matched(tx: Tx, rail: str, reference: str, invoice_id: str) -> bool:
    """False when somebody matched it before."""
    sql = "UPDATE receipts SET invoice_id = ? WHERE rail = ? AND reference = ? AND invoice_id IS NULL"
    return tx.run(sql, invoice_id, rail, reference) == 1


def find_receipt(tx: Tx, rail: str, reference: str) -> tuple[Receipt, int] | None:
    """It, and how much of it was refunded."""
    row = tx.one("SELECT * FROM receipts WHERE rail = ? AND reference = ?", rail, reference)
    return (_receipt(row), int(row["refunded"])) if row else None


def list_receipts(tx: Tx, invoice_id: str) -> list[tuple[Receipt, int]]:
    """The money that arrived for an invoice, the oldest first, each with how much of it was refunded."""
    rows = tx.all("SELECT * FROM receipts WHERE invoice_id = ? ORDER BY received_ms, reference", invoice_id)
    return [(_receipt(row), int(row["refunded"])) for row in rows]


def list_first_references(tx: Tx, invoice_ids: Sequence[str]) -> dict[str, str]:
    """By invoice, the provider's reference of the first money that came for it."""
    if not invoice_ids:
        return {}
    marks = ", ".join("?" * len(invoice_ids))
    sql = f"SELECT invoice_id, reference FROM receipts WHERE invoice_id IN ({marks}) ORDER BY received_ms DESC"  # noqa: S608
    return {row["invoice_id"]: row["reference"] for row in tx.all(sql, *invoice_ids)}


def list_unmatched(tx: Tx, *, limit: int) -> list[Receipt]:
    """Money that nobody knows what for it is, the newest first."""
    sql = "SELECT * FROM receipts WHERE invoice_id IS NULL AND refunded = 0 ORDER BY recorded_ms DESC LIMIT ?"
    return [_receipt(row) for row in tx.all(sql, limit)]


def add_refunded(tx: Tx, rail: str, reference: str, amount: int) -> bool:
    """Count a refund (or, below zero, one that came back) against the money; False when it is not enough."""
    sql = "UPDATE receipts SET refunded = refunded + ? WHERE rail = ? AND reference = ?"
    return tx.run(f"{sql} AND refunded + ? BETWEEN 0 AND amount", amount, rail, reference, amount) == 1


def _details(quote: Quote | None, pay_to: PayTo) -> str:
    return orjson.dumps({"quote": asdict(quote) if quote else None, "pay_to": asdict(pay_to)}).decode()


def _invoice(row: Row) -> Invoice:
    details: dict[str, Any] = orjson.loads(row["details"])
    price = Price(
        id=row["price_id"],
        item=row["item"],
        mode=row["price_mode"],
        amount=int(row["price_amount"]),
        created_ms=row["price_created_ms"],
    )
    return Invoice(
        id=row["id"],
        item=row["item"],
        buyer_id=row["buyer_id"],
        seller_id=row["seller_id"],
        rail=row["rail"],
        price=price,
        asset=Asset(row["asset"]),
        amount=int(row["amount"]),
        quote=Quote(**details["quote"]) if details["quote"] else None,
        memo=row["memo"],
        attempt=row["attempt"],
        pay_to=PayTo(**details["pay_to"]),
        status=InvoiceStatus(row["status"]),
        referrer_id=row["referrer_id"],
        fee_bps=row["fee_bps"],
        referral_bps=row["referral_bps"],
        received=int(row["received"]),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        paid_ms=row["paid_ms"],
    )


def _receipt(row: Row) -> Receipt:
    return Receipt(
        rail=row["rail"],
        reference=row["reference"],
        asset=Asset(row["asset"]),
        amount=int(row["amount"]),
        fee=int(row["fee"]),
        received_ms=row["received_ms"],
        invoice_id=row["invoice_id"],
        memo=row["memo"],
        payer=row["payer"],
        details=orjson.loads(row["details"]),
    )
