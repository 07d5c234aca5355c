"""Device sign-in as RFC 8628 has it, with forms and with JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from skillyard.domain.accounts.cli_sessions import approve_cli_session, start_cli_session
from skillyard.infra.clock import FixedClock
from tests.api.asgi import Answer
from tests.api.skillett.sender import Sender, refused

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


def begin(sender: Sender, **fields: str) -> dict[str, Any]:
    body = urlencode({"client_id": "my-agent", **fields}).encode()
    answer = sender.send(None, "POST", "/auth/device/code", body, content_type=FORM)
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def ask(sender: Sender, device_code: str, **fields: str) -> Answer:
    body = {"grant_type": GRANT_TYPE, "device_code": device_code, "client_id": "my-agent", **fields}
    return sender.send(None, "POST", "/auth/device/token", urlencode(body).encode(), content_type=FORM)


def word(answer: Answer) -> str:
    error = refused(answer, 400)
    assert error["error_description"] == error["message"]
    return str(error["error"])


def test_a_program_gets_a_key_once_somebody_approved_its_code(sender: Sender, clock: FixedClock) -> None:
    begun = begin(sender)
    session_id = begun["device_code"].partition(".")[0]
    assert begun == {
        "device_code": begun["device_code"],
        "user_code": begun["user_code"],
        "verification_uri": "https://skills.example.org/cli",
        "verification_uri_complete": f"https://skills.example.org/cli/{session_id}",
        "expires_in": 600,
        "interval": 5,
    }
    assert word(ask(sender, begun["device_code"])) == "authorization_pending"
    decided = sender.data("ada", "POST", "/auth/device/authorize", {"user_code": begun["user_code"].lower()})
    assert decided == {
        "user_code": begun["user_code"],
        "client_id": "my-agent",
        "scope": "*",
        "status": "approved",
    }
    clock.move(seconds=5)
    answer = ask(sender, begun["device_code"])
    assert answer.headers["cache-control"] == "no-store"
    got = answer.json()
    assert (got["token_type"], got["expires_in"]) == ("Bearer", 90 * 24 * 3600)
    assert len(sender.data(got["access_token"], "GET", "/v1/skills")["integrations"]) >= 1
    assert [one["name"] for one in sender.data("ada", "GET", "/api-keys")["api_keys"]] == ["my-agent"]
    clock.move(seconds=5)
    assert word(ask(sender, begun["device_code"])) == "invalid_grant"


def test_who_asks_too_often_is_told_to_slow_down(sender: Sender, clock: FixedClock) -> None:
    code = begin(sender)["device_code"]
    words = []
    for seconds in (0, 1, 5, 5):
        clock.move(seconds=seconds)
        words.append(word(ask(sender, code)))
    assert words == ["authorization_pending", "slow_down", "authorization_pending", "authorization_pending"]


def test_a_program_that_was_turned_away_or_forgotten_learns_it(sender: Sender, clock: FixedClock) -> None:
    denied, forgotten = begin(sender), begin(sender)
    sender.data("ada", "POST", "/auth/device/authorize", {"user_code": denied["user_code"], "decision": "deny"})
    assert word(ask(sender, denied["device_code"])) == "access_denied"
    clock.move(seconds=601)
    assert word(ask(sender, forgotten["device_code"])) == "expired_token"
    sender.refused("ada", "POST", "/auth/device/authorize", {"user_code": forgotten["user_code"]}, status=404)


def test_the_scope_names_the_integrations_of_the_key(sender: Sender, clock: FixedClock) -> None:
    begun = begin(sender, scope="slack github")
    decided = sender.data("ada", "POST", "/auth/device/authorize", {"user_code": begun["user_code"]})
    assert decided["scope"] == "github slack"
    key = ask(sender, begun["device_code"]).json()["access_token"]
    assert [one["slug"] for one in sender.data(key, "GET", "/v1/skills")["integrations"]] == ["github", "slack"]
    unknown = sender.send(None, "POST", "/auth/device/code", {"scope": "githb"})
    assert refused(unknown, 404)["reason_code"] == "integration_not_found"


def test_nobody_collects_with_a_code_that_was_changed_or_made_up(sender: Sender) -> None:
    begun = begin(sender)
    approve_cli_session(sender.app, sender.people["ada"], session_id=begun["device_code"].partition(".")[0])
    session_id, _, verifier = begun["device_code"].partition(".")
    for wrong in (f"{session_id}.{verifier[:-1]}_", session_id, f"{session_id}.", f".{verifier}", "x", "é\0.\n"):
        assert word(ask(sender, wrong)) == "invalid_grant"
    assert ask(sender, begun["device_code"]).status == 200


def test_other_grants_are_refused(sender: Sender) -> None:
    code = begin(sender)["device_code"]
    assert word(ask(sender, code, grant_type="authorization_code")) == "unsupported_grant_type"


def test_a_code_of_a_command_line_that_wants_all_rights_is_not_approved_here(sender: Sender) -> None:
    session = start_cli_session(sender.app, code_challenge="E" * 43, client_name="laptop", address="::1")
    error = sender.refused("ada", "POST", "/auth/device/authorize", {"user_code": session.user_code}, status=404)
    assert error["reason_code"] == "cli_session_not_found"


def test_a_key_approves_no_further_key(sender: Sender) -> None:
    begun = begin(sender)
    sender.refused(sender.key("ada"), "POST", "/auth/device/authorize", {"user_code": begun["user_code"]}, status=403)
    sender.refused(None, "POST", "/auth/device/authorize", {"user_code": begun["user_code"]}, status=401)


@pytest.mark.parametrize("path", ["code", "token", "authorize"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"["),
        ("application/json", b"[]"),
        ("application/json", b'{"user_code": 7, "grant_type": [], "client_id": {}}'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 60_000),
        ("application/json", b"{" + b" " * 70_000 + b"}"),
        (FORM, b"\xff=\xfe&client_id=%ff%00"),
        (FORM, b"client_id=&user_code=&grant_type="),
        (FORM, b"&".join(b"a%d=b" % number for number in range(100))),
        (FORM, b"client_id=a%0ab&user_code=%00&grant_type=%00"),
    ],
)
def test_bodies_that_no_client_sends_are_refused(sender: Sender, path: str, content_type: str, body: bytes) -> None:
    refused(sender.send("ada", "POST", f"/auth/device/{path}", body, content_type=content_type), 400, 404)


def test_who_begins_too_often_waits(sender: Sender) -> None:
    for _ in range(sender.app.settings.logins_per_minute):
        begin(sender)
    answer = sender.send(None, "POST", "/auth/device/code", {})
    assert refused(answer, 429)["error"] == "rate_limited"
    assert int(answer.headers["retry-after"]) >= 1
