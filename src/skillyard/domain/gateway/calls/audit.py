"""Who called what, with which skill, and what came of it: no call goes out uncounted, and no answer back unwritten.

The rows of many callers are committed together.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls import plans
from skillyard.domain.gateway.calls.call_model import CallRecord
from skillyard.domain.gateway.calls.plans import Limit, person_of
from skillyard.domain.gateway.store import calls as store
from skillyard.domain.gateway.store import connections
from skillyard.domain.gateway.store.calls import Day, Sums
from skillyard.infra.clock import iso
from skillyard.infra.database import Database, Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.group_commit import GroupCommit
from skillyard.infra.log import Logger
from skillyard.infra.paging import Page, page_of, read_cursor

_AFTER_ALL_IDS = "zzzz"
_USED_AGAIN_MS = 60_000
_log = Logger("skillyard.calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A call that wants to go out, within its limits; one that changes something goes on record before it does."""

    limits: tuple[Limit, ...]
    record: CallRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A call that is over. `is_connection_seen`: that its connection is in use was written down just before."""

    record: CallRecord
    is_connection_seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOf:
    """A call, and who made it."""

    record: CallRecord
    username: str


def begin(app: App, record: CallRecord, limits: tuple[Limit, ...]) -> None:
    """Count a call, and put it on record if it changes something. Raises CallLimitReached: then it is not counted."""
    kept = None if record.effect == "read" else record
    if not limits and kept is None:
        return
    reached = _write(app, Begin(limits=limits, record=kept))
    if reached is not None:
        raise plans.refusal(reached, now_ms=app.clock.now_ms())


def end(app: App, record: CallRecord, *, connection_used_ms: int | None) -> None:
    """Write down what came of a call. One that changed something is on record already: it is done, whatever fails here.

    Raises DatabaseUnavailable.
    """
    seen = connection_used_ms is not None and record.at_ms - connection_used_ms < _USED_AGAIN_MS
    try:
        _write(app, End(record=record, is_connection_seen=seen))
    except SkillyardError as error:
        if record.effect == "read":
            raise
        _log.error("end of a call not written", call=record.id, status=record.status, why=error.message)


def list_calls(
    app: App,
    caller: Caller,
    *,
    integration: str | None = None,
    run_id: str | None = None,
    limit: int = 30,
    cursor: str | None = None,
) -> Page[CallRecord]:
    """The caller's, whoever made them with which skill, the newest first."""
    caller.must("read_own")
    (before,) = read_cursor(cursor, [_AFTER_ALL_IDS])
    with app.database.reading() as tx:
        found = store.list_of(
            tx, caller.identity[0], before=str(before), limit=limit + 1, integration=integration, run_id=run_id
        )
    return page_of(found, limit, lambda record: [record.id])


def list_all_calls(
    app: App,
    caller: Caller,
    *,
    username: str | None = None,
    integration: str | None = None,
    run_id: str | None = None,
    limit: int = 30,
    cursor: str | None = None,
) -> Page[CallOf]:
    """Everybody's, or one person's, for administrators; the newest first. Raises UserNotFound."""
    caller.must("administer")
    (before,) = read_cursor(cursor, [_AFTER_ALL_IDS])
    with app.database.reading() as tx:
        user_id = None if username is None else person_of(tx, username).id
        found = store.list_of(tx, user_id, before=str(before), limit=limit + 1, integration=integration, run_id=run_id)
        people = list_people(tx, {record.user_id for record in found})
    named = [CallOf(record=one, username=people[one.user_id].username) for one in found]
    return page_of(named, limit, lambda one: [one.record.id])


def calls_of_run(tx: Tx, run_id: str, *, limit: int = 1000) -> list[CallRecord]:
    """In the order in which they were made, for its receipt."""
    return store.list_of_run(tx, run_id, limit=limit)


_writers: WeakKeyDictionary[Database, GroupCommit[Begin | End, Limit | None]] = WeakKeyDictionary()
_lock = threading.Lock()


def _write(app: App, one: Begin | End) -> Limit | None:
    """Together with what others write just now. For one that begins the limit that it would pass."""
    with _lock:
        writer = _writers.setdefault(app.database, GroupCommit())
    return writer.do(one, lambda group: _write_all(app, group))


def _write_all(app: App, group: Sequence[Begin | End]) -> list[Limit | None]:
    """Of each that begins the limit that it would pass; None: it may go out."""
    begun = [one for one in group if isinstance(one, Begin)]
    ended = [one for one in group if isinstance(one, End)]
    goes_out = any(one.record for one in begun)  # of the end of a write a power cut may leave that nobody knows it
    with app.database.transaction(durable=goes_out) as tx:
        reached = plans.count(tx, [one.limits for one in begun])
        sending = [one.record for one, limit in zip(begun, reached, strict=True) if one.record and not limit]
        store.put(tx, [*sending, *(one.record for one in ended)])
        _add_up(tx, ended)
    found = iter(reached)
    return [next(found) if isinstance(one, Begin) else None for one in group]


def _add_up(tx: Tx, ended: Sequence[End]) -> None:
    sums: dict[Day, Sums] = {}
    used: dict[str, int] = {}
    for one in ended:
        record = one.record
        day = Day(record.user_id, iso(record.at_ms)[:10], record.integration)
        calls, failures, duration_ms = sums.get(day, Sums(0, 0, 0))
        sums[day] = Sums(calls + 1, failures + record.has_failed, duration_ms + (record.duration_ms or 0))
        if record.connection_id and not one.is_connection_seen:
            used[record.connection_id] = record.at_ms
    store.add_to_days(tx, sums.items())
    for connection_id, at_ms in sorted(used.items()):
        connections.note_call(tx, connection_id, now_ms=at_ms)


def failed(record: CallRecord, code: str, *, duration_ms: int) -> CallRecord:
    """The record of a call that got no answer."""
    return replace(record, state="failed", error=code, duration_ms=duration_ms)
