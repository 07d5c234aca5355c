"""Files of a session: those in its workspace, and once it has ended, those that its runs left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.errors import SessionFileNotFound
from skillyard.domain.runs.model import SessionStatus
from skillyard.domain.runs.sessions import find_own_session
from skillyard.domain.runs.store import contents, runs
from skillyard.domain.runs.store import sessions as store
from skillyard.infra.database import Tx
from skillyard.skill.digest import FileEntry

_NEWEST = (2**62, "~")
_MOST_RUNS = 100


def open_session_file(app: App, caller: Caller, *, session_id: str, path: str) -> tuple[FileEntry, BinaryIO]:
    """As the last run left it; to be closed by the caller. Raises SessionNotFound, SessionFileNotFound."""
    caller.must("run")
    with app.database.reading() as tx:
        session = find_own_session(tx, caller, session_id)
        is_open = session.status is SessionStatus.OPEN
        files = store.list_files(tx, session_id) if is_open else _list_left(tx, session.owner_id, session_id)
    found = next((file for file in files if file.path == path), None)
    if found is None:
        raise SessionFileNotFound(session_id=session.id, path=path[:200])
    return found, app.blobs.open(found.sha256)


def _list_left(tx: Tx, owner_id: str, session_id: str) -> Iterable[FileEntry]:
    """Those of the last run first."""
    last = runs.list_runs(tx, owner_id, kind="script", session_id=session_id, before=_NEWEST, limit=_MOST_RUNS)
    return [file for run in last for file in contents.list_files(tx, run.id, "out")]
