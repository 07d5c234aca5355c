"""Connecting an account in the browser, against a strict OAuth server: one way there and back, for one person, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import IntegrationNotInScope, ScopeMissing
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import oauth, oauth_return
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.connect.connection_errors import (
    AttemptLost,
    AttemptNotFound,
    ClientMissing,
    ConnectionNotFound,
    ReconnectRequired,
    ScopesNotAcceptable,
    TooManyAttempts,
    VariablesNotAcceptable,
)
from skillyard.domain.gateway.connect.connections import list_connections
from skillyard.domain.gateway.jobs import forget_connection_attempts
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import read_after
from tests.domain.gateway.connecting import BROWSER, app_at, back_from, brought, connect, way_back
from tests.makers import a_person, make_app
from tests.peers.github_like import GithubWithSignIn


@pytest.fixture
def app(github_sign_in: GithubWithSignIn, tmp_path: Path) -> Iterator[App]:
    made = app_at(github_sign_in, tmp_path)
    yield made
    made.close()


def works(app: App, github: GithubWithSignIn, token: str) -> bool:
    return httpx.get(f"{github.base_url}/user", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_an_account_is_connected_once_its_owner_says_that_it_is_meant(
    app: App, github_sign_in: GithubWithSignIn
) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github", label="work")
    assert (attempt.status, attempt.url) == ("created", f"{app.settings.address}/connect/{attempt.id}")
    there = httpx.URL(oauth.leave(app, ada, attempt.id, browser=BROWSER))
    assert there.params["code_challenge_method"] == "S256"
    assert there.params["redirect_uri"] == f"{app.settings.address}/connections/callback"
    assert oauth.get_attempt(app, ada, attempt.id).status == "awaiting_user"
    back = github_sign_in.provider.agree(str(there), "bob")
    waiting = oauth_return.come_back(app, ada, browser=BROWSER, answer=brought(back))
    assert (waiting.status, waiting.account_label, waiting.is_identified) == ("verifying_identity", "bob", True)
    assert list_connections(app, ada) == []
    made = oauth_return.confirm(app, ada, attempt.id, browser=BROWSER)
    (listed,) = list_connections(app, ada)
    assert listed == made
    assert (made.account_label, made.label, made.status, made.is_default) == ("bob", "work", "connected", True)
    ended = oauth.get_attempt(app, ada, attempt.id)
    assert (ended.status, ended.connection_id) == ("connected", made.id)
    shown = fresh(app, made, find_integration(app, "github"))
    assert shown.headers == {"authorization": f"Bearer {shown.secret.reveal()}"}
    assert works(app, github_sign_in, shown.secret.reveal())
    with app.database.reading() as tx:
        (event,) = [event.data for event in read_after(tx, 0) if event.kind == "connection.made"]
    assert (event["owner_id"], event["integration"], event["account"], event["how"]) == (
        ada.user_id, "github", "bob", "oauth2",
    )  # fmt: skip


def test_what_was_brought_once_is_not_taken_again(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    answer = brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    oauth_return.come_back(app, ada, browser=BROWSER, answer=answer)
    with pytest.raises(AttemptLost, match="brought before"):
        oauth_return.come_back(app, ada, browser=BROWSER, answer=answer)
    oauth_return.confirm(app, ada, attempt.id, browser=BROWSER)
    with pytest.raises(AttemptLost, match="nothing to confirm"):
        oauth_return.confirm(app, ada, attempt.id, browser=BROWSER)
    with pytest.raises(AttemptLost, match="brought before"):
        oauth_return.come_back(app, ada, browser=BROWSER, answer=answer)


def test_of_two_who_bring_the_same_at_once_one_connects(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    answer = brought(way_back(app, ada, github_sign_in, attempt, "ada"))

    def bring(_: int) -> str:
        try:
            return oauth_return.come_back(app, ada, browser=BROWSER, answer=answer).status
        except AttemptLost:
            return "lost"

    def say_yes(_: int) -> str:
        try:
            return oauth_return.confirm(app, ada, attempt.id, browser=BROWSER).status
        except AttemptLost:
            return "lost"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(bring, range(4))) == ["lost"] * 3 + ["verifying_identity"]
        assert sorted(threads.map(say_yes, range(4))) == ["connected"] + ["lost"] * 3
    assert len(list_connections(app, ada)) == 1


def test_nobody_else_and_no_other_browser_ends_what_somebody_began(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada, eve = a_person(app), a_person(app, "eve")
    attempt = oauth.start(app, ada, integration="github")
    for look in (oauth.get_attempt, lambda *who: oauth.leave(*who, browser=BROWSER)):
        with pytest.raises(AttemptNotFound):
            look(app, eve, attempt.id)
    answer = brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    with pytest.raises(AttemptLost, match="somebody else"):
        oauth_return.come_back(app, eve, browser=BROWSER, answer=answer)
    with pytest.raises(AttemptLost, match="another browser"):
        oauth_return.come_back(app, ada, browser="another", answer=answer)
    assert oauth_return.come_back(app, ada, browser=BROWSER, answer=answer).status == "verifying_identity"
    with pytest.raises(AttemptNotFound):
        oauth_return.confirm(app, eve, attempt.id, browser=BROWSER)
    with pytest.raises(AttemptLost, match="another browser"):
        oauth_return.confirm(app, ada, attempt.id, browser="another")
    assert list_connections(app, ada) == list_connections(app, eve) == []


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"iss": "https://elsewhere.example"}, "failed", "issuer_mismatch"),
        ({"code": ""}, "failed", "oauth_not_understood"),
        ({"code": "x" * 5000}, "failed", "oauth_not_understood"),
        ({"code": "never given out"}, "failed", "oauth_refused"),
        ({"error": "access_denied"}, "denied", "access_denied"),
        ({"error": "server_error"}, "failed", "oauth_refused"),
        ({"error": "<script>alert(1)</script>"}, "failed", "oauth_refused"),
    ],
)
def test_a_changed_answer_ends_the_attempt_with_its_reason(
    app: App, github_sign_in: GithubWithSignIn, changed: dict[str, str], status: str, reason: str
) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    answer = brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    ended = oauth_return.come_back(app, ada, browser=BROWSER, answer=answer | changed)
    assert (ended.status, ended.reason) == (status, reason)
    assert ended.message
    assert "script" not in ended.message
    assert answer["code"] not in ended.message
    assert oauth.get_attempt(app, ada, attempt.id).message == ended.message
    with pytest.raises(AttemptLost):
        oauth_return.come_back(app, ada, browser=BROWSER, answer=answer)


def test_a_made_up_state_leads_nowhere(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    first = brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    second = brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    for state in ("", "x", "\0", "\ud800", "x" * 100_000, first["state"]):
        with pytest.raises(AttemptLost, match="not begun here"):
            oauth_return.come_back(app, ada, browser=BROWSER, answer=first | {"state": state})
    swapped = oauth_return.come_back(app, ada, browser=BROWSER, answer=second | {"code": first["code"]})
    assert (swapped.status, swapped.reason) == ("failed", "oauth_refused"), "its code belongs to another verifier"


def test_whoever_denies_there_or_here_connects_nothing(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    answer = brought(way_back(app, ada, github_sign_in, attempt, "ada", deny=True))
    assert oauth_return.come_back(app, ada, browser=BROWSER, answer=answer).status == "denied"
    waiting = back_from(app, ada, github_sign_in, "bob")
    (token,) = tokens_shown(github_sign_in)
    refused = oauth_return.refuse(app, ada, waiting.id, browser=BROWSER)
    assert (refused.status, refused.reason) == ("denied", "not_confirmed")
    assert not works(app, github_sign_in, token), "its token was taken back"
    assert list_connections(app, ada) == []
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM gateway_secrets") == []


def tokens_shown(github: GithubWithSignIn) -> set[str]:
    """Access tokens that the API was shown."""
    return {seen.authorization.partition(" ")[2] for seen in github.seen}


def test_an_attempt_ends_after_ten_minutes_and_its_token_is_taken_back(
    github_sign_in: GithubWithSignIn, tmp_path: Path
) -> None:
    clock = FixedClock(1_800_000_000_000)
    app = app_at(github_sign_in, tmp_path, clock=clock)
    ada = a_person(app)
    unopened, waiting = oauth.start(app, ada, integration="github"), back_from(app, ada, github_sign_in)
    leaving = oauth.start(app, ada, integration="github")
    answer = brought(way_back(app, ada, github_sign_in, leaving, "ada"))
    (token,) = tokens_shown(github_sign_in)
    clock.move(seconds=600)
    for attempt in (unopened, waiting, leaving):
        assert oauth.get_attempt(app, ada, attempt.id).status == "expired"
    with pytest.raises(AttemptLost, match="over"):
        oauth.leave(app, ada, unopened.id, browser=BROWSER)
    with pytest.raises(AttemptLost, match="ten minutes"):
        oauth_return.come_back(app, ada, browser=BROWSER, answer=answer)
    with pytest.raises(AttemptLost, match="ten minutes"):
        oauth_return.confirm(app, ada, waiting.id, browser=BROWSER)
    assert works(app, github_sign_in, token)
    forget_connection_attempts(app)
    assert not works(app, github_sign_in, token)
    clock.move(seconds=24 * 3600)
    forget_connection_attempts(app)
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM connection_attempts") == tx.all("SELECT * FROM gateway_secrets") == []
    app.close()


def test_an_account_that_is_connected_again_keeps_its_id(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    first, other = connect(app, ada, github_sign_in), connect(app, ada, github_sign_in, "bob")
    assert [one.account_label for one in list_connections(app, ada)] == ["bob", "ada"]
    before = fresh(app, first, find_integration(app, "github")).secret.reveal()
    again = connect(app, ada, github_sign_in, "ada", reconnect=first.id)
    assert (again.id, again.created_ms) == (first.id, first.created_ms)
    assert fresh(app, again, find_integration(app, "github")).secret.reveal() != before
    assert connect(app, ada, github_sign_in, "bob").id == other.id, "also when nobody said that it was again"


def test_a_strict_service_renews_once_and_then_asks_for_its_owner(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada, there = a_person(app), find_integration(app, "github")
    made = connect(app, ada, github_sign_in)
    first = fresh(app, made, there).secret
    github_sign_in.provider.expire_tokens("ada")
    assert not works(app, github_sign_in, first.reveal())
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: fresh(app, made, there, rejected=first).secret.reveal(), range(8)))
    assert len(set(found)) == 1
    assert works(app, github_sign_in, found[0])
    github_sign_in.provider.forget_clients("ada")
    with app.database.transaction() as tx:  # as if the renewal were longer ago
        tx.run("UPDATE connections SET rejected_ms = 0 WHERE id = ?", made.id)
    with pytest.raises(ReconnectRequired):
        fresh(app, made, there, rejected=Secret(found[0]))
    again = connect(app, ada, github_sign_in, reconnect=made.id)
    assert works(app, github_sign_in, fresh(app, again, there).secret.reveal())


def test_another_account_is_not_taken_for_the_one_to_connect_again(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada, eve = a_person(app), a_person(app, "eve")
    first = connect(app, ada, github_sign_in, "ada")
    ended = back_from(app, ada, github_sign_in, "bob", reconnect=first.id)
    assert (ended.status, ended.reason) == ("mismatch", "another_account")
    assert "bob" in ended.message
    assert [one.account_label for one in list_connections(app, ada)] == ["ada"]
    with pytest.raises(ConnectionNotFound):
        oauth.start(app, eve, integration="github", reconnect=first.id)


def test_who_polls_is_answered_when_it_is_over_and_not_long_after_their_time(
    app: App, github_sign_in: GithubWithSignIn
) -> None:
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")
    began = time.monotonic()
    assert asyncio.run(oauth.wait(app, ada, attempt.id, 0.2)).status == "created"
    assert 0.2 <= time.monotonic() - began < 10

    async def meanwhile() -> str:
        waiting = asyncio.create_task(oauth.wait(app, ada, attempt.id, 25))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        answer = {"state": state, "error": "access_denied"}
        await asyncio.to_thread(oauth_return.come_back, app, ada, browser=BROWSER, answer=answer)
        return (await waiting).status

    state = httpx.URL(oauth.leave(app, ada, attempt.id, browser=BROWSER)).params["state"]
    assert asyncio.run(meanwhile()) == "denied"


def test_who_waits_in_many_places_waits_in_no_more(app: App, github_sign_in: GithubWithSignIn) -> None:
    """Each wait looks again and again: thousands of them by one key would keep the database busy."""
    ada = a_person(app)
    attempt = oauth.start(app, ada, integration="github")

    async def many() -> str:
        waiting = [asyncio.create_task(oauth.wait(app, ada, attempt.id, 25)) for _ in range(oauth.MOST_WAITING)]
        await asyncio.sleep(0)
        one_more = await asyncio.wait_for(oauth.wait(app, ada, attempt.id, 25), 20)
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        task = asyncio.create_task(oauth.wait(app, ada, attempt.id, 25))
        await asyncio.wait([task], timeout=1)
        assert not task.done()
        task.cancel()
        return one_more.status

    assert asyncio.run(many()) == "created"


def test_a_key_that_only_calls_begins_what_its_owner_ends(app: App, github_sign_in: GithubWithSignIn) -> None:
    ada = a_person(app)
    calls, reads = (
        authenticate(app, create_token(app, ada, name=scope, scopes={scope}).secret)
        for scope in (Scope.CALL, Scope.READ)
    )
    attempt = oauth.start(app, calls, integration="github")
    oauth_return.come_back(
        app, ada, browser=BROWSER, answer=brought(way_back(app, ada, github_sign_in, attempt, "ada"))
    )
    oauth_return.confirm(app, ada, attempt.id, browser=BROWSER)
    assert oauth.get_attempt(app, calls, attempt.id).status == "connected"
    elsewhere = authenticate(app, create_token(app, ada, name="x", scopes={Scope.CALL}, integrations=["slack"]).secret)
    for refused in (
        lambda: oauth.start(app, elsewhere, integration="github"),
        lambda: oauth.get_attempt(app, elsewhere, attempt.id),
    ):
        with pytest.raises(IntegrationNotInScope):
            refused()
    with pytest.raises(ScopeMissing):
        oauth.start(app, reads, integration="github")


def test_what_cannot_be_asked_for_is_refused_before_anybody_leaves(app: App, tmp_path: Path) -> None:
    ada = a_person(app)
    for scopes in (["a b"], ['"'], ["\n"], [""], ["x"] * 51):
        with pytest.raises(ScopesNotAcceptable):
            oauth.start(app, ada, integration="github", scopes=scopes)
    with pytest.raises(VariablesNotAcceptable):
        oauth.start(app, ada, integration="github", variables={"host": "evil.example"})
    for attempt_id in ("", "attempt_x", "\0", "\ud800"):
        with pytest.raises(AttemptNotFound):
            oauth.get_attempt(app, ada, attempt_id)
    for _ in range(20):
        oauth.start(app, ada, integration="github")
    with pytest.raises(TooManyAttempts):
        oauth.start(app, ada, integration="github")
    bare = make_app(tmp_path / "bare")
    with pytest.raises(ClientMissing) as refused:
        oauth.start(bare, a_person(bare), integration="github")
    assert f"{bare.settings.address}/connections/callback" in refused.value.advice
    assert isinstance(refused.value, SkillyardError)
    bare.close()
