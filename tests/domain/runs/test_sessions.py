"""A session keeps its workspace from run to run, and ends when it is closed or nobody uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillyard.domain.registry.jobs import sweep_blobs
from skillyard.domain.runs.errors import SessionBusy, SessionEnded, SessionNotFound
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.jobs import end_sessions, forget_contents
from skillyard.domain.runs.model import RunStatus, SessionStatus
from skillyard.domain.runs.read import list_runs
from skillyard.domain.runs.sessions import close_session, get_session, list_sessions, open_session
from skillyard.infra.clock import FixedClock
from tests.domain.runs.yard import Yard, a_yard
from tests.makers import a_person

DAY_S = 24 * 3600


def test_each_run_finds_the_workspace_as_the_one_before_left_it(yard: Yard) -> None:
    session = open_session(yard.app, yard.ada)
    said = [yard.stdout(yard.run("count.py", session_id=session.id)).strip() for _ in range(3)]
    assert said == ["1", "2", "3"]
    (kept,) = get_session(yard.app, yard.ada, session_id=session.id).files
    assert (kept.path, kept.size_bytes) == ("data/count.txt", 1)
    handed = yard.run("count.py", session_id=session.id, files={"data/count.txt": b"41"})
    assert yard.stdout(handed).strip() == "42"
    assert yard.stdout(yard.run("count.py")).strip() == "1"
    assert len(list_runs(yard.app, yard.ada, session_id=session.id).items) == 4


def test_one_run_at_a_time_is_in_a_session(yard: Yard) -> None:
    session = open_session(yard.app, yard.ada)
    first = yard.start("count.py", session_id=session.id)
    with pytest.raises(SessionBusy):
        yard.start("count.py", session_id=session.id)
    execute(yard.app, run_id=first.id)
    yard.start("count.py", session_id=session.id)


def test_a_closed_session_has_no_workspace_and_takes_no_run(yard: Yard) -> None:
    session = open_session(yard.app, yard.ada)
    yard.run("count.py", session_id=session.id)
    waiting = yard.start("count.py", session_id=session.id)
    closed = close_session(yard.app, yard.ada, session_id=session.id)
    assert closed.status is SessionStatus.CLOSED
    execute(yard.app, run_id=waiting.id)
    assert yard.look(waiting).status is RunStatus.SUCCEEDED
    assert get_session(yard.app, yard.ada, session_id=session.id).files == ()
    with pytest.raises(SessionEnded):
        yard.start("count.py", session_id=session.id)


def test_a_session_is_its_owners(one_yard: Yard) -> None:
    session = open_session(one_yard.app, one_yard.ada)
    eve = a_person(one_yard.app, "eve")
    with pytest.raises(SessionNotFound):
        get_session(one_yard.app, eve, session_id=session.id)
    with pytest.raises(SessionNotFound):
        close_session(one_yard.app, eve, session_id=session.id)
    with pytest.raises(SessionNotFound):
        one_yard.start("count.py", caller=eve, session_id=session.id)
    assert list_sessions(one_yard.app, eve).items == ()


def test_what_nobody_keeps_any_more_is_swept_away(tmp_path: Path) -> None:
    clock = FixedClock()
    yard = a_yard(tmp_path, clock=clock, session_minutes=30, run_keep_days=2)
    session = open_session(yard.app, yard.ada)
    run = yard.run("copy.py", "in", "out/kept", files={"in": b"input"}, session_id=session.id)
    assert run.status is RunStatus.SUCCEEDED, yard.stderr(run)
    clock.move(seconds=29 * 60)
    end_sessions(yard.app)
    assert get_session(yard.app, yard.ada, session_id=session.id).status is SessionStatus.OPEN
    clock.move(seconds=2 * 60)
    end_sessions(yard.app)
    assert get_session(yard.app, yard.ada, session_id=session.id).status is SessionStatus.EXPIRED
    blobs = {blob.sha256 for blob in yard.app.blobs.list()}
    clock.move(seconds=1.5 * DAY_S + 10**9)
    sweep_blobs(yard.app)
    assert {blob.sha256 for blob in yard.app.blobs.list()} == blobs, "the run is young, and keeps its files"
    forget_contents(yard.app)
    sweep_blobs(yard.app)
    assert len(list(yard.app.blobs.list())) == 1, "the release's archive is left"
    run = yard.look(run)
    assert (run.files_in, run.files_out, yard.stdout(run)) == ((), (), "")
    assert run.receipt
    yard.app.close()
