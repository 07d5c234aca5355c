"""What runs do in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.registry import kept
from skillyard.domain.runs import execute
from skillyard.domain.runs.sessions import end_idle_sessions
from skillyard.domain.runs.store import contents
from skillyard.domain.runs.store import runs as store
from skillyard.infra.jobs import enqueue, every

DECLARED = (execute,)  # it declares the job that the operations enqueue
_DAY_MS = 24 * 3600 * 1000
_AT_ONCE = 100
_PATIENCE_MS = 60_000


@every(seconds=10)
def end_abandoned_runs(app: App) -> None:
    """Call runs lost whose worker died while their program ran."""
    execute.end_abandoned(app)


@every(seconds=60)
def remember_waiting_runs(app: App) -> None:
    """Enqueue runs anew that wait while their job is gone: after a restore, or when the server failed too often."""
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        waiting = store.list_forgotten(tx, before_ms=now_ms - _PATIENCE_MS, limit=_AT_ONCE)
    for run_id in waiting:
        with app.database.transaction() as tx:
            enqueue(tx, execute.execute, now_ms=now_ms, key=run_id, run_id=run_id)


@every(seconds=60)
def end_sessions(app: App) -> None:
    """End sessions that nobody uses, with their workspaces."""
    end_idle_sessions(app)


@every(seconds=3600)
def forget_contents(app: App) -> None:
    """Forget output and files of old runs; the runs and their receipts stay."""
    before_ms = app.clock.now_ms() - app.settings.run_keep_days * _DAY_MS
    while found := _list_old(app, before_ms):
        for run_id in found:
            with app.database.transaction() as tx:
                contents.forget(tx, run_id)
                kept.let_go(tx, holder=run_id)
                store.set_without_contents(tx, run_id)


def _list_old(app: App, before_ms: int) -> list[str]:
    with app.database.reading() as tx:
        return store.list_ended_before(tx, before_ms, limit=_AT_ONCE)
