"""`skillyard integrations`: what can be called is listed and shown, and saved as a skill that can be published."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from skillyard.cli.json_input import read_input
from skillyard.domain.gateway.catalog.lookup import read_shipped, shipped_slugs
from tests.journeys.running import User, a_server, sign_in


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    folder = tmp_path_factory.mktemp("integrations")
    with a_server(folder / "server", worker=False) as server:
        yield sign_in(server, folder / "ada", "ada")


def test_all_are_listed_and_one_is_shown_and_one_endpoint_in_full(ada: User) -> None:
    listed = ada.run("integrations").stdout.splitlines()
    assert [line.split("\t")[0] for line in listed] == list(shipped_slugs())
    assert ada.data("integrations", "list")[0]["slug"] == listed[0].split("\t")[0]
    shown = ada.run("integrations", "show", "github").stdout
    assert "create_issue\twrite\trepo title\tOpen an issue" in shown
    assert "\nIssues\n" in shown
    full = ada.run("integrations", "show", "github", "create_issue").stdout
    assert full == ada.run("integrations", "show", "github.create_issue").stdout
    assert full.startswith("github.create_issue (write): Open an issue\n")
    assert "title\trequired\tstring\t" in full
    assert "skillyard call github.create_issue repo=acme/webapp title=" in full
    assert ada.data("integrations", "show", "github.create_issue")["schema"]["required"] == ["repo", "title"]


def test_the_examples_that_are_shown_can_be_typed(ada: User) -> None:
    for endpoint in ("create_issue", "list_issues", "get_issue", "write_file"):
        shown = ada.run("integrations", "show", "github", endpoint).stdout
        typed = [shlex.split(line) for line in shown.splitlines() if line.startswith("  skillyard call ")]
        wanted = [one["params"] for one in ada.data("integrations", "show", "github", endpoint)["examples"]]
        assert wanted
        assert [read_input(words[3:], None) for words in typed] == wanted


def test_a_name_that_is_almost_right_is_told(ada: User) -> None:
    assert "Did you mean github?" in ada.run("integrations", "show", "githup", expect=1).stderr
    assert "Did you mean create_issue?" in ada.run("integrations", "show", "github", "create_isue", expect=1).stderr
    assert "Did you mean github?" in ada.run("integrations", "skill", "githup", expect=1).stderr


def test_one_is_saved_as_a_skill_and_published(ada: User) -> None:
    said = ada.run("integrations", "skill", "github").stdout
    assert said.startswith("github: ")
    assert (ada.project / "github" / "references" / "issues.md").is_file()
    assert "is there already" in ada.run("integrations", "skill", "github", expect=2).stderr
    ada.run("publish", str(ada.project / "github"))
    assert ada.data("info", "ada/github")["latest_version"] == f"{read_shipped('github').version}.0.0"
    other = ada.data("integrations", "skill", "slack", "--to", "somewhere")
    assert other["folder"] == "somewhere"
    assert "SKILL.md" in other["files"]


def test_a_file_is_printed_changed_and_added_under_another_name(ada: User) -> None:
    text = ada.run("integrations", "export", "github").stdout
    changed = text.replace("integration: github\n", "integration: github-acme\n", 1)
    assert ada.run("integrations", "import", "-", stdin=changed).stdout.startswith("github-acme 1: ")
    (ada.project / "acme.yaml").write_text(changed.replace("effect: read\n", "effect: reed\n", 1))
    refused = ada.run("integrations", "import", "acme.yaml", expect=1).stderr
    assert 'effect is "reed"' in refused
    assert "write one of destructive, read, write" in refused
    assert "cannot be read" in ada.run("integrations", "import", "none.yaml", expect=2).stderr
    assert ada.data("integrations", "show", "github-acme")["version"] == 1
    ada.run("integrations", "remove", "github-acme")
