"""Be the person who connects an account: in the browser, as far as the service sends them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.connect import oauth, oauth_return
from skillyard.domain.gateway.connect.attempt import Attempt
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.infra.clock import Clock
from tests.makers import make_app
from tests.peers.github_like import GithubWithSignIn
from tests.peers.oauth.odd_server import CODE

BROWSER = "what only this browser knows"


def app_at(github: GithubWithSignIn, tmp_path: Path, *, clock: Clock | None = None, **settings: Any) -> App:
    """An application whose integration `github` is the one of the test."""
    app = make_app(
        tmp_path, clock=clock, integrations={"github": github.settings()}, outbound_http_loopback=True, **settings
    )
    github.register(app.settings.address)
    return app


def way_back(app: App, caller: Caller, github: GithubWithSignIn, attempt: Attempt, login: str, **choice: Any) -> str:
    """To GitHub and, once `login` agreed there, the address that the browser is sent back to."""
    there = oauth.leave(app, caller, attempt.id, browser=BROWSER)
    return github.provider.agree(there, login, **choice)


def brought(url: str) -> dict[str, str]:
    return dict(httpx.URL(url).params)


def back_from(
    app: App, caller: Caller, github: GithubWithSignIn, login: str = "ada", *, reconnect: str | None = None
) -> Attempt:
    """An attempt that waits for the word of whoever made it."""
    attempt = oauth.start(app, caller, integration="github", reconnect=reconnect)
    back = way_back(app, caller, github, attempt, login)
    return oauth_return.come_back(app, caller, browser=BROWSER, answer=brought(back))


def connect(
    app: App, caller: Caller, github: GithubWithSignIn, login: str = "ada", *, reconnect: str | None = None
) -> Connection:
    """Through to the end."""
    attempt = back_from(app, caller, github, login, reconnect=reconnect)
    return oauth_return.confirm(app, caller, attempt.id, browser=BROWSER)


def attempt_with_code(app: App, caller: Caller, *, reconnect: str | None = None) -> Attempt:
    """As if an odd server had sent the browser back with its code."""
    attempt = oauth.start(app, caller, integration="github", reconnect=reconnect)
    state = httpx.URL(oauth.leave(app, caller, attempt.id, browser=BROWSER)).params["state"]
    return oauth_return.come_back(app, caller, browser=BROWSER, answer={"state": state, "code": CODE})


def connect_with_code(app: App, caller: Caller, *, reconnect: str | None = None) -> Connection:
    """The same, to the end."""
    ended = attempt_with_code(app, caller, reconnect=reconnect)
    assert ended.status == "verifying_identity", ended.message
    return oauth_return.confirm(app, caller, ended.id, browser=BROWSER)
