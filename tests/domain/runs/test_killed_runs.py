"""A worker dies at any step of a run: nothing is lost, and no program that may have done something is run again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.runs.errors import StepLost
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.jobs import end_abandoned_runs, remember_waiting_runs
from skillyard.domain.runs.model import RunStatus, Work
from skillyard.domain.runs.once import run_once
from skillyard.domain.runs.read import wait_run
from skillyard.domain.runs.watch import LEASE_MS
from skillyard.infra.clock import FixedClock
from skillyard.sandbox.lazy import LazySandbox
from skillyard.sandbox.model import Result, Task
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.runs.yard import CountingSandbox, Yard, a_yard, working

MOST_TRANSACTIONS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def clocked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Yard, FixedClock]]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    yard = a_yard(tmp_path, database_url=url, clock=clock)
    yield yard, clock
    yard.app.close()


def test_a_worker_that_dies_at_any_transaction_of_a_run(clocked: tuple[Yard, FixedClock]) -> None:
    yard, clock = clocked
    ends = set()
    for dies_at in range(1, MOST_TRANSACTIONS):
        for after in (False, True):
            run = yard.start("echo.py", f"{dies_at} {after}")
            yard.sandbox.tasks.clear()
            mortal = dying(yard.app, dies_at=dies_at, after=after)
            survived = _survives(mortal, run.id)
            clock.move(seconds=LEASE_MS / 1000 + 1)
            execute(yard.app, run_id=run.id)
            end_abandoned_runs(yard.app)
            run = yard.look(run)
            ends.add(run.status)
            assert run.status in (RunStatus.SUCCEEDED, RunStatus.LOST)
            assert len(yard.sandbox.tasks) <= 1, "a program ran twice"
            if run.status is RunStatus.SUCCEEDED:
                assert len(yard.sandbox.tasks) == 1
                assert yard.stdout(run) == f"{dies_at} {after}\n"
                assert run.receipt
            else:
                assert not survived
                assert "died" in run.why
                assert run.receipt is None
    assert ends == {RunStatus.SUCCEEDED, RunStatus.LOST}


def test_a_step_that_was_done_comes_back_as_it_was_and_one_that_was_begun_is_lost(
    clocked: tuple[Yard, FixedClock],
) -> None:
    yard, clock = clocked
    for dies_at in range(1, MOST_TRANSACTIONS):
        for after in (False, True):
            work = a_work(ref=f"{dies_at}{after}")
            yard.sandbox.tasks.clear()
            with contextlib.suppress(Killed):
                run_once(dying(yard.app, dies_at=dies_at, after=after), work)
            clock.move(seconds=LEASE_MS / 1000 + 1)
            try:
                done = run_once(yard.app, work)
            except StepLost:
                assert len(yard.sandbox.tasks) <= 1
                continue
            assert (done.status, done.result.stdout) == (RunStatus.SUCCEEDED, b"made\n")
            assert run_once(yard.app, work) == done
            assert len(yard.sandbox.tasks) == 1


def test_a_worker_that_was_away_for_too_long_changes_nothing_any_more(clocked: tuple[Yard, FixedClock]) -> None:
    yard, clock = clocked

    class Suspended(CountingSandbox):
        """The machine sleeps while the program runs, and others give the run up."""

        def run(self, task: Task) -> Result:
            result = super().run(task)
            clock.move(seconds=LEASE_MS / 1000 + 1)
            end_abandoned_runs(yard.app)
            return result

    run = yard.start("echo.py", "late")
    suspended = LazySandbox(lambda: Suspended(yard.sandbox.real))
    execute(replace(yard.app, sandbox=suspended), run_id=run.id)
    run = yard.look(run)
    assert (run.status, run.receipt) == (RunStatus.LOST, None)


def _survives(mortal: App, run_id: str) -> bool:
    try:
        execute(mortal, run_id=run_id)
    except Killed:
        return False
    return True


def a_work(ref: str) -> Work:
    script = (
        "import pathlib\npathlib.Path('out').mkdir(exist_ok=True)\npathlib.Path('out/made.json').write_text('{}')\n"
    )
    return Work(
        owner_id="usr_seller",
        ref=ref,
        name="ada/tools",
        version="1.0.0",
        command=("python", "/work/step.py"),
        files={"step.py": f"{script}print('made')\n".encode(), "input.json": json.dumps({"a": 1}).encode()},
    )


def test_a_run_whose_job_is_gone_is_remembered(clocked: tuple[Yard, FixedClock]) -> None:
    yard, clock = clocked
    run = yard.start("echo.py", "after the restore", environment={"API_KEY": "x"})
    table = "jobs" if yard.app.database.dialect == "sqlite" else "procrastinate_jobs"
    with yard.app.database.transaction() as tx:
        tx.run(f"DELETE FROM {table}")
    for _ in range(2):
        clock.move(seconds=61)
        remember_waiting_runs(yard.app)
    with yard.app.database.reading() as tx:
        (row,) = tx.all(f"SELECT * FROM {table}")
    assert run.id in str(dict(row))
    with working(yard.app):
        assert wait_run(yard.app, yard.ada, run_id=run.id, wait_s=20).status is RunStatus.SUCCEEDED
