"""What a connection shows to its service: renewed once for everybody, before it ends or when it was refused, and never
without end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import oauth, oauth_return
from skillyard.domain.gateway.connect.authorizations import Authorization, fresh
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_errors import (
    AttemptLost,
    ConnectionNotFound,
    OAuthNotReached,
    OAuthNotUnderstood,
    OAuthRefused,
    ReconnectRequired,
    RenewalPaused,
)
from skillyard.domain.gateway.connect.connections import disconnect, list_connections, list_uses
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from skillyard.infra.events import read_after
from skillyard.infra.outbound import Outbound
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.connecting import BROWSER, attempt_with_code
from tests.domain.gateway.connecting import connect_with_code as connect
from tests.makers import a_person, make_app
from tests.peers.oauth.odd_server import CODE, Odd, Says, odd_server

HOUR_S = 3600


@pytest.fixture
def odd() -> Iterator[Odd]:
    with odd_server() as server:
        yield server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(odd: Odd, clock: FixedClock, tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path, clock=clock, integrations={"github": odd.settings()}, outbound_http_loopback=True)
    yield made
    made.close()


def at(settings: dict[str, str], app: App) -> App:
    """The same application, whose integration `github` is there."""
    integrations = {"github": IntegrationSettings.model_validate(settings)}
    changed = {"integrations": integrations, "outbound_http_loopback": True}
    return replace(app, settings=app.settings.model_copy(update=changed), outbound=Outbound(http_loopback=True))


def shown(app: App, one: Connection, rejected: Secret | None = None) -> Authorization:
    return fresh(app, one, find_integration(app, "github"), rejected=rejected)


def lost(app: App) -> list[str]:
    with app.database.reading() as tx:
        return [event.data["why"] for event in read_after(tx, 0) if event.kind == "connection.lost"]


def test_a_token_is_renewed_a_minute_before_it_ends_and_not_earlier(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, ada := a_person(app))
    first = shown(app, made).secret.reveal()
    clock.move(seconds=HOUR_S - 61)
    assert shown(app, made).secret.reveal() == first
    clock.move(seconds=1)
    second = shown(app, made).secret.reveal()
    assert second != first
    assert second in odd.access
    assert shown(app, made).secret.reveal() == second
    assert odd.grants("refresh_token") == 1
    (listed,) = list_connections(app, ada)
    assert listed.expires_ms == clock.now_ms() + HOUR_S * 1000
    assert [use.why for use in list_uses(app, ada, connection_id=made.id).items] == ["renewal", "identity"]


def test_a_refused_token_is_renewed_once_and_a_second_refusal_soon_after_is_believed(
    app: App, odd: Odd, clock: FixedClock
) -> None:
    made = connect(app, a_person(app))
    first = shown(app, made).secret
    second = shown(app, made, rejected=first).secret
    assert second.reveal() != first.reveal()
    assert shown(app, made, rejected=first).secret.reveal() == second.reveal(), "another has renewed it meanwhile"
    assert shown(app, made, rejected=second).secret.reveal() == second.reveal(), "it is refused for another reason"
    assert odd.grants("refresh_token") == 1
    clock.move(seconds=61)
    assert shown(app, made, rejected=second).secret.reveal() != second.reveal()
    assert odd.grants("refresh_token") == 2


def test_fifty_threads_renew_once(each_app: App, odd: Odd) -> None:
    app = at(odd.settings(), each_app)
    odd.life_s = 30
    made = connect(app, a_person(app))
    odd.life_s, odd.delay_s = HOUR_S, 0.3
    with ThreadPoolExecutor(50) as threads:
        found = {one.secret.reveal() for one in threads.map(lambda _: shown(app, made), range(50))}
    assert len(found) == 1
    assert found == odd.access
    assert odd.grants("refresh_token") == 1


_RACE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from skillyard.app import build
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.store import connections
from skillyard.settings import Settings

app = build(Settings())
github = find_integration(app, "github")
with app.database.reading() as tx:
    one = connections.find(tx, sys.argv[1]).connection
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(8) as threads:
    print(*{found.secret.reveal() for found in threads.map(lambda _: fresh(app, one, github), range(8))}, flush=True)
"""


