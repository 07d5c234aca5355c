from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from tests.api.asgi import Answer
from tests.api.native.api import Api
from tests.makers import a_link, a_person, make_app, secret_of

SENTENCE = "purple rain on mondays"
VERIFIER = "a-secret-that-only-the-client-of-this-test-knows"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def nobody(app: App) -> Api:
    return Api(app)


@pytest.fixture
def ada(app: App, nobody: Api) -> Api:
    return nobody.as_(secret_of(a_person(app, "ada", password=SENTENCE)))


@pytest.fixture
def bob(app: App, ada: Api) -> Api:
    return ada.as_(secret_of(a_person(app, "bob")))


def refusal(answer: Answer) -> dict[str, Any]:
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "facts", "faults", "request_id"}
    assert error["hint"]
    return error


def test_a_link_makes_an_account_and_a_session(app: App, nobody: Api) -> None:
    answer = nobody.post("/auth/links/redeem", {"code": a_link(app), "username": "ada", "display_name": "Ada L."})
    session = answer.json()
    assert answer.status == 200
    assert set(session) == {"access_token", "refresh_token", "expires_at", "user"}
    assert session["user"] == {
        "username": "ada", "display_name": "Ada L.", "is_admin": True, "created_at": session["user"]["created_at"],
    }  # fmt: skip
    me = nobody.as_(session["access_token"]).get("/me").json()
    assert me["namespaces"] == [{"slug": "ada", "kind": "personal", "role": "owner"}]
    assert me["token"]["scopes"] == ["admin", "call", "manage", "publish", "read", "run"]
    assert me["token"]["kind"] == "access"


def test_a_used_link_is_refused(app: App, nobody: Api) -> None:
    body = {"code": a_link(app), "username": "ada"}
    nobody.post("/auth/links/redeem", body)
    answer = nobody.post("/auth/links/redeem", {**body, "username": "bob"})
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refusal(answer)["code"] == "link_not_valid"


def test_all_faults_come_with_a_hint_each(app: App, nobody: Api) -> None:
    answer = nobody.post("/auth/links/redeem", {"code": a_link(app), "username": "A!", "password": "pa55"})
    assert answer.status == 422
    faults = refusal(answer)["faults"]
    assert len(faults) >= 2
    assert all(fault["code"] and fault["message"] and fault["hint"] for fault in faults)


def test_a_password_signs_in_and_a_wrong_one_does_not(ada: Api, nobody: Api) -> None:
    assert nobody.post("/auth/password", {"username": "ada", "password": SENTENCE}).status == 200
    answers = [
        nobody.post("/auth/password", {"username": name, "password": "wrong"}) for name in ("ada", "nobody", "\x00")
    ]
    assert {answer.status for answer in answers} == {401}
    assert len({(refusal(answer)["code"], refusal(answer)["message"]) for answer in answers}) == 1


def test_too_many_attempts_are_told_when_to_come_back(tmp_path: Path) -> None:
    app = make_app(tmp_path, logins_per_minute=1)
    api = Api(app)
    api.post("/auth/password", {"username": "ada", "password": "x"})
    answer = api.post("/auth/password", {"username": "ada", "password": "x"})
    assert answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    app.close()


def test_a_command_line_signs_in_through_an_approval(ada: Api, nobody: Api, app: App) -> None:
    started = nobody.post("/auth/cli-sessions", {"code_challenge": CHALLENGE, "client_name": "laptop"})
    session = started.json()
    path = f"/auth/cli-sessions/{session['session_id']}"
    assert started.status == 201
    assert session["verification_url"] == f"{app.settings.address}/cli/{session['session_id']}"
    assert nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}).json()["status"] == "pending"
    assert nobody.get(path).status == nobody.post(f"{path}/approve").status == 401
    assert ada.get(path).json()["user_code"] == session["user_code"]
    assert ada.post(f"{path}/approve").json()["status"] == "approved"
    assert nobody.post(f"{path}/poll", {"code_verifier": "x" * 43}).status == 404
    polled = nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}).json()
    assert (polled["status"], polled["user"]["username"]) == ("approved", "ada")
    assert nobody.as_(polled["access_token"]).get("/me").status == 200
    assert nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}).status == 409


