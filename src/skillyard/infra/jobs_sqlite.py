"""Jobs in a table of the same SQLite file: claimed by a lease, removed when done."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import orjson

from skillyard.infra.database import Row, Tx
from skillyard.infra.jobs import (
    DEFAULT_LANE,
    Job,
    WorkersApp,
    announce_work,
    announcements,
    describe_failure,
    enqueue_due_periods,
    known,
    wait_for_work,
)
from skillyard.infra.log import Logger
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "jobs",
        (
            "id",
            "name",
            "key",
            "arguments",
            "created_ms",
            "run_at_ms",
            "attempts",
            "lease_until_ms",
            "failed_ms",
            "error",
        ),
        databases=("sqlite",),
    ),
)

_POLL_S = 0.5  # for work that other processes added; our own announces itself
_PERIODS_S = 5.0
_log = Logger("skillyard.jobs")


class SqliteEngine:
    def add(self, tx: Tx, wanted: Job, key: str | None, now_ms: int, run_at_ms: int, arguments: str) -> None:
        tx.insert_new(
            "INSERT INTO jobs (name, key, arguments, created_ms, run_at_ms, attempts) VALUES (?, ?, ?, ?, ?, 0)",
            wanted.name, key, arguments, now_ms, run_at_ms,
        )  # fmt: skip

    def work(self, app: WorkersApp, lane: str, concurrency: int, lease_s: float, stop: threading.Event) -> None:
        _Shift(app, lane, concurrency, int(lease_s * 1000)).run(stop)

    def failed(self, tx: Tx) -> list[str]:
        rows = tx.all("SELECT name, error FROM jobs WHERE failed_ms IS NOT NULL ORDER BY failed_ms DESC LIMIT 100")
        return [f"{row['name']}: {row['error']}" for row in rows]


class _Shift:
    """One worker's time at work."""

    def __init__(self, app: WorkersApp, lane: str, concurrency: int, lease_ms: int) -> None:
        self._app = app
        self._lane = lane
        self._concurrency = concurrency
        self._lease_ms = lease_ms
        self._running: dict[int, Future[None]] = {}

    def run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="job") as threads:
            next_periods_ms = next_renewal_ms = 0
            while not stop.is_set():
                now_ms, seen = self._app.clock.now_ms(), announcements()
                if now_ms >= next_periods_ms and self._lane == DEFAULT_LANE:
                    enqueue_due_periods(self._app)
                    next_periods_ms = now_ms + int(_PERIODS_S * 1000)
                if now_ms >= next_renewal_ms:
                    self._renew()
                    next_renewal_ms = now_ms + self._lease_ms // 3
                if not self._start_one(threads):
                    wait_for_work(seen, min(_POLL_S, self._lease_ms / 3000))

    def _start_one(self, threads: ThreadPoolExecutor) -> bool:
        self._running = {number: future for number, future in self._running.items() if not future.done()}
        row = self._claim() if len(self._running) < self._concurrency else None
        if row is None:
            return False
        future = threads.submit(self._do, row)
        future.add_done_callback(lambda _: announce_work())
        self._running[row["id"]] = future
        return True

    def _claim(self) -> Row | None:
        now_ms = self._app.clock.now_ms()
        due = "failed_ms IS NULL AND run_at_ms <= ? AND (lease_until_ms IS NULL OR lease_until_ms < ?) AND "
        due += _names_in(self._lane)
        with self._app.database.reading() as tx:
            if tx.one(f"SELECT 1 AS found FROM jobs WHERE {due} LIMIT 1", now_ms, now_ms) is None:  # noqa: S608
                return None
        with self._app.database.transaction(durable=False) as tx:
            return tx.one(
                "UPDATE jobs SET lease_until_ms = ?, attempts = attempts + 1 WHERE id ="  # noqa: S608
                f" (SELECT id FROM jobs WHERE {due} ORDER BY run_at_ms, id LIMIT 1) RETURNING *",
                now_ms + self._lease_ms, now_ms, now_ms,
            )  # fmt: skip

    def _renew(self) -> None:
        """Tell the others that what we run is still being worked on."""
        until_ms = self._app.clock.now_ms() + self._lease_ms
        numbers = [number for number, future in self._running.items() if not future.done()]
        if numbers:
            with self._app.database.transaction(durable=False) as tx:
                for number in numbers:
                    tx.run("UPDATE jobs SET lease_until_ms = ? WHERE id = ?", until_ms, number)

    def _do(self, row: Row) -> None:
        declared = known().get(row["name"])
        try:
            if declared is None:
                raise LookupError(f"this version knows no job {row['name']}")
            declared(self._app, **orjson.loads(row["arguments"]))
        except Exception as error:
            _log.warning("job failed", job=row["name"], attempt=row["attempts"], exc_info=True)
            self._failed(row, declared, error)
        else:
            with self._app.database.transaction(durable=False) as tx:
                tx.run("DELETE FROM jobs WHERE id = ?", row["id"])

    def _failed(self, row: Row, declared: Job | None, error: Exception) -> None:
        text = describe_failure(error)
        now_ms = self._app.clock.now_ms()
        with self._app.database.transaction(durable=False) as tx:
            if declared is None or row["attempts"] > declared.retries:
                sql = "UPDATE jobs SET failed_ms = ?, error = ? WHERE id = ?"
                tx.run(sql, now_ms, text, row["id"])
            else:
                _back_to_the_queue(tx, row, now_ms + declared.wait_s(row["attempts"]) * 1000, text)


def _names_in(lane: str) -> str:
    """As a condition. What this version does not know is for the default lane."""
    if lane == DEFAULT_LANE:
        return f"name NOT IN ({_quoted(declared.name for declared in known().values() if declared.lane != lane)})"
    return f"name IN ({_quoted(declared.name for declared in known().values() if declared.lane == lane)})"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _back_to_the_queue(tx: Tx, row: Row, run_at_ms: int, error: str) -> None:
    """Unless one with the same key waits there already: that one will do it."""
    sql = "UPDATE OR IGNORE jobs SET lease_until_ms = NULL, run_at_ms = ?, error = ? WHERE id = ?"
    if tx.run(sql, run_at_ms, error, row["id"]) == 0:
        tx.run("DELETE FROM jobs WHERE id = ?", row["id"])


def waiting(tx: Tx) -> list[dict[str, Any]]:
    """What waits or runs, oldest first."""
    return [dict(row) for row in tx.all("SELECT * FROM jobs WHERE failed_ms IS NULL ORDER BY id")]
