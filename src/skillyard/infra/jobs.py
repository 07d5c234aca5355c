"""Work for later: enqueued inside the transaction that needs it, run at least once, also after a crash.

Two engines behind one interface: own small tables on SQLite (`jobs_sqlite.py`), procrastinate on PostgreSQL
(`jobs_postgres.py`). A job is a function `(app, **arguments)`; what it does must bear being done twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from skillyard.infra.clock import Clock
from skillyard.infra.database import Database, Tx
from skillyard.infra.log import Logger
from skillyard.infra.tables import Table

TABLES = (Table("job_periods", ("name", "period")),)

Function = Callable[..., None]
_WORK_ARRIVED = threading.Condition()
DEFAULT_LANE = "default"
_MOST_ERROR_CHARS = 2000
_AFTER_OUTAGE_S = 1.0
_HEAD_START_MS = 3600 * 1000
_announcements = 0
_log = Logger("skillyard.jobs")


class WorkersApp(Protocol):
    """What jobs need of the application; they get all of it."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of work. `every_s`: run by itself once in each such period, over all nodes. `lane`: which workers do it,
    so that work that takes long keeps none waiting that does not.
    """

    name: str
    run: Function
    retries: int
    every_s: int | None = None
    lane: str = DEFAULT_LANE

    def __call__(self, app: Any, **arguments: Any) -> None:
        self.run(app, **arguments)

    def wait_s(self, attempts: int) -> int:
        """How long to wait after so many failed attempts."""
        return int(min(2**attempts, 3600))


_known: dict[str, Job] = {}


def job(name: str, *, retries: int = 5, lane: str = DEFAULT_LANE) -> Callable[[Function], Job]:
    """Declare a job under a name that stays: `@job("registry.scan_release")`."""

    def declare(function: Function) -> Job:
        return _declare(Job(name, function, retries, lane=lane))

    return declare


def every(*, seconds: int, retries: int = 3) -> Callable[[Function], Job]:
    """Declare a job that runs by itself; its name is the domain's and the function's: `accounts.forget_…`."""

    def declare(function: Function) -> Job:
        domain = function.__module__.split(".")[-2]
        return _declare(Job(f"{domain}.{function.__name__}", function, retries, seconds))

    return declare


def known() -> dict[str, Job]:
    """Every job declared so far, by name."""
    return dict(_known)


def _declare(declared: Job) -> Job:
    if declared.name in _known:
        raise ValueError(f"two jobs are called {declared.name}")
    _known[declared.name] = declared
    return declared


def enqueue(tx: Tx, wanted: Job, *, now_ms: int, key: str | None = None, delay_ms: int = 0, **arguments: Any) -> None:
    """Run the job after this transaction commits, and after `delay_ms`. One with the same `key` waits only once. One
    with a negative delay comes before others that wait, as if it had been enqueued so much earlier.
    """
    engine(tx.dialect).add(tx, wanted, key, now_ms, now_ms + delay_ms, orjson.dumps(arguments).decode())
    tx.on_commit(announce_work)


def head_start(*, waiting: int) -> int:
    """The `delay_ms` for work of somebody of whom so much waits already: the less, the earlier it comes, so that nobody
    who enqueues much keeps others waiting.
    """
    return -_HEAD_START_MS // (1 + waiting)


def enqueue_due_periods(app: WorkersApp) -> None:
    """Enqueue each periodic job whose period has begun; whichever node is first does it."""
    now_ms = app.clock.now_ms()
    for periodic in [found for found in _known.values() if found.every_s]:
        with app.database.transaction(durable=False) as tx:
            if _begins_period(tx, periodic, now_ms):
                enqueue(tx, periodic, now_ms=now_ms, key="periodic")


def _begins_period(tx: Tx, periodic: Job, now_ms: int) -> bool:
    assert periodic.every_s is not None
    sql = (
        "INSERT INTO job_periods (name, period) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET period = excluded.period WHERE job_periods.period < excluded.period"
    )
    return tx.run(sql, periodic.name, now_ms // (periodic.every_s * 1000)) == 1


def announce_work() -> None:
    global _announcements
    with _WORK_ARRIVED:
        _announcements += 1
        _WORK_ARRIVED.notify_all()


def announcements() -> int:
    """How often work was announced in this process."""
    return _announcements


def wait_for_work(seen: int, timeout_s: float) -> None:
    """Until more than the `seen` announcements were made in this process, or the time is over."""
    with _WORK_ARRIVED:
        _WORK_ARRIVED.wait_for(lambda: _announcements != seen, timeout_s)


def describe_failure(error: Exception) -> str:
    """What is kept of the error that a job failed with."""
    return f"{type(error).__name__}: {error}"[:_MOST_ERROR_CHARS]


class Engine(Protocol):
    """How jobs wait and are worked off on one kind of database."""

    def add(self, tx: Tx, wanted: Job, key: str | None, now_ms: int, run_at_ms: int, arguments: str) -> None: ...

    def work(self, app: WorkersApp, lane: str, concurrency: int, lease_s: float, stop: threading.Event) -> None:
        """Work in a lane until `stop`; running jobs end first. Raises what the database raises when it fails."""
        ...

    def failed(self, tx: Tx) -> list[str]:
        """Jobs that were given up, newest first: name and error."""
        ...


def engine(dialect: str) -> Engine:
    if dialect == "sqlite":
        from skillyard.infra import jobs_sqlite

        return jobs_sqlite.SqliteEngine()
    from skillyard.infra import jobs_postgres

    return jobs_postgres.PostgresEngine()


class Worker:
    """Works off the jobs of a lane, `concurrency` side by side. A job whose worker died is run again after a lease."""

    def __init__(
        self, app: WorkersApp, *, concurrency: int = 2, lease_s: float = 30.0, lane: str = DEFAULT_LANE
    ) -> None:
        self._app = app
        self._lane = lane
        self._concurrency = concurrency
        self._lease_s = lease_s

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, also when the database was away in between."""
        while not stop.is_set():
            try:
                engine(self._app.database.dialect).work(self._app, self._lane, self._concurrency, self._lease_s, stop)
            except Exception:
                _log.exception("worker failed; it begins again")
                stop.wait(_AFTER_OUTAGE_S)


def failed_jobs(database: Database) -> list[str]:
    """What was given up, newest first, for the operator."""
    with database.reading() as tx:
        return engine(database.dialect).failed(tx)
