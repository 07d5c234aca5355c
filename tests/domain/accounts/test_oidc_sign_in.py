"""Signing in with a provider, below the surfaces: two real ones of different strictness, and one that cheats."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.cli_sessions import approve_cli_session, poll_cli_session, start_cli_session
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    IdentityNotFound,
    IdentityTaken,
    LastWayIn,
    NamespaceTaken,
    NotAcceptable,
    ProviderMixedUp,
    ProviderNotFound,
    ProviderRefused,
    SetUpFirst,
    SignInDenied,
    SignInLost,
    SignInTooOld,
    SignUpClosed,
    SignUpForOthers,
    TokenRevoked,
    TokenTooNarrow,
)
from skillyard.domain.accounts.identities import (
    PROVEN_MS,
    create_account,
    link_identity,
    list_identities,
    unlink_identity,
)
from skillyard.domain.accounts.identity import Return
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.oidc_sign_in import VISIT_MS, begin_link, begin_sign_in, come_back
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.accounts.people import get_me, restore_user, suspend_user
from skillyard.domain.accounts.providers import redirect_uri_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.errors import Upstream
from skillyard.infra.issuer_keys import IssuerKeys, IssuerNotUnderstood
from skillyard.infra.outbound import Outbound
from skillyard.infra.sign_in_tokens import SignInTokenNotValid
from skillyard.settings import OidcProvider
from tests.makers import a_person, again, make_app, secret_of, signed_in
from tests.peers.oidc.hostile import Hostile, hostile
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient, Provider, Strict

HERE, ELSEWHERE = "the browser of this test", "another browser"
ADDRESS = "192.0.2.7"


class MovableClock:
    """The real time, which tests can move on: providers live in it as well."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def move(self, *, ms: int) -> None:
        self.ahead_ms += ms


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


def name_of(provider: Provider) -> str:
    return "lenient" if isinstance(provider, Lenient) else "strict"


def answer_of(address: str) -> dict[str, str]:
    """What a provider says to us, in the address that it sends the browser to."""
    return dict(httpx.URL(address).params)


def leave(app: App, provider: Provider, caller: Caller = ANONYMOUS, *, browser: str = HERE) -> str:
    name, goal = name_of(provider), "/skills"
    if caller is ANONYMOUS:
        return begin_sign_in(app, provider=name, browser=browser, goal=goal, address=ADDRESS)
    return begin_link(app, caller, provider=name, browser=browser, goal=goal, address=ADDRESS)


def visit(app: App, provider: Provider, who: str, caller: Caller = ANONYMOUS) -> Return:
    """There and back again, as that person."""
    back = provider.agree(leave(app, provider, caller), who)
    return come_back(app, caller, provider=name_of(provider), browser=HERE, answer=answer_of(back))


def signed_up(app: App, provider: Provider, who: str, username: str) -> Caller:
    """A new account with this identity and nothing else."""
    ticket = visit(app, provider, who).ticket
    assert ticket is not None
    session = create_account(app, ticket=ticket, browser=HERE, username=username).session
    assert session is not None
    return signed_in(app, session)


def link(app: App, provider: Provider, who: str, caller: Caller) -> None:
    ticket = visit(app, provider, who, caller).ticket
    assert ticket is not None
    link_identity(app, caller, ticket=ticket, browser=HERE)


# --- who one becomes


def test_a_first_sign_in_proposes_an_account_and_the_next_one_is_that_account(app: App, provider: Provider) -> None:
    subject = provider.add_person("Ada", email="ada.lovelace@acme.example", name="Ada Lovelace")
    first = visit(app, provider, "Ada")
    assert first.session is None
    assert first.proven is not None
    assert (first.proven.username, first.proven.display_name) == ("ada-lovelace", "Ada Lovelace")
    assert (first.proven.issuer, first.proven.subject) == (provider.issuer, subject)
    made = create_account(app, ticket=first.ticket or "", browser=HERE, username="ada", display_name="Ada L.")
    assert made.goal == "/skills"
    assert made.session is not None
    assert (made.session.user.username, made.session.user.is_admin) == ("ada", False)
    second = visit(app, provider, "Ada")
    assert second.ticket is None
    assert second.session is not None
    ada = signed_in(app, second.session)
    assert get_me(app, ada).user.id == made.session.user.id
    (identity,) = list_identities(app, ada).items
    assert (identity.subject, identity.email) == (subject, "ada.lovelace@acme.example")
    assert identity.last_used_ms is not None


