"""How a run ends: its files into the store, then everything that follows in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

from skillyard.app import App
from skillyard.domain.registry import kept
from skillyard.domain.registry.observed import note_observed
from skillyard.domain.runs.errors import FilesNotKept
from skillyard.domain.runs.model import OutputChunk, Run, RunEnded, RunStatus
from skillyard.domain.runs.receipts import sign_run
from skillyard.domain.runs.store import contents, sessions
from skillyard.domain.runs.store import runs as store
from skillyard.infra.database import Tx
from skillyard.sandbox.model import Result
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
    before: Iterable[FileEntry],
    left: LeftFiles,
) -> None:
    """End a run whose program has ended. `chunks`: what of its output is not stored yet; `before`: the files that its
    workspace had. Nothing happens when it is another's by now. Raises FilesNotKept.
    """
    was = {file.path: file.sha256 for file in before}
    made = [file for file in left.files if was.get(file.path) != file.sha256]
    status, why = judge(result)
    now_ms = app.clock.now_ms()
    receipt = sign_run(app, run, status, result, files_in=before, files_out=made, ended_ms=now_ms)
    notes = [str(fault) for fault in left.left_out]

    def end() -> None:
        _put(app, left, left.files if run.session_id else made)
        with app.database.transaction() as tx:
            if not store.end(
                tx, run.id, status, claim=claim, why=why, result=result, notes=notes, receipt=receipt, now_ms=now_ms
            ):
                return
            _keep_files(tx, app, run, made, left.files)
            contents.add_output(tx, run.id, chunks)
            note_observed(tx, run.release_id, run.task.permissions, result.observed, now_ms=now_ms)
            _tell(tx, app, run, status)

    for _ in range(_ATTEMPTS - 1):
        try:
            return end()
        except FilesNotKept:  # the sweep was removing content that this run made anew: put it again
            continue
    return end()


def end_without_result(app: App, run: Run, status: RunStatus, why: str, *, claim: str | None) -> bool:
    """End a run of which there is nothing to tell but why; False when it is over already, or another's."""
    with app.database.transaction() as tx:
        ended = store.end(
            tx, run.id, status, claim=claim, why=why, result=None, notes=(), receipt=None, now_ms=app.clock.now_ms()
        )
        if ended:
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


def _keep_files(tx: Tx, app: App, run: Run, made: Iterable[FileEntry], everything: Iterable[FileEntry]) -> None:
    """What it made, and where it ran in a session that is still open, all that is in its workspace."""
    made, everything = tuple(made), tuple(everything)
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
    app.events.record(tx, RunEnded(run_id=run.id, name=run.name, version=run.version, status=status.value))
