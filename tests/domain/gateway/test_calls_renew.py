"""Calls whose token the service does not take any longer: renewed once for all of them, and made again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.audit import list_calls
from skillyard.domain.gateway.connect.connection_errors import ReconnectRequired
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.connecting import connect_with_code
from tests.domain.gateway.test_call import ask
from tests.domain.gateway.upstream import Asked, Says, Upstream, says, upstream
from tests.makers import a_person, make_app
from tests.peers.oauth.odd_server import Odd, odd_server


@pytest.fixture
def odd() -> Iterator[Odd]:
    with odd_server() as server:
        yield server


@pytest.fixture
def github(odd: Odd) -> Iterator[Upstream]:
    """Takes the tokens that the server has made and not ended."""

    def answer(asked: Asked) -> Says:
        is_good = asked.headers["authorization"].removeprefix("Bearer ") in odd.access
        return says([], 200) if is_good else says({"message": "Bad credentials"}, 401)

    with upstream() as made:
        made.last = answer
        yield made


@pytest.fixture
def app(odd: Odd, github: Upstream, tmp_path: Path) -> Iterator[App]:
    settings = IntegrationSettings.model_validate({**odd.settings(), "base_url": github.url})
    made = make_app(tmp_path, integrations={"github": settings}, outbound_http_loopback=True)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    caller = a_person(app)
    connect_with_code(app, caller)
    return caller


def test_a_call_with_a_token_that_ended_is_made_again_with_a_new_one(
    app: App, ada: Caller, odd: Odd, github: Upstream
) -> None:
    odd.end_access()
    assert ask(app, ada, "create_issue", title="x").status == 200
    first, second = (asked.headers["authorization"] for asked in github.asked)
    assert first != second
    assert ask(app, ada).status == 200
    assert odd.grants("refresh_token") == 1
    assert [row.status for row in list_calls(app, ada).items] == [200, 200]


def test_many_calls_at_once_renew_once(app: App, ada: Caller, odd: Odd) -> None:
    odd.end_access()
    odd.delay_s = 0.2
    with ThreadPoolExecutor(16) as pool:
        assert {one.status for one in pool.map(lambda _: ask(app, ada), range(32))} == {200}
    assert odd.grants("refresh_token") == 1


def test_a_token_that_cannot_be_renewed_asks_for_its_owner(app: App, ada: Caller, odd: Odd, github: Upstream) -> None:
    odd.end_all()
    for _ in range(3):
        with pytest.raises(ReconnectRequired):
            ask(app, ada)
    assert len(github.asked) == 1
    assert odd.grants("refresh_token") == 1


def test_a_fresh_token_that_is_refused_is_not_renewed_for_ever(
    app: App, ada: Caller, odd: Odd, github: Upstream
) -> None:
    github.last = says({"message": "Requires another scope"}, 401)
    assert ask(app, ada).status == 401
    assert len(github.asked) == 2
    assert odd.grants("refresh_token") == 1
    assert ask(app, ada).status == 401
    assert odd.grants("refresh_token") == 1
