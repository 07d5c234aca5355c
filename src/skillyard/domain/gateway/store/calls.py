"""SQL of calls: one row each, and their numbers by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from skillyard.domain.gateway.calls.call_model import CallRecord, DayOfCalls
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

_COLUMNS = (
    "id", "user_id", "token_id", "connection_id", "integration", "version", "endpoint", "effect", "state", "status",
    "error", "duration_ms", "run_id", "skill", "skill_version", "digest", "grant_id", "request_id",
    "upstream_request_id", "at_ms",
)  # fmt: skip
TABLES = (
    Table("calls", _COLUMNS),
    Table("call_days", ("user_id", "day", "integration", "calls", "failures", "duration_ms")),
)
_PLACES = f"({', '.join('?' * len(_COLUMNS))})"
_ENDS = ("state", "status", "error", "duration_ms", "upstream_request_id")


class Day(NamedTuple):
    """(UTC), such as 2026-11-21"""

    user_id: str
    day: str
    integration: str


class Sums(NamedTuple):
    calls: int
    failures: int
    duration_ms: int


def put(tx: Tx, records: Sequence[CallRecord]) -> None:
    """Write them; of one that is on record, how it ended."""
    if not records:
        return
    ends = ", ".join(f"{name} = excluded.{name}" for name in _ENDS)
    tx.run(
        f"INSERT INTO calls ({', '.join(_COLUMNS)}) VALUES {', '.join([_PLACES] * len(records))}"  # noqa: S608 (our names)
        f" ON CONFLICT (id) DO UPDATE SET {ends}",
        *(getattr(record, name) for record in sorted(records, key=lambda one: one.id) for name in _COLUMNS),
    )


def add_to_days(tx: Tx, sums: Iterable[tuple[Day, Sums]]) -> None:
    rows = sorted(sums)
    if not rows:
        return
    tx.run(
        "INSERT INTO call_days (user_id, day, integration, calls, failures, duration_ms)"  # noqa: S608 (question marks)
        f" VALUES {', '.join(['(?, ?, ?, ?, ?, ?)'] * len(rows))} ON CONFLICT (user_id, day, integration) DO UPDATE SET"
        " calls = call_days.calls + excluded.calls, failures = call_days.failures + excluded.failures,"
        " duration_ms = call_days.duration_ms + excluded.duration_ms",
        *(value for day, sum in rows for value in (*day, *sum)),
    )


def list_of(
    tx: Tx,
    user_id: str | None,
    *,
    before: str,
    limit: int,
    integration: str | None = None,
    run_id: str | None = None,
) -> list[CallRecord]:
    """Somebody's, None for everybody's, the newest first."""
    sql, args = "SELECT * FROM calls WHERE id < ?", [before]
    for name, value in (("user_id", user_id), ("integration", integration), ("run_id", run_id)):
        if value is not None:
            sql, args = f"{sql} AND {name} = ?", [*args, value]
    return [_record(row) for row in tx.all(f"{sql} ORDER BY id DESC LIMIT ?", *args, limit)]


def list_of_run(tx: Tx, run_id: str, *, limit: int) -> list[CallRecord]:
    """In the order in which they were made."""
    return [_record(row) for row in tx.all("SELECT * FROM calls WHERE run_id = ? ORDER BY id LIMIT ?", run_id, limit)]


def list_days(tx: Tx, user_id: str, *, since: str) -> list[DayOfCalls]:
    """Those from `since` on, by day and integration."""
    rows = tx.all("SELECT * FROM call_days WHERE user_id = ? AND day >= ? ORDER BY day, integration", user_id, since)
    return [
        DayOfCalls(
            day=row["day"],
            integration=row["integration"],
            calls=row["calls"],
            failures=row["failures"],
            duration_ms=row["duration_ms"],
        )
        for row in rows
    ]


def forget(tx: Tx, *, before_ms: int, before_day: str) -> None:
    tx.run("DELETE FROM calls WHERE at_ms < ?", before_ms)
    tx.run("DELETE FROM call_days WHERE day < ?", before_day)


def _record(row: Row) -> CallRecord:
    return CallRecord(**{name: row[name] for name in _COLUMNS})
