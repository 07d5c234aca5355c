"""Signing in as people do it: a real server, a real browser, the real command line."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.chromium import a_browser
from tests.journeys.running import Server, User, a_server, a_skill

SENTENCE = "purple rain on mondays"
WAITING = re.compile(r"(http://\S+/cli/\S+)[\s\S]*?([A-Z]{4}-[A-Z]{4})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path / "data") as server:
        yield server


@contextlib.contextmanager
def a_page(browser: Browser, *, scripts: bool = False) -> Iterator[Page]:
    """A page of a browser that has never been here. Whatever the browser objects to fails the test."""
    objections: list[str] = []
    with contextlib.closing(browser.new_context(java_script_enabled=scripts)) as context:
        page = context.new_page()
        page.on("console", lambda message: objections.append(message.text))
        page.on("pageerror", lambda error: objections.append(str(error)))
        yield page
    assert [text for text in objections if "status of 4" not in text] == []


def set_up(page: Page, server: Server) -> None:
    """Become the first administrator, `ada`, with the link that the server printed."""
    assert server.link
    page.goto(server.link)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(SENTENCE)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(f"{server.url}/account")


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(SENTENCE)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


@contextlib.contextmanager
def waiting_login(user: User) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`skillyard login`, the address that it wants to be opened, and the code that it shows."""
    user.home.mkdir(parents=True)
    command = [sys.executable, "-m", "skillyard.cli.main", "login", user.registry, "--no-browser"]
    process = subprocess.Popen(command, env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        said = ""
        while not (found := WAITING.search(said)):
            line = process.stderr.readline()
            assert line, f"it ended without asking to be approved: {said}"
            said += line
        yield process, found[1], found[2]
    finally:
        process.kill()
        process.communicate()


def test_the_first_link_sets_a_registry_up_and_works_once(server: Server, browser: Browser) -> None:
    with a_page(browser) as page:
        set_up(page, server)
        expect(page.get_by_text("administrator")).to_be_visible()
    with a_page(browser) as page:
        assert page.goto(str(server.link)).status == 401
        expect(page.get_by_text("it was used, has expired")).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
        sign_in(page)
        expect(page).to_have_url(f"{server.url}/account")
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{server.url}/account")
        expect(page).to_have_url(f"{server.url}/sign-in?next=%2Faccount")


def test_a_command_line_is_let_in_by_the_person_in_the_browser(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    with a_page(browser) as page:
        set_up(page, server)
    user = User(home=tmp_path / "home", registry=server.url)
    with waiting_login(user) as (process, url, code), a_page(browser) as page:
        page.goto(url)
        sign_in(page)
        expect(page).to_have_url(url)
        expect(page.get_by_text(code, exact=True)).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
        assert process.wait(timeout=20) == 0
    assert user.data("whoami")["user"]["username"] == "ada"


def test_a_command_line_is_turned_away(server: Server, browser: Browser, tmp_path: Path) -> None:
    user = User(home=tmp_path / "home", registry=server.url)
    with waiting_login(user) as (process, url, _), a_page(browser) as page:
        set_up(page, server)
        page.goto(url)
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("heading", name="Turned away")).to_be_visible()
        assert process.wait(timeout=20) != 0
    user.run("whoami", expect=4)


def search_until_found(page: Page, server: Server, words: str, name: str) -> None:
    """What was just published is in the index within a second; a busy machine gets a few."""
    for _ in range(20):
        page.goto(f"{server.url}/search?q={words}")
        if page.get_by_role("link", name=name).count():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{name} was not found")


def test_a_token_made_in_the_browser_publishes_what_the_browser_then_shows(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    with a_page(browser, scripts=True) as page:
        set_up(page, server)
        page.get_by_text("New token").click()
        page.get_by_label("Name", exact=True).first.fill("ci")
        page.get_by_label("publish").check()
        page.get_by_role("button", name="Create token").click()
        token = page.locator("#new-token code").inner_text()
        expect(page.locator("#new-token").get_by_role("button", name="Copy")).to_be_visible()
        user = User(home=tmp_path / "home", registry=server.url)
        user.home.mkdir()
        user.run("login", "--token", stdin=f"{token}\n")
        folder = a_skill(user.project / "greeter", "greeter", text="<script>document.title = 'owned'</script>")
        user.run("publish", str(folder), "--namespace", "ada")
        search_until_found(page, server, "greter", "ada/greeter")
        page.get_by_role("link", name="ada/greeter").click()
        expect(page).to_have_title("ada/greeter · Skillyard")
        expect(page.get_by_text("<script>document.title")).to_be_visible()
        expect(page.get_by_text("skillyard install ada/greeter")).to_be_visible()
        page.get_by_role("link", name="scripts/run_0.py").click()
        expect(page.get_by_text("print('greeter 1.0.0 0')")).to_be_visible()
    assert json.loads(user.run("whoami", "--json").stdout)["token"]["kind"] == "personal"
