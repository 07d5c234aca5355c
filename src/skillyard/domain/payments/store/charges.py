"""SQL of charges: what invocations cost, and what came of it."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "charges",
        (
            "ref", "item", "buyer_id", "seller_id", "rail", "amount", "status", "fee_bps", "maturity_ms", "hold_id",
            "payer", "payment", "proof", "reference", "why", "seller_share", "fee", "placed_ms", "expires_ms",
            "updated_ms", "captured_ms", "matures_ms", "matured_ms",
        ),
    ),
)  # fmt: skip


def add_charge(tx: Tx, new: Charge) -> bool:
    """False when there is one for this `ref`, its payment pays for another one, or its payer has one open there."""
    return tx.insert_new(
        "INSERT INTO charges (ref, item, buyer_id, seller_id, rail, amount, status, fee_bps, maturity_ms, hold_id,"
        " payer, payment, proof, why, seller_share, fee, placed_ms, expires_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, ?, ?, ?)",
        new.ref, new.item, new.buyer_id, new.seller_id, new.rail, new.amount, new.status.value, new.fee_bps,
        new.maturity_ms, new.hold_id, new.payer, new.payment, new.proof, new.placed_ms, new.expires_ms, new.placed_ms,
    )  # fmt: skip


def find_charge(tx: Tx, ref: str) -> Charge | None:
    row = tx.one("SELECT * FROM charges WHERE ref = ?", ref)
    return _charge(row) if row else None


def list_charges(tx: Tx, refs: Collection[str]) -> dict[str, Charge]:
    """By their refs."""
    if not refs:
        return {}
    marks = ", ".join("?" * len(refs))
    rows = tx.all(f"SELECT * FROM charges WHERE ref IN ({marks})", *refs)  # noqa: S608
    return {row["ref"]: _charge(row) for row in rows}


def set_charge(tx: Tx, before: Charge, after: Charge, *, now_ms: int) -> bool:
    """False when it is in another state than `before`."""
    changed = tx.run(
        "UPDATE charges SET status = ?, proof = ?, reference = ?, why = ?, seller_share = ?, fee = ?, captured_ms = ?,"
        " matures_ms = ?, updated_ms = ? WHERE ref = ? AND status = ?",
        after.status.value, after.proof, after.reference, after.why, after.seller_share, after.fee, after.captured_ms,
        after.matures_ms, now_ms, before.ref, before.status.value,
    )  # fmt: skip
    return changed == 1


def list_over(tx: Tx, *, expired_before_ms: int, limit: int) -> list[str]:
    """The refs of those that are still held though their time is over, the oldest first."""
    sql = "SELECT ref FROM charges WHERE status = 'held' AND expires_ms <= ? ORDER BY expires_ms LIMIT ?"
    return [row["ref"] for row in tx.all(sql, expired_before_ms, limit)]


def list_unsettled(tx: Tx, *, updated_before_ms: int, limit: int) -> list[str]:
    """The refs of those that were delivered and not taken yet, the ones that nobody looked at for longest first."""
    sql = "SELECT ref FROM charges WHERE status IN ('due', 'unknown') AND updated_ms <= ? ORDER BY updated_ms LIMIT ?"
    return [row["ref"] for row in tx.all(sql, updated_before_ms, limit)]


def list_in_doubt(tx: Tx, *, limit: int) -> list[Charge]:
    """Those of which nobody knows whether they were taken, and those that were not, the oldest first."""
    sql = "SELECT * FROM charges WHERE status IN ('unknown', 'failed') ORDER BY placed_ms, ref LIMIT ?"
    return [_charge(row) for row in tx.all(sql, limit)]


def touch(tx: Tx, ref: str, *, updated_before_ms: int, now_ms: int) -> bool:
    """Whether nobody looked at it since; from now on somebody does."""
    sql = "UPDATE charges SET updated_ms = ? WHERE ref = ? AND updated_ms <= ?"
    return tx.run(sql, now_ms, ref, updated_before_ms) == 1


def list_mature(tx: Tx, *, now_ms: int, limit: int) -> list[str]:
    """The refs of those whose time has come."""
    sql = "SELECT ref FROM charges WHERE status = 'captured' AND matured_ms IS NULL AND matures_ms <= ?"
    return [row["ref"] for row in tx.all(f"{sql} ORDER BY matures_ms LIMIT ?", now_ms, limit)]


def set_matured(tx: Tx, ref: str, *, now_ms: int) -> bool:
    sql = "UPDATE charges SET matured_ms = ? WHERE ref = ? AND status = 'captured' AND matured_ms IS NULL"
    return tx.run(sql, now_ms, ref) == 1


def _charge(row: Row) -> Charge:
    return Charge(
        ref=row["ref"], item=row["item"], buyer_id=row["buyer_id"], seller_id=row["seller_id"], rail=row["rail"],
        amount=int(row["amount"]), status=ChargeStatus(row["status"]), fee_bps=row["fee_bps"],
        maturity_ms=row["maturity_ms"], hold_id=row["hold_id"], payer=row["payer"],
        payment=row["payment"], proof=row["proof"],
        reference=row["reference"], why=row["why"], seller_share=int(row["seller_share"]), fee=int(row["fee"]),
        placed_ms=row["placed_ms"], expires_ms=row["expires_ms"], captured_ms=row["captured_ms"],
        matures_ms=row["matures_ms"], matured_ms=row["matured_ms"],
    )  # fmt: skip
