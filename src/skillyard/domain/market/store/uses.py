"""SQL of how often skills were used. A day is the number of whole days since 1970."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("skill_uses", ("day", "name", "kind", "who")),
    Table("skill_use_totals", ("kind", "name", "total")),
)

UseKind = Literal["executions", "installs"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Use:
    """Somebody used a skill on a day."""

    day: int
    name: str
    kind: UseKind
    who: str


def add_uses(tx: Tx, uses: Iterable[Use]) -> None:
    """Count those that are not on record for their day."""
    for use in sorted(set(uses)):
        if tx.insert_new(
            "INSERT INTO skill_uses (day, name, kind, who) VALUES (?, ?, ?, ?)", use.day, use.name, use.kind, use.who
        ):
            tx.run(
                "INSERT INTO skill_use_totals (kind, name, total) VALUES (?, ?, 1)"
                " ON CONFLICT (kind, name) DO UPDATE SET total = skill_use_totals.total + 1",
                use.kind, use.name,
            )  # fmt: skip


def forget_days(tx: Tx, *, before_day: int) -> int:
    return tx.run("DELETE FROM skill_uses WHERE day < ?", before_day)


def list_top(tx: Tx, kind: UseKind, *, limit: int, offset: int) -> list[str]:
    """Names of the skills that were used most."""
    sql = "SELECT name FROM skill_use_totals WHERE kind = ? ORDER BY total DESC, name LIMIT ? OFFSET ?"
    return [row["name"] for row in tx.all(sql, kind, limit, offset)]


def list_totals(tx: Tx, names: Collection[str]) -> dict[tuple[str, str], int]:
    """By name and kind; 0 for what is not in it."""
    if not names:
        return {}
    marks = ", ".join("?" * len(names))
    rows = tx.all(f"SELECT name, kind, total FROM skill_use_totals WHERE name IN ({marks})", *names)  # noqa: S608 (marks)
    return {(row["name"], row["kind"]): row["total"] for row in rows}
