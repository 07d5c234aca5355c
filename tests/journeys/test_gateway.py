"""Connect GitHub in a browser, let a skill open issues there, change the skill, and be asked again; end to end.

The registry, its sandbox, the browser, the OAuth server and the command line are real; GitHub is imitated, with state.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.examples.running import SKILLS
from tests.journeys.chromium import a_browser
from tests.journeys.running import Server, User, a_server
from tests.journeys.test_oidc_browser import agree
from tests.journeys.test_sign_in_browser import a_page, set_up, waiting_login
from tests.peers.github_like import GithubWithSignIn
from tests.peers.myworld import REPO

SKILL = "ada/file-issues"
TITLE = "The search finds nothing"
ADDRESS_TO_APPROVE = re.compile(r"http://\S+/grants/approve\?[^\s,`'\"]+[^\s,.`'\"]")
ADDRESS = re.compile(r"(http://\S+/connect/\S+)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@dataclass(frozen=True, kw_only=True)
class Ada:
    """She is signed in on the command line, and in a browser; her findings are in a file."""

    server: Server
    user: User
    page: Page
    github: GithubWithSignIn

    def follow(self, url: str) -> None:
        """Go to GitHub, let the registry in there, and say here that the account is hers."""
        self.page.goto(url)
        agree(self.page, "ada")
        expect(self.page.get_by_role("heading", name="Connect this account?")).to_be_visible()
        self.page.get_by_role("button", name="Connect it").click()
        expect(self.page.get_by_role("heading", name="Connected")).to_be_visible()


@pytest.fixture
def ada(browser: Browser, github_sign_in: GithubWithSignIn, tmp_path: Path) -> Iterator[Ada]:
    with a_server(tmp_path / "server", **github_sign_in.server_settings()) as server, a_page(browser) as page:
        github_sign_in.register(server.url)
        set_up(page, server)
        user = User(home=tmp_path / "ada", registry=server.url)
        with waiting_login(user) as (process, url, _):
            page.goto(url)
            page.get_by_role("button", name="Approve").click()
            assert process.wait(timeout=60) == 0
        user.project.mkdir(exist_ok=True)
        write_findings(user, TITLE)
        yield Ada(server=server, user=user, page=page, github=github_sign_in)


@contextlib.contextmanager
def connecting(user: User) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`skillyard connections add github`, and the address that it wants to be opened."""
    command = [sys.executable, "-m", "skillyard.cli.main", "connections", "add", "github", "--no-browser"]
    process = subprocess.Popen(command, env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        found = None
        while found is None:
            line = process.stderr.readline()
            assert line, "it ended without an address"
            found = ADDRESS.search(line)
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def test_an_account_is_connected_renewed_and_given_back(ada: Ada) -> None:
    with connecting(ada.user) as (process, url):
        ada.follow(url)
        assert process.wait(timeout=60) == 0
    (connection,) = ada.user.data("connections", "list")
    assert (connection["integration"], connection["account"], connection["status"]) == ("github", "ada", "connected")
    ada.page.goto(f"{ada.server.url}/integrations/github")
    expect(ada.page.get_by_text("Connected as ada")).to_be_visible()
    ada.github.provider.expire_tokens("ada")
    issues = ada.user.data("call", "github.list_issues", f"repo={REPO}")
    assert [issue["title"] for issue in issues["data"]] == ["The first page is slow"]
    token = ada.github.seen[-1].authorization
    assert "told" in ada.user.run("connections", "remove", connection["id"]).stdout
    assert ada.github.login_of(token) is None


def test_a_skill_calls_with_consent_and_is_asked_about_again_when_it_changed(ada: Ada) -> None:
    with connecting(ada.user) as (process, url):
        ada.follow(url)
        assert process.wait(timeout=60) == 0
    publish(ada.user, "1.0.0")
    assert "has no consent to call github.list_issues" in file_issues(ada.user, expect=1)
    ada.user.run("grants", "give", SKILL, "github.list_issues", "--yes")
    ada.user.run("grants", "give", SKILL, "github.create_issue", "--limit", f"repo={REPO}", "--yes")
    assert f"opened #2 {TITLE}" in file_issues(ada.user)
    newest = ada.github.world.issues()[0]
    assert (newest["number"], newest["title"], newest["user"]["login"]) == (2, TITLE, "ada")
    check_the_trail(ada)

    publish(ada.user, "1.0.1", changed="\n# A harmless remark.\n")
    write_findings(ada.user, "The first page forgets who I am")
    refused = file_issues(ada.user, expect=1)
    assert "github.list_issues was granted to ada/file-issues 1.0.0; 1.0.1 has other content" in refused
    assert len(ada.github.world.issues()) == 2
    approve_in_the_browser(ada, ADDRESS_TO_APPROVE.search(refused))
    assert "opened #3 The first page forgets who I am" in file_issues(ada.user)

    elsewhere = file_issues(ada.user, repo="acme/other", expect=1)
    assert "404" in elsewhere, "it may read elsewhere, but there is nothing"
    for grant in ada.user.data("grants", "list"):
        ada.user.run("grants", "revoke", grant["id"])
    assert "has no consent" in file_issues(ada.user, expect=1)


def publish(user: User, version: str, *, changed: str = "") -> None:
    folder = user.project / "file-issues"
    shutil.copytree(SKILLS / "file-issues", folder, dirs_exist_ok=True)
    text = (folder / "SKILL.md").read_text().replace('version: "1.0.0"', f'version: "{version}"')
    (folder / "SKILL.md").write_text(text)
    script = folder / "scripts" / "file_issues.py"
    script.write_text(script.read_text() + changed)
    user.run("publish", "file-issues")


def write_findings(user: User, title: str) -> None:
    (user.project / "findings.md").write_text(f"## {title}\n\nWith two words it does.\n")


def file_issues(user: User, *, repo: str = REPO, expect: int = 0) -> str:
    """All that the run says."""
    done = user.run("run", SKILL, "file_issues.py", "findings.md", "--", "--repo", repo, expect=expect)
    return done.stdout + done.stderr


def check_the_trail(ada: Ada) -> None:
    """The call is on record for Ada, with skill and run, and in the receipt; the token is nowhere that she sees."""
    call, *_ = ada.user.data("calls", "list", "--integration", "github")
    assert (call["endpoint"], call["status"], call["skill"]) == ("create_issue", 201, SKILL)
    assert {of["integration"] for of in ada.user.data("calls", "usage")["days"]} == {"github"}
    run = ada.user.data("runs", "show", call["run_id"])
    receipt = ada.user.run("receipt", "show", run["id"]).stdout
    assert "github.create_issue" in receipt
    token = ada.github.seen[-1].authorization.partition(" ")[2]
    assert token
    assert token not in f"{call}{run}{receipt}{ada.user.run('runs', 'show', run['id']).stdout}"
    ada.page.goto(f"{ada.server.url}/calls?run={run['id']}")
    row = ada.page.get_by_role("row", name="github.create_issue")
    expect(row).to_contain_text("201")
    expect(row).to_contain_text(f"{SKILL} 1.0.0")


def approve_in_the_browser(ada: Ada, found: re.Match[str] | None) -> None:
    """Where the refusal led to, it says what changed."""
    assert found
    ada.page.goto(found[0])
    expect(ada.page.get_by_text("scripts/file_issues.py")).to_be_visible()
    ada.page.get_by_role("button", name="Approve").click()
