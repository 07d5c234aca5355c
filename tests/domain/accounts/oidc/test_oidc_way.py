"""The way to a provider and back: state, PKCE, code and issuer, and whoever tries to sneak in."""

from __future__ import annotations

import re

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import (
    ProviderMixedUp,
    ProviderNotFound,
    ProviderRefused,
    SignInDenied,
    SignInLost,
)
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.oidc_sign_in import VISIT_MS, come_back
from skillyard.infra.sign_in_tokens import SignInTokenNotValid
from tests.domain.accounts.oidc.visits import ELSEWHERE, HERE, MovableClock, answer_of, leave, name_of
from tests.peers.oidc.hostile import Hostile
from tests.peers.oidc.providers import CLIENT_SECRET, Lenient, Provider, Strict


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
