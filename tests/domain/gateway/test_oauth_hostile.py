"""Services that answer nonsense while an account is connected: nothing is connected, nothing leaks, and it is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.links import redeem_link
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import oauth_return
from skillyard.domain.gateway.connect.attempt import Attempt
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.connect.connections import list_connections
from tests.domain.gateway.connecting import BROWSER, attempt_with_code, connect_with_code
from tests.makers import a_link, a_person, make_app, signed_in
from tests.peers.oauth.odd_server import CODE, Odd, Says, odd_server

TOKEN = "gho_a-token-that-nobody-may-print"


@pytest.fixture
def odd() -> Iterator[Odd]:
    with odd_server() as server:
        yield server


@pytest.fixture
def app(odd: Odd, tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path, integrations={"github": odd.settings()}, outbound_http_loopback=True)
    yield made
    made.close()


def attempt_at(app: App) -> Attempt:
    ada = a_person(app)
    ended = attempt_with_code(app, ada)
    assert list_connections(app, ada) == []
    return ended


def token(**changed: Any) -> Says:
    """A good answer, changed; None takes a field away."""
    good = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    return Says(body={name: value for name, value in {**good, **changed}.items() if value is not None})


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (Says(body=b""), "oauth_not_understood"),
        (Says(body=b"<html><script>alert(1)</script></html>"), "oauth_not_understood"),
        (Says(body=f"access_token={TOKEN}&token_type=bearer".encode()), "oauth_not_understood"),
        (Says(body=b"\xff\xfe\x00"), "oauth_not_understood"),
        (Says(body=b"[" * 100_000), "oauth_not_understood"),
        (Says(body=[TOKEN]), "oauth_not_understood"),
        (Says(body=None), "oauth_not_understood"),
        (token(access_token=None), "oauth_not_understood"),
        (token(access_token=["a"]), "oauth_not_understood"),
        (token(access_token=f"{TOKEN}\r\nx-injected: yes"), "oauth_not_understood"),
        (token(access_token="two words"), "oauth_not_understood"),
        (token(access_token="ünïcode"), "oauth_not_understood"),
        (token(access_token="x" * 8001), "oauth_not_understood"),
        (token(refresh_token="x\n"), "oauth_not_understood"),
        (token(token_type="mac"), "oauth_not_understood"),
        (token(token_type={"a": 1}), "oauth_not_understood"),
        (token(error="bad_verification_code"), "oauth_refused"),
        (Says(status=400, body={"error": "invalid_grant", "error_description": TOKEN}), "oauth_refused"),
        (Says(status=400, body={"error": f"<b>{TOKEN}</b>"}), "oauth_refused"),
        (Says(status=500, body={"access_token": TOKEN}), "oauth_refused"),
        (Says(status=302, headers={"location": "http://127.0.0.1:9/elsewhere"}), "oauth_not_reached"),
        (Says(body=b'{"access_token": "' + b"x" * 300_000 + b'"}'), "oauth_not_reached"),
        (Says(body=b"x", headers={"content-encoding": "gzip"}), "oauth_not_reached"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_token_ends_the_attempt(app: App, odd: Odd, says: Says, reason: str) -> None:
    odd.token_answer = lambda _: says
    ended = attempt_at(app)
    assert (ended.status, ended.reason) == ("failed", reason)
    assert "GitHub" in ended.message
    for hidden in (TOKEN, CODE, "script", "<b>", "x-injected"):
        assert hidden not in ended.message
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM gateway_secrets") == []


@pytest.mark.parametrize(
    ("life", "known"),
    [(3600, True), ("3600", True), (3600.5, True), (0, False), (-1, False), (10**12, False), ("soon", False),
     (True, False), ([1], False), (None, False)],
)  # fmt: skip
def test_only_a_sensible_life_of_a_token_counts(app: App, odd: Odd, life: object, known: bool) -> None:
    odd.token_answer = lambda _: token(expires_in=life)
    odd.access.add(TOKEN)
    waiting = attempt_at(app)
    assert waiting.status == "verifying_identity"
    ada = signed_in(app, redeem_link(app, code=a_link(app, "ada")))
    made = oauth_return.confirm(app, ada, waiting.id, browser=BROWSER)
    assert (made.expires_ms is not None) is known
    assert fresh(app, made, find_integration(app, "github")).secret.reveal() == TOKEN


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (Says(status=401, body={"message": "no"}), "key_refused"),
        (Says(status=403, body={"message": "no"}), "key_refused"),
        (Says(status=500, body={}), "account_not_understood"),
        (Says(status=302, headers={"location": "http://127.0.0.1:9/"}), "account_not_understood"),
        (Says(body=b"<html>"), "account_not_understood"),
        (Says(body=[1]), "account_not_understood"),
        (Says(body={}), "account_not_understood"),
        (Says(body={"id": True, "login": "ada"}), "account_not_understood"),
        (Says(body={"id": {"a": 1}, "login": "ada"}), "account_not_understood"),
        (Says(body={"id": "x" * 201, "login": "ada"}), "account_not_understood"),
        (Says(body={"id": "a\nb", "login": "ada"}), "account_not_understood"),
        (Says(body=b'{"id": "' + b"x" * 2_000_000 + b'"}'), "account_not_understood"),
    ],
    ids=str,
)
def test_an_account_that_is_not_named_plainly_is_not_connected_and_its_token_is_taken_back(
    app: App, odd: Odd, says: Says, reason: str
) -> None:
    odd.user = says
    ended = attempt_at(app)
    assert (ended.status, ended.reason) == ("failed", reason)
    assert [path for path, _ in odd.asked] == ["/token", "/revoke", "/revoke"]
    assert odd.access == set()
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM gateway_secrets") == []


def test_what_is_not_connected_again_does_not_end_what_is(app: App, odd: Odd) -> None:
    """Some services end the person's whole consent when one of its tokens is taken back."""
    ada = a_person(app)
    kept = connect_with_code(app, ada)
    oauth_return.refuse(app, ada, attempt_with_code(app, ada).id, browser=BROWSER)
    odd.user = Says(body={"id": 8, "login": "bob"})
    second = connect_with_code(app, ada)
    assert attempt_with_code(app, ada, reconnect=kept.id).status == "mismatch"
    odd.user = Says(status=500, body={})
    assert attempt_with_code(app, ada, reconnect=second.id).status == "failed"
    assert [path for path, _ in odd.asked if path == "/revoke"] == []
    assert attempt_with_code(app, ada).status == "failed"
    assert [path for path, _ in odd.asked if path == "/revoke"] == ["/revoke"] * 2


@pytest.mark.parametrize(
    ("login", "label"), [("<script>alert(1)</script>", "<script>alert(1)</script>"), ("\u202eada", "7"), ("", "7")]
)
def test_a_name_is_text_that_can_be_seen(app: App, odd: Odd, login: str, label: str) -> None:
    odd.user = Says(body={"id": 7, "login": login})
    assert attempt_at(app).account_label == label


def test_a_service_that_keeps_silent_is_not_waited_for(app: App, odd: Odd) -> None:
    odd.delay_s = 30
    began = time.monotonic()
    ended = attempt_at(app)
    assert time.monotonic() - began < 25
    assert (ended.status, ended.reason) == ("failed", "oauth_not_reached")


def test_no_log_tells_of_a_token(app: App, odd: Odd, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    odd.token_answer = lambda _: token()
    odd.user = Says(status=500, body={})
    attempt_at(app)
    assert TOKEN not in caplog.text
    assert CODE not in caplog.text
