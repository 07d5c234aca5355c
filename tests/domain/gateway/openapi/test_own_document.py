"""This registry's own API, with all that its framework makes of models: an integration like any other."""

from __future__ import annotations

from pathlib import Path

import orjson

from skillyard.api.native.application import build_native
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.catalog.openapi.read import read_openapi
from tests.makers import make_app

FILES = "and only JSON and forms are sent"


def test_all_that_is_no_upload_can_be_called(tmp_path: Path) -> None:
    document = orjson.dumps(build_native(make_app(tmp_path)).openapi())
    choices = Choices(base_url="https://skills.example.com", renames={"searchSkills": "search"})
    own, notes = read_openapi(document, "skillyard", choices)
    assert len(own.endpoints) > 200
    assert own.endpoints["search"].effect == "read"
    assert own.endpoints["get_skill"].path == "/api/v1/skills/{namespace}/{slug}"
    left_out = [note for note in notes if "left out" in note]
    assert all(note.endswith(FILES) for note in left_out)
    assert 0 < len(left_out) < 12
