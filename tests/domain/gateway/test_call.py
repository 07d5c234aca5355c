"""Calls of integrations, through the whole of it, to a real upstream on loopback."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.audit import list_calls
from skillyard.domain.gateway.calls.call import CallRequest, CallResult, call
from skillyard.domain.gateway.calls.call_errors import (
    ParamsInvalid,
    UpstreamAnswerTooLarge,
    UpstreamTimedOut,
    UpstreamUnavailable,
)
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.connect.connection_errors import (
    ConnectionNotFound,
    IntegrationNotConnected,
    ReconnectRequired,
)
from skillyard.domain.gateway.connect.connections import add_key, disconnect, list_connections
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.upstream import Says, Upstream, says, upstream
from tests.makers import a_person, make_app

KEY = "ghp_a-key-that-nobody-sees-again"


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, github: Upstream) -> Iterator[App]:
    made = an_app(tmp_path, github)
    yield made
    made.close()


def an_app(tmp_path: Path, github: Upstream, **settings: Any) -> App:
    integrations = {"github": IntegrationSettings(base_url=github.url)}
    return make_app(tmp_path, integrations=integrations, outbound_http_loopback=True, **settings)


@pytest.fixture
def ada(app: App) -> Caller:
    return connected(app, a_person(app))


def connected(app: App, caller: Caller, label: str = "") -> Caller:
    add_key(app, caller, integration="github", secrets={"secret": Secret(KEY)}, variables={}, label=label)
    return caller


def ask(app: App, caller: Caller, endpoint: str = "list_issues", **params: Any) -> CallResult:
    params = {"repo": "acme/webapp", **params}
    request = CallRequest(integration="github", endpoint=endpoint, params=params, request_id="req_1")
    return call(app, caller, request)


def test_an_answer_comes_with_what_it_took(app: App, ada: Caller, github: Upstream) -> None:
    github.last = says(
        [{"number": 1}], 200, x_github_request_id="GH:1", x_ratelimit_limit="5000", x_ratelimit_remaining="4999"
    )
    result = ask(app, ada, state="open", per_page=2)
    assert (result.status, result.data) == (200, [{"number": 1}])
    assert result.meta.request_id == "req_1"
    assert result.meta.upstream_request_id == "GH:1"
    assert result.meta.version >= 1
    assert result.meta.rate is not None
    assert (result.meta.rate.limit, result.meta.rate.remaining) == (5000, 4999)
    assert str(result.meta.connection).startswith("conn_")
    (asked,) = github.asked
    assert (asked.method, asked.path) == ("GET", "/repos/acme/webapp/issues")
    assert sorted(asked.query) == [("per_page", "2"), ("state", "open")]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept"] == "application/vnd.github+json"


def test_a_write_sends_its_body_as_json(app: App, ada: Caller, github: Upstream) -> None:
    github.last = says({"number": 2}, 201)
    result = ask(app, ada, "create_issue", title="Slow", labels=["bug"])
    assert result.status == 201
    (asked,) = github.asked
    assert (asked.method, asked.json) == ("POST", {"title": "Slow", "labels": ["bug"]})
    assert asked.headers["content-type"] == "application/json"


def test_what_the_other_side_refuses_is_a_result(app: App, ada: Caller, github: Upstream) -> None:
    github.last = says({"message": "Validation Failed"}, 422)
    result = ask(app, ada, "create_issue", title="x")
    assert (result.status, result.data) == (422, {"message": "Validation Failed"})


def test_every_fault_of_the_parameters_is_told_and_nothing_sent(app: App, ada: Caller, github: Upstream) -> None:
    with pytest.raises(ParamsInvalid) as refused:
        ask(app, ada, "create_issue", repo="acme", labels="bug", titel="x")
    fields = {fault["field"]: fault["code"] for fault in refused.value.faults}
    assert fields == {"repo": "not_as_schema", "labels": "not_as_schema", "title": "missing", "titel": "unknown"}
    assert "did you mean title?" in str(refused.value.faults)
    assert github.asked == []


def test_unknown_integrations_and_endpoints_are_told(app: App, ada: Caller) -> None:
    with pytest.raises(EndpointNotFound):
        ask(app, ada, "creat_issue")
    with pytest.raises(IntegrationNotFound):
        call(app, ada, CallRequest(integration="gitbub", endpoint="x", request_id="r"))


def test_without_an_account_the_way_to_connect_one_is_told(app: App) -> None:
    with pytest.raises(IntegrationNotConnected) as refused:
        ask(app, a_person(app, "bob"))
    assert str(refused.value.facts["action_url"]).endswith("/connections?integration=github")


def test_another_persons_connection_is_not_there(app: App, ada: Caller) -> None:
    mine = ask(app, ada).meta.connection
    bob = a_person(app, "bob")
    request = CallRequest(
        integration="github", endpoint="list_issues", params={"repo": "acme/webapp"}, connection=mine, request_id="r"
    )
    with pytest.raises(IntegrationNotConnected):
        call(app, bob, request)
    connected(app, bob)
    with pytest.raises(ConnectionNotFound):
        call(app, bob, request)


def test_the_next_page_is_told_as_parameters(app: App, ada: Caller, github: Upstream) -> None:
    address = f"{github.url}/repositories/1/issues"
    link = f'<{address}?page=1>; rel="prev", <{address}?per_page=2&page=3>; rel="next"'
    github.last = says([1, 2], link=link)
    assert ask(app, ada, page=2).meta.page == {"page": 3}
    github.last = says([1])
    assert ask(app, ada, page=3).meta.page is None


def test_reads_are_repeated_and_writes_are_not(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [says({}, 502), Says(hang_up=True)]
    assert ask(app, ada).status == 200
    assert len(github.asked) == 3
    github.asked.clear()
    github.answers = [says({}, 502)]
    assert ask(app, ada, "create_issue", title="x").status == 502
    github.answers = [Says(hang_up=True)]
    with pytest.raises(UpstreamUnavailable) as refused:
        ask(app, ada, "create_issue", title="x")
    assert refused.value.facts["may_be_done"] is True
    assert len(github.asked) == 2


def test_a_limit_of_the_other_side_is_waited_for_where_that_is_short(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [says({}, 429, retry_after="0")]
    assert ask(app, ada).status == 200
    github.answers = [says({"message": "slow down"}, 429, retry_after="3600")]
    github.asked.clear()
    assert ask(app, ada).status == 429
    assert len(github.asked) == 1


def test_an_answer_cut_off_in_the_middle_is_told_as_a_failure(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [Says(body=b'{"a": 1}', cut=4)] * 3
    with pytest.raises(UpstreamUnavailable):
        ask(app, ada)
    assert len(github.asked) == 3


def test_an_answer_that_drips_ends_with_the_deadline(tmp_path: Path, github: Upstream) -> None:
    app = an_app(tmp_path, github, gateway_call_seconds=1)
    ada = connected(app, a_person(app))
    github.last = Says(body=b"x" * 200, drip_s=0.1)
    with pytest.raises(UpstreamTimedOut):
        ask(app, ada)
    app.close()


def test_an_answer_that_is_too_large_is_not_taken(tmp_path: Path, github: Upstream) -> None:
    app = an_app(tmp_path, github, gateway_answer_mb=1)
    ada = connected(app, a_person(app))
    github.last = Says(body=b'"' + b"x" * (2 << 20) + b'"')
    with pytest.raises(UpstreamAnswerTooLarge):
        ask(app, ada)
    assert len(github.asked) == 1
    app.close()


def test_json_that_is_none_is_told_and_kept_as_text(app: App, ada: Caller, github: Upstream) -> None:
    github.last = Says(body=b'{"a": nope', headers={"content-type": "application/json; charset=utf-8"})
    result = ask(app, ada)
    assert (result.data, result.meta.failure) == ('{"a": nope', "answer_is_not_json")


def test_what_is_no_text_comes_in_base64(app: App, ada: Caller, github: Upstream) -> None:
    github.last = Says(body=b"\x89PNG\xff", headers={"content-type": "image/png"})
    assert ask(app, ada).data == {
        "content_type": "image/png",
        "size_bytes": 5,
        "base64": b64encode(b"\x89PNG\xff").decode(),
    }


def test_nothing_comes_as_nothing(app: App, ada: Caller, github: Upstream) -> None:
    github.last = Says(status=204, body=b"")
    result = ask(app, ada, "delete_repo")
    assert (result.status, result.data) == (204, None)


def test_a_secret_that_the_other_side_repeats_is_hidden(app: App, ada: Caller, github: Upstream) -> None:
    github.last = lambda asked: says({"you sent": asked.headers}, x_github_request_id=asked.headers["authorization"])
    result = ask(app, ada)
    assert KEY not in str(result)
    assert result.data["you sent"]["authorization"] == "Bearer ***"


def test_connections_are_kept_for_the_next_call(app: App, ada: Caller, github: Upstream) -> None:
    ask(app, ada)
    before = github.connections
    for _ in range(5):
        ask(app, ada)
    ask(app, ada, "create_issue", title="x")
    assert github.connections == before


def test_redirects_to_elsewhere_are_not_followed(app: App, ada: Caller, github: Upstream) -> None:
    github.answers = [Says(status=301, headers={"location": "/repositories/1/issues"})]
    assert ask(app, ada).status == 200
    for elsewhere in ("http://169.254.169.254/", "https://evil.example/", "file:///etc/passwd"):
        github.answers = [Says(status=302, headers={"location": elsewhere})] * 3
        with pytest.raises(UpstreamUnavailable):
            ask(app, ada)


def test_a_key_that_is_good_all_the_same_leaves_the_refusal_to_the_caller(
    app: App, ada: Caller, github: Upstream
) -> None:
    github.last = says({"message": "Requires authentication"}, 401)
    assert ask(app, ada, "create_issue", title="x").status == 401
    assert len(github.asked) == 1
    assert list_connections(app, ada)[0].status == "connected"


def test_a_key_that_is_not_taken_any_longer_has_to_be_connected_again(app: App, ada: Caller, github: Upstream) -> None:
    github.last = says({"message": "Bad credentials"}, 401)
    github.user = says({"message": "Bad credentials"}, 401)
    for _ in range(2):
        with pytest.raises(ReconnectRequired) as refused:
            ask(app, ada)
        assert "/connections?reconnect=conn_" in str(refused.value.facts["action_url"])
    assert len(github.asked) == 1
    assert [row.error for row in list_calls(app, ada).items] == ["reconnect_required"] * 2


def test_of_very_many_names_that_it_does_not_know_a_call_tells_a_few(app: App, ada: Caller, github: Upstream) -> None:
    """To look for what each of a hundred thousand may mean would keep the whole process busy."""
    with pytest.raises(ParamsInvalid) as refused:
        ask(app, ada, **{f"label{number}": 1 for number in range(50_000)})
    assert 0 < len(refused.value.faults) <= 20
    assert github.asked == []


def test_no_account_passes_for_one_that_is_gone_by_bearing_its_id(app: App, ada: Caller, github: Upstream) -> None:
    """A grant names an account by its id, and services let people call themselves anything."""
    (gone,) = list_connections(app, ada)
    disconnect(app, ada, connection_id=gone.id)
    github.user = says({"id": 8, "login": gone.id})
    connected(app, ada, label=gone.id)
    request = CallRequest(
        integration="github", endpoint="list_issues", params={"repo": "acme/webapp"}, connection=gone.id, request_id="r"
    )
    with pytest.raises(ConnectionNotFound):
        call(app, ada, request)
    assert github.asked == []
