"""Sign in through the browser, make and revoke tokens, and make namespaces, with SkillDock's own command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.skilldock.client import SkillDock
from tests.api.skilldock.conftest import a_newcomer


@pytest.fixture
def guest(base: str, tmp_path: Path) -> SkillDock:
    """Somebody who has just installed the client."""
    return SkillDock(tmp_path / "guest", base)


def decide(admin: httpx.Client, auth_url: str, decision: str) -> None:
    session_id = urlsplit(auth_url).path.rpartition("/")[2]
    assert admin.post(f"/auth/cli-sessions/{session_id}/{decision}").status_code == 200


def sign_in(guest: SkillDock, meanwhile: Callable[[str], None]) -> tuple[int, str]:
    """`skilldock auth login`; `meanwhile` gets the address that it prints for the browser."""
    with guest.start("auth", "login") as process:
        assert process.stdout is not None
        meanwhile(process.stdout.readline().strip())
        out, errors = process.communicate(timeout=40)
    return process.returncode, out + errors


def test_signing_in_through_the_browser_ends_with_a_personal_token(
    guest: SkillDock, server: Any, admin: httpx.Client
) -> None:
    seen: list[str] = []

    def approve(auth_url: str) -> None:
        seen.append(auth_url)
        decide(admin, auth_url, "approve")

    code, text = sign_in(guest, approve)
    assert code == 0, text
    assert seen[0].startswith(f"{server.url}/cli/cli_")
    saved = json.loads((guest.home / "config.json").read_text())
    assert saved["token"].startswith(("sky_pt_", "sky_at_", "eyJ"))
    assert {item["slug"] for item in guest.data("namespaces", "list")["items"]} >= {"ada"}


def test_the_first_sign_in_makes_a_personal_token_and_the_next_one_leaves_it_at_that(
    admin: httpx.Client, base: str, tmp_path: Path
) -> None:
    headers = {"authorization": f"Bearer {a_newcomer(admin, 'zoe')}"}
    with httpx.Client(base_url=admin.base_url, headers=headers) as zoe:
        first, second = SkillDock(tmp_path / "first", base), SkillDock(tmp_path / "second", base)
        assert sign_in(first, lambda url: decide(zoe, url, "approve"))[0] == 0
        assert sign_in(second, lambda url: decide(zoe, url, "approve"))[0] == 0
    token = json.loads((first.home / "config.json").read_text())["token"]
    assert token.startswith("sky_pt_")
    [live] = second.data("tokens", "list")["items"]
    assert token.startswith(live["token_prefix"])
    assert live["scopes"] == ["call", "manage", "publish", "read", "run"]
    assert "sub" in second.run("auth", "inspect").stdout


def test_a_denied_sign_in_fails(guest: SkillDock, admin: httpx.Client) -> None:
    code, text = sign_in(guest, lambda url: decide(admin, url, "deny"))
    assert code == 1
    assert "denied" in text


def test_the_token_is_handed_out_once_and_only_to_who_holds_the_session(web: httpx.Client, admin: httpx.Client) -> None:
    started = web.post("/auth/cli/sessions").json()
    assert (started["expires_in"], started["poll_interval_s"]) == (600, 2)
    seen = urlsplit(started["auth_url"]).path.rpartition("/")[2]
    assert web.get(f"/auth/cli/sessions/{seen}").status_code == 404
    assert started["session_id"] not in started["auth_url"]
    address = f"/auth/cli/sessions/{started['session_id']}"
    assert web.get(address).json()["status"] == "pending"
    decide(admin, started["auth_url"], "approve")
    first = web.get(address).json()
    assert first["status"] == "approved"
    assert 0 < first["expires_in"] <= 3600
    assert web.get(address).status_code == 409
    headers = {"authorization": f"Bearer {first['access_token']}"}
    assert web.get("/v1/me/namespaces", headers=headers).status_code == 200


def test_tokens_are_made_listed_and_revoked(owner: SkillDock, base: str, tmp_path: Path) -> None:
    made = owner.data("tokens", "create", "--scope", "read", "--expires-in-days", "7")
    meta = made["token_meta"]
    assert made["token"].startswith(meta["token_prefix"])
    assert len(meta["token_prefix"]) < len(made["token"]) / 2
    assert meta["scopes"] == ["read"]
    assert meta["revoked_at"] is None
    narrow = SkillDock(tmp_path, base, made["token"])
    assert narrow.run("namespaces", "list").stdout
    assert "403" in narrow.refused("namespaces", "create", "too-far")
    assert "403" in narrow.refused("tokens", "create")
    assert owner.data("tokens", "revoke", meta["id"])["token"]["revoked_at"]
    assert "Sign in again with `skilldock auth login`" in narrow.refused("namespaces", "list")
    listed = {item["id"]: item for item in owner.data("tokens", "list", "--per-page", "100")["items"]}
    assert listed[meta["id"]]["revoked_at"]
    assert meta["id"] in owner.run("tokens", "list").stdout
    assert f"revoked: {meta['id']}" in owner.run("tokens", "revoke", meta["id"]).stdout


@pytest.mark.parametrize("days", ["0", "366", "-1", "999999999999"])
def test_a_token_lives_a_day_to_a_year(owner: SkillDock, days: str) -> None:
    assert "422" in owner.refused("tokens", "create", "--expires-in-days", days)


def test_a_scope_that_is_none_is_refused_with_those_that_are(owner: SkillDock) -> None:
    assert "read, publish, manage" in owner.refused("tokens", "create", "--scope", "skills:write")


def test_a_saved_token_is_used_from_then_on(owner: SkillDock, base: str, tmp_path: Path) -> None:
    owner.run("tokens", "create", "--save")
    saved = SkillDock(owner.home, base)
    assert "ada" in saved.run("namespaces", "list").stdout
    (owner.home / "config.json").unlink()
    assert "Missing token" in SkillDock(tmp_path, base).refused("namespaces", "list")


def test_tokens_and_namespaces_come_in_pages(owner: SkillDock) -> None:
    first = owner.data("tokens", "list", "--page", "1", "--per-page", "1")
    second = owner.data("tokens", "list", "--page", "2", "--per-page", "1")
    assert first["has_more"] is True
    assert first["items"] != second["items"]
    namespaces = owner.data("namespaces", "list", "--page", "1", "--per-page", "1")
    assert (namespaces["page"], namespaces["per_page"], len(namespaces["items"])) == (1, 1, 1)


def test_a_namespace_is_made_once(owner: SkillDock, eve: SkillDock) -> None:
    made = owner.data("namespaces", "create", "once-only")
    assert made["namespace"]["slug"] == "once-only"
    assert (made["namespace"]["kind"], made["namespace"]["role"]) == ("org", "owner")
    assert "409" in owner.refused("namespaces", "create", "once-only")
    assert "409" in eve.refused("namespaces", "create", "once-only")
    for bad in ("Upper", "api", "admin", "a--b", "x" * 65):
        assert "422" in owner.refused("namespaces", "create", bad)


def test_the_token_is_looked_at_and_set_without_a_server(guest: SkillDock) -> None:
    assert "not set" in guest.run("auth", "status").stdout
    guest.run("auth", "set-token", "sky_pt_something")
    assert "token: configured" in guest.run("auth", "status").stdout
    assert json.loads((guest.home / "config.json").read_text())["token"] == "sky_pt_something"
    guest.run("auth", "clear")
    assert "not set" in guest.run("auth", "status").stdout
    guest.run("config", "set", "--base-url", "https://skills.example.org/skilldock")
    assert "https://skills.example.org/skilldock" in guest.run("config", "show").stdout
    assert guest.run("config", "path").stdout.strip() == str(guest.home / "config.json")
