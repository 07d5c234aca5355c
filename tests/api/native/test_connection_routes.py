"""Connections over HTTP: secrets go in, and no answer, refusal or replay has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.gateway.connect import oauth, oauth_return
from tests.api.native.api import Api
from tests.domain.gateway.connecting import BROWSER, app_at, brought, way_back
from tests.makers import a_person, again, make_app, secret_of
from tests.peers.github_like import GithubWithSignIn
from tests.peers.myworld import GithubLike


@pytest.fixture
def app(github: GithubLike, tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path, integrations={"github": {"base_url": github.base_url}}, outbound_http_loopback=True)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Api:
    return Api(app, secret_of(a_person(app)))


def key(github: GithubLike, login: str = "ada", **more: Any) -> dict[str, Any]:
    return {"integration": "github", "secrets": {"secret": github.tokens[login]}, **more}


def test_a_key_is_connected_listed_chosen_and_removed_and_never_shown(ada: Api, github: GithubLike) -> None:
    answers = [ada.post("/connections", key(github, label="mine")), ada.post("/connections", key(github, "bob"))]
    assert [answer.status for answer in answers] == [201, 201]
    mine, bobs = (answer.json() for answer in answers)
    assert (mine["account"], mine["label"], mine["way"], bobs["account"]) == ("ada", "mine", "api_key", "bob")
    answers.append(ada.get("/connections"))
    assert [(one["account"], one["is_default"]) for one in answers[-1].json()["items"]] == [
        ("bob", True), ("ada", False),
    ]  # fmt: skip
    answers.append(ada.send("PUT", f"/connections/{mine['id']}/default"))
    assert answers[-1].json()["is_default"]
    answers.append(ada.post("/connections", key(github, "ada")))
    assert answers[-1].json() | {"connected_at": ""} == mine | {"is_default": True, "connected_at": ""}
    answers.append(ada.get(f"/connections/{mine['id']}/uses"))
    assert [use["why"] for use in answers[-1].json()["items"]] == ["identity", "identity"]
    answers.append(ada.send("DELETE", f"/connections/{mine['id']}"))
    gone = answers[-1].json()
    assert (gone["removed"], gone["revoked"]) == (True, "not_possible")
    assert "its own settings" in gone["why"]
    answers.append(ada.get(f"/connections/{mine['id']}"))
    assert answers[-1].status == 404
    for token in github.tokens.values():
        assert not [answer for answer in answers if token.encode() in answer.body]


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({"secret": "ghp_no_such_token_0123456789"}, "key_refused"),
        ({"secret": ""}, "connection_secrets_not_acceptable"),
        ({"secret": "two\nlines"}, "connection_secrets_not_acceptable"),
        ({"secret": "x" * 8001}, "connection_secrets_not_acceptable"),
        ({"secret": "ünïcode-0123456789"}, "connection_secrets_not_acceptable"),
        ({}, "way_not_offered"),
        ({"username": "a-secret-at-the-wrong-place"}, "way_not_offered"),
        ({"secret": "x", "a-secret-as-a-name-0123": "x"}, "way_not_offered"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(ada: Api, secrets: dict[str, str], code: str) -> None:
    answer = ada.post("/connections", {"integration": "github", "secrets": secrets})
    assert (answer.status, answer.json()["error"]["code"]) == (422, code)
    assert not [text for text in secrets.values() if len(text) > 2 and text.encode() in answer.body]
    assert b"a-secret-as-a-name" not in answer.body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"integration": "github"},
        {"integration": "github", "secrets": "x"},
        {"integration": "github", "secrets": {"secret": 1}},
        {"integration": "github", "secrets": {"secret": "x"}, "variables": {"a": 1}},
        {"integration": "github", "secrets": {"secret": "x"}, "more": 1},
        {"integration": "github", "secrets": {"secret": "ghp_x"}, "label": "x\n"},
    ],
)
def test_malformed_bodies_are_refused(ada: Api, body: Any) -> None:
    assert ada.post("/connections", body).status == 422
    if body != {"integration": "github"}:
        assert ada.post("/connection-attempts", body).status == 422


def test_other_people_and_nobody_see_nothing_of_it(app: App, ada: Api, github: GithubLike) -> None:
    made = ada.post("/connections", key(github)).json()
    eve = Api(app, secret_of(a_person(app, "eve")))
    for method, path in (("GET", ""), ("PUT", "/default"), ("DELETE", "")):
        assert eve.send(method, f"/connections/{made['id']}{path}").status == 404
        assert Api(app).send(method, f"/connections/{made['id']}{path}").status == 401
    assert eve.get(f"/connections/{made['id']}/uses").json()["items"] == []
    assert eve.get("/connections").json()["items"] == []
    assert len(ada.get("/connections").json()["items"]) == 1


def test_an_attempt_is_polled_to_its_end(github_sign_in: GithubWithSignIn, tmp_path: Path) -> None:
    app = app_at(github_sign_in, tmp_path)
    caller = a_person(app)
    ada = Api(app, secret_of(caller))
    begun = ada.post("/connection-attempts", {"integration": "github", "scopes": ["repo"]}).json()
    assert (begun["status"], begun["url"]) == ("created", f"{app.settings.address}/connect/{begun['id']}")
    address = f"/connection-attempts/{begun['id']}"
    assert ada.get(f"{address}?wait=0.1").json()["status"] == "created"
    assert ada.get(f"{address}?wait=26").status == ada.get(f"{address}?wait=x").status == 422
    attempt = oauth.get_attempt(app, caller, begun["id"])
    answer = brought(way_back(app, caller, github_sign_in, attempt, "bob"))
    oauth_return.come_back(app, caller, browser=BROWSER, answer=answer)
    waiting = ada.get(address).json()
    assert (waiting["status"], waiting["account"], waiting["connection_id"]) == ("verifying_identity", "bob", None)
    made = oauth_return.confirm(app, again(app, caller), begun["id"], browser=BROWSER)
    ended = ada.get(f"{address}?wait=20").json()
    assert (ended["status"], ended["connection_id"]) == ("connected", made.id)
    assert Api(app, secret_of(a_person(app, "eve"))).get(address).status == 404
    app.close()


def test_administrators_store_the_client_and_nobody_reads_its_secret(app: App, ada: Api) -> None:
    refused = ada.post("/connection-attempts", {"integration": "github"})
    assert (refused.status, refused.json()["error"]["code"]) == (503, "oauth_client_missing")
    address = "/integrations/github/client"
    missing = ada.get(address).json()
    assert (missing["source"], missing["redirect_uri"]) == (
        "missing", f"{app.settings.address}/connections/callback",
    )  # fmt: skip
    body = {"client_id": "Iv1.1", "client_secret": "the-client-secret-0123"}
    stored = ada.send("PUT", address, body)
    assert (stored.status, stored.json()["source"], stored.json()["set_by"]) == (200, "stored", "ada")
    assert b"the-client-secret" not in stored.body + ada.get(address).body
    assert ada.post("/connection-attempts", {"integration": "github"}).status == 201
    for bad in ({"client_id": "", "client_secret": "x"}, {"client_id": "x", "client_secret": "a\nb"}):
        assert ada.send("PUT", address, bad).status == 422
    eve = Api(app, secret_of(a_person(app, "eve")))
    for method in ("GET", "PUT", "DELETE"):
        assert eve.send(method, address, body if method == "PUT" else None).status == 403
    assert [ada.send("DELETE", address).status for _ in range(2)] == [204, 404]
    assert ada.post("/connection-attempts", {"integration": "github"}).status == 503