def a_node(app: App, odd: Odd, made: Connection) -> subprocess.Popen[str]:
    """Another process with the same database, about to use the connection."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SKILLYARD_")}
    environment |= {"SKILLYARD_DATA_DIR": str(app.settings.data_dir), "SKILLYARD_OUTBOUND_HTTP_LOOPBACK": "true"}
    environment |= {"SKILLYARD_DATABASE_URL": app.settings.database, "SKILLYARD_BLOBS_URL": app.settings.blobs}
    environment |= {f"SKILLYARD_INTEGRATIONS__GITHUB__{name.upper()}": text for name, text in odd.settings().items()}
    node = subprocess.Popen(
        [sys.executable, "-c", _RACE, made.id],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert node.stdout is not None
    assert node.stdout.readline() == "ready\n"
    return node


def test_nodes_renew_once(each_app: App, odd: Odd) -> None:
    app = at(odd.settings(), each_app)
    odd.life_s = 30
    made = connect(app, a_person(app))
    odd.life_s, odd.delay_s = HOUR_S, 0.5
    nodes = [a_node(app, odd, made) for _ in range(2)]
    for node in nodes:
        assert node.stdin is not None
        node.stdin.write("go\n")
        node.stdin.flush()
    found = [node.communicate(timeout=60)[0].split() for node in nodes]
    assert len(found[0]) == 1
    assert found[0] == found[1]
    assert odd.grants("refresh_token") == 1


def test_a_node_that_dies_between_answer_and_commit_costs_the_connection_and_no_more(odd: Odd, tmp_path: Path) -> None:
    """The service has given the new tokens to nobody: no registry can have both, a token used and another one kept."""
    real = make_app(tmp_path / "real", integrations={"github": odd.settings()}, outbound_http_loopback=True)
    odd.life_s = 30
    made = connect(real, a_person(real))
    odd.life_s = HOUR_S
    node = a_node(real, odd, made)
    odd.on_token = lambda: os.kill(node.pid, signal.SIGKILL)
    assert node.stdin is not None
    node.stdin.write("go\n")
    node.stdin.flush()
    assert node.wait(timeout=60) == -signal.SIGKILL
    odd.on_token = None
    with real.database.transaction() as tx:  # instead of half a minute, until the lease of the dead one has ended
        tx.run("UPDATE connections SET renewing_until_ms = 0 WHERE id = ?", made.id)
    with pytest.raises(ReconnectRequired) as refused:
        shown(real, made)
    assert refused.value.facts["action_url"] == f"{real.settings.address}/connections?reconnect={made.id}"
    assert odd.grants("refresh_token") == 2
    real.close()


def test_what_ended_there_asks_for_its_owner_once_and_is_not_tried_again(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, ada := a_person(app))
    odd.end_all()
    clock.move(seconds=HOUR_S)
    for _ in range(3):
        with pytest.raises(ReconnectRequired) as refused:
            shown(app, made)
    assert odd.grants("refresh_token") == 1
    assert lost(app) == ["reconnect_required"]
    assert refused.value.facts["action_url"].endswith(f"/connections?reconnect={made.id}")
    assert list_connections(app, ada)[0].status == "reconnect_required"
    again = connect(app, ada, reconnect=made.id)
    assert (again.id, again.status) == (made.id, "connected")
    assert shown(app, made).secret.reveal() in odd.access


def test_a_service_that_is_down_is_left_in_peace_for_a_moment(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, a_person(app))
    first = shown(app, made).secret.reveal()
    odd.token_answer = lambda _: Says(status=503, body=b"<html>down</html>")
    clock.move(seconds=HOUR_S - 30)
    assert [shown(app, made).secret.reveal() for _ in range(3)] == [first] * 3, "it is good for half a minute yet"
    assert odd.grants("refresh_token") == 1
    clock.move(seconds=30)
    for refusal in (OAuthNotUnderstood, RenewalPaused, RenewalPaused):
        with pytest.raises(refusal):
            shown(app, made)
    assert odd.grants("refresh_token") == 2
    clock.move(seconds=6)
    odd.token_answer = None
    assert shown(app, made).secret.reveal() in odd.access
    assert lost(app) == []


def test_a_client_that_is_not_known_any_more_is_the_operators_to_mend(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, ada := a_person(app))
    odd.token_answer = lambda _: Says(status=401, body={"error": "invalid_client"})
    clock.move(seconds=HOUR_S)
    with pytest.raises(OAuthRefused, match="invalid_client"):
        shown(app, made)
    assert list_connections(app, ada)[0].status == "connected"


def test_a_token_that_cannot_be_renewed_is_checked_before_it_is_given_up(app: App, odd: Odd) -> None:
    odd.life_s = None
    odd.token_answer = lambda _: Says(body={"access_token": "good-for-ever-0123", "token_type": "bearer"})
    odd.access.add("good-for-ever-0123")
    made = connect(app, a_person(app))
    secret = shown(app, made).secret
    assert shown(app, made, rejected=secret).secret.reveal() == secret.reveal()
    odd.end_access()
    with pytest.raises(ReconnectRequired):
        shown(app, made, rejected=secret)
    assert lost(app) == ["reconnect_required"]


def test_a_refresh_token_stays_where_the_service_sends_no_other(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, a_person(app))
    odd.token_answer = lambda form: Says(body={"access_token": f"next-{len(odd.asked)}", "expires_in": "3600"})
    for _ in range(2):
        clock.move(seconds=HOUR_S)
        shown(app, made)
    kept = [form["refresh_token"] for _, form in odd.asked if "refresh_token" in form]
    assert len(kept) == 2
    assert kept[0] == kept[1]


def test_a_connection_that_is_removed_while_it_is_renewed_stays_removed(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, ada := a_person(app))
    clock.move(seconds=HOUR_S)
    odd.on_token = lambda: (setattr(odd, "on_token", None), disconnect(app, ada, connection_id=made.id))[0]
    with pytest.raises(ConnectionNotFound):
        shown(app, made)
    assert list_connections(app, ada) == []
    assert odd.access == set(), "what came too late was taken back"
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM gateway_secrets") == []


def test_of_those_who_bring_the_same_answer_at_once_one_is_heard(each_app: App, odd: Odd) -> None:
    app = at(odd.settings(), each_app)
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    answer = {"state": httpx.URL(oauth.leave(app, ada, attempt.id, browser=BROWSER)).params["state"], "code": CODE}

    def bring(_: int) -> str:
        try:
            return oauth_return.come_back(app, ada, browser=BROWSER, answer=answer).status
        except AttemptLost:
            return "lost"

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(bring, range(6))) == ["lost"] * 5 + ["verifying_identity"]
    assert odd.grants("authorization_code") == 1


def test_who_confirms_and_refuses_at_once_has_either_whole(each_app: App, odd: Odd) -> None:
    app = at(odd.settings(), each_app)
    ada = a_person(app)

    def decide(operation: Callable[..., object]) -> None:
        with contextlib.suppress(AttemptLost):
            operation(app, ada, attempt.id, browser=BROWSER)

    for _ in range(6):
        attempt = attempt_with_code(app, ada)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(decide, [oauth_return.confirm, oauth_return.refuse] * 2))
        ended = oauth.get_attempt(app, ada, attempt.id)
        assert ended.status in ("connected", "denied")
        for made in list_connections(app, ada):
            assert shown(app, made).secret.reveal() in odd.access
            assert disconnect(app, ada, connection_id=made.id).revoked == "revoked"
        assert odd.access == set()


def test_a_connection_that_is_renewed_and_removed_at_once_leaves_no_token(each_app: App, odd: Odd) -> None:
    app = at(odd.settings(), each_app)
    ada = a_person(app)
    for _ in range(6):
        odd.life_s = 30
        made = connect(app, ada)
        odd.life_s = HOUR_S
        with ThreadPoolExecutor(4) as threads:
            renewing = [threads.submit(shown, app, made) for _ in range(3)]
            threads.submit(disconnect, app, ada, connection_id=made.id).result()
            assert all(one.exception() is None or isinstance(one.exception(), ConnectionNotFound) for one in renewing)
        assert odd.access == set()
        assert list_connections(app, ada) == []


def test_an_unreachable_service_is_said_to_be_so(app: App, odd: Odd, clock: FixedClock) -> None:
    made = connect(app, a_person(app))
    elsewhere = at(odd.settings() | {"token_url": "http://127.0.0.1:9/token"}, app)
    clock.move(seconds=HOUR_S)
    with pytest.raises(OAuthNotReached):
        shown(elsewhere, made)