def test_an_account_is_its_subject_and_not_its_address_or_name(
    app: App, lenient_provider: Lenient, strict_provider: Strict
) -> None:
    for provider in (lenient_provider, strict_provider):
        provider.add_person("one", email="same@acme.example", email_verified=True)
        provider.add_person("other", email="same@acme.example", email_verified=True)
    one = signed_up(app, lenient_provider, "one", "one")
    assert visit(app, lenient_provider, "other").session is None
    assert visit(app, strict_provider, "one").session is None
    lenient_provider.add_person("one", email="new@elsewhere.example")
    session = visit(app, lenient_provider, "one").session
    assert session is not None
    assert session.user.id == one.user_id


def test_a_name_that_is_taken_or_none_leaves_the_way_open(app: App, provider: Provider) -> None:
    provider.add_person("bea", preferred_username="rita")
    first = visit(app, provider, "bea")
    assert first.proven is not None
    assert first.proven.username == "rita-2"
    for name, refusal in (("rita", NamespaceTaken), ("Not A Name", NotAcceptable), ("admin", NotAcceptable)):
        with pytest.raises(refusal):
            create_account(app, ticket=first.ticket or "", browser=HERE, username=name)
    assert create_account(app, ticket=first.ticket or "", browser=HERE, username="bea").session is not None
    with pytest.raises(SignInLost):
        create_account(app, ticket=first.ticket or "", browser=HERE, username="bea-again")


