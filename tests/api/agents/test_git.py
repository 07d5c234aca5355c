"""Skills as git repositories: cloned by git itself, in every way that agents do."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import repositories
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.yank import yank
from skillyard.skill.names import SkillName
from tests.api.asgi import Answer, call
from tests.journeys.running import a_server
from tests.makers import FLAGGED, a_person, a_release, make_app

_SCRIPT = {"scripts/run.sh": "echo hello\n", "größe.txt": "ä"}


@dataclass(frozen=True)
class Git:
    """git, in a home of its own that knows nobody."""

    home: Path
    url: str

    def run(self, *arguments: str, at: Path | None = None, expect: int = 0) -> str:
        environment = os.environ | {
            "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"
        }  # fmt: skip
        done = subprocess.run(
            ["git", *arguments], cwd=at or self.home, env=environment, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Git]:
    """A server that has ada/pdf in two versions, for a real git."""
    folder = tmp_path_factory.mktemp("git")
    app = make_app(folder)
    ada = a_person(app, "ada")
    for version in ("1.0.0", "1.1.0"):
        a_release(app, ada, "ada/pdf", version, files={**_SCRIPT, "version.txt": version})
    app.close()
    with a_server(folder / "data", worker=False) as server:
        yield Git(home=folder, url=f"{server.url}/git")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


@pytest.fixture
def site(app: App) -> Entrance:
    return build_asgi(app, Documents(app))


def refs(site: Entrance, name: str = "ada/pdf") -> Answer:
    return call(site, "GET", f"/git/{name}.git/info/refs?service=git-upload-pack")


def fetch(site: Entrance, body: bytes, name: str = "ada/pdf", **headers: str) -> Answer:
    return call(site, "POST", f"/git/{name}.git/git-upload-pack", chunks=[body], headers=headers)


def test_a_clone_is_the_folder_of_the_newest_release(git: Git, tmp_path: Path) -> None:
    for number, options in enumerate(([], ["--depth", "1"], ["-c", "protocol.version=0"], ["--recurse-submodules"])):
        at = tmp_path / str(number)
        git.run("clone", *options, f"{git.url}/ada/pdf.git", str(at))
        assert (at / "version.txt").read_text() == "1.1.0"
        assert sorted(path.name for path in at.iterdir()) == [".git", "SKILL.md", "größe.txt", "scripts", "version.txt"]
        git.run("fsck", "--strict", "--full", at=at)


def test_a_plugin_is_fetched_by_its_tag_its_branch_or_its_commit(git: Git, tmp_path: Path) -> None:
    url = f"{git.url}/ada/pdf.git"
    git.run("clone", "--depth", "1", "--branch", "plugin-v1.0.0", url, str(tmp_path / "tag"))
    assert (tmp_path / "tag/skills/pdf/version.txt").read_text() == "1.0.0"
    assert '"name": "ada--pdf"' in (tmp_path / "tag/.claude-plugin/plugin.json").read_text()
    git.run("clone", "--depth", "1", "--branch", "plugin", url, str(tmp_path / "branch"))
    assert (tmp_path / "branch/skills/pdf/version.txt").read_text() == "1.1.0"
    commit = git.run("ls-remote", url, "refs/tags/plugin-v1.0.0").split()[0]
    bare = tmp_path / "commit"
    git.run("init", str(bare))
    git.run("fetch", "--depth", "1", url, commit, at=bare)
    git.run("checkout", commit, at=bare)
    assert (bare / "skills/pdf/version.txt").read_text() == "1.0.0"
    git.run("fetch", "origin", at=tmp_path / "tag")
    git.run("fsck", "--strict", "--full", at=tmp_path / "tag")


def test_an_existing_clone_comes_up_to_date(git: Git, tmp_path: Path) -> None:
    at = tmp_path / "old"
    git.run("clone", "--branch", "v1.0.0", "--depth", "1", f"{git.url}/ada/pdf.git", str(at))
    git.run("fetch", "--depth", "1", "origin", "HEAD", at=at)
    git.run("checkout", "FETCH_HEAD", at=at)
    assert (at / "version.txt").read_text() == "1.1.0"


def test_nothing_is_pushed_and_what_is_not_there_is_not_found(git: Git, tmp_path: Path) -> None:
    at = tmp_path / "clone"
    git.run("clone", f"{git.url}/ada/pdf.git", str(at))
    assert "403" in git.run("push", "origin", "HEAD:refs/heads/new", at=at, expect=128)
    assert "not found" in git.run("clone", f"{git.url}/ada/none.git", str(tmp_path / "none"), expect=128)


def test_a_marketplace_is_a_repository_too(git: Git, tmp_path: Path) -> None:
    git.run("clone", "--depth", "1", f"{git.url}/marketplace.git", str(tmp_path / "m"))
    assert '"ada--pdf"' in (tmp_path / "m/.claude-plugin/marketplace.json").read_text()


def test_the_same_release_has_the_same_commits_elsewhere(app: App, ada: Caller, site: Entrance) -> None:
    a_release(app, ada, "ada/pdf", files=_SCRIPT)
    first = refs(site).body
    repositories._commits._kept.clear()
    repositories._commits._ids.clear()
    assert refs(site).body == first


def test_private_skills_and_those_for_sale_have_no_repository(app: App, ada: Caller, site: Entrance) -> None:
    a_release(app, ada, "ada/pdf", visibility="private")
    assert (refs(site).status, refs(site, "ada/none").status, refs(site, "A/..").status) == (404, 404, 404)


def test_what_was_withdrawn_or_flagged_is_not_advertised(app: App, ada: Caller, site: Entrance) -> None:
    name = SkillName("ada", "pdf")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        a_release(app, ada, "ada/pdf", version, body=f"# Version {version}")
    a_release(app, ada, "ada/pdf", "2.0.0", files=FLAGGED)
    yank(app, ada, name=name, version="1.1.0", reason="broken")
    recall(app, ada, name=name, versions="1.0.0", severity=AdvisorySeverity.HIGH, reason="It leaks.")
    tags = [line.split()[-1] for line in refs(site).body.decode(errors="replace").split("\n") if "refs/tags/v" in line]
    assert tags == ["refs/tags/v1.2.0"]


def test_a_commit_that_is_not_offered_is_not_handed_out(app: App, ada: Caller, site: Entrance) -> None:
    a_release(app, ada, "ada/pdf")
    hidden = a_release(app, ada, "ada/hidden", visibility="private")
    assert hidden.version == "1.0.0"
    answer = fetch(site, line(f"want {'1' * 40} side-band-64k") + b"0000" + line("done"))
    assert answer.body == line(f"ERR upload-pack: not our ref {'1' * 40}")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"0000", b"zzzz", b"0001", b"0003", b"ffffwant", b"0009hello", b"000edeepen 1\n0000", b"\x00" * 100,
        b"0032want 0000000000000000000000000000000000000000x", b"-001want",
    ],
)  # fmt: skip
def test_what_is_no_request_of_git_is_refused(app: App, ada: Caller, site: Entrance, body: bytes) -> None:
    a_release(app, ada, "ada/pdf")
    assert (fetch(site, body).status, fetch(site, body).json()["error"]["code"]) == (422, "git_request_not_readable")


def test_a_request_that_unpacks_to_too_much_is_refused(app: App, ada: Caller, site: Entrance) -> None:
    a_release(app, ada, "ada/pdf")
    bomb = gzip.compress(b"0032have " + b"0" * 40_000_000)
    packed = {"content-encoding": "gzip"}
    assert fetch(site, bomb, **packed).status == 422
    assert fetch(site, b"\x1f\x8b broken", **packed).status == 422
    assert fetch(site, b"0" * 2_000_000).status == 422


def line(text: str) -> bytes:
    data = f"{text}\n".encode()
    return b"%04x" % (len(data) + 4) + data
