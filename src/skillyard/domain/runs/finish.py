"""How a run ends: its files into the store, then everything that follows in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from skillyard.app import App
from skillyard.domain.registry import kept
from skillyard.domain.registry.observed import note_observed
from skillyard.domain.runs.charge import settle
from skillyard.domain.runs.errors import FilesNotKept
from skillyard.domain.runs.model import OutputChunk, Run, RunEnded, RunStatus
from skillyard.domain.runs.receipts import readable, sign_run
from skillyard.domain.runs.services import Calls
from skillyard.domain.runs.store import contents, sessions
from skillyard.domain.runs.store import runs as store
from skillyard.infra.database import Tx
from skillyard.sandbox.model import Observed, Result
from skillyard.skill.digest import FileEntry
from skillyard.skill.left_files import LeftFiles

_ATTEMPTS = 3


def finish(
    app: App,
    run: Run,
    claim: str,
    result: Result,
    *,
    chunks: Sequence[OutputChunk],
    before: Sequence[FileEntry],
    left: LeftFiles,
    calls: Calls = (),
) -> None:
    """End a run whose program has ended. `chunks`: what of its output is not stored yet; `before`: the files that its
    workspace had; `calls`: what it called through services. Nothing happens when it is another's by now. Raises
    FilesNotKept.
    """
    was = {file.path: file.sha256 for file in before}
    made = tuple(file for file in left.files if was.get(file.path) != file.sha256)
    status, why = judge(result)
    now_ms = app.clock.now_ms()
    kept_result = replace(result, observed=readable(result.observed))
    ending = _Ending(
        status=status,
        why=why,
        result=kept_result,
        observed=result.observed,
        chunks=chunks,
        made=made,
        left=left,
        receipt=sign_run(app, run, status, kept_result, files_in=before, files_out=made, calls=calls, ended_ms=now_ms),
        now_ms=now_ms,
    )
    for _ in range(_ATTEMPTS - 1):
        try:
            return _end(app, run, claim, ending)
        except FilesNotKept:  # the sweep was removing content that this run made anew: put it again
            continue
    return _end(app, run, claim, ending)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    status: RunStatus
    why: str
    result: Result
    observed: Observed
    chunks: Sequence[OutputChunk]
    made: Sequence[FileEntry]
    left: LeftFiles
    receipt: str
    now_ms: int


def _end(app: App, run: Run, claim: str, ending: _Ending) -> None:
    _put(app, ending.left, ending.left.files if run.session_id else ending.made)
    with app.database.transaction() as tx:
        is_ours = store.end(
            tx,
            run.id,
            ending.status,
            claim=claim,
            why=ending.why,
            result=ending.result,
            notes=[str(fault) for fault in ending.left.left_out],
            receipt=ending.receipt,
            now_ms=ending.now_ms,
        )
        if is_ours:
            _keep_files(tx, app, run, ending.made, ending.left.files)
            contents.add_output(tx, run.id, ending.chunks)
            note_observed(tx, run.release_id, run.task.permissions, ending.observed, now_ms=ending.now_ms)
            settle(tx, run, has_result=True, now_ms=ending.now_ms)
            _tell(tx, app, run, ending.status)


def end_without_result(app: App, run: Run, status: RunStatus, why: str, *, claim: str | None) -> bool:
    """End a run of which there is nothing to tell but why; False when it is over already, or another's."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        ended = store.end(tx, run.id, status, claim=claim, why=why, result=None, notes=(), receipt=None, now_ms=now_ms)
        if ended:
            settle(tx, run, has_result=False, now_ms=now_ms)
            _tell(tx, app, run, status)
        return ended


def judge(result: Result) -> tuple[RunStatus, str]:
    """What became of it, and in words why it did not succeed."""
    if result.is_cancelled:
        return RunStatus.CANCELLED, "it was cancelled while it ran"
    if result.is_good:
        return RunStatus.SUCCEEDED, ""
    if result.limits_hit:
        return RunStatus.FAILED, f"it reached its limit of {' and '.join(result.limits_hit)}"
    if result.exit_code is None:
        return RunStatus.FAILED, f"it was ended by signal {result.signal}"
    return RunStatus.FAILED, f"it ended with exit code {result.exit_code}"


def _put(app: App, left: LeftFiles, files: Iterable[FileEntry]) -> None:
    for file in files:
        with os.fdopen(left.open(file.path), "rb") as content:
            app.blobs.put(file.sha256, cast(BinaryIO, content), file.size_bytes)


def _keep_files(tx: Tx, app: App, run: Run, made: Sequence[FileEntry], everything: Sequence[FileEntry]) -> None:
    """What it made, and where it ran in a session that is still open, all that is in its workspace."""
    contents.add_files(tx, run.id, "out", made)
    if not kept.keep(tx, [file.sha256 for file in made], holder=run.id):
        raise FilesNotKept(retry_after_s=1)
    expires_ms = app.clock.now_ms() + app.settings.session_minutes * 60_000
    if run.session_id and sessions.use(tx, run.session_id, expires_ms=expires_ms):
        sessions.set_files(tx, run.session_id, everything)
        kept.let_go(tx, holder=run.session_id)
        if not kept.keep(tx, [file.sha256 for file in everything], holder=run.session_id):
            raise FilesNotKept(retry_after_s=1)


def _tell(tx: Tx, app: App, run: Run, status: RunStatus) -> None:
    event = RunEnded(
        run_id=run.id, run_kind=run.kind, owner_id=run.owner_id, name=run.name, version=run.version,
        status=status.value,
    )  # fmt: skip
    app.events.record(tx, event)
