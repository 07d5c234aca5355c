"""Integrations that come with the registry, from a key to an answer: connected, called, and refused by vendors."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.building import base_of
from skillyard.domain.gateway.calls.call import CallRequest, CallResult, call
from skillyard.domain.gateway.calls.call_errors import ConnectionNotUsable
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_errors import KeyRefused, ReconnectRequired, VariablesNotAcceptable
from skillyard.domain.gateway.connect.connection_rules import check_variables
from skillyard.domain.gateway.connect.connections import add_key, list_connections
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.upstream import Asked, Says, Upstream, says, upstream
from tests.makers import a_person, make_app

KEY = "a-key-that-nobody-sees-again"


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """`base`: the path of its API; `who`: what it says to who asks who they are, at `asks_who`."""

    slug: str
    base: str
    asks_who: str = ""
    who: Any = None
    label: str = ""
    secrets: Mapping[str, str] = field(default_factory=lambda: {"secret": KEY})
    shows: Mapping[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {KEY}"})
    reads: tuple[str, Mapping[str, Any]]


VENDORS = (
    Vendor(
        slug="slack",
        base="/api",
        asks_who="/api/auth.test",
        who={"ok": True, "user_id": "U1", "user": "ada"},
        label="ada",
        reads=("list_channels", {"limit": 5}),
    ),
    Vendor(
        slug="notion",
        base="/v1",
        asks_who="/v1/users/me",
        who={"object": "user", "id": "b-1", "bot": {"workspace_name": "Acme"}},
        label="Acme",
        shows={"authorization": f"Bearer {KEY}", "notion-version": "2025-09-03"},
        reads=("get_page", {"page_id": "p-1"}),
    ),
    Vendor(
        slug="linear",
        base="",
        asks_who="/graphql",
        who={"data": {"viewer": {"id": "u-1", "email": "ada@example.com"}}},
        label="ada@example.com",
        shows={"authorization": KEY},
        reads=("get_issue", {"id": "ENG-1"}),
    ),
    Vendor(
        slug="jira",
        base="",
        asks_who="/rest/api/3/myself",
        who={"accountId": "5b10", "displayName": "Ada Lovelace"},
        label="Ada Lovelace",
        secrets={"username": "ada@example.com", "password": KEY},
        shows={"authorization": f"Basic {b64encode(f'ada@example.com:{KEY}'.encode()).decode()}"},
        reads=("get_issue", {"issue": "WEB-1"}),
    ),
    Vendor(
        slug="gitlab",
        base="/api/v4",
        asks_who="/api/v4/user",
        who={"id": 7, "username": "ada"},
        label="ada",
        shows={"private-token": KEY},
        reads=("read_file", {"project": "acme/web", "file_path": "a/b.py", "ref": "main"}),
    ),
    Vendor(slug="openai", base="/v1", reads=("list_models", {})),
)
each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.slug)


@pytest.fixture
def there() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, there: Upstream) -> Iterator[App]:
    integrations = {one.slug: IntegrationSettings(base_url=f"{there.url}{one.base}") for one in VENDORS}
    made = make_app(tmp_path, integrations=integrations, outbound_http_loopback=True)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app)


def knows(vendor: Vendor, then: Any, status: int = 200) -> Callable[[Asked], Says]:
    """It says who somebody is when asked for that, and `then` to everything else."""

    def answer(asked: Asked) -> Says:
        is_who = asked.path == vendor.asks_who and (vendor.slug != "linear" or b"viewer" in asked.body)
        return says(vendor.who) if is_who else says(then, status)

    return answer


def connect(app: App, caller: Caller, vendor: Vendor) -> Connection:
    secrets = {name: Secret(text) for name, text in vendor.secrets.items()}
    return add_key(app, caller, integration=vendor.slug, secrets=secrets, variables={}, label="")


def ask(app: App, caller: Caller, slug: str, endpoint: str, params: Mapping[str, Any]) -> CallResult:
    return call(app, caller, CallRequest(integration=slug, endpoint=endpoint, params=params, request_id="req_1"))


@each_vendor
def test_an_account_is_connected_with_a_key_and_called(vendor: Vendor, app: App, ada: Caller, there: Upstream) -> None:
    there.last = knows(vendor, {"ok": True, "id": 1})
    assert connect(app, ada, vendor).account_label == vendor.label
    result = ask(app, ada, vendor.slug, *vendor.reads)
    assert (result.status, result.data, result.meta.failure) == (200, {"ok": True, "id": 1}, None)
    assert {name: there.asked[-1].headers[name] for name in vendor.shows} == dict(vendor.shows)
    assert KEY not in there.asked[-1].target


def test_a_path_of_gitlab_stays_one_part(app: App, ada: Caller, there: Upstream) -> None:
    vendor = next(one for one in VENDORS if one.slug == "gitlab")
    there.last = knows(vendor, {})
    connect(app, ada, vendor)
    ask(app, ada, "gitlab", *vendor.reads)
    assert there.asked[-1].path == "/api/v4/projects/acme%2Fweb/repository/files/a%2Fb.py"


def test_a_key_that_slack_refuses_with_a_status_of_200_is_not_kept(app: App, ada: Caller, there: Upstream) -> None:
    there.last = says({"ok": False, "error": "invalid_auth"})
    with pytest.raises(KeyRefused):
        connect(app, ada, VENDORS[0])
    assert list_connections(app, ada) == []


@pytest.mark.parametrize("error", ["invalid_auth", "token_expired", "token_revoked"])
def test_a_token_that_slack_took_back_wants_to_be_connected_again(
    error: str, app: App, ada: Caller, there: Upstream
) -> None:
    there.last = knows(VENDORS[0], {})
    connect(app, ada, VENDORS[0])
    there.last = says({"ok": False, "error": error})
    with pytest.raises(ReconnectRequired):
        ask(app, ada, "slack", "get_team", {})


def test_what_slack_could_not_do_is_told_as_a_failure(app: App, ada: Caller, there: Upstream) -> None:
    there.last = knows(VENDORS[0], {"ok": False, "error": "channel_not_found"})
    connect(app, ada, VENDORS[0])
    result = ask(app, ada, "slack", "post_message", {"channel": "C1", "text": "x"})
    assert (result.status, result.meta.failure) == (200, "channel_not_found")


def test_what_linear_could_not_do_is_told_as_a_failure(app: App, ada: Caller, there: Upstream) -> None:
    vendor = next(one for one in VENDORS if one.slug == "linear")
    there.last = knows(vendor, {"errors": [{"message": "Entity not found: Issue"}]})
    connect(app, ada, vendor)
    assert ask(app, ada, "linear", "get_issue", {"id": "ENG-9"}).meta.failure == "Entity not found: Issue"


@pytest.mark.parametrize(
    ("variables", "base"),
    [
        ({}, "https://api.openai.com/v1"),
        ({"host": "openrouter.ai", "path": "api/v1"}, "https://openrouter.ai/api/v1"),
        ({"host": "llm.example.org:8443"}, "https://llm.example.org:8443/v1"),
    ],
)
def test_what_speaks_like_openai_is_reached_elsewhere(variables: dict[str, str], base: str) -> None:
    openai = read_shipped("openai")
    assert base_of(openai, check_variables(openai, variables)) == base


@pytest.mark.parametrize("path", ["v2", "v1/../x", "//evil.example", "api/v1/", "v1?x"])
def test_only_the_paths_that_are_offered_are_taken(path: str) -> None:
    openai = read_shipped("openai")
    with pytest.raises(VariablesNotAcceptable):
        check_variables(openai, {"path": path})
    if path != "v2":
        with pytest.raises(ConnectionNotUsable):
            base_of(openai, {"host": "llm.example.org", "path": path})
