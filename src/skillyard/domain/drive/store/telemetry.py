"""SQL of what copies of the command line report."""

from __future__ import annotations

import orjson

from skillyard.domain.drive.telemetry_model import Install, Report
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("telemetry_installs", ("install_id", "user_id", "is_counted", "first_ms", "last_ms", "adopted_ms")),
    Table(
        "telemetry_events",
        ("id", "install_id", "kind", "cli_version", "os", "skills", "sources", "counts", "at_ms"),
    ),
)


def find_install(tx: Tx, install_id: str) -> Install | None:
    row = tx.one("SELECT * FROM telemetry_installs WHERE install_id = ?", install_id)
    return _install(row) if row else None


def add_install(tx: Tx, install: Install, *, now_ms: int) -> bool:
    """False when it is known; it stays as it is."""
    return tx.insert_new(
        "INSERT INTO telemetry_installs (install_id, user_id, is_counted, first_ms, last_ms, adopted_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        install.install_id, install.user_id, int(install.is_counted), now_ms, now_ms,
        now_ms if install.user_id else None,
    )  # fmt: skip


def set_seen(tx: Tx, install_id: str, *, now_ms: int) -> None:
    tx.run("UPDATE telemetry_installs SET last_ms = ? WHERE install_id = ?", now_ms, install_id)


def adopt_install(tx: Tx, install_id: str, user_id: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True. False also when somebody has it."""
    sql = "UPDATE telemetry_installs SET user_id = ?, adopted_ms = ? WHERE install_id = ? AND user_id IS NULL"
    return bool(tx.run(sql, user_id, now_ms, install_id))


def add_event(tx: Tx, event_id: str, report: Report, *, skills: list[str], now_ms: int) -> None:
    """`skills`: those of the report that are public."""
    tx.run(
        "INSERT INTO telemetry_events (id, install_id, kind, cli_version, os, skills, sources, counts, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        event_id, report.install_id, report.kind, report.cli_version, report.os, orjson.dumps(skills).decode(),
        orjson.dumps(report.sources).decode(), orjson.dumps(dict(report.counts)).decode(), now_ms,
    )  # fmt: skip


def count_events(tx: Tx, install_id: str) -> int:
    row = tx.one("SELECT count(*) AS number FROM telemetry_events WHERE install_id = ?", install_id)
    return int(row["number"]) if row else 0


def remove_old(tx: Tx, *, before_ms: int) -> int:
    """Reports, and installs of nobody that have none any more; how many reports."""
    removed = tx.run("DELETE FROM telemetry_events WHERE at_ms < ?", before_ms)
    tx.run(
        "DELETE FROM telemetry_installs WHERE user_id IS NULL AND last_ms < ? AND NOT EXISTS"
        " (SELECT 1 FROM telemetry_events e WHERE e.install_id = telemetry_installs.install_id)",
        before_ms,
    )
    return removed


def _install(row: Row) -> Install:
    return Install(install_id=row["install_id"], user_id=row["user_id"], is_counted=bool(row["is_counted"]))
