"""Runs of clients that wait: each in a session, which ends with it unless it is wanted on, and is nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.runs import hosted
from skillyard.domain.runs.errors import SessionFileNotFound, SessionNotFound
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.model import Run, SessionStatus
from skillyard.domain.runs.session_files import open_session_file
from skillyard.domain.runs.sessions import get_session, list_sessions
from skillyard.skill.faults import SkillError
from tests.domain.runs.yard import NAME, Yard
from tests.makers import a_person

COUNTED = "data/count.txt"


def _run(yard: Yard, script: str = "count.py", *, caller: Caller | None = None, **how: Any) -> Run:
    """To its end, as a surface does it."""
    caller = caller or yard.ada
    run = hosted.begin(yard.app, caller, name=NAME, version=None, script=script, **how)
    execute(yard.app, run_id=run.id)
    kept = {"session_id": how.get("session_id"), "is_reused": how.get("is_reused", False)}
    hosted.end(yard.app, caller, run, **kept)
    return run


def _read(yard: Yard, session_id: str, path: str = COUNTED, *, caller: Caller | None = None) -> bytes:
    _, content = open_session_file(yard.app, caller or yard.ada, session_id=session_id, path=path)
    with content:
        return content.read()


def _state(yard: Yard, run: Run) -> SessionStatus:
    assert run.session_id is not None
    return get_session(yard.app, yard.ada, session_id=run.session_id).status


def test_a_session_of_its_own_ends_with_the_run_and_its_files_are_still_read(yard: Yard) -> None:
    first, second = _run(yard), _run(yard)
    assert first.session_id != second.session_id
    assert _state(yard, first) is SessionStatus.CLOSED
    assert _read(yard, first.session_id or "") == b"1"


def test_reused_sessions_go_on_where_the_run_before_ended(yard: Yard) -> None:
    runs = [_run(yard, is_reused=True) for _ in range(3)]
    assert len({run.session_id for run in runs}) == 1
    assert yard.stdout(runs[-1]).strip() == "3"
    assert _state(yard, runs[0]) is SessionStatus.OPEN
    assert _read(yard, runs[0].session_id or "") == b"3"


def test_a_session_that_is_named_stays_open(one_yard: Yard) -> None:
    opened = _run(one_yard, is_reused=True).session_id
    again = _run(one_yard, session_id=opened)
    assert one_yard.stdout(again).strip() == "2"
    assert _state(one_yard, again) is SessionStatus.OPEN


def test_a_busy_session_is_not_waited_for(one_yard: Yard) -> None:
    busy = hosted.begin(one_yard.app, one_yard.ada, name=NAME, version=None, script="count.py", is_reused=True)
    assert _run(one_yard, is_reused=True).session_id != busy.session_id


def test_another_token_of_the_same_person_reuses_nothing(one_yard: Yard) -> None:
    secret = create_token(
        one_yard.app, one_yard.ada, name="other", scopes=[Scope.RUN, Scope.READ], expires_in_days=1
    ).secret
    other = authenticate(one_yard.app, secret)
    assert _run(one_yard, is_reused=True).session_id != _run(one_yard, is_reused=True, caller=other).session_id


def test_what_cannot_be_started_leaves_no_session(one_yard: Yard) -> None:
    with pytest.raises(SkillError):
        _run(one_yard, "nothing.py", is_reused=True)
    assert {session.status for session in list_sessions(one_yard.app, one_yard.ada).items} == {SessionStatus.CLOSED}


def test_files_of_a_session_are_its_owners_alone(one_yard: Yard) -> None:
    session = _run(one_yard, is_reused=True).session_id or ""
    with pytest.raises(SessionNotFound):
        _read(one_yard, session, caller=a_person(one_yard.app, "eve"))
    for path in ("none.txt", "../etc/passwd", ""):
        with pytest.raises(SessionFileNotFound):
            _read(one_yard, session, path)
