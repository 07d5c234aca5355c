"""Fixtures that start real services, once per test process and only when a test asks for them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.infra.database import Database, open_database
from skillyard.infra.migrations import migrate
from tests import services
from tests.identity_provider import IdentityProvider, identity_provider
from tests.makers import make_app
from tests.peers.github_like import GithubWithSignIn, github_with_sign_in
from tests.peers.llm.fixture import llm_peer, llm_service  # noqa: F401
from tests.peers.myworld import GithubLike, Myworld, running_myworld
from tests.peers.oidc import providers
from tests.peers.stripe.fixture import stripe_peer  # noqa: F401
from tests.peers.ton.driver import TonPeer, running_ton_peer

# A shell that starts the tests in the background lets them, and whatever they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a server, a browser or a clock."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[services.Postgres]:
    with services.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with services.s3() as address:
        yield address


@pytest.fixture(scope="session")
def ci_system() -> Iterator[IdentityProvider]:
    """Signs ID tokens of made-up CI jobs."""
    with identity_provider() as provider:
        yield provider


@pytest.fixture(scope="session")
def lenient_provider() -> Iterator[providers.Lenient]:
    """Signs people in, and ignores PKCE."""
    with providers.lenient() as provider:
        yield provider


@pytest.fixture(scope="session")
def strict_provider() -> Iterator[providers.Strict]:
    """Signs people in, and insists on PKCE."""
    with providers.strict() as provider:
        yield provider


@pytest.fixture(scope="session")
def myworld() -> Iterator[Myworld]:
    with running_myworld() as server:
        yield server


@pytest.fixture
def github(myworld: Myworld) -> Iterator[GithubLike]:
    """An imitation of GitHub that only this test knows."""
    with myworld.github() as world:
        yield world


@pytest.fixture
def github_sign_in(github: GithubLike, strict_provider: providers.Strict) -> Iterator[GithubWithSignIn]:
    """The same, but its tokens come from an OAuth server."""
    with github_with_sign_in(github, strict_provider) as front:
        yield front


@pytest.fixture(params=["lenient", "strict"])
def provider(request: pytest.FixtureRequest) -> providers.Provider:
    """The test runs once with each of them."""
    found: providers.Provider = request.getfixturevalue(f"{request.param}_provider")
    return found


@pytest.fixture
def postgres_url(postgres: services.Postgres) -> Iterator[str]:
    """A migrated database of this test's own."""
    url = postgres.new_database()
    yield url
    postgres.drop(url)


@pytest.fixture
def s3_url(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of this test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return services.new_bucket(s3_address)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database; the test runs once on each kind."""
    url = f"sqlite://{tmp_path}/test.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = open_database(url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite+files", "postgresql+s3"])
def each_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """An application; the test runs once on each of the two foundations."""
    if request.param == "sqlite+files":
        app = make_app(tmp_path)
    else:
        urls = {
            name: request.getfixturevalue(f"{fixture}_url")
            for name, fixture in (("database_url", "postgres"), ("blobs_url", "s3"))
        }
        app = make_app(tmp_path, **urls)
    yield app
    app.close()


@pytest.fixture(scope="session")
def ton_network() -> Iterator[TonPeer]:
    with running_ton_peer() as peer:
        yield peer


@pytest.fixture
def ton_peer(ton_network: TonPeer) -> Iterator[TonPeer]:
    """A TON network that is empty and behaves well, and does so again for whoever has it next."""
    ton_network.reset()
    yield ton_network
    ton_network.reset()
