"""What happened, recorded in the transaction that made it, and read in that order by whoever follows.

Positions follow the order of commits: SQLite has one writer, and on PostgreSQL the writers of events pass one lock,
so that a reader who has seen position n never meets a smaller one later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import orjson

from skillyard.infra.clock import Clock
from skillyard.infra.database import Database, SqliteDatabase, Tx
from skillyard.infra.log import Logger
from skillyard.infra.tables import Table

TABLES = (Table("events", ("position", "kind", "at_ms", "data")),)

_POLL_S = 0.2
_GATHER_S = 0.1  # so that many writes one after the other are followed together
_BATCH = 500
_log = Logger("skillyard.events")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events: a domain subclasses it with a `kind` and JSON-able fields."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    position: int
    kind: str
    at_ms: int
    data: dict[str, Any]


class EventBell:
    """Rings in this process as soon as a transaction that recorded an event has committed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def ring(self) -> None:
        for listener in self._listeners:
            listener()


def record(tx: Tx, event: Event, *, at_ms: int, bell: EventBell | None = None) -> None:
    """Add an event. Call it last in a transaction: on PostgreSQL other writers of events wait until the commit."""
    tx.lock("events")
    data = orjson.dumps(asdict(event)).decode()
    tx.run("INSERT INTO events (kind, at_ms, data) VALUES (?, ?, ?)", event.kind, at_ms, data)
    if bell is not None:
        tx.on_commit(bell.ring)


def read_after(tx: Tx, position: int, *, limit: int = _BATCH) -> list[StoredEvent]:
    rows = tx.all("SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?", position, limit)
    return [
        StoredEvent(position=row["position"], kind=row["kind"], at_ms=row["at_ms"], data=orjson.loads(row["data"]))
        for row in rows
    ]


def last_position(tx: Tx) -> int:
    row = tx.one("SELECT max(position) AS position FROM events")
    return int(row["position"] or 0) if row else 0


class Follower:
    """Tails the events in a thread of its own and hands them over in batches, soon after each commit.

    `handle` is called with batches in order, also for what other processes wrote. When it raises, it gets the same
    batch again.
    """

    def __init__(
        self, database: Database, handle: Callable[[list[StoredEvent]], None], *, start_at: int, bell: EventBell
    ) -> None:
        self._database = database
        self._handle = handle
        self.position = start_at
        self._wake = threading.Event()
        self._stopping = False
        self._catching_up = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="event-follower", daemon=True)
        bell.listen(self._wake.set)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=5)

    def catch_up(self) -> None:
        """Handle everything committed so far, in the calling thread."""
        with self._catching_up:
            while True:
                with self._database.reading() as tx:
                    batch = read_after(tx, self.position)
                if not batch:
                    return
                self._handle(batch)
                self.position = batch[-1].position

    def _run(self) -> None:
        seen = -1
        while not self._stopping:
            self._wake.wait(_POLL_S)
            rung = self._wake.is_set()
            if rung:
                time.sleep(_GATHER_S)
            self._wake.clear()
            changes = self._database.change_counter() if isinstance(self._database, SqliteDatabase) else None
            if rung or changes is None or changes != seen:
                seen = changes if changes is not None else -1
                if not self._caught_up():
                    seen = -1

    def _caught_up(self) -> bool:
        """A failure, such as a database that is away, is tried again: the position has not moved."""
        try:
            self.catch_up()
        except Exception:
            _log.exception("events could not be followed", position=self.position)
            return False
        return True


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records events with the application's clock and bell."""

    clock: Clock
    bell: EventBell

    def record(self, tx: Tx, event: Event) -> None:
        record(tx, event, at_ms=self.clock.now_ms(), bell=self.bell)
