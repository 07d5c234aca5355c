"""What both job engines must do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillyard.infra import jobs
from skillyard.infra.clock import Clock, SystemClock
from skillyard.infra.database import Database

done: list[str] = []
attempts: list[str] = []
JOBS_TABLES = {"sqlite": "jobs", "postgresql": "procrastinate_jobs"}


@jobs.job("testing.note")
def note(app: object, *, text: str) -> None:
    """Remember the text."""
    done.append(text)


@jobs.job("testing.take_long", lane="testing")
def take_long(app: object, *, text: str) -> None:
    """Remember the text, in a lane of its own."""
    done.append(text)


@jobs.job("testing.fail", retries=1)
def fail(app: object, *, text: str) -> None:
    """Fail every time."""
    attempts.append(text)
    raise RuntimeError(f"cannot do {text}")


@jobs.job("testing.fail_and_ask_again", retries=1)
def fail_and_ask_again(app: Small) -> None:
    """Fail, after the first attempt enqueued the same for much later."""
    attempts.append("asked")
    enqueue(app, fail_and_ask_again, key="same", delay_ms=3_600_000)
    raise RuntimeError("asked again")


@jobs.job("testing.touch")
def touch(app: object, *, path: str, sleep_s: float) -> None:
    """Write a line when it begins and one when it ends."""
    with Path(path).open("a") as file:
        file.write(f"begin {os.getpid()}\n")
        file.flush()
        time.sleep(sleep_s)
        file.write("end\n")


@jobs.every(seconds=3600)
def tidy(app: object) -> None:
    """Run by itself."""
    done.append("tidied")


@dataclass(frozen=True)
class Small:
    """As much of an application as jobs need."""

    database: Database
    clock: Clock


@pytest.fixture
def app(database: Database) -> Small:
    """With no period left to begin, so that a test sees its own jobs only."""
    done.clear()
    attempts.clear()
    with database.transaction() as tx:
        for job in jobs.known().values():
            if job.every_s:
                tx.run("INSERT INTO job_periods (name, period) VALUES (?, ?)", job.name, 2**40)
    return Small(database, SystemClock())


@pytest.fixture
def working(app: Small) -> Iterator[Small]:
    """An application whose worker runs."""
    with a_worker(app):
        yield app


@contextmanager
def a_worker(app: Small, lane: str = jobs.DEFAULT_LANE) -> Iterator[None]:
    """A worker in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=jobs.Worker(app, lease_s=2, lane=lane).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)
    assert not thread.is_alive()


def enqueue(app: Small, job: jobs.Job, *, key: str | None = None, delay_ms: int = 0, **arguments: object) -> None:
    with app.database.transaction() as tx:
        jobs.enqueue(tx, job, now_ms=app.clock.now_ms(), key=key, delay_ms=delay_ms, **arguments)


