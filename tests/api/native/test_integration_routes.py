"""The catalog over HTTP: three levels, each small enough for a model to read, and the same as an agent skill."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import keep_integration, read_shipped, shipped_slugs
from skillyard.skill.archive import open_safely
from skillyard.skill.manifest import read_manifest
from tests.api.native.api import Api
from tests.domain.gateway.test_integration_file import SMALL
from tests.makers import a_person, make_app, secret_of

MOST_OF_ALL = 400
"""Bytes for an integration in the list of all: a page of text for a dozen of them."""
MOST_OF_ONE = 10_000
MOST_OF_AN_ENDPOINT = 8_000


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app)


@pytest.fixture
def api(app: App, ada: Caller) -> Api:
    return Api(app, secret_of(ada))


def test_all_integrations_are_listed_in_few_words(api: Api) -> None:
    answer = api.get("/integrations")
    items = answer.json()["items"]
    assert [one["slug"] for one in items] == list(shipped_slugs())
    assert len(answer.body) < MOST_OF_ALL * len(items)
    (github,) = [one for one in items if one["slug"] == "github"]
    assert (github["status"], github["is_ours"]) == ("not_connected", True)
    assert github["endpoints"] == len(read_shipped("github").endpoints)


@pytest.mark.parametrize("slug", shipped_slugs())
def test_an_integration_and_its_endpoints_fit_into_the_context_of_a_model(api: Api, slug: str) -> None:
    answer = api.get(f"/integrations/{slug}")
    assert len(answer.body) < MOST_OF_ONE
    names = [one["name"] for group in answer.json()["groups"] for one in group["endpoints"]]
    assert sorted(names) == sorted(read_shipped(slug).endpoints)
    sizes = {name: len(api.get(f"/integrations/{slug}/{name}").body) for name in names}
    assert {name: size for name, size in sizes.items() if size > MOST_OF_AN_ENDPOINT} == {}


def test_an_endpoint_says_all_that_a_call_needs(api: Api) -> None:
    found = api.get("/integrations/github/create_issue").json()
    assert found["permission"] == "github.create_issue"
    assert found["effect"] == "write"
    assert found["schema"]["required"] == ["repo", "title"]
    assert found["version"] == read_shipped("github").version
    (body,) = [word for word in shlex.split(found["curl"]) if word.startswith('{"params"')]
    assert found["examples"][0]["params"]["title"] in body
    assert "/api/v1/calls/github/create_issue" in found["curl"]


def test_what_an_administrator_added_is_described_as_ours_are(app: App, api: Api) -> None:
    with app.database.transaction() as tx:
        keep_integration(tx, read_integration(SMALL, file="notes.yaml"), user_id="usr_1", now_ms=1)
    (notes,) = [one for one in api.get("/integrations").json()["items"] if one["slug"] == "notes"]
    assert (notes["version"], notes["is_ours"], notes["groups"]) == (1, False, ["Notes"])
    assert api.get("/integrations/notes").json()["variables"]["site"]["pattern"] == "^[a-z0-9-]+$"
    assert api.get("/integrations/notes/write_note").json()["examples"][0]["params"]["text"] == "Hello"


def test_the_skill_of_an_integration_is_one(api: Api) -> None:
    answer = api.get("/integrations/github/skill.zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="github.zip"'
    report = read_manifest(open_safely(answer.body))
    assert report.faults == ()
    assert report.manifest is not None
    assert "/api/v1/calls/github/list_issues" in report.manifest.body


@pytest.mark.parametrize("path", ["githup", "githup/create_issue", "github/create_isue", "githup/skill.zip", "%00"])
def test_what_there_is_not_is_not_found(api: Api, path: str) -> None:
    answer = api.get(f"/integrations/{path}")
    assert answer.status == 404
    assert answer.json()["error"]["code"] in ("integration_not_found", "endpoint_not_found")


def test_a_key_sees_the_integrations_that_it_is_for(app: App, ada: Caller, api: Api) -> None:
    key = create_token(app, ada, name="k", scopes={Scope.CALL}, expires_in_days=1, integrations=["github"])
    asked = api.as_(key.secret)
    assert [one["slug"] for one in asked.get("/integrations").json()["items"]] == ["github"]
    assert asked.get("/integrations/github/create_issue").status == 200
    for path in ("slack", "slack/post_message", "slack/skill.zip", "nothing"):
        assert asked.get(f"/integrations/{path}").json()["error"]["code"] == "scope_not_allowed"


def test_nobody_reads_the_catalog_without_signing_in(api: Api) -> None:
    for path in ("", "/github", "/github/create_issue", "/github/skill.zip"):
        assert api.as_(None).get(f"/integrations{path}").status == 401


def test_a_file_goes_out_and_in_again_and_its_faults_are_told_with_their_lines(api: Api) -> None:
    assert api.put("/integrations", {"text": SMALL}).json()["version"] == 1
    answer = api.get("/integrations/notes.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert api.put("/integrations", {"text": answer.body.decode()}).json()["version"] == 2
    refused = api.put("/integrations", {"text": SMALL.replace("method: GET", "method: GOT")})
    assert refused.status == 422
    (fault,) = refused.json()["error"]["faults"]
    assert (fault["line"], fault["code"]) == (23, "bad_value")
    assert api.get("/integrations/github.yaml").body.startswith(b"integration: github\n")
    for wrong in ({"text": ""}, {"text": 7}, {}, {"text": "a" * 2_000_000}, {"text": SMALL, "slug": "x"}):
        assert api.put("/integrations", wrong).status == 422
