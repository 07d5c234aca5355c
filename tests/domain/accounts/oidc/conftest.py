"""An application with two real providers, of different strictness, and one that cheats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.providers import redirect_uri_of
from tests.domain.accounts.oidc.visits import MovableClock
from tests.makers import a_person, make_app
from tests.peers.oidc.hostile import Hostile, hostile
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient, Strict


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def cheat() -> Iterator[Hostile]:
    with hostile() as peer:
        yield peer


@pytest.fixture
def open_app(
    tmp_path: Path, clock: MovableClock, lenient_provider: Lenient, strict_provider: Strict, cheat: Hostile
) -> Iterator[Callable[..., App]]:
    """Makes the application, with settings of a test's own."""
    apps: list[App] = []

    def make(**settings: Any) -> App:
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        oidc = {
            "lenient": {"issuer": lenient_provider.issuer, **client},
            "strict": {"issuer": strict_provider.issuer, **client},
            "cheat": {"issuer": cheat.issuer, **client},
        }
        settings = {"oidc": oidc, "oidc_sign_up": "open", "logins_per_minute": 10**6, **settings}
        app = make_app(tmp_path, clock=clock, outbound_http_loopback=True, **settings)
        apps.append(app)
        strict_provider.add_client(redirect_uri_of(app, "strict"))
        return app

    yield make
    for app in apps:
        app.close()


@pytest.fixture
def app(open_app: Callable[..., App]) -> App:
    """With an administrator, `rita`."""
    app = open_app()
    a_person(app, "rita")
    return app