def test_two_tickets_of_one_identity_make_one_account(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("twice")
    first, second = visit(app, lenient_provider, "twice"), visit(app, lenient_provider, "twice")
    create_account(app, ticket=first.ticket or "", browser=HERE, username="twice")
    with pytest.raises(IdentityTaken):
        create_account(app, ticket=second.ticket or "", browser=HERE, username="twice-more")


def test_a_ticket_is_good_in_its_browser_and_for_ten_minutes(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("tick")
    ticket = visit(app, lenient_provider, "tick").ticket or ""
    for wrong, browser in ((ticket, ELSEWHERE), (ticket, None), (ticket[:-1], HERE), ("", HERE)):
        with pytest.raises(SignInLost):
            create_account(app, ticket=wrong, browser=browser, username="tick")
    clock.move(ms=PROVEN_MS)
    with pytest.raises(SignInLost):
        create_account(app, ticket=ticket, browser=HERE, username="tick")


def test_the_first_administrator_comes_by_the_link_that_the_server_printed(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app()
    lenient_provider.add_person("eager")
    with pytest.raises(SetUpFirst):
        visit(app, lenient_provider, "eager")
    assert a_person(app, "rita").is_admin
    assert visit(app, lenient_provider, "eager").ticket is not None


def test_a_closed_registry_makes_no_accounts(open_app: Callable[..., App], provider: Provider) -> None:
    app = open_app(oidc_sign_up="closed")
    rita = a_person(app, "rita")
    provider.add_person("outsider", email="outsider@acme.example", email_verified=True)
    with pytest.raises(SignUpClosed):
        visit(app, provider, "outsider")
    link(app, provider, "outsider", rita)
    session = visit(app, provider, "outsider").session
    assert session is not None
    assert session.user.username == "rita"


def test_a_registry_for_some_domains_asks_for_a_verified_address(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app(oidc_sign_up="domains", oidc_domains="acme.example, other.example")
    a_person(app, "rita")
    strangers = (
        {"email": "a@elsewhere.example", "email_verified": True},
        {"email": "a@acme.example"},
        {"email": "a@acme.example", "email_verified": False},
        {"email": "a@sub.acme.example", "email_verified": True},
        {"email": "a@acme.example@elsewhere.example", "email_verified": True},
        {"hd": "acme.example"},
        {},
    )
    for number, claims in enumerate(strangers):
        lenient_provider.add_person(f"stranger-{number}", **claims)
        with pytest.raises(SignUpForOthers):
            visit(app, lenient_provider, f"stranger-{number}")
    lenient_provider.add_person("colleague", email="a@ACME.example", email_verified=True)
    assert visit(app, lenient_provider, "colleague").ticket is not None


def test_a_provider_may_have_a_rule_of_its_own(
    open_app: Callable[..., App], lenient_provider: Lenient, strict_provider: Strict
) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    oidc = {
        "lenient": {"issuer": lenient_provider.issuer, **client},
        "strict": {"issuer": strict_provider.issuer, "sign_up": "open", **client},
    }
    app = open_app(oidc=oidc, oidc_sign_up="closed")
    a_person(app, "rita")
    for provider in (lenient_provider, strict_provider):
        provider.add_person("own")
    with pytest.raises(SignUpClosed):
        visit(app, lenient_provider, "own")
    assert visit(app, strict_provider, "own").ticket is not None


def test_googles_word_for_a_company_counts_and_an_old_address_does_not(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app(oidc_sign_up="domains", oidc_domains="acme.example", google_issuer=lenient_provider.issuer)
    a_person(app, "rita")
    lenient_provider.add_person("left-long-ago", email="a@acme.example", email_verified=True)
    with pytest.raises(SignUpForOthers):
        visit(app, lenient_provider, "left-long-ago")
    lenient_provider.add_person("still-there", email="b@acme.example", email_verified=True, hd="acme.example")
    assert visit(app, lenient_provider, "still-there").ticket is not None


def test_a_suspended_person_stays_out(app: App, provider: Provider) -> None:
    provider.add_person("mallory")
    signed_up(app, provider, "mallory", "mallory")
    rita = a_person(app, "rita-too")
    administrator = Caller(user_id="x", username="x", is_admin=True, scopes=frozenset(Scope))
    assert not rita.is_admin
    suspend_user(app, administrator, username="mallory")
    with pytest.raises(AccountSuspended):
        visit(app, provider, "mallory")
    restore_user(app, administrator, username="mallory")
    assert visit(app, provider, "mallory").session is not None


# --- the way there and back


def test_the_browser_is_sent_with_pkce_a_nonce_and_nothing_secret(app: App, provider: Provider) -> None:
    url = httpx.URL(leave(app, provider))
    sent = dict(url.params)
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", sent["code_challenge"])
    assert len(sent["state"]) == 43
    assert len(sent["nonce"]) == 64
    assert sent["redirect_uri"] == f"http://127.0.0.1:8400/sign-in/with/{name_of(provider)}/callback"
    assert CLIENT_SECRET not in str(url)
    assert dict(httpx.URL(leave(app, provider)).params)["state"] != sent["state"]


def test_a_wrong_verifier_is_refused_by_whoever_checks_it(
    app: App, lenient_provider: Lenient, strict_provider: Strict
) -> None:
    """The proof that these tests can tell: only the strict provider notices a client with broken PKCE."""
    for provider in (lenient_provider, strict_provider):
        provider.add_person("pat")
        url = httpx.URL(leave(app, provider)).copy_set_param("code_challenge", "x" * 43)
        answer = answer_of(provider.agree(str(url), "pat"))
        if provider is lenient_provider:
            assert come_back(app, ANONYMOUS, provider="lenient", browser=HERE, answer=answer).ticket is not None
        else:
            with pytest.raises(ProviderRefused, match="invalid_grant"):
                come_back(app, ANONYMOUS, provider="strict", browser=HERE, answer=answer)


def test_a_client_without_pkce_is_refused_by_whoever_asks_for_it(
    app: App, lenient_provider: Lenient, strict_provider: Strict
) -> None:
    for provider in (lenient_provider, strict_provider):
        provider.add_person("pat")
        url = httpx.URL(leave(app, provider))
        for name in ("code_challenge", "code_challenge_method"):
            url = url.copy_remove_param(name)
        answer = answer_of(provider.agree(str(url), "pat"))
        assert ("code" in answer) is (provider is lenient_provider)
        if provider is strict_provider:
            with pytest.raises(ProviderRefused, match="invalid_request"):
                come_back(app, ANONYMOUS, provider="strict", browser=HERE, answer=answer)


def test_a_state_is_good_once(app: App, provider: Provider) -> None:
    provider.add_person("once")
    answer = answer_of(provider.agree(leave(app, provider), "once"))
    come_back(app, ANONYMOUS, provider=name_of(provider), browser=HERE, answer=answer)
    with pytest.raises(SignInLost, match="ended before"):
        come_back(app, ANONYMOUS, provider=name_of(provider), browser=HERE, answer=answer)


def test_a_state_is_good_in_the_browser_that_began_and_nobody_else_can_use_it_up(app: App, provider: Provider) -> None:
    provider.add_person("bound")
    answer = answer_of(provider.agree(leave(app, provider), "bound"))
    for browser in (ELSEWHERE, "", None):
        with pytest.raises(SignInLost, match="another browser"):
            come_back(app, ANONYMOUS, provider=name_of(provider), browser=browser, answer=answer)
    assert come_back(app, ANONYMOUS, provider=name_of(provider), browser=HERE, answer=answer).ticket is not None


def test_a_state_that_is_unknown_late_or_of_another_provider_is_refused(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("late")
    answer = answer_of(lenient_provider.agree(leave(app, lenient_provider), "late"))
    for state in ("", "x" * 43, "x" * 10**5):
        with pytest.raises(SignInLost, match="not begun here"):
            come_back(app, ANONYMOUS, provider="lenient", browser=HERE, answer={**answer, "state": state})
    with pytest.raises(SignInLost, match="another provider"):
        come_back(app, ANONYMOUS, provider="strict", browser=HERE, answer=answer)
    with pytest.raises(ProviderNotFound):
        come_back(app, ANONYMOUS, provider="none", browser=HERE, answer=answer)
    clock.move(ms=VISIT_MS)
    with pytest.raises(SignInLost, match="ten minutes"):
        come_back(app, ANONYMOUS, provider="lenient", browser=HERE, answer=answer)


def test_a_code_is_good_once_and_only_for_whom_it_was_asked(app: App, provider: Provider) -> None:
    provider.add_person("victim")
    used = answer_of(provider.agree(leave(app, provider), "victim"))
    come_back(app, ANONYMOUS, provider=name_of(provider), browser=HERE, answer=used)
    fresh = answer_of(provider.agree(leave(app, provider), "victim"))
    with pytest.raises(ProviderRefused, match="invalid_grant"):
        come_back(app, ANONYMOUS, provider=name_of(provider), browser=HERE, answer={**fresh, "code": used["code"]})


def test_a_stolen_code_does_not_sign_a_thief_in(app: App, provider: Provider) -> None:
    """Injected into a sign-in of another browser it fails: by the verifier, or at the latest by the nonce."""
    provider.add_person("victim")
    stolen = answer_of(provider.agree(leave(app, provider), "victim"))["code"]
    state = dict(httpx.URL(leave(app, provider, browser=ELSEWHERE)).params)["state"]
    issuer = {"iss": provider.issuer} if isinstance(provider, Strict) else {}
    with pytest.raises((ProviderRefused, SignInTokenNotValid)) as refused:
        come_back(
            app,
            ANONYMOUS,
            provider=name_of(provider),
            browser=ELSEWHERE,
            answer={"code": stolen, "state": state, **issuer},
        )
    assert ("claim nonce" in str(refused.value)) is isinstance(provider, Lenient)


def test_an_answer_of_another_issuer_is_a_mix_up(app: App, strict_provider: Strict, cheat: Hostile) -> None:
    strict_provider.add_person("mixed")
    for forged in ({"iss": cheat.issuer}, {"iss": ""}, {}):
        answer = answer_of(strict_provider.agree(leave(app, strict_provider), "mixed"))
        assert answer.pop("iss") == strict_provider.issuer
        with pytest.raises(ProviderMixedUp):
            come_back(app, ANONYMOUS, provider="strict", browser=HERE, answer={**answer, **forged})


def test_a_person_who_says_no_is_told_so(app: App, provider: Provider) -> None:
    provider.add_person("no")
    answer = answer_of(provider.agree(leave(app, provider), "no", deny=True))
    state = dict(httpx.URL(leave(app, provider)).params)["state"]
    with pytest.raises(SignInDenied):
        come_back(
            app,
            ANONYMOUS,
            provider=name_of(provider),
            browser=HERE,
            answer={**answer, "state": answer.get("state", state)},
        )


def test_an_error_of_the_provider_is_named_but_not_quoted(app: App, lenient_provider: Lenient) -> None:
    for error, shown in (("temporarily_unavailable", "temporarily_unavailable"), ("<b>x</b>", "not name plainly")):
        state = dict(httpx.URL(leave(app, lenient_provider)).params)["state"]
        with pytest.raises(ProviderRefused, match=shown) as refused:
            come_back(app, ANONYMOUS, provider="lenient", browser=HERE, answer={"error": error, "state": state})
        assert "<b>" not in refused.value.message


# --- ID tokens that are not what they seem


def bring(app: App, cheat: Hostile, make: Callable[[dict[str, Any]], str], **changed: Any) -> Return:
    """Come back from the cheat, whose token has the claims of a good one but for those that were changed."""
    url = begin_sign_in(app, provider="cheat", browser=HERE, goal="/", address=ADDRESS)
    sent = dict(httpx.URL(url).params)
    cheat.token = make(cheat.claims(**{"nonce": sent["nonce"], **changed}))
    answer = {"code": "anything", "state": sent["state"]}
    return come_back(app, ANONYMOUS, provider="cheat", browser=HERE, answer=answer)


def test_a_good_token_of_the_cheat_is_taken(app: App, cheat: Hostile) -> None:
    assert bring(app, cheat, cheat.sign).ticket is not None
    assert bring(app, cheat, lambda claims: cheat.sign(claims, alg="ES256")).ticket is not None
    assert bring(app, cheat, cheat.sign, aud=[CLIENT_ID]).ticket is not None
    assert bring(app, cheat, cheat.sign, aud=[CLIENT_ID, "other"], azp=CLIENT_ID).ticket is not None
    assert bring(app, cheat, cheat.sign, iat=int(time.time()) + 50).ticket is not None
    assert bring(app, cheat, cheat.sign, exp=int(time.time()) - 50).ticket is not None


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "claim nonce": {"nonce": "another"},
    "nonce missing: claim nonce": {"nonce": None},
    "claim aud": {"aud": "somebody-else"},
    "aud missing: claim aud": {"aud": None},
    "aud of others: claim aud": {"aud": ["somebody-else", "another"]},
    "claim azp": {"azp": "somebody-else"},
    "azp missing: claim azp": {"aud": [CLIENT_ID, "somebody-else"]},
    "claim iss": {"iss": "https://accounts.example.org"},
    "claim exp": {"exp": NOW - 61},
    "iat: claims iat and nbf": {"iat": NOW + 600},
    "exp missing: claims exp and iat": {"exp": None},
    "exp far: claim exp": {"exp": NOW + 10**6},
    "claim at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "claim sub": {"sub": None},
    "sub long: claim sub": {"sub": "x" * 256},
    "sub number: claim sub": {"sub": 7},
}


@pytest.mark.parametrize("check", WRONG)
def test_a_token_with_a_wrong_claim_is_refused_by_the_name_of_the_check(app: App, cheat: Hostile, check: str) -> None:
    with pytest.raises(SignInTokenNotValid, match=check.rpartition(": ")[2]):
        bring(app, cheat, cheat.sign, **WRONG[check])


@pytest.mark.parametrize("forge", ["unsigned", "signed_with_the_public_key", "signed_by_a_stranger"])
def test_a_forged_token_is_refused(app: App, cheat: Hostile, forge: str) -> None:
    with pytest.raises(SignInTokenNotValid, match=r"not signed with one of ES256, RS256|signature is not valid"):
        bring(app, cheat, getattr(cheat, forge))


def test_an_answer_without_a_token_or_with_no_token_is_refused(app: App, cheat: Hostile) -> None:
    for nonsense in ("", "x", "a.b.c", "é.é.é"):
        with pytest.raises(SignInTokenNotValid, match="no signed token"):
            bring(app, cheat, lambda _, nonsense=nonsense: nonsense)


def test_new_keys_are_asked_for_once_and_not_for_every_token(app: App, cheat: Hostile) -> None:
    bring(app, cheat, cheat.sign)
    assert cheat.calls.count("/jwks") == 1
    bring(app, cheat, cheat.sign)
    assert cheat.calls.count("/jwks") == 1
    for _ in range(3):
        with pytest.raises(SignInTokenNotValid, match="no such key"):
            bring(app, cheat, lambda claims: cheat.sign(claims, kid="unknown"))
    assert cheat.calls.count("/jwks") <= 2


def test_a_provider_that_is_down_is_said_to_be(open_app: Callable[..., App], cheat: Hostile) -> None:
    app = open_app()
    a_person(app, "rita")
    cheat.is_down = True
    with pytest.raises(Upstream, match="status 503"):
        begin_sign_in(app, provider="cheat", browser=HERE, goal="/", address=ADDRESS)


def test_a_provider_that_goes_down_on_the_way_refuses_the_code(app: App, cheat: Hostile) -> None:
    def down(_: dict[str, Any]) -> str:
        cheat.is_down = True
        return ""

    with pytest.raises(ProviderRefused, match="status 503"):
        bring(app, cheat, down)


@pytest.mark.parametrize("document", [{"issuer": "https://other.example"}, {"token_endpoint": "ftp://x"}])
def test_a_provider_that_contradicts_itself_is_not_used(
    open_app: Callable[..., App], cheat: Hostile, document: dict[str, Any]
) -> None:
    cheat.document = document
    app = open_app()
    a_person(app, "rita")
    with pytest.raises(IssuerNotUnderstood):
        bring(app, cheat, cheat.sign)


# --- linking


def test_an_identity_is_linked_and_signs_in_to_the_same_account(app: App, provider: Provider) -> None:
    provider.add_person("ida")
    ida = a_person(app, "ida")
    asked = visit(app, provider, "ida", ida)
    assert list_identities(app, ida).items == ()
    link_identity(app, ida, ticket=asked.ticket or "", browser=HERE)
    session = visit(app, provider, "ida").session
    assert session is not None
    assert session.user.id == ida.user_id
    assert visit(app, provider, "ida", ida).ticket is None


def test_an_identity_belongs_to_one_account(app: App, provider: Provider) -> None:
    provider.add_person("ivy")
    ivy, max_ = a_person(app, "ivy"), a_person(app, "max")
    ticket = visit(app, provider, "ivy", max_).ticket or ""
    link(app, provider, "ivy", ivy)
    with pytest.raises(IdentityTaken):
        link_identity(app, max_, ticket=ticket, browser=HERE)
    with pytest.raises(IdentityTaken):
        visit(app, provider, "ivy", max_)


def test_a_link_is_ended_by_who_began_it(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("lea")
    lea, eve = a_person(app, "lea"), a_person(app, "eve")
    answer = answer_of(lenient_provider.agree(leave(app, lenient_provider, lea), "lea"))
    with pytest.raises(SignInLost, match="not signed in any more"):
        come_back(app, eve, provider="lenient", browser=HERE, answer=answer)
    ticket = visit(app, lenient_provider, "lea", lea).ticket or ""
    with pytest.raises(SignInLost):
        link_identity(app, eve, ticket=ticket, browser=HERE)
    with pytest.raises(SignInLost):
        create_account(app, ticket=ticket, browser=HERE, username="lea-2")


def test_linking_and_unlinking_need_a_fresh_sign_in_and_full_access(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("fay")
    fay = signed_up(app, lenient_provider, "fay", "fay")
    machine = create_token(app, fay, name="ci", scopes=[Scope.READ, Scope.MANAGE])
    narrow = authenticate(app, machine.secret)
    (identity,) = list_identities(app, fay).items
    with pytest.raises(TokenTooNarrow):
        unlink_identity(app, narrow, identity_id=identity.id)
    clock.move(ms=10 * 60 * 1000 + 1000)
    with pytest.raises(SignInTooOld):
        leave(app, lenient_provider, fay)
    with pytest.raises(SignInTooOld):
        unlink_identity(app, fay, identity_id=identity.id)


def test_a_command_line_is_as_fresh_as_the_session_that_approved_it(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("eli")
    eli = signed_up(app, lenient_provider, "eli", "eli")
    assert leave(app, lenient_provider, approved(app, eli))
    clock.move(ms=10 * 60 * 1000 + 1000)
    with pytest.raises(SignInTooOld):
        leave(app, lenient_provider, approved(app, eli))


def approved(app: App, person: Caller) -> Caller:
    """The session of a command line that the person lets in."""
    verifier = "a-verifier-that-is-long-enough-for-the-standard"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    waiting = start_cli_session(app, code_challenge=challenge, client_name="laptop", address=ADDRESS)
    approve_cli_session(app, person, session_id=waiting.id)
    session = poll_cli_session(app, session_id=waiting.id, code_verifier=verifier).session
    assert session is not None
    return signed_in(app, session)


def test_the_last_way_in_stays(app: App, lenient_provider: Lenient, strict_provider: Strict) -> None:
    for provider in (lenient_provider, strict_provider):
        provider.add_person("zoe")
    zoe = signed_up(app, lenient_provider, "zoe", "zoe")
    (first,) = list_identities(app, zoe).items
    with pytest.raises(LastWayIn):
        unlink_identity(app, zoe, identity_id=first.id)
    link(app, strict_provider, "zoe", zoe)
    unlink_identity(app, zoe, identity_id=first.id)
    (second,) = list_identities(app, zoe).items
    with pytest.raises(LastWayIn):
        unlink_identity(app, zoe, identity_id=second.id)
    set_password(app, zoe, password="purple rain on mondays")
    unlink_identity(app, zoe, identity_id=second.id)
    assert list_identities(app, zoe).items == ()
    assert visit(app, lenient_provider, "zoe").ticket is not None


def test_an_identity_of_a_provider_that_was_removed_is_no_way_in(
    open_app: Callable[..., App],
    tmp_path: Path,
    clock: MovableClock,
    lenient_provider: Lenient,
    strict_provider: Strict,
) -> None:
    app = open_app()
    a_person(app, "rita")
    for provider in (lenient_provider, strict_provider):
        provider.add_person("uma")
    uma = signed_up(app, lenient_provider, "uma", "uma")
    link(app, strict_provider, "uma", uma)
    first, _ = list_identities(app, uma).items
    only_lenient = {"lenient": {"issuer": lenient_provider.issuer, "client_id": CLIENT_ID}}
    later = make_app(tmp_path, clock=clock, oidc=only_lenient)
    with pytest.raises(LastWayIn):
        unlink_identity(later, uma, identity_id=first.id)
    later.close()


def test_unlinking_signs_out_everywhere_else(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("kim")
    kim = signed_up(app, lenient_provider, "kim", "kim")
    set_password(app, kim, password="purple rain on mondays")
    thief = visit(app, lenient_provider, "kim").session
    assert thief is not None
    (identity,) = list_identities(app, kim).items
    unlink_identity(app, kim, identity_id=identity.id)
    assert again(app, kim).username == "kim"
    with pytest.raises(TokenRevoked):
        authenticate(app, thief.access_token)


def test_somebody_elses_identity_is_not_there(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("amy")
    (identity,) = list_identities(app, signed_up(app, lenient_provider, "amy", "amy")).items
    for wrong in (identity.id, "idn_none", "\x00", "é" * 200):
        with pytest.raises(IdentityNotFound):
            unlink_identity(app, a_person(app, f"eve-{len(wrong)}-{wrong[:1].isalnum()}".lower()), identity_id=wrong)


def test_what_has_expired_is_forgotten(app: App, clock: MovableClock, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("gus")
    visit(app, lenient_provider, "gus")
    clock.move(ms=2 * 24 * 3600 * 1000)
    forget_expired_sign_ins(app)
    with app.database.reading() as tx:
        for table in ("oidc_visits", "proven_identities"):
            assert tx.one(f"SELECT count(*) AS n FROM {table}") == {"n": 0}


def test_neither_states_nor_tickets_nor_browsers_are_stored_as_they_are(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("hal")
    url = leave(app, lenient_provider)
    state = dict(httpx.URL(url).params)["state"]
    back = come_back(
        app, ANONYMOUS, provider="lenient", browser=HERE, answer=answer_of(lenient_provider.agree(url, "hal"))
    )
    with app.database.reading() as tx:
        stored = str([tx.all(f"SELECT * FROM {table}") for table in ("oidc_visits", "proven_identities")])
    assert not [secret for secret in (state, back.ticket, HERE, CLIENT_SECRET) if secret and secret in stored]
    assert secret_of(a_person(app, "zed")) not in stored


def test_the_whole_way_works_on_both_databases(each_app: App, lenient_provider: Lenient, cheat: Hostile) -> None:
    oidc = {
        "lenient": OidcProvider(
            issuer=lenient_provider.issuer, client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET)
        ),
        "cheat": OidcProvider(issuer=cheat.issuer, client_id=CLIENT_ID),
    }
    outbound = Outbound(http_loopback=True)
    settings = each_app.settings.model_copy(update={"oidc": oidc, "oidc_sign_up": "open"})
    app = replace(each_app, settings=settings, outbound=outbound, issuer_keys=IssuerKeys(outbound))
    a_person(app, "rita")
    lenient_provider.add_person("wes", email="wes@acme.example")
    wes = signed_up(app, lenient_provider, "wes", "wes")
    sent = dict(httpx.URL(begin_link(app, wes, provider="cheat", browser=HERE, goal="/", address=ADDRESS)).params)
    cheat.token = cheat.sign(cheat.claims(nonce=sent["nonce"]))
    answer = {"code": "anything", "state": sent["state"]}
    ticket = come_back(app, wes, provider="cheat", browser=HERE, answer=answer).ticket
    link_identity(app, wes, ticket=ticket or "", browser=HERE)
    first, second = list_identities(app, wes).items
    unlink_identity(app, wes, identity_id=first.id)
    with pytest.raises(LastWayIn):
        unlink_identity(app, wes, identity_id=second.id)
    assert visit(app, lenient_provider, "wes").ticket is not None
    forget_expired_sign_ins(app)


def test_a_registry_for_some_domains_must_name_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SKILLYARD_OIDC_DOMAINS names none"):
        make_app(tmp_path, oidc_sign_up="domains")
    with pytest.raises(ValueError, match="SKILLYARD_OIDC_DOMAINS names none"):
        make_app(tmp_path, oidc={"acme": {"client_id": "x", "issuer": "https://x", "sign_up": "domains"}})
    for oidc, wrong in (
        ({"acme": {"client_id": "x"}}, "SKILLYARD_OIDC__ACME__ISSUER is missing"),
        ({"no name": {"client_id": "x", "issuer": "https://x"}}, "no name of a provider"),
        ({"acme": {"client_id": "", "issuer": "https://x"}}, "client_id"),
        ({"acme": {"client_id": "x", "issuer": "x"}}, "issuer"),
    ):
        with pytest.raises(ValueError, match=wrong):
            make_app(tmp_path, oidc=oidc)
