"""Signing in and out: what is sent, what is kept, and what a bad answer in between does."""

import base64
import hashlib
import json

import pytest

from skillyard.sdk.config import Login, choose_registry, read_config, save_login
from skillyard.sdk.errors import ApiError, InputNeeded, SdkError
from skillyard.sdk.login import redeem_link, save_token, sign_in_with_browser, sign_in_with_password, sign_out
from tests.sdk.stand_in import answer_json, on, refusal

USER = {"username": "yara", "display_name": "Yara", "is_admin": False, "created_at": "2026-01-01T00:00:00.000Z"}
SESSION = {"access_token": "sky_new", "expires_at": "2026-01-02T00:00:00.000Z", "user": USER}
SESSIONS = "/api/v1/auth/cli-sessions"


def started(registry, url=None):
    return answer_json(
        {
            "session_id": "s1",
            "user_code": "ABCD-EFGH",
            "verification_url": url or f"{registry.url}/cli/s1",
            "interval_s": 2,
            "expires_at": "2026-01-01T00:10:00.000Z",
        },
        201,
    )


def sign_in(registry, naps, shown=None, opened=None):
    return sign_in_with_browser(
        registry.url,
        client_name="test",
        show=(shown if shown is not None else []).append,
        open_browser=(opened if opened is not None else []).append,
        sleep=naps.append,
    )


def test_the_browser_approves_and_the_token_goes_to_who_holds_the_secret(registry, naps):
    shown, opened = [], []
    registry.faults = [
        on("POST", f"{SESSIONS}/s1/poll", answer_json({"status": "pending"})),
        on("POST", f"{SESSIONS}/s1/poll", answer_json({"status": "approved", **SESSION})),
        on("POST", SESSIONS, started(registry)),
    ]
    session = sign_in(registry, naps, shown, opened)
    assert (session.username, choose_registry(registry.url).token) == ("yara", "sky_new")
    assert opened == [f"{registry.url}/cli/s1"]
    assert shown[0].user_code == "ABCD-EFGH"
    begin, poll = json.loads(registry.seen[0].body), json.loads(registry.seen[1].body)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(poll["code_verifier"].encode()).digest()).rstrip(b"=")
    assert begin["code_challenge"].encode() == challenge
    assert poll["code_verifier"] not in registry.seen[0].body.decode()


def test_bad_answers_while_waiting_are_not_the_end(registry, naps):
    registry.faults = [
        *[on("POST", f"{SESSIONS}/s1/poll", refusal(502, "bad_gateway")) for _ in range(5)],
        on("POST", f"{SESSIONS}/s1/poll", answer_json({"status": "approved", **SESSION})),
        on("POST", SESSIONS, started(registry)),
    ]
    assert sign_in(registry, naps).username == "yara"


@pytest.mark.parametrize("status", ["denied", "expired"])
def test_a_denied_sign_in_keeps_nothing(registry, naps, status):
    registry.faults = [
        on("POST", f"{SESSIONS}/s1/poll", answer_json({"status": status})),
        on("POST", SESSIONS, started(registry)),
    ]
    with pytest.raises(InputNeeded) as refused:
        sign_in(registry, naps)
    assert refused.value.code == f"sign_in_{status}"
    assert read_config().logins == {}


def test_a_registry_cannot_send_people_to_a_foreign_page(registry, naps):
    opened = []
    registry.faults = [on("POST", SESSIONS, started(registry, "https://evil.example/cli/s1"))]
    with pytest.raises(SdkError) as refused:
        sign_in(registry, naps, opened=opened)
    assert refused.value.code == "foreign_sign_in_page"
    assert opened == []


def test_an_old_token_is_not_sent_along_when_signing_in(registry):
    save_login(registry.url, Login(token="sky_old"))
    registry.faults = [on("POST", "/api/v1/auth/password", answer_json(SESSION))]
    sign_in_with_password(registry.url, "yara", "secret")
    assert "authorization" not in registry.seen[0].headers
    assert choose_registry(registry.url).token == "sky_new"


@pytest.mark.parametrize(
    "shape", ["{url}/sign-in/CODE-1", "{url}/sign-in#CODE-1", "{url}/sign-in?code=CODE-1", "CODE-1"]
)
def test_a_link_is_redeemed_whole_or_by_its_code(registry, monkeypatch, shape):
    monkeypatch.setenv("SKILLYARD_REGISTRY", registry.url)
    registry.faults = [on("POST", "/api/v1/auth/links/redeem", answer_json(SESSION))]
    assert redeem_link(shape.format(url=registry.url), username="yara").base_url == registry.url
    assert json.loads(registry.seen[0].body) == {"code": "CODE-1", "username": "yara"}


def test_a_token_is_kept_only_when_the_registry_knows_it(registry):
    with pytest.raises(ApiError):
        save_token(registry.url, "sky_unknown")
    assert read_config().logins == {}
    me = {"user": USER, "token": {"expires_at": None}}
    registry.faults = [on("GET", "/api/v1/me", answer_json(me))]
    assert save_token(registry.url, "sky_pt_1").username == "yara"
    assert choose_registry(registry.url).token == "sky_pt_1"


@pytest.mark.parametrize(
    ("answer", "told"),
    [(answer_json({"revoked": True}), True), (refusal(401, "unauthenticated"), True), (refusal(403, "no"), False)],
)
def test_signing_out_forgets_the_token_whatever_the_registry_says(registry, answer, told):
    save_login(registry.url, Login(token="sky_old"))
    registry.faults = [on("POST", "/api/v1/auth/logout", answer)]
    assert sign_out(registry.url) is told
    assert registry.seen[0].headers["authorization"] == "Bearer sky_old"
    assert read_config().logins == {}
