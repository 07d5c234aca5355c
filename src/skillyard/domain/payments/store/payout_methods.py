"""SQL of payout methods: where sellers want their money. A row is replaced by another, never changed to mean one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from skillyard.domain.payments.payout_model import PayoutKind
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "payout_methods",
        (
            "id", "user_id", "kind", "destination", "label", "usable_from_ms", "disabled_why", "created_ms",
            "updated_ms", "replaced_ms",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRow:
    """A payout method without what depends on the time and on the provider."""

    id: str
    user_id: str
    kind: PayoutKind
    destination: str
    label: str | None
    usable_from_ms: int
    disabled_why: str | None
    created_ms: int
    updated_ms: int


def add(tx: Tx, method: MethodRow) -> None:
    tx.run(
        "INSERT INTO payout_methods (id, user_id, kind, destination, label, usable_from_ms, created_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        method.id, method.user_id, method.kind, method.destination, method.label, method.usable_from_ms,
        method.created_ms, method.updated_ms,
    )  # fmt: skip


def find_current(tx: Tx, user_id: str, kind: PayoutKind) -> MethodRow | None:
    sql = "SELECT * FROM payout_methods WHERE user_id = ? AND kind = ? AND replaced_ms IS NULL"
    row = tx.one(sql, user_id, kind)
    return _method(row) if row else None


def find(tx: Tx, method_id: str) -> MethodRow | None:
    """Replaced ones too."""
    row = tx.one("SELECT * FROM payout_methods WHERE id = ?", method_id)
    return _method(row) if row else None


def list_current(tx: Tx, user_id: str) -> list[MethodRow]:
    sql = "SELECT * FROM payout_methods WHERE user_id = ? AND replaced_ms IS NULL ORDER BY kind"
    return [_method(row) for row in tx.all(sql, user_id)]


def replace(tx: Tx, method_id: str, *, now_ms: int) -> None:
    tx.run("UPDATE payout_methods SET replaced_ms = ?, updated_ms = ? WHERE id = ?", now_ms, now_ms, method_id)


def set_label(tx: Tx, method_id: str, label: str | None, *, now_ms: int) -> None:
    tx.run("UPDATE payout_methods SET label = ?, updated_ms = ? WHERE id = ?", label, now_ms, method_id)


def disable(tx: Tx, kind: PayoutKind, destination: str, *, why: str, now_ms: int) -> list[MethodRow]:
    """Let nobody be paid there any more; the methods that could be until now, replaced ones too."""
    sql = "SELECT * FROM payout_methods WHERE kind = ? AND destination = ? AND disabled_why IS NULL ORDER BY id"
    found = [_method(row) for row in tx.all(sql, kind, destination)]
    _set_disabled(tx, [method.id for method in found], why, now_ms)
    return found


def _set_disabled(tx: Tx, method_ids: Collection[str], why: str, now_ms: int) -> None:
    for method_id in method_ids:
        tx.run("UPDATE payout_methods SET disabled_why = ?, updated_ms = ? WHERE id = ?", why, now_ms, method_id)


def _method(row: Row) -> MethodRow:
    return MethodRow(
        id=row["id"],
        user_id=row["user_id"],
        kind=row["kind"],
        destination=row["destination"],
        label=row["label"],
        usable_from_ms=row["usable_from_ms"],
        disabled_why=row["disabled_why"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
    )
