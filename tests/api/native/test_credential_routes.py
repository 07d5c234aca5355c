"""Credentials over HTTP: secrets go in, and no answer, refusal or replay has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.gateway.vault import use_credential
from tests.api.native.api import Api
from tests.makers import a_person, make_app, secret_of

TEXT = "sk-proj-0123456789abcdefghij"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Api:
    return Api(app, secret_of(a_person(app)))


def test_a_secret_is_stored_listed_used_and_removed_and_never_shown(app: App, ada: Api) -> None:
    body = {"provider": "openai", "secret": TEXT, "label": "team"}
    answers = [ada.post("/credentials", body), ada.post("/credentials", body), ada.get("/credentials")]
    (listed,) = answers[2].json()["items"]
    assert answers[1].status == 201
    assert listed == answers[1].json()
    assert (listed["provider"], listed["variable"], listed["last_used_at"]) == ("openai", "OPENAI_API_KEY", None)
    assert use_credential(app, _owner_of(app), "openai", "sinv_1").reveal() == TEXT
    answers.append(ada.get(f"/credentials/{listed['id']}/uses"))
    assert [use["why"] for use in answers[-1].json()["items"]] == ["sinv_1"]
    answers.append(ada.send("DELETE", f"/credentials/{listed['id']}"))
    assert answers[-1].json()["details"]["id"] == listed["id"]
    answers.append(ada.send("DELETE", f"/credentials/{listed['id']}"))
    assert answers[-1].status == 404
    assert not [answer for answer in answers if TEXT.encode() in answer.body]


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "openai"},
        {"provider": "openai", "secret": 42},
        {"provider": "openai", "secret": [TEXT]},
        {"provider": "openai", "secret": {"a": TEXT}},
        {"provider": "OPENAI", "secret": TEXT},
        {"provider": TEXT * 20, "secret": TEXT},
        {"provider": "openai", "secret": TEXT + "\0"},
        {"provider": "openai", "secret": TEXT, "label": "\n"},
        {"provider": "openai", "secret": TEXT, "key": TEXT},
        {"provider": "openai", "secret": TEXT * 1000},
        [TEXT],
        TEXT,
    ],
)
def test_refusals_do_not_repeat_the_secret(ada: Api, body: object) -> None:
    answer = ada.post("/credentials", body)
    assert answer.status == 422
    assert TEXT.encode() not in answer.body
    assert ada.get("/credentials").json()["items"] == []


def _owner_of(app: App) -> str:
    with app.database.reading() as tx:
        row = tx.one("SELECT owner_id FROM credentials")
    assert row
    return str(row["owner_id"])
