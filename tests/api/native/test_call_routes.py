"""Calls of integrations over HTTP: by the short way and by the long one, which must not differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.settings import GatewayPlan, IntegrationSettings
from tests.api.asgi import Answer, call
from tests.domain.gateway.test_call import connected
from tests.domain.gateway.upstream import Asked, Says, Upstream, says, upstream
from tests.makers import a_person, make_app, secret_of

CALL = "/api/v1/calls/github/create_issue"
TITLE = {"repo": "acme/webapp", "title": "Slow"}


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        made.last = says({"number": 1}, 201, x_github_request_id="GH:1")
        yield made


@pytest.fixture
def app(tmp_path: Path, github: Upstream) -> Iterator[App]:
    made = make_app(
        tmp_path,
        integrations={"github": IntegrationSettings(base_url=github.url)},
        outbound_http_loopback=True,
        gateway_plans={"small": GatewayPlan(calls_per_minute=3)},
        gateway_calls_at_once=4,
        writes_per_minute=5,
    )
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return connected(app, a_person(app))


@pytest.fixture
def site(app: App) -> Entrance:
    return build_asgi(app, Documents(app))


def send(site: Entrance, caller: Caller | None, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {"authorization": f"Bearer {secret_of(caller)}"} if caller else {}
    data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    return call(site, method, path, headers={**sent, "content-type": "application/json"}, chunks=[data])


def both_ways(site: Entrance, caller: Caller | None, path: str, body: Any) -> tuple[Answer, Answer]:
    """The second one has an Idempotency-Key, which only the long way knows."""
    return (
        send(site, caller, "POST", path, body),
        send(site, caller, "POST", path, body, idempotency_key=f"key-{threading.get_ident()}-{path}"),
    )


def test_both_ways_answer_the_same(site: Entrance, ada: Caller) -> None:
    for answer in both_ways(site, ada, CALL, {"params": TITLE}):
        assert answer.status == 200
        found = answer.json()
        assert (found["status"], found["data"]) == (201, {"number": 1})
        assert set(found["meta"]) == {
            "request_id", "call_id", "duration_ms", "version", "connection", "upstream_request_id", "page", "failure",
            "rate",
        }  # fmt: skip
        assert found["meta"]["upstream_request_id"] == "GH:1"
        assert found["meta"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (CALL, {"params": {"repo": "acme/webapp", "titel": "x"}}, 422, "params_invalid"),
        (CALL, {"params": TITLE, "connection": "nobody"}, 404, "connection_not_found"),
        ("/api/v1/calls/github/create_isue", {}, 404, "endpoint_not_found"),
        ("/api/v1/calls/gitbub/create_issue", {}, 404, "integration_not_found"),
        (CALL, b"{", 422, "invalid_request"),
        (CALL, {"params": []}, 422, "invalid_request"),
        (CALL, {"params": TITLE, "connection": 7}, 422, "invalid_request"),
        (CALL, {"parameters": TITLE}, 422, "invalid_request"),
        (CALL, [TITLE], 422, "invalid_request"),
    ],
)
def test_both_ways_refuse_the_same(
    site: Entrance, ada: Caller, github: Upstream, path: str, body: Any, status: int, code: str
) -> None:
    short, long = both_ways(site, ada, path, body)
    for answer in (short, long):
        assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    without_id = [{**answer.json()["error"], "request_id": ""} for answer in (short, long)]
    assert without_id[0] == without_id[1]
    assert github.asked == []


def test_faults_of_parameters_name_their_fields(site: Entrance, ada: Caller) -> None:
    answer = send(site, ada, "POST", CALL, {"params": {"repo": "acme/webapp", "titel": "x"}})
    assert {fault["field"] for fault in answer.json()["error"]["faults"]} == {"title", "titel"}


def test_nobody_calls_without_a_token_or_with_a_wrong_one(site: Entrance, app: App) -> None:
    assert send(site, None, "POST", CALL, {"params": TITLE}).status == 401
    wrong = call(site, "POST", CALL, headers={"authorization": "Bearer sky_pt_wrong"}, chunks=[b"{}"])
    assert wrong.status == 401


def test_a_key_makes_a_call_once(site: Entrance, ada: Caller, github: Upstream) -> None:
    answers = [send(site, ada, "POST", CALL, {"params": TITLE}, idempotency_key="once") for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert len(github.asked) == 1


def test_who_waits_in_vain_is_told_so(tmp_path: Path, github: Upstream) -> None:
    made = make_app(
        tmp_path,
        integrations={"github": IntegrationSettings(base_url=github.url)},
        outbound_http_loopback=True,
        gateway_call_seconds=1,
    )
    ada, site = connected(made, a_person(made)), build_asgi(made, Documents(made))
    github.last = Says(wait_s=3)
    for answer in both_ways(site, ada, CALL, {"params": TITLE}):
        assert (answer.status, answer.json()["error"]["code"]) == (504, "upstream_timed_out")
        assert answer.json()["error"]["facts"]["may_be_done"] is True
    made.close()


def test_what_only_reads_is_not_kept_for_a_key(site: Entrance, ada: Caller, github: Upstream) -> None:
    read = {"params": {"repo": "acme/webapp"}}
    path = "/api/v1/calls/github/list_issues"
    assert [send(site, ada, "POST", path, read, idempotency_key="once").status for _ in range(2)] == [200, 200]
    assert len(github.asked) == 2


def test_calls_are_not_counted_as_other_writes_are(site: Entrance, ada: Caller) -> None:
    statuses = {send(site, ada, "POST", CALL, {"params": TITLE}).status for _ in range(8)}
    assert statuses == {200}


def test_a_limit_says_which_and_when_it_ends(site: Entrance, ada: Caller) -> None:
    assert send(site, ada, "PUT", "/api/v1/admin/users/ada/plan", {"plan": "small"}).json()["calls_per_minute"] == 3
    answers = [send(site, ada, "POST", CALL, {"params": TITLE}) for _ in range(7)]
    refused = next(answer for answer in answers if answer.status != 200)  # a minute may have ended in between
    assert refused.status == 429
    error = refused.json()["error"]
    assert error["code"] == "minute_limit_reached"
    assert refused.headers["retry-after"] == str(error["facts"]["retry_after_s"])
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_who_waits_for_a_slow_upstream_keeps_nobody_else_waiting(
    app: App, site: Entrance, ada: Caller, github: Upstream
) -> None:
    """Two calls of one person wait, then four of two; whoever comes then is refused at once. Other routes answer."""
    bob, carl = (connected(app, a_person(app, name)) for name in ("bob", "carl"))
    go_on = threading.Event()

    def slow(_: Asked) -> Says:
        assert go_on.wait(30)
        return says({})

    def until_asked(times: int) -> None:
        while len(github.asked) < times:
            threading.Event().wait(0.01)

    github.last = slow
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(send, site, ada, "POST", CALL, {"params": TITLE}) for _ in range(2)]
        until_asked(2)
        for answer in both_ways(site, ada, CALL, {"params": TITLE}):
            assert (answer.status, answer.json()["error"]["code"]) == (429, "too_many_calls_at_once")
        waiting += [pool.submit(send, site, bob, "POST", CALL, {"params": TITLE}) for _ in range(2)]
        until_asked(4)
        for answer in both_ways(site, carl, CALL, {"params": TITLE}):
            assert (answer.status, answer.json()["error"]["code"]) == (503, "calls_full")
            assert answer.headers["retry-after"] == "1"
        assert send(site, carl, "GET", "/api/v1/calls/usage").status == 200
        go_on.set()
        assert {one.result(30).status for one in waiting} == {200}


def test_the_list_of_calls_and_their_numbers(site: Entrance, ada: Caller) -> None:
    send(site, ada, "POST", CALL, {"params": TITLE})
    send(site, ada, "POST", "/api/v1/calls/github/list_issues", {"params": {"repo": "acme/webapp"}})
    listed = send(site, ada, "GET", "/api/v1/calls?limit=1").json()
    assert [row["endpoint"] for row in listed["items"]] == ["list_issues"]
    second = send(site, ada, "GET", f"/api/v1/calls?limit=1&cursor={listed['next_cursor']}").json()["items"]
    assert [(row["endpoint"], row["status"], row["effect"]) for row in second] == [("create_issue", 201, "write")]
    assert send(site, ada, "GET", "/api/v1/calls?integration=gitlab").json()["items"] == []
    everybody = send(site, ada, "GET", "/api/v1/admin/calls?username=ada&limit=1").json()["items"]
    assert [(row["username"], row["endpoint"]) for row in everybody] == [("ada", "list_issues")]
    used = send(site, ada, "GET", "/api/v1/calls/usage?days=2").json()
    assert used["plan"]["name"] == "unlimited"
    assert [(day["integration"], day["calls"], day["failures"]) for day in used["days"]] == [("github", 2, 0)]
