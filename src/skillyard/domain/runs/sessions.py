"""Sessions: a workspace for several runs, one after the other, until it is closed or nobody uses it."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import kept
from skillyard.domain.runs import rules
from skillyard.domain.runs.errors import SessionEnded, SessionNotFound
from skillyard.domain.runs.model import Session, SessionStatus
from skillyard.domain.runs.store import sessions as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor

_NEWEST = (2**62, "~")
_AT_ONCE = 100


def open_session(app: App, caller: Caller, *, is_reused: bool = False) -> Session:
    """`is_reused`: runs of the same token may go on in it without naming it, see `find_reusable`."""
    caller.must("run")
    owner_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    session = Session(
        id=new_id("ses"),
        owner_id=owner_id,
        status=SessionStatus.OPEN,
        created_ms=now_ms,
        expires_ms=_expires_ms(app, now_ms),
        ended_ms=None,
        key_id=caller.slice_key_id,
    )
    with app.database.transaction() as tx:
        store.add(tx, session, reused_by=caller.token_id if is_reused else None)
    return session


def find_reusable(app: App, caller: Caller) -> str | None:
    """The session that was opened last with this very token to be reused, if it is idle. Other tokens of the same
    person may be in the hands of others.
    """
    caller.must("run")
    owner_id, _ = caller.identity
    if caller.token_id is None:
        return None
    with app.database.reading() as tx:
        return store.find_reusable(tx, owner_id, reused_by=caller.token_id, now_ms=app.clock.now_ms())


def get_session(app: App, caller: Caller, *, session_id: str) -> Session:
    """With the files in its workspace. Raises SessionNotFound."""
    if not caller.may("run"):
        caller.must("read_own")
    with app.database.reading() as tx:
        session = find_own_session(tx, caller, session_id)
        return replace(session, files=store.list_files(tx, session_id))


def list_sessions(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Session]:
    """The caller's, the newest first, without their files. Raises BadCursor."""
    caller.must("read_own")
    owner_id, _ = caller.identity
    at_ms, session_id = read_cursor(cursor, _NEWEST)
    with app.database.reading() as tx:
        found = store.list_sessions(tx, owner_id, before=(int(at_ms), str(session_id)), limit=limit + 1)
    return page_of(found, limit, lambda session: [session.created_ms, session.id])


def close_session(app: App, caller: Caller, *, session_id: str) -> Session:
    """Its workspace is gone; a run under way in it goes on, and what that leaves is with the run. Raises
    SessionNotFound.
    """
    caller.must("run")
    with app.database.transaction() as tx:
        find_own_session(tx, caller, session_id)
        _end(app, tx, session_id, SessionStatus.CLOSED)
        return find_own_session(tx, caller, session_id)


def end_idle_sessions(app: App) -> None:
    """Those in which nothing ran for longer than the operator allows."""
    with app.database.reading() as tx:
        idle = store.list_idle(tx, now_ms=app.clock.now_ms(), limit=_AT_ONCE)
    for session_id in idle:
        with app.database.transaction() as tx:
            _end(app, tx, session_id, SessionStatus.EXPIRED)


def use_session(app: App, tx: Tx, caller: Caller, session_id: str) -> None:
    """Raises SessionNotFound, SessionEnded."""
    session = find_own_session(tx, caller, session_id)
    if not store.use(tx, session_id, expires_ms=_expires_ms(app, app.clock.now_ms())):
        raise SessionEnded(session_id=session_id, status=session.status.value)


def find_own_session(tx: Tx, caller: Caller, session_id: str) -> Session:
    """Raises SessionNotFound, also for one of somebody else, or of another key for some skills."""
    session = store.find(tx, session_id) if session_id.isprintable() else None
    if session is None or not rules.is_own(caller, owner_id=session.owner_id, key_id=session.key_id):
        raise SessionNotFound(session_id=session_id[:40])
    return session


def _end(app: App, tx: Tx, session_id: str, status: SessionStatus) -> None:
    if store.end(tx, session_id, status, now_ms=app.clock.now_ms()):
        store.set_files(tx, session_id, ())
        kept.let_go(tx, holder=session_id)


def _expires_ms(app: App, now_ms: int) -> int:
    return now_ms + app.settings.session_minutes * 60_000
