"""SQL of what is for sale, its prices, and who may take it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from skillyard.domain.payments.model import Entitlement, EntitlementKind, Offer, Price
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("offers", ("item", "seller_id", "is_for_sale", "selling_text", "sold_total", "updated_ms")),
    Table("prices", ("id", "item", "mode", "amount", "created_ms", "ended_ms")),
    Table("entitlements", ("item", "user_id", "how", "invoice_id", "since_ms")),
)


def list_offers(tx: Tx, items: Collection[str]) -> dict[str, Offer]:
    """Those of the items that are, or were, for sale."""
    if not items:
        return {}
    marks = ", ".join("?" * len(items))
    prices: dict[str, dict[str, Price]] = {}
    for row in tx.all(f"SELECT * FROM prices WHERE ended_ms IS NULL AND item IN ({marks})", *items):  # noqa: S608
        prices.setdefault(row["item"], {})[row["mode"]] = _price(row)
    rows = tx.all(f"SELECT * FROM offers WHERE item IN ({marks})", *items)  # noqa: S608
    return {row["item"]: _offer(row, prices.get(row["item"], {})) for row in rows}


def find_offer(tx: Tx, item: str) -> Offer | None:
    return list_offers(tx, [item]).get(item)


def set_offer(tx: Tx, offer: Offer) -> None:
    """Add it, or change how it is sold; what was sold already stays counted."""
    tx.run(
        "INSERT INTO offers (item, seller_id, is_for_sale, selling_text, sold_total, updated_ms)"
        " VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT (item) DO UPDATE SET seller_id = excluded.seller_id,"
        " is_for_sale = excluded.is_for_sale, selling_text = excluded.selling_text, updated_ms = excluded.updated_ms",
        offer.item, offer.seller_id, int(offer.is_for_sale), offer.selling_text, offer.updated_ms,
    )  # fmt: skip


def add_sold(tx: Tx, item: str) -> None:
    tx.run("UPDATE offers SET sold_total = sold_total + 1 WHERE item = ?", item)


def set_price(tx: Tx, price: Price) -> None:
    """It counts from now on; the one before it stays, for the invoices that were made from it."""
    ended = "UPDATE prices SET ended_ms = ? WHERE item = ? AND mode = ? AND ended_ms IS NULL"
    tx.run(ended, price.created_ms, price.item, price.mode)
    tx.run(
        "INSERT INTO prices (id, item, mode, amount, created_ms) VALUES (?, ?, ?, ?, ?)",
        price.id, price.item, price.mode, price.amount, price.created_ms,
    )  # fmt: skip


def add_fixed_price(tx: Tx, price: Price, *, seller_id: str) -> None:
    """One that never changes, of something that nobody puts up for sale; once per id."""
    tx.insert_new(
        "INSERT INTO offers (item, seller_id, is_for_sale, selling_text, sold_total, updated_ms)"
        " VALUES (?, ?, 0, '', 0, ?)",
        price.item, seller_id, price.created_ms,
    )  # fmt: skip
    tx.insert_new(
        "INSERT INTO prices (id, item, mode, amount, created_ms, ended_ms) VALUES (?, ?, ?, ?, ?, ?)",
        price.id, price.item, price.mode, price.amount, price.created_ms, price.created_ms,
    )  # fmt: skip


def is_current(tx: Tx, price_id: str) -> bool:
    """Whether the price still counts and its item is still for sale."""
    sql = "SELECT 1 FROM prices JOIN offers ON offers.item = prices.item"
    return tx.one(f"{sql} WHERE id = ? AND ended_ms IS NULL AND is_for_sale = 1", price_id) is not None


def add_entitlement(tx: Tx, entitlement: Entitlement) -> bool:
    """False when the person had one already; what was bought is never made into a gift."""
    return tx.insert_new(
        "INSERT INTO entitlements (item, user_id, how, invoice_id, since_ms) VALUES (?, ?, ?, ?, ?)",
        entitlement.item, entitlement.user_id, entitlement.how, entitlement.invoice_id, entitlement.since_ms,
    )  # fmt: skip


def remove_entitlement(tx: Tx, item: str, user_id: str, how: EntitlementKind, invoice_id: str | None = None) -> bool:
    """The one that was granted, or bought with that invoice; False when there is none such."""
    sql = "DELETE FROM entitlements WHERE item = ? AND user_id = ? AND how = ?"
    if invoice_id is None:
        return tx.run(f"{sql} AND invoice_id IS NULL", item, user_id, how) == 1
    return tx.run(f"{sql} AND invoice_id = ?", item, user_id, how, invoice_id) == 1


def list_entitled(tx: Tx, user_id: str, items: Sequence[str]) -> frozenset[str]:
    if not items:
        return frozenset()
    marks = ", ".join("?" * len(items))
    sql = f"SELECT item FROM entitlements WHERE user_id = ? AND item IN ({marks})"  # noqa: S608
    return frozenset(row["item"] for row in tx.all(sql, user_id, *items))


def list_entitlements(tx: Tx, user_id: str, *, before: tuple[int, str], limit: int, offset: int) -> list[Entitlement]:
    """A person's, newest first; `before`: of when, and which item."""
    rows = tx.all(
        "SELECT * FROM entitlements WHERE user_id = ? AND (since_ms, item) < (?, ?)"
        " ORDER BY since_ms DESC, item DESC LIMIT ? OFFSET ?",
        user_id, *before, limit, offset,
    )  # fmt: skip
    return [_entitlement(row) for row in rows]


def list_holders(tx: Tx, item: str, *, limit: int) -> list[Entitlement]:
    """Who may take an item, newest first."""
    rows = tx.all("SELECT * FROM entitlements WHERE item = ? ORDER BY since_ms DESC LIMIT ?", item, limit)
    return [_entitlement(row) for row in rows]


def _offer(row: Row, prices: Mapping[str, Price]) -> Offer:
    return Offer(
        item=row["item"],
        seller_id=row["seller_id"],
        is_for_sale=bool(row["is_for_sale"]),
        selling_text=row["selling_text"],
        sold_total=row["sold_total"],
        prices={price.mode: price for price in prices.values()},
        updated_ms=row["updated_ms"],
    )


def _price(row: Row) -> Price:
    return Price(
        id=row["id"], item=row["item"], mode=row["mode"], amount=int(row["amount"]), created_ms=row["created_ms"]
    )


def _entitlement(row: Row) -> Entitlement:
    return Entitlement(
        item=row["item"],
        user_id=row["user_id"],
        how=row["how"],
        invoice_id=row["invoice_id"],
        since_ms=row["since_ms"],
    )
