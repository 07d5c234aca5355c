"""Calls: what the other side answers is an answer, whatever its status; what we refuse says how it is mended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from skillyard.settings import GatewayPlan, IntegrationSettings
from tests.api.asgi import Answer
from tests.api.skillett.sender import Sender, refused
from tests.domain.gateway.upstream import Says, Upstream, says, upstream
from tests.makers import make_app

REPO = {"repo": "acme/webapp"}
NEW = {**REPO, "title": "Bug report"}


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def make_sender(tmp_path: Path, github: Upstream, clock: FixedClock) -> Iterator[Callable[..., Sender]]:
    """With a GitHub that ada has connected, and bob not; with more settings if need be."""
    made: list[Sender] = []

    def make(**settings: Any) -> Sender:
        integrations = {"github": IntegrationSettings(base_url=github.url)}
        app = make_app(
            tmp_path,
            clock=clock,
            public_url="https://skills.example.org",
            integrations=integrations,
            outbound_http_loopback=True,
            **settings,
        )
        sender = Sender(app)
        secrets = {"secret": Secret("ghp_what-nobody-sees-again")}
        add_key(app, sender.people["ada"], integration="github", secrets=secrets, variables={})
        made.append(sender)
        return sender

    yield make
    for sender in made:
        sender.app.close()


@pytest.fixture
def sender(make_sender: Callable[..., Sender]) -> Sender:
    return make_sender()


def open_issue(sender: Sender, who: str, params: Any = NEW) -> Answer:
    return sender.send(who, "POST", "/v1/github/create_issue", {"params": params})


def test_an_answer_has_the_status_and_the_body_of_the_other_side(sender: Sender, github: Upstream) -> None:
    github.last = says({"number": 7}, 201, x_ratelimit_limit="5000", x_ratelimit_remaining="4999")
    answer = open_issue(sender, sender.key("ada", "github"))
    assert answer.status == 200
    content = answer.json()
    assert (content["status"], content["data"]) == (201, {"number": 7})
    assert set(content) == {"status", "data", "meta"}
    assert content["meta"]["request_id"] == answer.headers["x-request-id"]
    assert content["meta"]["rate"] == {"limit": 5000, "remaining": 4999, "resets_at": None}
    [asked] = github.asked
    assert (asked.method, asked.path, asked.json) == ("POST", "/repos/acme/webapp/issues", {"title": "Bug report"})


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 451])
def test_what_the_other_side_refuses_is_its_own_answer(sender: Sender, github: Upstream, status: int) -> None:
    github.last = says({"message": "No", "error": "theirs"}, status)
    answer = open_issue(sender, "ada")
    assert answer.status == 200
    content = answer.json()
    assert (content["status"], content["data"]) == (status, {"message": "No", "error": "theirs"})
    assert "error" not in content


def test_who_has_connected_nothing_is_told_where_that_is_mended(sender: Sender, github: Upstream) -> None:
    error = refused(open_issue(sender, sender.key("bob")), 403)
    assert error["error"] == "integration_not_connected"
    assert error["action_url"] == "https://skills.example.org/connections?integration=github"
    assert not github.asked


def test_all_parameters_that_are_wrong_are_named_and_nothing_is_sent(sender: Sender, github: Upstream) -> None:
    error = refused(open_issue(sender, "ada", {"titel": "x", "labels": "bug", "repo": 7}), 400)
    assert error["error"] == "bad_request"
    fields = {fault["field"] for fault in error["faults"]}
    assert fields >= {"titel", "labels", "repo"}
    assert any("title" in fault["message"] for fault in error["faults"])
    assert not github.asked


def test_an_account_whose_token_is_void_is_connected_again_at_the_address(sender: Sender, github: Upstream) -> None:
    github.user = github.last = says({"message": "Bad credentials"}, 401)
    error = refused(open_issue(sender, sender.key("ada")), 401)
    assert (error["error"], error["reason_code"]) == ("token_expired", "reconnect_required")
    assert error["action_url"].startswith("https://skills.example.org/connections?reconnect=conn_")
    shown = sender.data("ada", "GET", "/v1/skills/github")
    assert (shown["connected"], shown["status"]) == (False, "reconnect_required")


def test_who_may_not_at_all_is_told_by_the_other_side(sender: Sender, github: Upstream) -> None:
    github.last = says({"message": "Requires authentication"}, 401)
    assert open_issue(sender, "ada").json()["status"] == 401


def test_a_server_that_is_full_says_when_to_come_back(make_sender: Callable[..., Sender], github: Upstream) -> None:
    sender = make_sender(gateway_calls_at_once=1)
    github.last = Says(wait_s=3.0)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: open_issue(sender, "ada"), range(4)))
    full = [answer for answer in answers if answer.status == 503]
    assert full
    assert {refused(answer, 503)["error"] for answer in full} == {"unavailable"}
    assert all(answer.headers["retry-after"] == "1" for answer in full)
    assert len(full) + len(github.asked) == len(answers)


def test_an_upstream_that_is_away_is_ours_to_tell(sender: Sender, github: Upstream) -> None:
    github.last = Says(hang_up=True)
    error = refused(open_issue(sender, "ada"), 502)
    assert error["error"] == "upstream_unavailable"


def test_a_slow_upstream_is_given_up(make_sender: Callable[..., Sender], github: Upstream) -> None:
    sender = make_sender(gateway_call_seconds=1)
    github.last = Says(wait_s=3.0)
    error = refused(open_issue(sender, "ada"), 504)
    assert error["error"] == "upstream_unavailable"


def test_a_limit_says_which_it_is_and_when_it_ends(make_sender: Callable[..., Sender]) -> None:
    sender = make_sender(gateway_plan="small", gateway_plans={"small": GatewayPlan(calls_per_minute=2)})
    assert [open_issue(sender, "ada").status for _ in range(2)] == [200, 200]
    answer = open_issue(sender, "ada")
    error = refused(answer, 429)
    assert error["error"] == "rate_limited"
    assert "2 calls in a minute" in error["message"]
    assert re.search(r"until .*\d\d:\d\d", error["message"])
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_the_limit_of_a_day_has_its_own_word_and_ends_at_midnight(
    make_sender: Callable[..., Sender], clock: FixedClock
) -> None:
    sender = make_sender(gateway_plan="small", gateway_plans={"small": GatewayPlan(calls_per_day=1)})
    key = sender.key("ada")
    open_issue(sender, key)
    error = refused(open_issue(sender, key), 429)
    assert error["error"] == "daily_limit_reached"
    assert "1 calls in a day" in error["message"]
    clock.move(seconds=24 * 3600)
    assert open_issue(sender, key).status == 200


def test_a_token_that_may_not_call_is_refused_before_its_body_is_read(sender: Sender) -> None:
    assert sender.refused(None, "POST", "/v1/github/create_issue", b"{", status=401)["error"] == "unauthorized"
    assert sender.refused("sk_x", "POST", "/v1/github/create_issue", b"{", status=401)["error"] == "api_key_invalid"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"params": []}',
        b'{"params": null}',
        b'{"params": "repo"}',
        b'{"params": {"repo": "acme/webapp", "title": "\\ud800"}}',
        b'{"params": {"repo": "acme/webapp", "title": "x"}, "connection": 7}',
        b'{"params": {"repo": "acme/webapp", "title": 1e999}}',
        b'{"params": {"repo": "../../user", "title": "x"}}',
        b'{"params": {"repo": "acme/webapp?x=1#", "title": 1}}',
        b'{"params": {"repo": "acme/webapp", "title": ' + b"[" * 2000 + b"]" * 2000 + b"}}",
    ],
)
def test_bodies_that_are_no_calls_are_refused_and_never_sent(sender: Sender, github: Upstream, body: bytes) -> None:
    error = sender.refused("ada", "POST", "/v1/github/create_issue", body, status=400)
    assert error["error"] == "bad_request"
    assert not github.asked


@pytest.mark.parametrize(
    "name", ["%00", "..", "%2e%2e%2fuser", "CREATE_ISSUE", "x" * 5000, "%ff", "create_issue%0a", "*"]
)
def test_names_that_are_none_are_not_found(sender: Sender, github: Upstream, name: str) -> None:
    for path in (f"/v1/github/{name}", f"/v1/{name}/create_issue"):
        sender.refused("ada", "POST", path, {"params": NEW}, status=404)
        sender.refused("ada", "GET", f"/v1/skills{path[3:]}", status=404)
    assert not github.asked


def test_a_connection_that_is_somebody_elses_is_not_found(sender: Sender, github: Upstream) -> None:
    connection = sender.data("ada", "GET", "/v1/skills/github")
    assert (connection["connected"], connection["account"], connection["connect_url"]) == (True, "ada", None)
    content = open_issue(sender, "ada").json()
    body = {"params": NEW, "connection": content["meta"]["connection"]}
    error = sender.refused("bob", "POST", "/v1/github/create_issue", body, status=403)
    assert error["error"] == "integration_not_connected"
    assert len(github.asked) == 1


def test_methods_and_paths_that_are_not_there_are_told_in_the_same_words(sender: Sender) -> None:
    assert sender.refused("ada", "GET", "/v1/github/create_issue/x", status=404)["reason_code"] == "no_such_route"
    assert sender.refused("ada", "PUT", "/v1/skills", b"", status=405)["reason_code"] == "method_not_allowed"
