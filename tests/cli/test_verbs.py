"""Every verb, as a user types it: data on stdout, talk on stderr, and an exit code that scripts can use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.running import Server, User, a_server, a_skill, sign_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("server"), writes_per_minute="100000") as running:
        yield running


@pytest.fixture(scope="module")
def author(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Somebody who has published base 1.0.0 and 1.1.0, and app, which needs it."""
    folder = tmp_path_factory.mktemp("author")
    user = sign_in(server, folder / "home", "ada")
    user.run("publish", str(a_skill(folder / "base", "base")))
    user.run("publish", str(a_skill(folder / "base2", "base", "1.1.0")))
    user.run("publish", str(a_skill(folder / "app", "app", dependencies="ada/base@^1.0.0")))
    return user


@pytest.fixture
def reader(server: Server, tmp_path: Path) -> User:
    """Somebody without an account, with an empty project."""
    user = User(home=tmp_path / "home", registry=server.url)
    user.project.mkdir(parents=True)
    return user


def test_search_and_info_say_the_same_in_both_forms(author: User, reader: User) -> None:
    assert "ada/base" in reader.run("search", "base").stdout
    assert {item["name"] for item in reader.data("search", "base")["items"]} >= {"ada/base"}
    assert "1.1.0" in reader.run("info", "ada/base").stdout
    assert reader.data("info", "ada/base@1.0.0")["version"] == "1.0.0"
    assert reader.data("info", "ada/base", "--files")["files"][0]["path"] == "SKILL.md"


def test_a_typing_error_in_a_name_fails_and_changes_nothing(author: User, reader: User) -> None:
    done = reader.run("install", "ada/bsae", "--agent", "agents", expect=1)
    assert "ada/base" in done.stderr
    assert done.stdout == ""
    assert list(reader.project.iterdir()) == []
    error = reader.data("install", "ada/bsae", "--agent", "agents", expect=1)["error"]
    assert error["code"]
    assert error["hint"]


@pytest.mark.parametrize("verb", ["install", "i", "add"])
def test_install_brings_what_is_needed(author: User, reader: User, verb: str) -> None:
    reader.run(verb, "ada/app", "--agent", "agents")
    names = {skill["name"]: skill["version"] for skill in reader.data("list")}
    assert names == {"ada/app": "1.0.0", "ada/base": "1.1.0"}
    assert reader.data("why", "ada/base") == [["ada/app", "ada/base"]]
    assert reader.data("verify")["ok"] is True


def test_an_update_stays_in_range_and_outdated_tells(author: User, reader: User) -> None:
    reader.run("install", "ada/base@1.0.0", "--agent", "agents")
    (found,) = reader.data("outdated", expect=1)
    assert (found["current"], found["latest"]) == ("1.0.0", "1.1.0")
    reader.run("update", "--latest")
    assert reader.data("list")[0]["version"] == "1.1.0"
    assert reader.data("outdated") == []


@pytest.mark.parametrize("verb", ["uninstall", "remove", "rm"])
def test_uninstall_takes_its_dependencies_along(author: User, reader: User, verb: str) -> None:
    reader.run("install", "ada/app", "--agent", "agents")
    reader.run(verb, "ada/app")
    assert reader.data("list") == []
    assert not (reader.project / ".agents/skills/base").exists()


def test_local_edits_are_named_and_kept(author: User, reader: User) -> None:
    reader.run("install", "ada/base@1.0.0", "--agent", "agents")
    edited = reader.project / ".agents/skills/base/SKILL.md"
    edited.chmod(0o644)
    edited.unlink()
    edited.write_text("mine")
    assert "SKILL.md" in reader.run("verify", expect=1).stdout
    refused = reader.run("install", "ada/base@1.1.0", expect=1)
    assert "SKILL.md" in refused.stderr
    assert edited.read_text() == "mine"
    reader.run("install", "ada/base@1.1.0", "--force")
    assert edited.read_text() != "mine"
    assert any(path.read_text() == "mine" for path in reader.project.rglob("SKILL.md") if path != edited)


def test_ci_installs_exactly_the_lock_or_fails(author: User, reader: User) -> None:
    reader.run("ci", expect=2)
    reader.run("install", "ada/base@1.0.0", "--agent", "agents")
    manifest = reader.project / "skillyard.json"
    manifest.write_text(manifest.read_text().replace("1.0.0", "^1.1.0"))
    assert "1.1.0" in reader.run("ci", expect=1).stderr


