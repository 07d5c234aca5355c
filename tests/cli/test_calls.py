"""`skillyard call` and `skillyard calls`: integrations from the shell, with accounts that are connected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain.gateway.test_call import KEY
from tests.domain.gateway.upstream import Upstream, says, upstream
from tests.journeys.running import User, a_server, sign_in


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Upstream, User]]:
    folder = tmp_path_factory.mktemp("calls")
    with upstream() as github:
        settings = {
            "integrations__github__base_url": github.url,
            "outbound_http_loopback": "true",
        }
        with a_server(folder / "server", worker=False, **settings) as server:
            ada = sign_in(server, folder / "ada", "ada")
            ada.run("connections", "key", "github", stdin=f"{KEY}\n")
            yield github, ada


def test_a_call_prints_what_was_answered(world: tuple[Upstream, User], tmp_path: Path) -> None:
    github, ada = world
    github.last = says({"number": 7}, 201)
    shown = ada.run("call", "github.create_issue", "repo=acme/webapp", "title=Slow", 'labels:=["bug"]')
    assert json.loads(shown.stdout) == {"number": 7}
    assert github.asked[-1].json == {"title": "Slow", "labels": ["bug"]}
    whole = ada.data("call", "github.create_issue", "repo=acme/webapp", "title=Slow")
    assert (whole["status"], whole["data"]) == (201, {"number": 7})
    file = tmp_path / "params.json"
    file.write_text(json.dumps({"repo": "acme/webapp", "title": "From a file"}))
    ada.run("call", "github.create_issue", "--params", str(file))
    assert github.asked[-1].json == {"title": "From a file"}
    ada.run("call", "github.create_issue", "--params", "-", stdin=file.read_text().replace("a file", "stdin"))
    assert github.asked[-1].json == {"title": "From stdin"}


def test_a_failure_of_the_other_side_ends_with_one(world: tuple[Upstream, User]) -> None:
    github, ada = world
    github.answers = [says({"message": "Not Found"}, 404)]
    ended = ada.run("call", "github.list_issues", "repo=acme/none", expect=1)
    assert json.loads(ended.stdout) == {"message": "Not Found"}
    assert "answered with status 404" in ended.stderr


def test_what_is_wrong_with_parameters_is_told_before_anything_is_sent(world: tuple[Upstream, User]) -> None:
    github, ada = world
    before = len(github.asked)
    ended = ada.run("call", "github.create_issue", "repo=acme/webapp", "titel=x", expect=1)
    assert "title is missing" in ended.stderr
    assert "did you mean title?" in ended.stderr
    assert len(github.asked) == before
    assert "no action" in ada.run("call", "getSkill", "repo=acme/webapp", expect=2).stderr


def test_operations_are_called_as_ever(world: tuple[Upstream, User]) -> None:
    assert world[1].data("call", "getHealth")["status"] == "ok"


def test_calls_are_listed_and_counted(world: tuple[Upstream, User]) -> None:
    github, ada = world
    github.answers = [says({}, 404)]
    ada.run("call", "github.list_issues", "repo=acme/none", expect=1)
    ada.run("call", "github.list_issues", "repo=acme/webapp")
    newest, before = ada.run("calls", "list", "--limit", "2").stdout.splitlines()
    assert "github.list_issues\tread\tyour token\t201" in newest
    assert "github.list_issues\tread\tyour token\t404" in before
    assert {call["integration"] for call in ada.data("calls", "list")} == {"github"}
    assert "github.list_issues\tread\tada's token\t201" in ada.run("calls", "list", "--everybody").stdout
    used = ada.run("calls", "usage").stdout
    assert used.startswith("plan unlimited\n")
    assert ada.data("calls", "usage", "--days", "1")["days"][0]["failures"] >= 1


def test_an_administrator_gives_plans(world: tuple[Upstream, User]) -> None:
    ada = world[1]
    assert "has the plan pro" in ada.run("calls", "plan", "ada", "pro").stdout
    assert "of 120 calls this minute" in ada.run("calls", "usage").stdout
    assert "There is no plan large" in ada.run("calls", "plan", "ada", "large", expect=1).stderr
    assert "has the plan unlimited" in ada.run("calls", "plan", "ada").stdout
