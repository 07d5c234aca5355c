"""The three levels of documentation, and the same as an agent skill."""

from __future__ import annotations

import io
import zipfile

import pytest

from skillyard.domain.gateway.catalog.lookup import shipped_slugs
from tests.api.skillett.sender import Sender

CONNECT = "https://skills.example.org/connections?integration=github"


@pytest.fixture
def key(sender: Sender) -> str:
    return sender.key("ada")


def test_the_first_level_lists_what_there_is_and_what_is_connected(sender: Sender, key: str) -> None:
    answer = sender.data(key, "GET", "/v1/skills")
    assert set(answer) == {"integrations"}
    assert [one["slug"] for one in answer["integrations"]] == list(shipped_slugs())
    [github] = [one for one in answer["integrations"] if one["slug"] == "github"]
    assert set(github) == {"slug", "name", "description", "connected", "status", "groups", "endpoint_count"}
    assert (github["name"], github["connected"], github["status"]) == ("GitHub", False, "not_connected")
    assert "issues" in github["groups"]


def test_the_second_level_has_a_line_for_each_endpoint(sender: Sender, key: str) -> None:
    github = sender.data(key, "GET", "/v1/skills/github")
    assert github["connect_url"] == CONNECT
    assert (github["connected"], github["account"]) == (False, None)
    lines = [line for group in github["groups"] for line in group["endpoints"]]
    assert len(lines) == github["endpoint_count"]
    [line] = [line for line in lines if line["name"] == "create_issue"]
    assert set(line) == {"name", "summary", "effect", "required"}
    assert (line["effect"], line["required"]) == ("write", ["repo", "title"])


def test_the_third_level_has_all_that_a_call_needs(sender: Sender, key: str) -> None:
    endpoint = sender.data(key, "GET", "/v1/skills/github/create_issue")
    schema = endpoint["parameters"]
    assert (schema["type"], schema["required"]) == ("object", ["repo", "title"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["title"]["description"]
    assert (endpoint["integration"], endpoint["effect"], endpoint["writes"]) == ("github", "write", True)
    assert endpoint["scopes"] == ["repo"]
    assert endpoint["examples"]
    assert endpoint["curl"].startswith("curl -X POST https://skills.example.org/skillett/v1/github/create_issue ")
    assert not sender.data(key, "GET", "/v1/skills/github/list_issues")["writes"]


def test_the_levels_are_small_enough_for_a_model(sender: Sender, key: str) -> None:
    assert len(sender.send(key, "GET", "/v1/skills").body) < 10_000
    for slug in shipped_slugs():
        assert len(sender.send(key, "GET", f"/v1/skills/{slug}").body) < 15_000, slug


def test_every_endpoint_of_every_integration_is_shown(sender: Sender, key: str) -> None:
    for slug in shipped_slugs():
        one = sender.data(key, "GET", f"/v1/skills/{slug}")
        for name in [line["name"] for group in one["groups"] for line in group["endpoints"]][:5]:
            assert sender.data(key, "GET", f"/v1/skills/{slug}/{name}")["name"] == name


def test_the_documentation_comes_as_a_skill_that_can_be_published(sender: Sender, key: str) -> None:
    answer = sender.send(key, "GET", "/v1/github/download")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="github.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith("/")}
    entry = texts["github/SKILL.md"]
    assert "https://skills.example.org/skillett/v1/github" in entry
    assert any("create_issue" in text for name, text in texts.items() if name.startswith("github/references/"))
    assert answer.body == sender.send(key, "GET", "/v1/github/download").body


def test_what_is_misspelt_is_not_found_and_the_right_name_is_told(sender: Sender, key: str) -> None:
    for path, meant in (
        ("/v1/skills/githup", "github"),
        ("/v1/githup/download", "github"),
        ("/v1/skills/github/create_isue", "create_issue"),
    ):
        error = sender.refused(key, "GET", path, status=404)
        assert error["error"] == "not_found"
        assert f"Did you mean {meant}?" in error["hint"]
