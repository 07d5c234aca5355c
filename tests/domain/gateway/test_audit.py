"""What is kept of calls: who, what, with which skill, and how it ended; never what was sent."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly, UserNotFound
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.audit import calls_of_run, list_all_calls, list_calls
from skillyard.domain.gateway.calls.call import CallRequest, RunRef, Who, perform
from skillyard.domain.gateway.calls.call_errors import UpstreamUnavailable
from skillyard.domain.gateway.calls.usage import read_usage
from skillyard.domain.gateway.jobs import forget_old_calls
from skillyard.infra.clock import FixedClock
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.test_call import KEY, ask, connected
from tests.domain.gateway.upstream import Asked, Says, Upstream, says, upstream
from tests.makers import a_person, make_app


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, github: Upstream, clock: FixedClock) -> Iterator[App]:
    integrations = {"github": IntegrationSettings(base_url=github.url)}
    made = make_app(tmp_path, clock=clock, integrations=integrations, outbound_http_loopback=True)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return connected(app, a_person(app))


def test_each_call_leaves_a_row_and_none_of_its_parameters(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [says({"number": 2}, 201, x_github_request_id="GH:2")]
    result = ask(app, ada, "create_issue", title="The Moonlight-Project leaks")
    (row,) = list_calls(app, ada).items
    assert (row.id, row.endpoint, row.effect, row.state, row.status) == (
        result.meta.call_id, "create_issue", "write", "answered", 201,
    )  # fmt: skip
    assert (row.token_id, row.request_id, row.upstream_request_id) == (ada.token_id, "req_1", "GH:2")
    kept = b"".join(path.read_bytes() for path in app.settings.home.glob("skillyard.db*"))
    assert b"Moonlight" not in kept
    assert KEY.encode() not in kept


def test_a_write_is_on_record_before_it_goes_out(app: App, ada: Caller, github: Upstream) -> None:
    seen: list[str] = []

    def look(_: Asked) -> Says:
        database = sqlite3.connect(app.settings.home / "skillyard.db")
        seen.extend(state for (state,) in database.execute("SELECT state FROM calls"))
        database.close()
        return says({})

    github.last = look
    ask(app, ada, "create_issue", title="x")
    assert seen == ["sending"]
    assert [row.state for row in list_calls(app, ada).items] == ["answered"]


def test_calls_that_failed_say_why(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [Says(hang_up=True), says({"message": "no"}, 404)]
    with pytest.raises(UpstreamUnavailable):
        ask(app, ada, "create_issue", title="x")
    ask(app, ada, "create_issue", title="x")
    rows = list_calls(app, ada).items
    assert [(row.state, row.status, row.error) for row in rows] == [
        ("answered", 404, None),
        ("failed", None, "upstream_unavailable"),
    ]
    (day,) = read_usage(app, ada).days
    assert (day.integration, day.calls, day.failures) == ("github", 2, 2)


def test_calls_of_a_run_name_the_skill_and_its_digest(app: App, ada: Caller) -> None:
    run = RunRef(run_id="run_1", name="ada/triage", version="1.0.0", digest="sha256:abc", grant_id="grant_1")
    user_id, username = ada.identity
    who = Who(user_id=user_id, username=username, run=run)
    request = CallRequest(
        integration="github", endpoint="list_issues", params={"repo": "acme/webapp"}, request_id="req_9"
    )
    perform(app, who, request)
    perform(app, replace(who, run=None), request)
    (row,) = list_calls(app, ada, run_id="run_1").items
    assert (row.skill, row.skill_version, row.digest, row.grant_id) == (
        "ada/triage", "1.0.0", "sha256:abc", "grant_1",
    )  # fmt: skip
    with app.database.reading() as tx:
        assert calls_of_run(tx, "run_1") == [row]


def test_nobody_sees_the_calls_of_others_and_pages_follow_each_other(app: App, ada: Caller) -> None:
    for number in range(5):
        ask(app, ada, page=number + 1)
    first = list_calls(app, ada, limit=3)
    second = list_calls(app, ada, limit=3, cursor=first.next_cursor)
    ids = [row.id for row in (*first.items, *second.items)]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)
    assert second.next_cursor is None
    assert list_calls(app, a_person(app, "bob")).items == ()
    assert list_calls(app, ada, integration="gitlab").items == ()


def test_administrators_see_everybodys_calls(app: App, ada: Caller) -> None:
    bob = connected(app, a_person(app, "bob"))
    ask(app, ada)
    ask(app, bob, "create_issue", title="x")
    everybody = list_all_calls(app, ada).items
    assert [(one.username, one.record.endpoint) for one in everybody] == [
        ("bob", "create_issue"),
        ("ada", "list_issues"),
    ]
    assert [one.username for one in list_all_calls(app, ada, username="ada").items] == ["ada"]
    with pytest.raises(UserNotFound):
        list_all_calls(app, ada, username="carl")
    with pytest.raises(AdministratorsOnly):
        list_all_calls(app, bob)


def test_all_of_many_at_once_are_on_record(app: App, ada: Caller, github: Upstream) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: ask(app, ada, "create_issue", title=str(number)), range(60)))
    rows = [*list_calls(app, ada, limit=100).items]
    assert len(rows) == len(github.asked) == 60
    assert {row.state for row in rows} == {"answered"}
    assert read_usage(app, ada).days[0].calls == 60


def test_rows_are_forgotten_after_400_days(app: App, ada: Caller, clock: FixedClock) -> None:
    ask(app, ada)
    clock.move(seconds=399 * 24 * 3600)
    ask(app, ada)
    forget_old_calls(app)
    assert len(list_calls(app, ada).items) == 2
    clock.move(seconds=2 * 24 * 3600)
    forget_old_calls(app)
    assert len(list_calls(app, ada).items) == 1
    assert len(read_usage(app, ada, days=400).days) == 1


def test_a_connection_is_seen_to_be_in_use(app: App, ada: Caller, clock: FixedClock) -> None:
    from skillyard.domain.gateway.connect.connections import list_connections

    assert list_connections(app, ada)[0].last_used_ms is None
    ask(app, ada)
    assert list_connections(app, ada)[0].last_used_ms == clock.now_ms()


def test_a_group_that_cannot_be_committed_fails_for_all_in_it_and_for_nobody_after() -> None:
    from skillyard.infra.group_commit import GroupCommit

    begun, go_on = threading.Event(), threading.Event()

    def commit(group: Sequence[str]) -> list[str]:
        begun.set()
        assert go_on.wait(20)
        if "bad" in group:
            raise OSError("the disk is full")
        return [work.upper() for work in group]

    writer: GroupCommit[str, str] = GroupCommit()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(writer.do, "a", commit)
        assert begun.wait(20)
        others = [pool.submit(writer.do, work, commit) for work in ("b", "bad", "c")]
        while len(writer._waiting) < 3:
            threading.Event().wait(0.01)
        go_on.set()
        assert first.result(20) == "A"
        assert [type(other.exception(20)) for other in others] == [OSError] * 3
        assert pool.submit(writer.do, "d", commit).result(20) == "D"
