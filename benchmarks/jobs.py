"""How long an idle worker takes to begin a job after the commit that enqueued it, on both databases.

python -m benchmarks.jobs
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from dataclasses import dataclass

from benchmarks.measure import Result, report
from skillyard.infra import jobs
from skillyard.infra.clock import Clock, SystemClock
from skillyard.infra.database import Database, open_database
from skillyard.infra.migrations import migrate
from tests import services

JOBS = 100

began_at: list[float] = []
begun = threading.Event()


@jobs.job("benchmark.begin")
def begin(app: object) -> None:
    """Note the time."""
    began_at.append(time.perf_counter())
    begun.set()


@dataclass(frozen=True)
class Small:
    """As much of an application as jobs need."""

    database: Database
    clock: Clock


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, services.postgres() as server:
        urls = {"SQLite": f"sqlite://{scratch}/jobs.db", "PostgreSQL": server.new_database()}
        waits = {name: _waits(url) for name, url in urls.items()}
    results = {name: Result(f"{name}, p50", "ms", (statistics.median(each),)) for name, each in waits.items()}
    ratios = {f"{name}, p50 ms": (result.median, "<= 20, aim 3") for name, result in results.items()}
    ratios |= {f"{name}, p99 ms": (sorted(each)[int(JOBS * 0.99) - 1], "no target") for name, each in waits.items()}
    report("job pickup, idle", results, ratios)


def _waits(url: str) -> list[float]:
    app = Small(open_database(url), SystemClock())
    migrate(app.database)
    stop = threading.Event()
    worker = threading.Thread(target=jobs.Worker(app).run, args=(stop,))
    worker.start()
    _one(app)  # the worker has come up
    time.sleep(1)
    waits = [_one(app) for _ in range(JOBS)]
    stop.set()
    worker.join()
    app.database.close()
    return waits


def _one(app: Small) -> float:
    begun.clear()
    time.sleep(0.02)
    with app.database.transaction() as tx:
        jobs.enqueue(tx, begin, now_ms=app.clock.now_ms())
    committed = time.perf_counter()
    begun.wait(timeout=10)
    return (began_at[-1] - committed) * 1000


if __name__ == "__main__":
    main()