def test_faults_are_told_with_file_and_line(author: User, tmp_path: Path) -> None:
    folder = a_skill(tmp_path / "bad", "bad")
    (folder / "SKILL.md").write_text("---\nname: Bad_Name\ndescription:\n---\n")
    for verb in (["pack", str(folder)], ["publish", str(folder)]):
        error = author.run(*verb, expect=1).stderr
        assert "SKILL.md:2" in error
        assert "SKILL.md:3" in error
    faults = author.data("publish", str(folder), expect=1)["error"]["faults"]
    assert {fault["line"] for fault in faults} >= {2, 3}


def test_pack_makes_the_same_bytes_twice(author: User, tmp_path: Path) -> None:
    folder = a_skill(tmp_path / "same", "same", files=3)
    one = author.data("pack", str(folder), "--output", str(tmp_path / "1.zip"))
    other = author.data("pack", str(folder), "--output", str(tmp_path / "2.zip"))
    assert one["sha256"] == other["sha256"]
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_publishing_again_is_a_conflict_and_a_dry_run_stores_nothing(author: User, tmp_path: Path) -> None:
    folder = a_skill(tmp_path / "once", "once")
    assert author.data("publish", str(folder), "--dry-run")["ok"] is True
    author.run("info", "ada/once", expect=1)
    author.run("publish", str(folder), "--two-phase")
    again = author.data("publish", str(folder), expect=1)["error"]
    assert (again["code"], again["facts"]["identical"]) == ("release_exists", True)
    assert author.data("publish", str(folder), "--dry-run", expect=1)["ok"] is False


def test_yank_deprecate_and_channel_can_be_taken_back(author: User, tmp_path: Path) -> None:
    author.run("publish", str(a_skill(tmp_path / "old", "old")))
    author.run("yank", "ada/old@1.0.0", expect=2)
    assert author.data("yank", "ada/old@1.0.0", "--reason", "broken")["yanked"]["reason"] == "broken"
    assert author.data("yank", "ada/old@1.0.0", "--undo")["yanked"] is None
    author.run("deprecate", "ada/old", "--message", "use ada/base")
    assert "use ada/base" in author.run("info", "ada/old").stdout
    author.run("deprecate", "ada/old", "--undo")
    author.run("channel", "ada/old@1.0.0", "next")
    assert author.data("info", "ada/old")["channels"]["next"] == "1.0.0"
    author.run("channel", "ada/old", "next", "--remove")


def test_tokens_namespaces_and_settings(author: User) -> None:
    made = author.data("tokens", "create", "ci", "--scope", "read")
    assert made["token"].startswith("sky_pt_")
    listed = author.run("tokens", "list").stdout
    assert made["token"] not in listed
    assert made["details"]["id"] in listed
    author.run("tokens", "revoke", made["details"]["id"])
    key = author.data("tokens", "create", "agent", "--integrations", "github, slack")
    assert key["token"].startswith("sk_")
    assert (key["details"]["scopes"], key["details"]["integrations"]) == (["call"], ["github", "slack"])
    author.run("namespaces", "create", "acme")
    assert {space["slug"] for space in author.data("namespaces", "list")} == {"ada", "acme"}
    assert author.data("namespaces", "members", "acme")[0]["role"] == "owner"
    author.run("namespaces", "remove-member", "acme", "ada", expect=1)
    author.run("config", "set", "link_mode", "copy")
    assert author.data("config", "get", "link_mode") == {"link_mode": "copy"}
    assert author.data("whoami")["user"]["username"] == "ada"


def test_the_whole_api_can_be_called(author: User, reader: User) -> None:
    assert "getSkill" in {operation["id"] for operation in reader.data("ops")}
    skill = json.loads(reader.run("call", "getSkill", "-p", "namespace=ada", "-p", "slug=base").stdout)
    assert skill["name"] == "ada/base"
    assert json.loads(reader.run("request", "GET", "/skills", "-p", "q=base").stdout)["total"] >= 1
    assert "slug" in reader.run("call", "getSkill", "-p", "namespace=ada", expect=2).stderr


def test_exit_codes_tell_why(server: Server, reader: User, tmp_path: Path) -> None:
    reader.run("nonsense", expect=2)
    reader.run("search", "--nonsense", expect=2)
    reader.run("tokens", "list", expect=4)
    nobody = User(home=tmp_path / "nobody", registry="http://127.0.0.1:1")
    assert "hint" in nobody.run("search", "x", expect=3).stderr
    assert nobody.data("search", "x", expect=3)["error"]["hint"]


def test_what_a_server_says_cannot_steer_the_terminal(author: User, tmp_path: Path) -> None:
    folder = a_skill(tmp_path / "loud", "loud")
    author.run("publish", str(folder))
    author.run("deprecate", "ada/loud", "--message", "plain [red]not markup[/]")
    assert "plain [red]not markup[/]" in author.run("info", "ada/loud").stdout
