"""Agents, their keys and claims on the native surface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from tests.agent_key import Key
from tests.api.native.api import Api
from tests.makers import a_person, make_app, secret_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Api:
    """The administrator."""
    return Api(app, secret_of(a_person(app, "ada")))


@pytest.fixture
def eve(app: App, ada: Api) -> Api:
    return ada.as_(secret_of(a_person(app, "eve")))


def enroll(api: Api, agent_id: str, key: Key) -> str:
    asked = api.post(f"/agents/{agent_id}/challenges").json()
    body = {
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": key.public},
        "challenge_id": asked["id"],
        "signed_challenge": key.sign(asked["challenge"]),
    }
    answer = api.post(f"/agents/{agent_id}/keys", body)
    assert answer.status == 201, answer.body
    return str(answer.json()["id"])


def test_an_agent_from_registration_to_removal(app: App, eve: Api) -> None:
    made = eve.post("/agents", {"name": "scout", "description": "Looks around."})
    assert made.status == 201
    agent = made.json()
    assert agent["status"] == "active"
    assert eve.get("/agents").json() == {"items": [agent], "next_cursor": None}
    key = Key()
    key_id = enroll(eve, agent["id"], key)
    scout = eve.as_(key.bearer(agent["id"], app.clock.now_ms()))
    me = scout.get("/me").json()
    assert (me["user"]["username"], me["token"]["kind"], me["token"]["scopes"]) == ("eve", "agent", ["read", "run"])
    replayed = scout.get("/me")
    assert (replayed.status, replayed.json()["error"]["code"]) == (401, "agent_bearer_not_valid")
    scout = eve.as_(key.bearer(agent["id"], app.clock.now_ms()))
    assert scout.post("/agents", {"name": "another"}).status == 403
    assert [known["id"] for known in eve.get(f"/agents/{agent['id']}/keys").json()["items"]] == [key_id]
    assert eve.delete(f"/agents/{agent['id']}/keys/{key_id}").status == 200
    assert eve.send("PATCH", f"/agents/{agent['id']}", {"status": "suspended"}).json()["status"] == "suspended"
    assert eve.delete(f"/agents/{agent['id']}").json()["details"]["id"] == agent["id"]
    assert eve.get(f"/agents/{agent['id']}").status == 404


def test_an_administrator_blocks_an_agent(ada: Api, eve: Api) -> None:
    agent = eve.post("/agents", {"name": "scout"}).json()
    path = f"/admin/agents/{agent['id']}/block"
    assert eve.put(path, {"reason": "no"}).status == 403
    assert ada.put(path, {"reason": "it sends spam"}).json()["blocked_reason"] == "it sends spam"
    refused = eve.post(f"/agents/{agent['id']}/challenges")
    assert (refused.status, refused.json()["error"]["code"]) == (403, "agent_may_not_act")
    assert ada.delete(path).json()["blocked_at"] is None


def test_claims_are_attested_listed_and_withdrawn(ada: Api, eve: Api) -> None:
    body = {"claim_type": "verified_human", "assurance": "high", "expires_in_days": 10}
    assert eve.post("/admin/users/eve/claims", body).status == 403
    claim = ada.post("/admin/users/eve/claims", body).json()
    assert eve.get("/me/claims").json() == {"items": [claim], "level": "L1", "next_cursor": None}
    assert ada.get("/admin/users/eve/claims").json()["items"] == [claim]
    assert eve.send("PATCH", "/me/claim-settings", {"life_days": 31}).status == 422
    assert eve.send("PATCH", "/me/claim-settings", {"inheritance": "opt_in"}).json() == {
        "life_days": 365,
        "inheritance": "opt_in",
        "is_auto_revoked": False,
    }
    assert eve.delete(f"/me/claims/{claim['id']}").json() == {"details": claim}
    assert eve.get("/me/claims").json() == {"items": [], "level": "L0", "next_cursor": None}


@pytest.mark.parametrize("name", ["", "\x00", "x" * 101, "a\nb", 7, None])
def test_names_that_are_none_are_refused(eve: Api, name: object) -> None:
    assert eve.post("/agents", {"name": name}).status == 422
