"""Reports of the command line over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from tests.api.native.api import Api
from tests.makers import a_person, make_app, secret_of

ID = "3f1f8a52-6f3c-4b0e-9d5e-0a6b4c1d2e3f"
WRONG: list[dict[str, object]] = [
    {"event": "spy"}, {"skills": ["../etc"]}, {"skills": ["ada/pdf"] * 201}, {"machine": "ada's"},
    {"counts": {"n": 1e400}}, {"counts": {"n": "many"}}, {"os": "x" * 201}, {"install_id": None},
]  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


def test_a_report_is_taken_from_anybody_and_adopted_by_one(app: App) -> None:
    ada, bob = (Api(app, secret_of(a_person(app, name))) for name in ("ada", "bob"))
    report = {"install_id": ID, "event": "install", "skills": ["ada/pdf"], "counts": {"installed": 1}}
    assert ada.as_(None).post("/telemetry", report).json() == {"recorded": True}
    assert ada.post("/telemetry/adopt", {"install_id": ID}).json() == {"install_id": ID, "events": 1}
    refused = bob.post("/telemetry/adopt", {"install_id": ID})
    assert (refused.status, refused.json()["error"]["code"]) == (409, "install_adopted")


def test_what_is_no_report_is_refused_as_such(app: App) -> None:
    nobody = Api(app)
    for more in WRONG:
        assert nobody.post("/telemetry", {"install_id": ID, "event": "sync", **more}).status == 422, more
