"""Look at runs, their output, files and receipts. Everybody sees their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs import rules
from skillyard.domain.runs.errors import NoReceipt, RunFileNotFound, RunNotFound
from skillyard.domain.runs.model import OutputChunk, Run, RunKind
from skillyard.domain.runs.store import contents
from skillyard.domain.runs.store import runs as store
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.sandbox.model import Stream
from skillyard.skill.digest import FileEntry

MOST_WAIT_S = 55.0
_NEWEST = (2**62, "~")
_CHUNKS_AT_ONCE = 200
_FIRST_LOOK_S = 0.02
_MOST_LOOK_S = 0.3


def get_run(app: App, caller: Caller, *, run_id: str) -> Run:
    """With its files. Raises RunNotFound."""
    with app.database.reading() as tx:
        run = find_own(tx, caller, run_id)
        files_in, files_out = contents.list_files(tx, run.id, "in"), contents.list_files(tx, run.id, "out")
    return replace(run, files_in=files_in, files_out=files_out)


def list_runs(
    app: App,
    caller: Caller,
    *,
    kind: RunKind = "script",
    session_id: str | None = None,
    limit: int = 30,
    cursor: str | None = None,
) -> Page[Run]:
    """The caller's, the newest first, without their files. Raises BadCursor."""
    caller.must("read_own")
    owner_id, _ = caller.identity
    at_ms, run_id = read_cursor(cursor, _NEWEST)
    before = (int(at_ms), str(run_id))
    with app.database.reading() as tx:
        found = store.list_runs(tx, owner_id, kind=kind, session_id=session_id, before=before, limit=limit + 1)
    return page_of(found, limit, lambda run: [run.created_ms, run.id])


def wait_run(
    app: App, caller: Caller, *, run_id: str, wait_s: float = MOST_WAIT_S, sleep: Callable[[float], None] = time.sleep
) -> Run:
    """The run when it is over, or as it is after so many seconds. Raises RunNotFound."""
    until = time.monotonic() + min(wait_s, MOST_WAIT_S)
    waits = pauses()
    while not (run := get_run(app, caller, run_id=run_id)).status.is_over and time.monotonic() < until:
        sleep(min(next(waits), max(0.0, until - time.monotonic())))
    return run


def pauses() -> Iterator[float]:
    """Seconds between two looks at a run that is under way: short at first, since most runs are."""
    pause = _FIRST_LOOK_S
    while True:
        yield pause
        pause = min(pause * 1.5, _MOST_LOOK_S)


def read_output(app: App, caller: Caller, *, run_id: str, after: int = 0) -> tuple[Run, list[OutputChunk]]:
    """What it wrote behind the position `after`, as far as it has come; ask again behind the last one. Raises
    RunNotFound.
    """
    with app.database.reading() as tx:
        run = find_own(tx, caller, run_id)
        return run, contents.list_output(tx, run.id, after=after, limit=_CHUNKS_AT_ONCE)


def read_stream(app: App, caller: Caller, *, run_id: str, stream: Stream) -> bytes:
    """All that it wrote there. Raises RunNotFound."""
    with app.database.reading() as tx:
        return contents.read_stream(tx, find_own(tx, caller, run_id).id, stream)


def open_file(app: App, caller: Caller, *, run_id: str, path: str) -> tuple[FileEntry, BinaryIO]:
    """A file that it left, to be closed by the caller. Raises RunNotFound, RunFileNotFound."""
    run = get_run(app, caller, run_id=run_id)
    found = next((file for file in run.files_out if file.path == path), None)
    if found is None:
        raise RunFileNotFound(run_id=run.id, path=path[:200])
    return found, app.blobs.open(found.sha256)


def get_receipt(app: App, caller: Caller, *, run_id: str) -> str:
    """The signed text. Raises RunNotFound, NoReceipt."""
    with app.database.reading() as tx:
        run = find_own(tx, caller, run_id)
    if run.receipt is None:
        raise NoReceipt(run_id=run.id, status=run.status.value)
    return run.receipt


def find_own(tx: Tx, caller: Caller, run_id: str) -> Run:
    """With a token that reads, or one that only runs. Raises RunNotFound, also for a run of somebody else, or of
    another key for some skills.
    """
    if not caller.may("run"):
        caller.must("read_own")
    run = store.find(tx, run_id)
    is_own = run is not None and rules.is_own(caller, owner_id=run.owner_id, key_id=run.key_id)
    if run is None or not is_own or not caller.reaches(run.name):
        raise RunNotFound(run_id=run_id[:40])
    return run