def test_a_lost_answer_to_the_last_poll_can_be_asked_for_again(ada: Api, nobody: Api) -> None:
    session = nobody.post("/auth/cli-sessions", {"code_challenge": CHALLENGE, "client_name": "laptop"}).json()
    path = f"/auth/cli-sessions/{session['session_id']}"
    ada.post(f"{path}/approve")
    first = nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}, idempotency_key="k1")
    second = nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}, idempotency_key="k1")
    assert first.body == second.body
    assert second.headers["idempotency-replayed"] == "true"


def test_a_denied_command_line_learns_it(ada: Api, nobody: Api) -> None:
    session = nobody.post("/auth/cli-sessions", {"code_challenge": CHALLENGE, "client_name": "laptop"}).json()
    path = f"/auth/cli-sessions/{session['session_id']}"
    ada.post(f"{path}/deny")
    assert nobody.post(f"{path}/poll", {"code_verifier": VERIFIER}).json() == {
        "status": "denied", "access_token": None, "refresh_token": None, "expires_at": None, "user": None,
    }  # fmt: skip


def test_logout_revokes_the_presented_token(ada: Api) -> None:
    assert ada.post("/auth/logout").json() == {"revoked": True}
    assert refusal(ada.get("/me"))["code"] == "token_revoked"


@pytest.mark.parametrize("token", ["", "x", "eyJ.x.y", "sky_pt_" + "0" * 38, "Basic"])
def test_a_bad_token_is_401_also_where_none_is_needed(ada: Api, token: str) -> None:
    stranger = ada.as_(token)
    signing_in = stranger.post("/auth/password", {"username": "ada", "password": SENTENCE})
    for answer in (stranger.get("/me"), signing_in):
        assert answer.status == 401
        assert refusal(answer)["code"] == "token_not_valid"


def test_a_personal_token_is_shown_once_and_then_listed_without_its_secret(ada: Api) -> None:
    made = ada.post("/me/tokens", {"name": "ci", "scopes": ["read"], "expires_in_days": 7, "namespaces": ["ada"]})
    secret = made.json()["token"]
    listed = ada.get("/me/tokens")
    assert made.status == 201
    assert listed.json()["items"] == [made.json()["details"]]
    assert secret not in listed.body.decode()
    machine = ada.as_(secret)
    assert machine.get("/me").json()["token"]["namespaces"] == ["ada"]
    assert refusal(machine.get("/me/tokens"))["code"] == "scope_missing"
    revoked = ada.delete(f"/me/tokens/{made.json()['details']['id']}").json()["details"]
    assert revoked["revoked_at"]
    assert machine.get("/me").status == 401


def test_a_key_for_some_integrations_says_so(ada: Api) -> None:
    made = ada.post("/me/tokens", {"name": "agent", "scopes": ["call"], "integrations": ["slack", "github"]})
    assert (made.status, made.json()["details"]["integrations"]) == (201, ["github", "slack"])
    me = ada.as_(made.json()["token"]).get("/me").json()
    assert (me["token"]["scopes"], me["token"]["integrations"]) == (["call"], ["github", "slack"])
    assert me["namespaces"] == []
    wider = ada.post("/me/tokens", {"name": "agent", "scopes": ["call", "read"], "integrations": ["github"]})
    assert refusal(wider)["faults"][0]["code"] == "more_than_calls"
    unknown = ada.post("/me/tokens", {"name": "agent", "scopes": ["call"], "integrations": ["githup"]})
    assert "github" in refusal(unknown)["hint"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ci", "scopes": ["root"]},
        {"name": "ci", "scopes": []},
        {"name": "ci", "scopes": ["read"], "expires_in_days": 0},
        {"name": "ci", "scopes": ["read"], "expires_in_days": 1e40},
        {"name": "ci", "scopes": ["read"], "surprise": 1},
        {"name": "\u0000", "scopes": ["read"]},
        {"scopes": ["read"]},
        [],
        None,
    ],
)
def test_a_bad_token_request_is_422(ada: Api, body: Any) -> None:
    answer = ada.post("/me/tokens", body)
    assert answer.status == 422
    assert refusal(answer)["faults"]


def test_the_password_can_be_changed(ada: Api, nobody: Api) -> None:
    assert refusal(ada.put("/me/password", {"password": "another sentence"}))["code"] == "password_not_right"
    changed = ada.put("/me/password", {"password": "another sentence", "current_password": SENTENCE})
    assert changed.json()["user"]["username"] == "ada"
    assert nobody.post("/auth/password", {"username": "ada", "password": "another sentence"}).status == 200


