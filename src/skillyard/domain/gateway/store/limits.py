"""SQL of limits: how many calls were made in a minute or a day, and the plans of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("call_counts", ("subject", "per", "ends_ms", "calls")),
    Table("call_plans", ("user_id", "plan", "set_by", "set_ms")),
)

Per = Literal["minute", "day"]


class Window(NamedTuple):
    """Of a subject, such as `user usr_1`; until `ends_ms`."""

    subject: str
    per: Per
    ends_ms: int


def add_calls(tx: Tx, calls: Mapping[Window, int]) -> dict[Window, int]:
    """Count them; how many there are now of each. Other nodes that count the same wait until the commit."""
    if not calls:
        return {}
    rows = sorted(calls)  # so that two nodes lock them in the same order
    values = ", ".join(["(?, ?, ?, ?)"] * len(rows))
    found = tx.all(
        f"INSERT INTO call_counts (subject, per, ends_ms, calls) VALUES {values}"  # noqa: S608 (question marks only)
        " ON CONFLICT (subject, per, ends_ms) DO UPDATE SET calls = call_counts.calls + excluded.calls"
        " RETURNING subject, per, ends_ms, calls",
        *(value for window in rows for value in (*window, calls[window])),
    )
    return {Window(row["subject"], row["per"], row["ends_ms"]): row["calls"] for row in found}


def take_back(tx: Tx, calls: Mapping[Window, int]) -> None:
    """Of what this transaction has counted."""
    for window, number in sorted(calls.items()):
        tx.run(
            "UPDATE call_counts SET calls = calls - ? WHERE subject = ? AND per = ? AND ends_ms = ?", number, *window
        )


def count_calls(tx: Tx, window: Window) -> int:
    row = tx.one("SELECT calls FROM call_counts WHERE subject = ? AND per = ? AND ends_ms = ?", *window)
    return int(row["calls"]) if row else 0


def forget_counts(tx: Tx, *, before_ms: int) -> None:
    tx.run("DELETE FROM call_counts WHERE ends_ms < ?", before_ms)


def find_plan(tx: Tx, user_id: str) -> str | None:
    """The name of the plan that was set for somebody; None: none was."""
    row = tx.one("SELECT plan FROM call_plans WHERE user_id = ?", user_id)
    return str(row["plan"]) if row else None


def set_plan(tx: Tx, user_id: str, plan: str, *, set_by: str, now_ms: int) -> None:
    tx.run(
        "INSERT INTO call_plans (user_id, plan, set_by, set_ms) VALUES (?, ?, ?, ?) ON CONFLICT (user_id)"
        " DO UPDATE SET plan = excluded.plan, set_by = excluded.set_by, set_ms = excluded.set_ms",
        user_id, plan, set_by, now_ms,
    )  # fmt: skip


def remove_plan(tx: Tx, user_id: str) -> None:
    tx.run("DELETE FROM call_plans WHERE user_id = ?", user_id)
