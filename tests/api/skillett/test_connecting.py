"""A program begins to connect an account and waits; its owner goes through it in the browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.gateway.connect import oauth, oauth_return
from skillyard.domain.gateway.connect.attempt import Attempt
from skillyard.infra.clock import FixedClock
from skillyard.settings import GatewayPlan
from tests.api.skillett.sender import Sender
from tests.domain.gateway.connecting import BROWSER, app_at, brought, way_back
from tests.makers import make_app
from tests.peers.github_like import GithubWithSignIn

NOBODY = "attempt_00000000000000000000000000"


@pytest.fixture
def sender(github_sign_in: GithubWithSignIn, tmp_path: Path, clock: FixedClock) -> Iterator[Sender]:
    app = app_at(github_sign_in, tmp_path, clock=clock)
    yield Sender(app)
    app.close()


def start(sender: Sender, who: str) -> dict[str, Any]:
    begun: dict[str, Any] = sender.data(who, "POST", "/v1/connect", {"integration": "github"})
    assert set(begun) == {"connection_id", "oauth_url", "status", "expires_at"}
    assert begun["status"] == "pending"
    assert begun["oauth_url"] == f"{sender.app.settings.address}/connect/{begun['connection_id']}"
    return begun


def go_through(
    sender: Sender, github: GithubWithSignIn, begun: dict[str, Any], *, login: str = "ada", deny: bool = False
) -> Attempt:
    """Ada opens the address, agrees there as `login` or denies, and comes back."""
    ada = sender.people["ada"]
    attempt = oauth.get_attempt(sender.app, ada, begun["connection_id"])
    back = way_back(sender.app, ada, github, attempt, login, deny=deny)
    return oauth_return.come_back(sender.app, ada, browser=BROWSER, answer=brought(back))


def confirm(sender: Sender, begun: dict[str, Any]) -> None:
    oauth_return.confirm(sender.app, sender.people["ada"], begun["connection_id"], browser=BROWSER)


def test_a_program_learns_that_its_owner_has_connected_an_account(
    sender: Sender, github_sign_in: GithubWithSignIn
) -> None:
    key = sender.key("ada", "github")
    begun = start(sender, key)
    path = f"/v1/connect/{begun['connection_id']}"
    pending = {"connection_id": begun["connection_id"], "integration": "github", "status": "pending"}
    assert sender.data(key, "GET", path) == pending
    go_through(sender, github_sign_in, begun)
    assert sender.data(key, "GET", path) == pending, "nothing is connected before its owner has confirmed it"
    confirm(sender, begun)
    assert sender.data(key, "GET", path) == {**pending, "status": "connected", "account": "ada"}
    issue = {"params": {"repo": "acme/webapp", "title": "Bug report"}}
    assert sender.data(key, "POST", "/v1/github/create_issue", issue)["status"] == 201


def test_who_waits_learns_it_at_once(sender: Sender, github_sign_in: GithubWithSignIn) -> None:
    key = sender.key("ada")
    begun = start(sender, key)
    go_through(sender, github_sign_in, begun)
    confirming = threading.Timer(1, confirm, [sender, begun])
    confirming.start()
    began = time.monotonic()
    standing = sender.data(key, "GET", f"/v1/connect/{begun['connection_id']}?wait=25")
    assert standing["status"] == "connected"
    assert time.monotonic() - began < 20
    confirming.join()


def test_a_connection_that_is_denied_or_forgotten_says_why(
    sender: Sender, github_sign_in: GithubWithSignIn, clock: FixedClock
) -> None:
    key = sender.key("ada")
    denied, forgotten = start(sender, key), start(sender, key)
    go_through(sender, github_sign_in, denied, deny=True)
    standing = sender.data(key, "GET", f"/v1/connect/{denied['connection_id']}")
    assert (standing["status"], standing["error"]) == ("failed", "GitHub says that access was denied.")
    clock.move(seconds=601)
    standing = sender.data(key, "GET", f"/v1/connect/{forgotten['connection_id']}")
    assert (standing["status"], standing["error"]) == ("expired", "It took longer than ten minutes.")


def test_a_plan_that_allows_no_more_connections_says_where_one_is_ended(
    github_sign_in: GithubWithSignIn, tmp_path: Path
) -> None:
    app = make_app(
        tmp_path,
        integrations={"github": github_sign_in.settings(), "slack": {"client_id": "x", "client_secret": "y"}},
        outbound_http_loopback=True,
        gateway_plan="one",
        gateway_plans={"one": GatewayPlan(connections=1)},
    )
    github_sign_in.register(app.settings.address)
    sender = Sender(app)
    begun = start(sender, "ada")
    go_through(sender, github_sign_in, begun)
    confirm(sender, begun)
    error = sender.refused("ada", "POST", "/v1/connect", {"integration": "slack"}, status=403)
    assert error["error"] == "plan_limit_reached"
    assert error["action_url"] == f"{app.settings.address}/connections"
    assert start(sender, "ada"), "the same account may be meant, which takes no more room"
    app.close()


def test_an_attempt_means_nothing_to_others(sender: Sender) -> None:
    begun = start(sender, "ada")
    for who, attempt in (("bob", begun["connection_id"]), ("ada", NOBODY), ("ada", "%00"), ("ada", "x" * 3000)):
        sender.refused(who, "GET", f"/v1/connect/{attempt}", status=404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"integration": 7}, 400),
        ({"integration": "x" * 201}, 400),
        ({"integration": "githup"}, 404),
        ({"integration": "github", "scopes": ["a b"]}, 400),
        ({"integration": "github", "scopes": ["x"] * 51}, 400),
        ({"integration": "github", "variables": {"host": "evil.example"}}, 400),
        ({"integration": "github", "variables": []}, 400),
    ],
)
def test_what_cannot_be_connected_is_refused(sender: Sender, body: Any, status: int) -> None:
    sender.refused("ada", "POST", "/v1/connect", body, status=status)


@pytest.mark.parametrize("wait", ["-1", "26", "soon", "nan", "inf", "1e400"])
def test_nobody_waits_for_ever(sender: Sender, wait: str) -> None:
    sender.refused("ada", "GET", f"/v1/connect/{NOBODY}?wait={wait}", status=400)
