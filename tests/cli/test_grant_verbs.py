"""`skillyard grants`: what a skill calls is looked at, granted, approved when it changed, and taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.running import User, a_server, a_skill, sign_in

BOT = "ada/bot"
CREATE = "github.create_issue"


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grants")


@pytest.fixture(scope="module")
def user(server_folder: Path) -> Iterator[User]:
    with a_server(server_folder / "server", worker=False) as server:
        yield sign_in(server, server_folder / "ada", "ada")


def publish(user: User, version: str, *declares: str, **files: str) -> None:
    stated = json.dumps({"permissions": {"integrations": list(declares)}})
    texts = {"skills.json": stated, **{path.replace("__", "."): text for path, text in files.items()}}
    folder = a_skill(user.project / version / "bot", "bot", version)
    for path, text in texts.items():
        (folder / path).write_text(text)
    user.run("publish", str(folder))


def test_a_skill_is_granted_with_limits_and_a_changed_one_approved(user: User) -> None:
    publish(user, "1.0.0", CREATE)
    needs = user.run("grants", "needs", BOT)
    assert f"{CREATE}\twrite\tOpen an issue\tmissing" in needs.stdout
    assert "skillyard connections add github" in needs.stderr
    assert user.run("grants", "approve", BOT, expect=0).stderr.startswith("There is nothing to approve")
    asked = user.run("grants", "give", BOT, CREATE, expect=4)
    assert f"Let {BOT} 1.0.0 call {CREATE} (write) in your name?" in asked.stderr
    given = user.run("grants", "give", BOT, CREATE, "--limit", "repo=acme/*", "--for", "30d", "--yes").stdout
    assert f"{BOT} 1.0.0 may call {CREATE}" in given
    (listed,) = user.data("grants", "list", BOT)
    assert listed["limits"] == {"repo": ["acme/*"]}
    assert listed["expires_at"] is not None
    publish(user, "2.0.0", CREATE, "github.list_issues", notes__txt="x")
    stale = user.run("grants", "needs", BOT)
    assert "stale" in stale.stdout
    assert "it may newly use the integration github.list_issues" in stale.stderr
    assert "added notes.txt" in stale.stderr
    assert f"Let {BOT} 2.0.0 call {CREATE}?" in user.run("grants", "approve", BOT, expect=4).stderr
    (renewed,) = user.data("grants", "approve", f"{BOT}@2.0.0", "--yes")
    assert (renewed["version"], renewed["limits"]) == ("2.0.0", {"repo": ["acme/*"]})
    assert "repo is acme/*" in user.run("grants", "list").stdout
    assert f"{BOT} 2.0.0 may not call {CREATE} any more." in user.run("grants", "revoke", renewed["id"]).stdout
    user.run("grants", "revoke", renewed["id"], expect=1)
    assert [one["version"] for one in user.data("grants", "list")] == ["1.0.0"]


def test_what_cannot_be_granted_is_said_plainly(user: User) -> None:
    publish(user, "3.0.0", CREATE)
    for arguments, said in [
        (("--limit", "repo"), "is no limit"),
        (("--for", "soon"), "is no time"),
    ]:
        assert said in user.run("grants", "give", BOT, CREATE, *arguments, "--yes", expect=2).stderr
    refused = user.run("grants", "give", BOT, CREATE, "--limit", "rpo=x", "--yes", expect=1).stderr
    assert "did you mean repo?" in refused
    assert "does not declare" in user.run("grants", "give", BOT, "github.delete_repo", "--yes", expect=1).stderr
    assert "github.create_issue" in user.run("grants", "needs", f"{BOT}@1.0.0").stdout
    publish(user, "4.0.0")
    assert "calls nothing" in user.run("grants", "needs", BOT).stdout