def test_a_namespace_is_made_shared_and_left(ada: Api, bob: Api) -> None:
    made = ada.post("/namespaces", {"slug": "acme", "display_name": "Acme Ltd"})
    assert made.status == 201
    assert (made.json()["role"], made.json()["notes"]) == ("owner", [])
    assert refusal(bob.post("/namespaces", {"slug": "acme"}))["code"] == "namespace_taken"
    assert bob.post("/namespaces", {"slug": "acrne"}).json()["notes"] == [
        "acrne looks like acme, which exists already."
    ]
    assert bob.get("/namespaces/acme").status == 404
    assert ada.put("/namespaces/acme/members/bob", {"role": "reader"}).json()["role"] == "reader"
    assert bob.get("/namespaces/acme").json()["role"] == "reader"
    assert refusal(bob.put("/namespaces/acme/members/bob", {"role": "owner"}))["code"] == "role_too_low"
    assert [item["username"] for item in bob.get("/namespaces/acme/members").json()["items"]] == ["ada", "bob"]
    assert refusal(ada.delete("/namespaces/acme/members/ada"))["code"] == "last_owner"
    assert bob.delete("/namespaces/acme/members/bob").json()["role"] == "reader"
    assert bob.get("/namespaces/acme").status == 404


def test_lists_are_paged(ada: Api) -> None:
    for slug in ("aa", "bb", "cc"):
        ada.post("/namespaces", {"slug": slug})
    first = ada.get("/me/namespaces?limit=2").json()
    second = ada.get(f"/me/namespaces?limit=2&cursor={first['next_cursor']}").json()
    assert [item["slug"] for item in (*first["items"], *second["items"])] == ["aa", "ada", "bb", "cc"]
    assert second["next_cursor"] is None
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x"):
        assert ada.get(f"/me/namespaces?{query}").status == 422


def test_administrators_invite_and_lock_out(ada: Api, bob: Api, nobody: Api) -> None:
    link = ada.post("/admin/sign-in-links", {})
    assert link.status == 201
    assert link.json()["url"].endswith(link.json()["code"])
    assert nobody.post("/auth/links/redeem", {"code": link.json()["code"], "username": "eve"}).status == 200
    assert refusal(bob.post("/admin/sign-in-links", {}))["code"] == "administrators_only"
    assert ada.put("/admin/users/bob/suspension").json()["suspended"] is True
    assert refusal(bob.get("/me"))["code"] == "account_suspended"
    assert ada.delete("/admin/users/bob/suspension").json()["suspended"] is False
    assert bob.get("/me").status == 200
    assert refusal(ada.put("/admin/users/ada/suspension"))["code"] == "not_yourself"
    assert ada.put("/admin/users/%00/suspension").status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PUT", "/me/password"),
        ("GET", "/me/tokens"),
        ("POST", "/me/tokens"),
        ("DELETE", "/me/tokens/tok_1"),
        ("GET", "/me/namespaces"),
        ("POST", "/namespaces"),
        ("GET", "/namespaces/ada"),
        ("GET", "/namespaces/ada/members"),
        ("PUT", "/namespaces/ada/members/bob"),
        ("DELETE", "/namespaces/ada/members/bob"),
        ("POST", "/admin/sign-in-links"),
        ("PUT", "/admin/users/ada/suspension"),
        ("DELETE", "/admin/users/ada/suspension"),
        ("POST", "/auth/logout"),
        ("GET", "/auth/cli-sessions/cli_1"),
        ("POST", "/auth/cli-sessions/cli_1/approve"),
        ("POST", "/auth/cli-sessions/cli_1/deny"),
    ],
)
def test_nobody_gets_in(ada: Api, nobody: Api, method: str, path: str) -> None:
    bodies = {"/me/password": {"password": SENTENCE}, "/me/tokens": {"name": "x", "scopes": ["read"]},
              "/namespaces": {"slug": "x"}, "/namespaces/ada/members/bob": {"role": "owner"},
              "/admin/sign-in-links": {}}  # fmt: skip
    answer = nobody.send(method, path, bodies.get(path) if method in ("POST", "PUT") else None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_is_told_whatever_token_comes_along(ada: Api) -> None:
    ada.post("/auth/logout")
    assert ada.get("/me").json()["error"]["code"] == "token_revoked"
    for asking in (ada, ada.as_("nonsense"), ada.as_(""), ada.as_(None)):
        assert asking.get("/health").json()["status"] == "ok"
