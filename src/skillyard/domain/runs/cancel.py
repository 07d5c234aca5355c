"""Stop a run."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.errors import RunIsOver
from skillyard.domain.runs.finish import end_without_result
from skillyard.domain.runs.model import Run, RunStatus
from skillyard.domain.runs.read import find_own, get_run
from skillyard.domain.runs.store import runs as store


def cancel_run(app: App, caller: Caller, *, run_id: str) -> Run:
    """One that waits ends at once, one under way within seconds: then it has a receipt of what it did until then.

    Raises RunNotFound, RunIsOver.
    """
    caller.must("run")
    with app.database.transaction() as tx:
        run = find_own(tx, caller, run_id)
        if not store.ask_to_cancel(tx, run.id):
            raise RunIsOver(run_id=run.id, status=run.status.value)
    end_without_result(app, run, RunStatus.CANCELLED, "it was cancelled before it began", claim=None)
    return get_run(app, caller, run_id=run_id)
