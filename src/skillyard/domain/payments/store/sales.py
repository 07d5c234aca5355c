"""SQL of sales: paid invoices and how their price was shared out; and of disputes about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from skillyard.domain.payments.model import DisputeMoved, Sale
from skillyard.infra.database import Row, Tx
from skillyard.infra.money import CENTS_PER_CREDIT, Asset
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "sales",
        (
            "invoice_id", "item", "seller_id", "buyer_id", "rail", "asset", "price", "seller_share", "fee",
            "referral_share", "referrer_id", "paid_ms", "matures_ms", "matured_ms", "refunded",
        ),
    ),
    Table(
        "disputes",
        (
            "rail", "reference", "invoice_id", "amount", "of_price", "of_spare", "fee", "state", "journal_id",
            "opened_ms",
        ),
    ),
)  # fmt: skip
_COLUMNS = ", ".join(TABLES[0].columns)
_OF_CHARGES = (
    f"ref, item, seller_id, buyer_id, rail, '{Asset.USD}', amount * {CENTS_PER_CREDIT}, seller_share, fee,"
    " 0, NULL, captured_ms, matures_ms, matured_ms, 0"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """`of_price`: what of the disputed amount was the price, which seller and platform give back for the time being;
    `of_spare`: what was money beside it.
    """

    invoice_id: str
    amount: int
    fee: int
    of_price: int
    of_spare: int
    state: Literal["open", "won", "lost"]
    journal_id: str


def add_sale(tx: Tx, new: Sale) -> None:
    tx.run(
        "INSERT INTO sales (invoice_id, item, seller_id, buyer_id, rail, asset, price, seller_share, fee,"
        " referral_share, referrer_id, paid_ms, matures_ms, refunded)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        new.invoice_id, new.item, new.seller_id, new.buyer_id, new.rail, new.asset.value, new.price, new.seller_share,
        new.fee, new.referral_share, new.referrer_id, new.paid_ms, new.matures_ms,
    )  # fmt: skip


def find_sale(tx: Tx, invoice_id: str) -> Sale | None:
    row = tx.one("SELECT * FROM sales WHERE invoice_id = ?", invoice_id)
    return _sale(row) if row else None


def add_refunded(tx: Tx, invoice_id: str, amount: int) -> None:
    """The database refuses more than the price."""
    tx.run("UPDATE sales SET refunded = refunded + ? WHERE invoice_id = ?", amount, invoice_id)


def list_mature(tx: Tx, *, now_ms: int, limit: int) -> list[Sale]:
    """Those whose time has come and that nobody disputes."""
    rows = tx.all(
        "SELECT * FROM sales WHERE matured_ms IS NULL AND matures_ms <= ? AND NOT EXISTS"
        " (SELECT 1 FROM disputes WHERE disputes.invoice_id = sales.invoice_id AND state = 'open')"
        " ORDER BY matures_ms LIMIT ?",
        now_ms, limit,
    )  # fmt: skip
    return [_sale(row) for row in rows]


def set_matured(tx: Tx, invoice_id: str, *, now_ms: int) -> bool:
    return (
        tx.run("UPDATE sales SET matured_ms = ? WHERE invoice_id = ? AND matured_ms IS NULL", now_ms, invoice_id) == 1
    )


def list_sales(
    tx: Tx, *, seller_id: str | None, item: str | None, before: tuple[int, str], limit: int, offset: int
) -> list[Sale]:
    """Newest first; of one seller, or of one item. What was earned by invocations is among them."""
    where, args = _whose(seller_id, item)
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM sales WHERE {where} AND (paid_ms, invoice_id) < (?, ?)"  # noqa: S608
        f" UNION ALL SELECT {_OF_CHARGES} FROM charges WHERE status = 'captured' AND {where}"
        " AND (captured_ms, ref) < (?, ?) ORDER BY paid_ms DESC, invoice_id DESC LIMIT ? OFFSET ?",
        *args, *before, *args, *before, limit, offset,
    )  # fmt: skip
    return [_sale(row) for row in rows]


def count_sales(tx: Tx, *, seller_id: str | None, item: str | None) -> int:
    where, args = _whose(seller_id, item)
    row = tx.one(
        f"SELECT (SELECT count(*) FROM sales WHERE {where})"  # noqa: S608
        f" + (SELECT count(*) FROM charges WHERE status = 'captured' AND {where}) AS n",
        *args, *args,
    )  # fmt: skip
    return int(row["n"]) if row else 0


def add_dispute(tx: Tx, moved: DisputeMoved, dispute: Dispute, *, now_ms: int) -> bool:
    return tx.insert_new(
        "INSERT INTO disputes (rail, reference, invoice_id, amount, of_price, of_spare, fee, state, journal_id,"
        " opened_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        moved.rail, moved.reference, dispute.invoice_id, dispute.amount, dispute.of_price, dispute.of_spare,
        dispute.fee, dispute.state, dispute.journal_id, now_ms,
    )  # fmt: skip


def find_dispute(tx: Tx, rail: str, reference: str) -> Dispute | None:
    row = tx.one("SELECT * FROM disputes WHERE rail = ? AND reference = ?", rail, reference)
    if row is None:
        return None
    return Dispute(
        invoice_id=row["invoice_id"],
        amount=int(row["amount"]),
        fee=int(row["fee"]),
        of_price=int(row["of_price"]),
        of_spare=int(row["of_spare"]),
        state=row["state"],
        journal_id=row["journal_id"],
    )


def set_dispute_fee(tx: Tx, rail: str, reference: str, fee: int) -> None:
    tx.run("UPDATE disputes SET fee = ? WHERE rail = ? AND reference = ?", fee, rail, reference)


def close_dispute(tx: Tx, rail: str, reference: str, state: str) -> bool:
    sql = "UPDATE disputes SET state = ? WHERE rail = ? AND reference = ? AND state = 'open'"
    return tx.run(sql, state, rail, reference) == 1


def cover_loss(tx: Tx, invoice_id: str, amount: int) -> int:
    """Count money that is there after all towards what disputes took and nobody had; how much of it that needs."""
    covered = 0
    for row in tx.all(
        "SELECT rail, reference, amount - of_price - of_spare AS loss FROM disputes WHERE invoice_id = ?"
        " AND state <> 'won' AND amount > of_price + of_spare ORDER BY opened_ms, reference",
        invoice_id,
    ):
        part = min(int(row["loss"]), amount - covered)
        sql = "UPDATE disputes SET of_spare = of_spare + ? WHERE rail = ? AND reference = ?"
        tx.run(sql, part, row["rail"], row["reference"])
        covered += part
    return covered


def has_dispute(tx: Tx, invoice_id: str) -> bool:
    """Whether there is or was one."""
    return tx.one("SELECT 1 FROM disputes WHERE invoice_id = ?", invoice_id) is not None


def has_open_dispute(tx: Tx, invoice_id: str) -> bool:
    return tx.one("SELECT 1 FROM disputes WHERE invoice_id = ? AND state = 'open'", invoice_id) is not None


def _whose(seller_id: str | None, item: str | None) -> tuple[str, tuple[Any, ...]]:
    if item is None:
        return "seller_id = ?", (seller_id,)
    return ("item = ?", (item,)) if seller_id is None else ("seller_id = ? AND item = ?", (seller_id, item))


def _sale(row: Row) -> Sale:
    return Sale(
        invoice_id=row["invoice_id"],
        item=row["item"],
        seller_id=row["seller_id"],
        buyer_id=row["buyer_id"],
        rail=row["rail"],
        asset=Asset(row["asset"]),
        price=int(row["price"]),
        seller_share=int(row["seller_share"]),
        fee=int(row["fee"]),
        referral_share=int(row["referral_share"]),
        referrer_id=row["referrer_id"],
        paid_ms=row["paid_ms"],
        matures_ms=row["matures_ms"],
        matured_ms=row["matured_ms"],
        refunded=int(row["refunded"]),
    )
