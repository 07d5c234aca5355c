"""Work that the server itself has done in a sandbox, in the thread that asks for it: steps of sealed skills."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.registry.runnable import find_for_server
from skillyard.domain.runs.errors import StepLost, StepRefused, StepUnderWay
from skillyard.domain.runs.execute import carry_out, end_abandoned
from skillyard.domain.runs.limits import most
from skillyard.domain.runs.model import Finished, Run, RunStatus, RunTask, Work
from skillyard.domain.runs.start import keep_inputs, new_run, put_blob, put_files
from skillyard.domain.runs.store import contents
from skillyard.domain.runs.store import runs as store
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import read_permissions


def run_once(app: App, work: Work) -> Finished:
    """Do it and wait for its end, however it ends. Call it in a job of the lane `model.LANE`, outside of transactions.

    After a crash call it again with the same `ref`: what was done comes back as it was stored, what had not begun is
    done now, and what had is lost. Its run is seen by nobody but `owner_id`.

    Raises StepLost, StepUnderWay (another worker does it, or died a moment ago: come back), StepRefused (it cannot be
    had, or isolated), ReleaseNotFound or ReleaseQuarantined.
    """
    run = _find_or_add(app, work)
    if not run.status.is_over and not carry_out(app, run.id, work.environment):
        end_abandoned(app)
    with app.database.reading() as tx:
        run = store.find(tx, run.id) or run
    if run.status is RunStatus.LOST:
        raise StepLost(ref=work.ref)
    if not run.status.is_over:
        raise StepUnderWay(ref=work.ref, retry_after_s=5)
    if run.result is None or run.receipt is None:
        raise StepRefused(ref=work.ref, why=run.why)
    return _finished(app, run)


def _find_or_add(app: App, work: Work) -> Run:
    with app.database.reading() as tx:
        known = store.find_by_ref(tx, work.ref)
    return known or _add(app, work)


def _add(app: App, work: Work) -> Run:
    release = find_for_server(app, name=SkillName.parse(work.name), version=work.version)
    declared, _ = read_permissions(release.permissions)
    task = RunTask(
        script=work.script,
        command=work.command,
        stdin_sha256=put_blob(app, work.stdin) if work.stdin else None,
        stdin_bytes=len(work.stdin),
        environment=tuple(sorted(work.environment)),
        permissions=declared if work.permissions is None else work.permissions,
        limits=work.limits or most(app.settings),
    )
    run = new_run(app, release, task, owner_id=work.owner_id, kind="step", ref=work.ref)
    run = replace(run, files_in=put_files(app, work.files))
    with app.database.transaction() as tx:
        if not store.add(tx, run, key=None, sealed=""):
            known = store.find_by_ref(tx, work.ref)
            assert known is not None, "its ref is the only thing that can be taken"
            return known
        keep_inputs(tx, run)
    return run


def _finished(app: App, run: Run) -> Finished:
    assert run.result is not None, "asked for before"
    with app.database.reading() as tx:
        stdout, stderr = (contents.read_stream(tx, run.id, stream) for stream in ("stdout", "stderr"))
    result = replace(run.result, stdout=stdout, stderr=stderr)
    return Finished(run_id=run.id, status=run.status, result=result, receipt=run.receipt or "")
