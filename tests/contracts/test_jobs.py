"""What both job engines must do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillyard.infra import jobs
from skillyard.infra.clock import Clock, SystemClock
from skillyard.infra.database import Database

done: list[str] = []
attempts: list[str] = []


@jobs.job("testing.note")
def note(app: object, *, text: str) -> None:
    """Remember the text."""
    done.append(text)


@jobs.job("testing.fail", retries=1)
def fail(app: object, *, text: str) -> None:
    """Fail every time."""
    attempts.append(text)
    raise RuntimeError(f"cannot do {text}")


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
    stop = threading.Event()
    thread = threading.Thread(target=jobs.Worker(app, lease_s=2).run, args=(stop,))
    thread.start()
    yield app
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
    stop = threading.Event()
    thread = threading.Thread(target=jobs.Worker(app).run, args=(stop,))
    thread.start()
    wait_until(lambda: sorted(done) == ["0", "1", "2", "3", "4"])
    stop.set()
    thread.join()


def test_a_failing_job_is_tried_again_then_kept_with_its_error(working: Small) -> None:
    enqueue(working, fail, text="this")
    wait_until(lambda: bool(jobs.failed_jobs(working.database)))
    assert attempts == ["this", "this"]
    (failed,) = jobs.failed_jobs(working.database)
    assert "testing.fail" in failed
    assert "this" in failed


def test_a_key_waits_only_once(app: Small) -> None:
    for _ in range(3):
        enqueue(app, note, key="same", text="once")
    enqueue(app, note, key="other", text="other")
    stop = threading.Event()
    thread = threading.Thread(target=jobs.Worker(app).run, args=(stop,))
    thread.start()
    wait_until(lambda: len(done) >= 2)
    time.sleep(0.3)
    stop.set()
    thread.join()
    assert sorted(done) == ["once", "other"]


def test_a_delayed_job_runs_later(working: Small) -> None:
    enqueue(working, note, delay_ms=1500, text="later")
    enqueue(working, note, text="now")
    wait_until(lambda: "now" in done)
    time.sleep(0.3)
    assert done == ["now"]
    wait_until(lambda: done == ["now", "later"])


def test_a_period_is_begun_once_over_all_nodes(app: Small) -> None:
    with app.database.transaction() as tx:
        tx.run("DELETE FROM job_periods")
    threads = [threading.Thread(target=jobs.enqueue_due_periods, args=(app,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.database.reading() as tx:
        table, column = ("jobs", "name") if tx.dialect == "sqlite" else ("procrastinate_jobs", "task_name")
        names = [row["name"] for row in tx.all(f"SELECT {column} AS name FROM {table}")]
    periodic = [job.name for job in jobs.known().values() if job.every_s]
    assert tidy.name in periodic
    assert sorted(names) == sorted(periodic)


WORKER = """
import sys, threading
from skillyard.infra.clock import SystemClock
from skillyard.infra.database import open_database
from skillyard.infra import jobs
from tests.contracts import test_jobs
app = test_jobs.Small(open_database(sys.argv[1]), SystemClock())
jobs.Worker(app, lease_s=2).run(threading.Event())
"""


def test_a_job_whose_worker_was_killed_runs_again(app: Small, tmp_path: Path) -> None:
    log = tmp_path / "log"
    enqueue(app, touch, path=str(log), sleep_s=1.0)
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", WORKER, app.database.url]
    first = subprocess.Popen(command, cwd=root)
    wait_until(lambda: log.exists() and "begin" in log.read_text())
    first.kill()
    first.wait()
    second = subprocess.Popen(command, cwd=root)
    wait_until(lambda: "end" in log.read_text(), seconds=30)
    second.kill()
    second.wait()
    lines = log.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["begin", "begin", "end"]
