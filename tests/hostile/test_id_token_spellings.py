"""One signed token can be written in many ways (the last bits of base64 count for nothing): it is one all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import TokenRevoked
from skillyard.domain.accounts.sessions import sign_out
from skillyard.infra.errors import Unauthenticated
from tests.makers import a_person, make_app
from tests.peers.oidc.hostile import Hostile, hostile

APP = "the-phone-app"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def issuer() -> Iterator[Hostile]:
    with hostile() as peer:
        yield peer


@pytest.fixture
def app(tmp_path: Path, issuer: Hostile) -> Iterator[App]:
    app = make_app(
        tmp_path, outbound_http_loopback=True, google_issuer=issuer.issuer, google_client_ids=APP, oidc_sign_up="open"
    )
    a_person(app, "rita")
    yield app
    app.close()


def respelled(token: str) -> list[str]:
    """The same token in other words, as far as careless decoders are concerned."""
    body, _, signature = token.rpartition(".")
    last = LETTERS.index(signature[-1])
    others = [signature[:-1] + LETTERS[last ^ bits] for bits in (1, 2, 3, 15)]
    return [*(f"{body}.{other}" for other in others), f"{token}=", f"{token}==", f"{token}=A", f"{token}\n"]


def test_a_token_that_was_signed_out_does_not_come_back_in_another_spelling(app: App, issuer: Hostile) -> None:
    token = issuer.sign(issuer.claims(aud=APP))
    sign_out(app, authenticate(app, token))
    with pytest.raises(TokenRevoked):
        authenticate(app, token)
    for other in respelled(token):
        with pytest.raises(Unauthenticated):
            authenticate(app, other)
