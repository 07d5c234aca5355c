"""Jobs on PostgreSQL by procrastinate: enqueued by its SQL function in our transaction, picked up by LISTEN/NOTIFY."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import threading
from collections.abc import Callable

import procrastinate
from procrastinate import JobContext, PsycopgConnector, RetryDecision
from procrastinate import jobs as procrastinate_jobs
from procrastinate.exceptions import UniqueViolation
from procrastinate.manager import JobManager

from skillyard.infra.database import Tx
from skillyard.infra.jobs import Job, WorkersApp, describe_failure, enqueue_due_periods, known
from skillyard.infra.log import Logger

_POLL_S = 1.0  # for delayed jobs and retries; the others announce themselves
_PERIODS_S = 5.0
_STOP_POLL_S = 0.2
_ERROR = "$error"  # the library keeps no error: it is put beside the arguments of the job that failed
_log = Logger("skillyard.jobs")


class PostgresEngine:
    def add(self, tx: Tx, wanted: Job, key: str | None, now_ms: int, run_at_ms: int, arguments: str) -> None:
        queueing_lock = f"{wanted.name} {key}" if key is not None else None
        if queueing_lock is not None:
            tx.lock(f"job {queueing_lock}")
        tx.one(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(?, ?, ?, NULL, ?, ?::jsonb,"
            " to_timestamp(?::float8 / 1000))::procrastinate_job_to_defer_v1])"
            " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ?)",
            wanted.lane, wanted.name, max(0, now_ms - run_at_ms) // 1000, queueing_lock, arguments,
            run_at_ms if run_at_ms > now_ms else None,
            queueing_lock,
        )  # fmt: skip

    def work(self, app: WorkersApp, lane: str, concurrency: int, lease_s: float, stop: threading.Event) -> None:
        asyncio.run(_work(app, lane, concurrency, lease_s, stop))

    def failed(self, tx: Tx) -> list[str]:
        rows = tx.all(
            "SELECT task_name, args FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id DESC LIMIT 100"
        )
        unknown = "this version knows no such job"
        return [f"{row['task_name']}: {row['args'].get(_ERROR, unknown)}" for row in rows]


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


class _Jobs(JobManager):
    """Lets go of a job to be run again when one with the same key waits already: that one will do it."""

    async def retry_job_by_id_async(
        self,
        job_id: int,
        retry_at: datetime.datetime,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        try:
            await super().retry_job_by_id_async(job_id, retry_at, priority, queue, lock)
        except UniqueViolation:
            await self.finish_job_by_id_async(job_id, procrastinate_jobs.Status.FAILED, delete_job=True)


async def _work(app: WorkersApp, lane: str, concurrency: int, lease_s: float, stop: threading.Event) -> None:
    queue = procrastinate.App(connector=PsycopgConnector(conninfo=app.database.url, min_size=2, max_size=4))
    queue.job_manager = _Jobs(queue.connector)
    for declared in known().values():
        queue.task(name=declared.name, retry=_Retry(declared), pass_context=True)(_bound(app, declared))
    async with queue.open_async():
        working = asyncio.create_task(
            queue.run_worker_async(
                queues=[lane],
                concurrency=concurrency,
                install_signal_handlers=False,
                fetch_job_polling_interval=_POLL_S,
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
    def run(context: JobContext, /, **arguments: object) -> None:
        arguments.pop(_ERROR, None)
        try:
            declared(app, **arguments)
        except Exception as error:
            _log.warning("job failed", job=declared.name, exc_info=True)
            _keep_error(app, context.job.id, describe_failure(error))
            raise

    return run


def _keep_error(app: WorkersApp, number: int | None, text: str) -> None:
    with app.database.transaction(durable=False) as tx:
        sql = "UPDATE procrastinate_jobs SET args = args || jsonb_build_object(?::text, ?::text) WHERE id = ?"
        tx.run(sql, _ERROR, text.replace("\0", ""), number)


async def _beside(app: WorkersApp, queue: procrastinate.App, lease_s: float) -> None:
    """Begin periods, and give what dead workers held back to the queue."""
    while True:
        try:
            await asyncio.to_thread(enqueue_due_periods, app)
            for stalled in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=lease_s):
                await queue.job_manager.retry_job(stalled)
        except Exception:
            _log.exception("periods and dead workers could not be looked after")
        await asyncio.sleep(min(_PERIODS_S, lease_s))
