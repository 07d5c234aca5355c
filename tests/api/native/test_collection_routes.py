"""Collections over HTTP: a key is shown once, and what is refused names the field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.drive.items import add_item
from skillyard.skill.names import SkillName
from tests.api.native.api import Api
from tests.makers import a_person, a_release, make_app, secret_of

NAME = "acme-user-42"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Api:
    """With two private skills in her drive."""
    caller = a_person(app)
    for name in ("ada/pdf", "ada/csv"):
        a_release(app, caller, name, visibility="private")
        add_item(app, caller, name=SkillName.parse(name))
    return Api(app, secret_of(caller))


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer.json()["items"]]


def test_a_collection_is_made_changed_rotated_and_deleted_and_its_key_shown_once(ada: Api) -> None:
    made = ada.post("/collections", {"name": NAME, "skills": ["ada/pdf", "@ada/csv"], "monthly_quota": 5})
    assert made.status == 201
    key, collection = made.json()["key"], made.json()["collection"]
    assert (collection["skills"], collection["monthly_quota"]) == (["ada/csv", "ada/pdf"], 5)
    assert collection["scopes"] == ["read", "run"]
    answers = [ada.get("/collections"), ada.get(f"/collections/{NAME}")]
    assert answers[0].json()["items"] == [answers[1].json()] == [collection]
    changed = ada.send("PATCH", f"/collections/{NAME}", {"new_name": "other", "is_public": True})
    assert (changed.json()["name"], changed.json()["is_public"], changed.json()["monthly_quota"]) == ("other", True, 5)
    answers += [changed, ada.delete("/collections/other/skills/ada/csv")]
    assert answers[-1].json()["skills"] == ["ada/pdf"]
    answers.append(ada.put("/collections/other/skills/ada/csv"))
    assert answers[-1].json()["skills"] == ["ada/csv", "ada/pdf"]
    assert names(ada.as_(key).get("/collections/other/skills")) == ["ada/csv", "ada/pdf"]
    rotated = ada.post("/collections/other/key")
    assert ada.as_(key).get("/me").status == 401
    assert ada.as_(rotated.json()["key"]).get("/me").json()["token"]["kind"] == "collection"
    answers.append(ada.delete("/collections/other"))
    assert answers[-1].json()["details"]["name"] == "other"
    assert ada.as_(rotated.json()["key"]).get("/me").status == 401
    assert not [answer for answer in answers if key.encode() in answer.body]
    assert ada.get("/collections/other").status == 404


def test_a_key_says_who_it_is_and_names_no_namespaces(ada: Api) -> None:
    key = ada.post("/collections", {"name": NAME, "skills": ["ada/pdf"]}).json()["key"]
    me = ada.as_(key).get("/me").json()
    assert (me["user"]["username"], me["namespaces"]) == ("ada", [])
    assert me["token"]["expires_at"] is None
    assert ada.as_(key).get("/me/namespaces").json()["items"] == []


def test_all_faults_are_told_at_once(ada: Api) -> None:
    answer = ada.post("/collections", {"name": "a b", "skills": ["ada/pdf", "ada/none", "eve/x"]})
    assert (answer.status, answer.json()["error"]["code"]) == (422, "collection_not_acceptable")
    assert len(answer.json()["error"]["faults"]) == 3
    answer = ada.post("/collections", {"name": NAME, "skills": ["no name", "A/B"]})
    assert answer.status == 422
    assert len(answer.json()["error"]["faults"]) >= 3


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"name": 7}, {"name": NAME, "skills": "ada/pdf"}, {"name": NAME, "skills": [None]},
        {"name": NAME, "skills": ["ada/pdf"] * 2000}, {"name": NAME, "monthly_quota": -1},
        {"name": NAME, "monthly_quota": 2**62}, {"name": NAME, "rate_per_minute": 1.5}, {"name": NAME, "enabled": True},
        {"name": NAME, "expires_in_days": 10**9}, {"name": "x" * 65}, {"name": "../me"}, {"name": ""},
        {"name": "a\x00b"}, {"name": "\u202eevil"},
    ],
    ids=lambda body: repr(body)[:40],
)  # fmt: skip
def test_what_is_no_collection_is_refused(ada: Api, body: Any) -> None:
    assert ada.post("/collections", body).status == 422
    assert ada.get("/collections").json()["items"] == []


@pytest.mark.parametrize("name", ["..%2fme", "%00", "a%2fb", "%E2%80%AE", "x" * 300])
def test_a_name_that_could_not_be_one_is_not_found(ada: Api, name: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert ada.send(method, f"/collections/{name}", {} if method == "PATCH" else None).status == 404


def test_a_key_for_some_skills_is_refused_by_every_managing_route(ada: Api) -> None:
    key = ada.as_(ada.post("/collections", {"name": NAME, "skills": ["ada/pdf"]}).json()["key"])
    managing: list[tuple[str, str, Any]] = [
        ("GET", "/collections", None),
        ("POST", "/collections", {"name": "more"}),
        ("GET", f"/collections/{NAME}", None),
        ("PATCH", f"/collections/{NAME}", {"skills": ["ada/csv"]}),
        ("PUT", f"/collections/{NAME}/skills/ada/csv", None),
        ("DELETE", f"/collections/{NAME}/skills/ada/pdf", None),
        ("POST", f"/collections/{NAME}/key", None),
        ("DELETE", f"/collections/{NAME}", None),
    ]
    for method, path, body in managing:
        answer = key.send(method, path, body)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "key_for_slice"), f"{method} {path}"


def test_a_key_that_is_used_too_often_is_told_when_to_come_back(ada: Api) -> None:
    made = ada.post("/collections", {"name": NAME, "skills": ["ada/pdf"], "rate_per_minute": 2})
    key = ada.as_(made.json()["key"])
    assert [key.get("/me").status for _ in range(3)] == [200, 200, 429]
    assert 1 <= int(key.get("/me").headers["retry-after"]) <= 60
