"""Integrations from OpenAPI over HTTP: what is sent, what comes back, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from tests.api.native.api import Api
from tests.makers import a_person, make_app, secret_of
from tests.peers.pet_shop import pet_document

PETS = pet_document("https://1.1.1.1").decode()  # looked up, and not called


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def root(app: App) -> Caller:
    return a_person(app, "grace")


@pytest.fixture
def api(app: App, root: Caller) -> Api:
    return Api(app, secret_of(root))


def test_a_document_is_added_shown_and_removed(api: Api) -> None:
    body = {"slug": "pets", "document": PETS, "rename": {"makePet": "create_pet"}, "only": ["GET *", "makePet"]}
    shown = api.post("/integrations", {**body, "dry_run": True})
    assert shown.status == 201
    assert api.get("/integrations/pets").status == 404
    added = api.post("/integrations", body)
    assert added.json() == shown.json()
    (group,) = added.json()["groups"]
    assert [line["name"] for line in group["endpoints"]] == ["list_pets", "create_pet", "get_pet"]
    assert api.get("/integrations/pets").json()["groups"] == added.json()["groups"]
    assert api.get("/integrations/pets/create_pet").json()["schema"]["required"] == ["name"]
    assert api.delete("/integrations/pets").json() == {"slug": "pets"}
    assert api.get("/integrations/pets").status == 404
    assert api.delete("/integrations/pets").status == 404


def test_only_administrators_may(app: App, api: Api) -> None:
    ada = api.as_(secret_of(a_person(app)))
    assert ada.post("/integrations", {"slug": "pets", "document": PETS}).status == 403
    assert ada.delete("/integrations/pets").status == 403


def test_one_that_comes_with_the_registry_stays(api: Api) -> None:
    assert (
        api.post("/integrations", {"slug": "github", "document": PETS}).json()["error"]["code"]
        == "integration_name_taken"
    )
    assert api.delete("/integrations/github").status == 409


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"document": None}, "openapi_not_acceptable"),
        ({"document": "{}"}, "openapi_not_acceptable"),
        ({"only": ["tag:nothing"]}, "openapi_not_acceptable"),
        ({"rename": {"makePet": "Create Pet"}}, "openapi_not_acceptable"),
        ({"base_url": "https://user:pass@1.1.1.1"}, "openapi_not_acceptable"),
        ({"base_url": "https://127.0.0.1"}, "address_not_allowed"),
        ({"slug": "Pets"}, "integration_name_not_acceptable"),
        ({"only": ["x"] * 301}, "invalid_request"),
        ({"sign_in": {"kind": "api_key", "name": "a\r\nb"}}, "invalid_request"),
        ({"sign_in": {"kind": "api_key", "format": "{secret}\r\nx: y"}}, "invalid_request"),
        ({"sign_in": {"kind": "api_key", "name": "host"}}, "openapi_not_acceptable"),
        (
            {"sign_in": {"kind": "oauth2", "authorize_url": "what", "token_url": "https://1.1.1.1"}},
            "openapi_not_acceptable",
        ),
        ({"sing_in": {}}, "invalid_request"),
    ],
)
def test_what_cannot_be_added_is_told(api: Api, changed: dict[str, Any], code: str) -> None:
    answer = api.post("/integrations", {"slug": "pets", "document": PETS, **changed})
    assert answer.json()["error"]["code"] == code
    assert answer.status == 422
    assert answer.json()["error"]["hint"]


def test_more_than_is_ever_needed_is_not_taken_in(api: Api) -> None:
    assert api.post("/integrations", {"slug": "pets", "document": "x" * (40 << 20)}).status == 413
