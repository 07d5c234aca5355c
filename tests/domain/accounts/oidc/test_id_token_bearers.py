"""Google ID tokens as bearer tokens: both real providers play Google, and the one that cheats plays tricks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    SetUpFirst,
    SignInTooOld,
    SignUpClosed,
    SignUpForOthers,
    TokenExpired,
    TokenNotValid,
    TokenRevoked,
)
from skillyard.domain.accounts.identities import list_identities, unlink_identity
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.oidc_sign_in import begin_sign_in, come_back
from skillyard.domain.accounts.people import get_me, suspend_user
from skillyard.domain.accounts.providers import redirect_uri_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.sessions import sign_out
from skillyard.infra.sign_in_tokens import SignInTokenNotValid
from tests.domain.accounts.oidc.visits import HERE, MovableClock, answer_of
from tests.makers import a_person, make_app
from tests.peers.oidc.hostile import Hostile, hostile
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Provider

APP = "the-phone-app"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def cheat() -> Iterator[Hostile]:
    with hostile() as peer:
        yield peer


@pytest.fixture
def open_app(tmp_path: Path, clock: MovableClock) -> Iterator[Callable[..., App]]:
    """Makes the application, where `issuer` plays Google; with an administrator, `rita`."""
    apps: list[App] = []

    def make(issuer: str, **settings: Any) -> App:
        settings = {"google_client_ids": f"{APP} another-app", "oidc_sign_up": "open", **settings}
        app = make_app(tmp_path, clock=clock, outbound_http_loopback=True, google_issuer=issuer, **settings)
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.close()


@pytest.fixture
def app(open_app: Callable[..., App], cheat: Hostile) -> App:
    """The cheat plays Google."""
    app = open_app(cheat.issuer)
    a_person(app, "rita")
    return app


def test_the_first_use_makes_the_account_and_the_next_token_finds_it(
    open_app: Callable[..., App], provider: Provider
) -> None:
    app = open_app(provider.issuer)
    a_person(app, "rita")
    subject = provider.add_person("Gil", email="rita@acme.example", name="Gil G.")
    first = authenticate(app, provider.id_token("Gil", client_id=APP))
    assert (first.username, first.token_kind, first.is_admin) == ("rita-2", "access", False)
    assert get_me(app, first).user.display_name == "Gil G."
    time.sleep(1.1)  # tokens of one second are the same
    second = authenticate(app, provider.id_token("Gil", client_id="another-app"))
    assert second.user_id == first.user_id
    assert second.token_id != first.token_id
    (identity,) = list_identities(app, second).items
    assert (identity.issuer, identity.subject) == (provider.issuer, subject)


def test_it_is_the_same_account_as_signing_in_with_google_in_the_browser(
    open_app: Callable[..., App], provider: Provider
) -> None:
    app = open_app(provider.issuer, oidc={"google": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}})
    a_person(app, "rita")
    provider.add_client(redirect_uri_of(app, "google"))
    provider.add_person("both", email="both@acme.example")
    bearer = authenticate(app, provider.id_token("both", client_id=APP))
    url = begin_sign_in(app, provider="google", browser=HERE, goal="/", address="192.0.2.7")
    answer = answer_of(provider.agree(url, "both"))
    session = come_back(app, bearer, provider="google", browser=HERE, answer=answer).session
    assert session is not None
    assert session.user.id == bearer.user_id


def test_a_known_token_costs_no_call_and_works_while_google_is_down(app: App, cheat: Hostile) -> None:
    token = cheat.sign(cheat.claims(aud=APP))
    first = authenticate(app, token)
    calls = list(cheat.calls)
    cheat.is_down = True
    assert authenticate(app, token) == first
    assert authenticate(app, cheat.sign(cheat.claims(aud=APP, jti="another"))).user_id == first.user_id
    assert cheat.calls == calls


def test_a_known_token_is_cheap(app: App, cheat: Hostile) -> None:
    token = cheat.sign(cheat.claims(aud=APP))
    authenticate(app, token)
    began = time.perf_counter()
    for _ in range(200):
        authenticate(app, token)
    assert (time.perf_counter() - began) / 200 < 0.005


def test_google_may_leave_the_scheme_out_of_its_name(app: App, cheat: Hostile) -> None:
    plain = authenticate(app, cheat.sign(cheat.claims(aud=APP)))
    short = cheat.sign(cheat.claims(aud=APP, iss=cheat.issuer.removeprefix("http://")))
    assert authenticate(app, short).user_id == plain.user_id


WRONG: dict[str, dict[str, Any]] = {
    "claim aud": {"aud": CLIENT_ID},
    "claim azp": {"aud": APP, "azp": "a-stranger"},
    "claim iss": {"aud": APP, "iss": "https://accounts.google.com"},
    "claim exp": {"aud": APP, "exp": int(time.time()) - 61},
    "claims iat and nbf": {"aud": APP, "iat": int(time.time()) + 86_400},
    "claim sub": {"aud": APP, "sub": ""},
}


@pytest.mark.parametrize("check", WRONG)
def test_a_token_with_a_wrong_claim_is_refused_by_the_name_of_the_check(app: App, cheat: Hostile, check: str) -> None:
    with pytest.raises(SignInTokenNotValid, match=check):
        authenticate(app, cheat.sign(cheat.claims(**WRONG[check])))


@pytest.mark.parametrize("forge", ["unsigned", "signed_with_the_public_key", "signed_by_a_stranger"])
def test_a_forged_token_is_refused(app: App, cheat: Hostile, forge: str) -> None:
    good = cheat.sign(cheat.claims(aud=APP))
    authenticate(app, good)
    with pytest.raises(SignInTokenNotValid):
        authenticate(app, getattr(cheat, forge)(cheat.claims(aud=APP)))
    with pytest.raises(SignInTokenNotValid, match="not signed with one of RS256"):
        authenticate(app, cheat.sign(cheat.claims(aud=APP), alg="ES256"))
    with pytest.raises(SignInTokenNotValid):
        authenticate(app, good[:-3] + ("abc" if good[-3:] != "abc" else "xyz"))


def test_registries_that_were_not_told_client_ids_take_none(open_app: Callable[..., App], cheat: Hostile) -> None:
    app = open_app(cheat.issuer, google_client_ids=" ")
    a_person(app, "rita")
    with pytest.raises(TokenNotValid):
        authenticate(app, cheat.sign(cheat.claims(aud=APP)))
    assert cheat.calls == []


def test_sign_up_has_one_rule_for_bearers_too(open_app: Callable[..., App], cheat: Hostile) -> None:
    app = open_app(cheat.issuer, oidc_sign_up="closed")
    token = cheat.sign(cheat.claims(aud=APP, email="a@acme.example", email_verified=True))
    with pytest.raises(SetUpFirst):
        authenticate(app, token)
    a_person(app, "rita")
    with pytest.raises(SignUpClosed):
        authenticate(app, token)
    limited = open_app(cheat.issuer, oidc_sign_up="domains", oidc_domains="acme.example")
    with pytest.raises(SignUpForOthers):
        authenticate(limited, token)
    company = cheat.claims(aud=APP, email="a@acme.example", email_verified=True, hd="acme.example")
    assert authenticate(limited, cheat.sign(company)).username == "a"


def test_a_token_ends_when_it_says_and_is_forgotten_later(app: App, clock: MovableClock, cheat: Hostile) -> None:
    token = cheat.sign(cheat.claims(aud=APP))
    authenticate(app, token)
    clock.move(ms=661_000)
    with pytest.raises(TokenExpired):
        authenticate(app, token)
    clock.move(ms=2 * 24 * 3600 * 1000)
    forget_expired_sign_ins(app)
    with pytest.raises(SignInTokenNotValid, match="claim exp"):
        authenticate(app, token)


def test_signing_out_makes_the_token_void_for_good(app: App, cheat: Hostile) -> None:
    token = cheat.sign(cheat.claims(aud=APP))
    sign_out(app, authenticate(app, token))
    with pytest.raises(TokenRevoked):
        authenticate(app, token)


def test_a_suspended_person_stays_out_with_old_and_new_tokens(app: App, cheat: Hostile) -> None:
    token = cheat.sign(cheat.claims(aud=APP))
    known = authenticate(app, token)
    administrator = Caller(user_id="x", username="x", is_admin=True, scopes=frozenset(Scope))
    suspend_user(app, administrator, username=str(known.username))
    for again in (token, cheat.sign(cheat.claims(aud=APP, jti="another"))):
        with pytest.raises(AccountSuspended):
            authenticate(app, again)


def test_a_bearer_is_no_fresh_sign_in(app: App, cheat: Hostile) -> None:
    caller = authenticate(app, cheat.sign(cheat.claims(aud=APP)))
    (identity,) = list_identities(app, caller).items
    with pytest.raises(SignInTooOld):
        unlink_identity(app, caller, identity_id=identity.id)


def test_many_first_uses_at_once_make_one_account(each_app: App, cheat: Hostile) -> None:
    """On both databases. The settings are those of the fixture, so the issuer is set beside them."""
    a_person(each_app, "rita")
    app = _with_google(each_app, cheat)
    token = cheat.sign(cheat.claims(aud=APP, preferred_username="swarm"))
    others = [cheat.sign(cheat.claims(aud=APP, preferred_username="swarm", jti=str(number))) for number in range(3)]
    with ThreadPoolExecutor(8) as pool:
        callers = list(pool.map(lambda each: authenticate(app, each), [token] * 8 + others))
    assert {caller.username for caller in callers} == {"swarm"}
    assert len({caller.token_id for caller in callers}) == 4


def _with_google(app: App, cheat: Hostile) -> App:
    from dataclasses import replace

    from skillyard.infra.issuer_keys import IssuerKeys
    from skillyard.infra.outbound import Outbound

    outbound = Outbound(http_loopback=True)
    settings = {"google_issuer": cheat.issuer, "google_client_ids": APP, "oidc_sign_up": "open"}
    changed = app.settings.model_copy(update=settings)
    return replace(app, settings=changed, outbound=outbound, issuer_keys=IssuerKeys(outbound))
