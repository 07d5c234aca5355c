"""ID tokens that are not what they seem, and providers that do not do what they should."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import ProviderRefused
from skillyard.domain.accounts.identity import Return
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.oidc_sign_in import begin_sign_in, come_back
from skillyard.infra.errors import Upstream
from skillyard.infra.issuer_keys import IssuerNotUnderstood
from skillyard.infra.sign_in_tokens import SignInTokenNotValid
from tests.domain.accounts.oidc.visits import ADDRESS, HERE
from tests.makers import a_person
from tests.peers.oidc.hostile import Hostile
from tests.peers.oidc.providers import CLIENT_ID


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
    "iat: claims iat and nbf": {"iat": NOW + 86_400},
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
