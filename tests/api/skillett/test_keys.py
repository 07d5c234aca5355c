from __future__ import annotations

from typing import Any

import orjson
import pytest

from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.clock import FixedClock
from tests.api.asgi import call
from tests.api.skillett.sender import Sender

KEY_FIELDS = {"id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"}
KEYS_PAGE = "https://skills.example.org/account#tokens"


def test_a_key_is_shown_once_and_listed_by_its_first_characters(sender: Sender) -> None:
    made = sender.data("ada", "POST", "/api-keys", {"name": "bot", "scopes": ["github", "slack"]}, status=201)
    assert set(made) == KEY_FIELDS | {"key"}
    assert made["key"].startswith("sk_")
    assert made["prefix"] == made["key"][:8]
    assert made["scopes"] == ["github", "slack"]
    listed = sender.send("ada", "GET", "/api-keys")
    assert made["key"] not in listed.body.decode()
    assert listed.json() == {
        "api_keys": [{name: value for name, value in made.items() if name != "key"}],
        "next_cursor": None,
    }
    assert sender.data("bob", "GET", "/api-keys")["api_keys"] == []


@pytest.mark.parametrize("body", [{}, {"scopes": "*"}, {"scopes": ["*"]}])
def test_a_key_without_integrations_is_for_all(sender: Sender, body: dict[str, Any]) -> None:
    assert sender.data("ada", "POST", "/api-keys", body, status=201)["scopes"] == ["*"]


def test_a_key_for_what_there_is_not_is_refused_with_what_may_be_meant(sender: Sender) -> None:
    error = sender.refused("ada", "POST", "/api-keys", {"scopes": ["githb"]}, status=404)
    assert error["reason_code"] == "integration_not_found"
    assert "github" in error["hint"]


def test_a_key_neither_makes_nor_lists_nor_revokes_keys(sender: Sender) -> None:
    made = sender.data("ada", "POST", "/api-keys", {}, status=201)
    for method, path in (("GET", "/api-keys"), ("POST", "/api-keys"), ("DELETE", f"/api-keys/{made['id']}")):
        error = sender.refused(made["key"], method, path, {} if method == "POST" else b"", status=403)
        assert error["error"] == "forbidden"
        assert error["reason_code"] == "scope_missing"


def test_each_way_in_which_a_key_is_no_good_has_its_word(sender: Sender, clock: FixedClock) -> None:
    def word(key: str | None) -> str:
        error = sender.refused(key, "GET", "/v1/skills", status=401)
        assert error["action_url"] == KEYS_PAGE
        return str(error["error"])

    short = sender.data("ada", "POST", "/api-keys", {"expires_in_days": 1}, status=201)
    assert word(None) == "unauthorized"
    assert word("") == word("sk_a1b2c3d4e5f6") == word("sk_" + "0" * 64) == "api_key_invalid"
    clock.move(seconds=24 * 3600)
    assert word(short["key"]) == "api_key_expired"


def test_a_revoked_key_is_void_at_once(sender: Sender) -> None:
    made = sender.data("ada", "POST", "/api-keys", {}, status=201)
    sender.data(made["key"], "GET", "/v1/skills")
    assert sender.data("ada", "DELETE", f"/api-keys/{made['id']}")["revoked_at"]
    assert sender.refused(made["key"], "GET", "/v1/skills", status=401)["error"] == "api_key_revoked"
    assert sender.data("ada", "DELETE", f"/api-keys/{made['id']}")["revoked_at"]


def test_keys_of_others_and_tokens_that_are_none_are_not_found(sender: Sender) -> None:
    key = sender.data("ada", "POST", "/api-keys", {}, status=201)["id"]
    token = create_token(sender.app, sender.people["ada"], name="ci", scopes=[Scope.READ]).token.id
    sender.refused("bob", "DELETE", f"/api-keys/{key}", status=404)
    sender.refused("ada", "DELETE", f"/api-keys/{token}", status=404)
    assert [one["id"] for one in sender.data("ada", "GET", "/api-keys")["api_keys"]] == [key]


def test_a_key_is_as_locked_out_as_its_owner(sender: Sender) -> None:
    key = sender.key("bob")
    suspend_user(sender.app, sender.people["ada"], username="bob")
    assert sender.refused(key, "GET", "/v1/skills", status=401)["reason_code"] == "account_suspended"


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": "github"},
        {"scopes": []},
        {"scopes": [7]},
        {"scopes": ["x"] * 101},
        {"scopes": None},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"expires_in_days": 0},
        {"expires_in_days": 366},
        {"expires_in_days": "soon"},
        {"expires_in_days": 10**18},
        [],
        "x",
    ],
)
def test_a_key_that_cannot_be_is_refused_with_its_fault(sender: Sender, body: Any) -> None:
    error = sender.refused("ada", "POST", "/api-keys", body, status=400)
    assert error["error"] == "bad_request"


def test_a_narrow_key_sees_and_reaches_its_own_integrations_only(sender: Sender) -> None:
    key = sender.key("ada", "slack")
    assert [one["slug"] for one in sender.data(key, "GET", "/v1/skills")["integrations"]] == ["slack"]
    for method, path, body in (
        ("GET", "/v1/skills/github", b""),
        ("GET", "/v1/skills/github/create_issue", b""),
        ("POST", "/v1/github/create_issue", {"params": {"repo": "acme/webapp", "title": "x"}}),
        ("POST", "/v1/connect", {"integration": "github"}),
    ):
        error = sender.refused(key, method, path, body, status=403)
        assert error["error"] == "scope_not_allowed"
        assert error["action_url"] == KEYS_PAGE
        assert "only for: slack" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/integrations/github", None),
        ("GET", "/integrations/github/create_issue", None),
        ("GET", "/integrations/github/skill.zip", None),
        ("POST", "/calls/github/create_issue", {"params": {"repo": "acme/webapp", "title": "x"}}),
        ("POST", "/connection-attempts", {"integration": "github"}),
    ],
)
def test_a_narrow_key_is_as_narrow_on_our_own_api(sender: Sender, method: str, path: str, body: Any) -> None:
    headers = {"authorization": f"Bearer {sender.key('ada', 'slack')}", "content-type": "application/json"}
    chunks = [b"" if body is None else orjson.dumps(body)]
    answer = call(sender.site, method, f"/api/v1{path}", headers=headers, chunks=chunks)
    assert (answer.status, answer.json()["error"]["code"]) == (403, "scope_not_allowed")