def wait_until(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {done} {attempts}"
        time.sleep(0.01)


def test_a_job_runs_with_its_arguments(working: Small) -> None:
    enqueue(working, note, text="grüße")
    wait_until(lambda: done == ["grüße"])


def statuses(app: Small) -> list[str]:
    """Of all jobs, in the order of their making: waiting or running."""
    table = JOBS_TABLES[app.database.dialect]
    running = "lease_until_ms IS NOT NULL" if table == "jobs" else "status = 'doing'"
    with app.database.reading() as tx:
        rows = tx.all(
            f"SELECT CASE WHEN {running} THEN 'running' ELSE 'waiting' END AS status FROM {table} ORDER BY id"
        )
    return [row["status"] for row in rows]


def test_a_job_of_a_rolled_back_transaction_never_runs(working: Small) -> None:
    def enqueue_and_break() -> None:
        with working.database.transaction() as tx:
            jobs.enqueue(tx, note, now_ms=working.clock.now_ms(), text="never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enqueue_and_break()
    enqueue(working, note, text="after")
    wait_until(lambda: bool(done))
    assert done == ["after"]


def test_what_was_enqueued_before_the_worker_came_is_done(app: Small) -> None:
    for number in range(5):
        enqueue(app, note, text=str(number))
    with a_worker(app):
        wait_until(lambda: sorted(done) == ["0", "1", "2", "3", "4"])


def test_workers_leave_the_jobs_of_other_lanes_to_others(app: Small) -> None:
    enqueue(app, take_long, text="long")
    enqueue(app, note, text="short")
    with a_worker(app):
        wait_until(lambda: bool(done))
        time.sleep(0.3)
    assert done == ["short"]
    with a_worker(app, lane="testing"):
        wait_until(lambda: done == ["short", "long"])


def test_a_failing_job_is_tried_again_then_kept_with_its_error(working: Small) -> None:
    enqueue(working, fail, text="this")
    wait_until(lambda: bool(jobs.failed_jobs(working.database)))
    assert attempts == ["this", "this"]
    (failed,) = jobs.failed_jobs(working.database)
    assert failed == "testing.fail: RuntimeError: cannot do this"


def test_a_failed_job_makes_way_for_one_with_its_key_that_waits(working: Small) -> None:
    enqueue(working, fail_and_ask_again, key="same")
    wait_until(lambda: attempts == ["asked"])
    wait_until(lambda: statuses(working) == ["waiting"])
    enqueue(working, note, text="after")
    wait_until(lambda: done == ["after"])


def test_a_key_waits_only_once(app: Small) -> None:
    for _ in range(3):
        enqueue(app, note, key="same", text="once")
    enqueue(app, note, key="other", text="other")
    with a_worker(app):
        wait_until(lambda: len(done) >= 2)
        time.sleep(0.3)
    assert sorted(done) == ["once", "other"]


def test_a_delayed_job_runs_later_and_holds_up_no_other(working: Small) -> None:
    enqueue(working, note, text="worker is up")
    wait_until(lambda: done == ["worker is up"])
    enqueued = time.monotonic()
    enqueue(working, note, delay_ms=1500, text="later")
    wait_until(lambda: "later" in done)
    assert time.monotonic() - enqueued >= 1.4
    enqueue(working, note, delay_ms=3_600_000, text="much later")
    enqueue(working, note, text="now")
    wait_until(lambda: "now" in done)
    assert "much later" not in done


def test_a_period_is_begun_once_over_all_nodes(app: Small) -> None:
    with app.database.transaction() as tx:
        tx.run("DELETE FROM job_periods")
    threads = [threading.Thread(target=jobs.enqueue_due_periods, args=(app,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.database.reading() as tx:
        column = "name" if tx.dialect == "sqlite" else "task_name"
        names = [row["name"] for row in tx.all(f"SELECT {column} AS name FROM {JOBS_TABLES[tx.dialect]}")]
    periodic = [job.name for job in jobs.known().values() if job.every_s]
    assert tidy.name in periodic
    assert sorted(names) == sorted(periodic)


def test_a_worker_outlives_a_database_that_fails(working: Small) -> None:
    enqueue(working, note, text="before")
    wait_until(lambda: done == ["before"])
    table = JOBS_TABLES[working.database.dialect]
    with working.database.transaction() as tx:
        tx.run(f"ALTER TABLE {table} RENAME TO away")
    time.sleep(1.5)
    with working.database.transaction() as tx:
        tx.run(f"ALTER TABLE away RENAME TO {table}")
        tx.run("DELETE FROM job_periods WHERE name = ?", tidy.name)
    enqueue(working, note, text="after")
    wait_until(lambda: sorted(done) == ["after", "before", "tidied"])


def test_work_that_arrives_between_looking_and_waiting_is_not_slept_over() -> None:
    seen = jobs.announcements()
    jobs.announce_work()
    began = time.monotonic()
    jobs.wait_for_work(seen, timeout_s=5)
    assert time.monotonic() - began < 4


WORKER = """
import sys, threading
from skillyard.infra.clock import SystemClock
from skillyard.infra.database import open_database
from skillyard.infra import jobs
from tests.contracts import test_jobs
app = test_jobs.Small(open_database(sys.argv[1]), SystemClock())
jobs.Worker(app, lease_s=2).run(threading.Event())
"""


@contextmanager
def a_worker_process(app: Small) -> Iterator[None]:
    """Another process that works; killed at the end, whatever it does."""
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-c", WORKER, app.database.url], cwd=root)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_job_whose_worker_was_killed_runs_again(app: Small, tmp_path: Path) -> None:
    log = tmp_path / "log"
    enqueue(app, touch, path=str(log), sleep_s=1.0)
    with a_worker_process(app):
        wait_until(lambda: log.exists() and "begin" in log.read_text())
    with a_worker_process(app):
        wait_until(lambda: "end" in log.read_text(), seconds=30)
    lines = log.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["begin", "begin", "end"]


def test_a_killed_workers_job_does_not_stop_the_others_by_its_key(app: Small, tmp_path: Path) -> None:
    log = tmp_path / "log"
    enqueue(app, touch, key="same", path=str(log), sleep_s=1.0)
    with a_worker_process(app):
        wait_until(lambda: log.exists() and "begin" in log.read_text())
    enqueue(app, touch, key="same", delay_ms=3_600_000, path=str(log), sleep_s=0)
    with a_worker(app):
        wait_until(lambda: statuses(app) == ["waiting"])
        with app.database.transaction() as tx:
            tx.run("DELETE FROM job_periods WHERE name = ?", tidy.name)
        wait_until(lambda: done == ["tidied"])
