"""Does a run that waits: once, by one worker, and never a second time when its program may have done something.

    queued ──claim──> running ──begin──> running, begun ──end──> succeeded, failed, cancelled
                         │                     │
       worker dies: another claims it     worker dies: lost

A claim is good for a lease that `Watch` renews. What ends a run asks for the claim, so that a worker which was away
for too long changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.runs.environment import open_environment
from skillyard.domain.runs.finish import end_without_result, finish
from skillyard.domain.runs.folders import a_workspace
from skillyard.domain.runs.limits import file_limits
from skillyard.domain.runs.model import LANE, Run, RunStatus
from skillyard.domain.runs.prepare import prepare, runs_folder
from skillyard.domain.runs.room import check_room
from skillyard.domain.runs.services import with_services
from skillyard.domain.runs.store import runs as store
from skillyard.domain.runs.watch import LEASE_MS, Watch
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue, job
from skillyard.infra.log import Logger
from skillyard.infra.redaction import Redactor
from skillyard.sandbox.layers import LayerRefused
from skillyard.sandbox.model import Result, SandboxUnavailable
from skillyard.skill.faults import SkillError
from skillyard.skill.left_files import take_files

_AT_ONCE = 100
_FAULT = "a fault on our side; the log of the workers has it"
_DIED = "the worker died while it ran; nobody knows what it did"
_STOPPED = "the server was stopped while it ran"
_log = Logger("skillyard.runs")


@job("runs.execute", lane=LANE)
def execute(app: App, run_id: str) -> None:
    """Do a run. While another worker has it, look again after each lease."""
    if carry_out(app, run_id):
        return
    end_abandoned(app)
    with app.database.transaction() as tx:
        run = store.find(tx, run_id)
        if run is not None and not run.status.is_over:
            enqueue(tx, execute, now_ms=app.clock.now_ms(), key=run_id, delay_ms=LEASE_MS, run_id=run_id)


def carry_out(app: App, run_id: str, environment: Mapping[str, str] | None = None) -> bool:
    """Do a run that waits, or whose worker died before its program began; False when it is not ours to do.

    `environment`: of a step, whose values are not stored with it and are secrets, perhaps of others than its owner.
    """
    claim = new_id("clm")
    run = _claim(app, run_id, claim)
    if run is None:
        return False
    try:
        with Watch(app, run, claim) as watch:
            _do(app, run, claim, watch, environment)
    except Exception as error:
        end_without_result(app, run, _status_after(app, run, error), _why(error, run), claim=claim)
    return True


def end_abandoned(app: App) -> int:
    """Call runs lost whose program was begun by a worker that is not heard of any more; how many."""
    with app.database.reading() as tx:
        rows = store.list_abandoned(tx, now_ms=app.clock.now_ms(), limit=_AT_ONCE)
        found = [(store.find(tx, row["id"]), row["claim"]) for row in rows]
    return sum(end_without_result(app, run, RunStatus.LOST, _DIED, claim=claim) for run, claim in found if run)


def _claim(app: App, run_id: str, claim: str) -> Run | None:
    now_ms = app.clock.now_ms()
    with app.database.transaction(durable=False) as tx:
        if not store.claim(tx, run_id, claim, until_ms=now_ms + LEASE_MS, now_ms=now_ms):
            return None
        return store.find(tx, run_id)


def _do(app: App, run: Run, claim: str, watch: Watch, environment: Mapping[str, str] | None) -> None:
    sandbox = app.sandbox.get()
    if run.kind == "script":
        check_room(app, run.owner_id)
    with a_workspace(runs_folder(app) / "work") as workspace:
        values = _stored_environment(app, run) if environment is None else environment
        task, before = prepare(app, run, workspace, sandbox, values, watch)
        begun = _begin(app, run, claim)
        if begun is None:
            end_without_result(app, run, RunStatus.CANCELLED, "it was cancelled before it began", claim=claim)
            return
        with with_services(app, begun, replace(task, on_output=None) if environment else task) as (served, calls):
            result = sandbox.run(served)
        if result.is_cancelled and app.sandbox.is_stopping:
            end_without_result(app, run, RunStatus.LOST, _STOPPED, claim=claim)
            return
        left = take_files(workspace, limits=file_limits(run.task.limits))
        if environment:  # others' secrets, perhaps
            result = _without(result, environment)
        if run.kind == "step":  # whoever asked for it gets its output: nobody comes for its files
            before = left.files
        finish(app, begun, claim, result, chunks=watch.rest(result), before=before, left=left, calls=calls())


def _without(result: Result, environment: Mapping[str, str]) -> Result:
    hide = Redactor(environment.values())
    return replace(result, stdout=hide.data(result.stdout), stderr=hide.data(result.stderr))


def _stored_environment(app: App, run: Run) -> Mapping[str, str]:
    with app.database.reading() as tx:
        return open_environment(app, run.id, store.find_sealed(tx, run.id))


def _begin(app: App, run: Run, claim: str) -> Run | None:
    """None when it was cancelled, or is not ours any more."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        is_ours = store.begin(tx, run.id, claim, until_ms=now_ms + LEASE_MS, now_ms=now_ms)
    return replace(run, begun_ms=now_ms) if is_ours else None


def _status_after(app: App, run: Run, error: Exception) -> RunStatus:
    """Refused if its program was surely not started."""
    if isinstance(error, SandboxUnavailable):
        return RunStatus.REFUSED
    with app.database.reading() as tx:
        now = store.find(tx, run.id)
    return RunStatus.REFUSED if now is None or now.begun_ms is None else RunStatus.LOST


def _why(error: Exception, run: Run) -> str:
    """For the one whose run it is; what we did not expect is told to the operator only."""
    if isinstance(error, SandboxUnavailable | LayerRefused):
        log = f"\n{error.log}" if isinstance(error, LayerRefused) and error.log else ""
        return f"{error.why} ({error.hint}){log}"
    if isinstance(error, SkillyardError):
        return error.message
    if isinstance(error, SkillError):
        return str(error)
    _log.exception("a run failed on our side", run=run.id)
    return _FAULT
