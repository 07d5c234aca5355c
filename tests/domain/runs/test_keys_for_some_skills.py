"""Runs by keys of collections: only in the slice, only seen by the key that asked, counted by its quota."""

from __future__ import annotations

import pytest

from skillyard.domain.accounts.errors import KeyForSlice, OutsideSlice
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.collection_errors import QuotaExceeded
from skillyard.domain.drive.collections import create_collection, get_collection, remove_skill
from skillyard.domain.drive.items import add_item
from skillyard.domain.runs.cancel import cancel_run
from skillyard.domain.runs.errors import RunKeyUsedOtherwise, RunNotFound, SessionNotFound
from skillyard.domain.runs.read import get_run, list_runs, read_output
from skillyard.domain.runs.session_files import open_session_file
from skillyard.domain.runs.sessions import close_session, get_session, list_sessions, open_session
from skillyard.domain.runs.start import start_run
from skillyard.skill.names import SkillName
from tests.domain.runs.yard import NAME, SCRIPTS, Yard
from tests.makers import a_release


def a_key(yard: Yard, name: str, *skills: SkillName, monthly_quota: int = 0) -> str:
    add_item(yard.app, yard.ada, name=NAME)
    return create_collection(yard.app, yard.ada, name=name, skills=skills, monthly_quota=monthly_quota).secret


def holder(yard: Yard, secret: str) -> Caller:
    return authenticate(yard.app, secret)


def test_a_key_runs_what_is_in_its_slice_and_nothing_else(one_yard: Yard) -> None:
    a_release(one_yard.app, one_yard.ada, "ada/secret", visibility="private", files=dict(SCRIPTS))
    a_release(one_yard.app, one_yard.ada, "ada/open", files=dict(SCRIPTS))
    caller = holder(one_yard, a_key(one_yard, "one", NAME))
    assert one_yard.start("echo.py", caller=caller).key_id == caller.token_id
    for name in ("secret", "open", "not-there"):
        with pytest.raises(OutsideSlice):
            start_run(one_yard.app, caller, name=SkillName("ada", name), script="echo.py")
    remove_skill(one_yard.app, one_yard.ada, name="one", skill=NAME)
    with pytest.raises(OutsideSlice):
        one_yard.start("echo.py", caller=holder(one_yard, a_key(one_yard, "none")))


def test_each_key_sees_its_own_runs_and_sessions_only(yard: Yard) -> None:
    app, mine, other = yard.app, *(holder(yard, a_key(yard, name, NAME)) for name in ("mine", "other"))
    session = open_session(app, mine)
    run = yard.start("echo.py", caller=mine, session_id=session.id)
    of_owner = yard.start("echo.py")
    assert get_run(app, mine, run_id=run.id).id == run.id
    assert get_session(app, mine, session_id=session.id).id == session.id
    assert get_run(app, yard.ada, run_id=run.id).key_id == mine.token_id
    for caller, hidden in ((other, run), (mine, of_owner), (other, of_owner)):
        for look in (get_run, read_output, cancel_run):
            with pytest.raises(RunNotFound):
                look(app, caller, run_id=hidden.id)
    for look_into in (get_session, close_session):
        with pytest.raises(SessionNotFound):
            look_into(app, other, session_id=session.id)
    with pytest.raises(SessionNotFound):
        open_session_file(app, other, session_id=session.id, path="SKILL.md")
    with pytest.raises(SessionNotFound):
        yard.start("echo.py", caller=other, session_id=session.id)
    for listing in (list_runs, list_sessions):
        with pytest.raises(KeyForSlice):
            listing(app, mine)


def test_what_left_the_slice_is_not_seen_any_more(one_yard: Yard) -> None:
    secret = a_key(one_yard, "one", NAME)
    run = one_yard.start("echo.py", caller=holder(one_yard, secret))
    remove_skill(one_yard.app, one_yard.ada, name="one", skill=NAME)
    with pytest.raises(RunNotFound):
        get_run(one_yard.app, holder(one_yard, secret), run_id=run.id)


def test_a_retry_key_of_one_key_finds_nothing_of_another(one_yard: Yard) -> None:
    mine, other = (holder(one_yard, a_key(one_yard, name, NAME)) for name in ("mine", "other"))
    runs = {caller.token_id: one_yard.start("echo.py", caller=caller, key="k").id for caller in (mine, other)}
    of_owner = one_yard.start("echo.py", key="k")
    assert len({*runs.values(), of_owner.id}) == 3
    assert one_yard.start("echo.py", caller=mine, key="k").id == runs[mine.token_id]
    with pytest.raises(RunKeyUsedOtherwise):
        one_yard.start("echo.py", "else", caller=mine, key="k")


def test_runs_count_for_the_quota_and_repeated_requests_do_not(yard: Yard) -> None:
    caller = holder(yard, a_key(yard, "two", NAME, monthly_quota=2))
    first = yard.start("echo.py", caller=caller, key="k")
    assert yard.start("echo.py", caller=caller, key="k").id == first.id
    yard.start("echo.py", caller=caller)
    with pytest.raises(QuotaExceeded):
        yard.start("echo.py", caller=caller)
    assert get_collection(yard.app, yard.ada, name="two").executions == 2
    yard.start("echo.py")
