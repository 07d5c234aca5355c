"""Jobs on PostgreSQL by procrastinate: enqueued by its SQL function in our transaction, picked up by LISTEN/NOTIFY."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

import orjson
import procrastinate
import structlog
from procrastinate import PsycopgConnector, RetryDecision
from procrastinate import jobs as procrastinate_jobs

from skillyard.infra.database import Tx
from skillyard.infra.jobs import Job, WorkersApp, enqueue_due_periods, known

_PERIODS_S = 5.0
_STOP_POLL_S = 0.2
_log = structlog.get_logger("skillyard.jobs")


class PostgresEngine:
    def add(self, tx: Tx, wanted: Job, key: str | None, now_ms: int, run_at_ms: int, arguments: str) -> None:
        queueing_lock = f"{wanted.name} {key}" if key is not None else None
        if queueing_lock is not None:
            tx.lock(f"job {queueing_lock}")
        tx.one(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', ?, 0, NULL, ?, ?::jsonb,"
            " to_timestamp(?::float8 / 1000))::procrastinate_job_to_defer_v1])"
            " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ?)",
            wanted.name, queueing_lock, arguments, run_at_ms if run_at_ms > now_ms else None, queueing_lock,
        )  # fmt: skip

    def work(self, app: WorkersApp, concurrency: int, lease_s: float, stop: threading.Event) -> None:
        asyncio.run(_work(app, concurrency, lease_s, stop))

    def failed(self, tx: Tx) -> list[str]:
        rows = tx.all(
            "SELECT task_name, args FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id DESC LIMIT 100"
        )
        return [f"{row['task_name']}: {orjson.dumps(row['args']).decode()}" for row in rows]


class _Retry(procrastinate.BaseRetryStrategy):
    """Our own waits, so that both engines behave alike."""

    def __init__(self, declared: Job) -> None:
        self._declared = declared

    def get_retry_decision(self, *, exception: BaseException, job: procrastinate_jobs.Job) -> RetryDecision | None:
        del exception
        attempts = job.attempts + 1
        if attempts > self._declared.retries:
            return None
        return RetryDecision(retry_in={"seconds": self._declared.wait_s(attempts)})


async def _work(app: WorkersApp, concurrency: int, lease_s: float, stop: threading.Event) -> None:
    queue = procrastinate.App(connector=PsycopgConnector(conninfo=app.database.url, min_size=2, max_size=4))
    for declared in known().values():
        queue.task(name=declared.name, retry=_Retry(declared))(_bound(app, declared))
    async with queue.open_async():
        working = asyncio.create_task(
            queue.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                update_heartbeat_interval=lease_s / 3,
                stalled_worker_timeout=lease_s,
                delete_jobs="successful",
                listen_notify=True,
            )
        )
        beside = asyncio.create_task(_beside(app, queue, lease_s))
        while not stop.is_set() and not working.done():
            await asyncio.sleep(_STOP_POLL_S)
        beside.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def _bound(app: WorkersApp, declared: Job) -> Callable[..., None]:
    def run(**arguments: object) -> None:
        try:
            declared(app, **arguments)
        except Exception:
            _log.warning("job failed", job=declared.name, exc_info=True)
            raise

    return run


async def _beside(app: WorkersApp, queue: procrastinate.App, lease_s: float) -> None:
    """Begin periods, and give what dead workers held back to the queue."""
    while True:
        await asyncio.to_thread(enqueue_due_periods, app)
        for stalled in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=lease_s):
            await queue.job_manager.retry_job(stalled)
        await asyncio.sleep(min(_PERIODS_S, lease_s))
