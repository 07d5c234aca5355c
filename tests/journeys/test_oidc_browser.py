"""Signing in with a provider as people do it: a real server, a strict provider, a real browser, the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.chromium import a_browser
from tests.journeys.running import Server, User, a_server, sign_in
from tests.journeys.test_sign_in_browser import a_page, waiting_login
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Strict


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture
def server(tmp_path: Path, strict_provider: Strict) -> Iterator[Server]:
    settings = {
        "oidc__acme__issuer": strict_provider.issuer,
        "oidc__acme__client_id": CLIENT_ID,
        "oidc__acme__client_secret": CLIENT_SECRET,
        "oidc_sign_up": "domains",
        "oidc_domains": "acme.example",
        "outbound_http_loopback": "true",
    }
    with a_server(tmp_path / "data", **settings) as running:
        strict_provider.add_client(f"{running.url}/sign-in/with/acme/callback")
        sign_in(running, tmp_path / "operator", "rita")
        yield running


def agree(page: Page, name: str) -> None:
    """At the provider, which is another site: log in there, and let the registry know who one is."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Authorize").click()


def test_a_colleague_signs_up_and_lets_the_command_line_in(
    server: Server, browser: Browser, strict_provider: Strict, tmp_path: Path
) -> None:
    strict_provider.add_person("Ada", email="ada@acme.example", email_verified=True, name="Ada Lovelace")
    user = User(home=tmp_path / "home", registry=server.url)
    with waiting_login(user) as (process, url, code), a_page(browser) as page:
        page.goto(url)
        page.get_by_role("link", name="Continue with Acme").click()
        agree(page, "Ada")
        expect(page.get_by_text("ada@acme.example")).to_be_visible()
        expect(page.get_by_label("Username")).to_have_value("ada")
        page.get_by_role("button", name="Create account").click()
        expect(page).to_have_url(url)
        expect(page.get_by_text(code, exact=True)).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
        assert process.wait(timeout=20) == 0
    assert user.data("whoami")["user"] | {"created_at": ""} == {
        "username": "ada", "display_name": "Ada Lovelace", "is_admin": False, "created_at": "",
    }  # fmt: skip
    (identity,) = user.data("identities", "list")
    assert (identity["provider"], identity["email"]) == ("Acme", "ada@acme.example")
    assert user.data("identities", "link", "--no-browser")["providers"] == ["acme"]
    refused = user.run("identities", "unlink", identity["id"], expect=1)
    assert "the only way in which you can sign in" in refused.stderr
    with a_page(browser) as page:
        page.goto(f"{server.url}/sign-in")
        page.get_by_role("link", name="Continue with Acme").click()
        agree(page, "Ada")
        expect(page).to_have_url(f"{server.url}/account")
        page.get_by_role("link", name="Link Acme").click()
        page.get_by_role("button", name="Authorize").click()
        expect(page).to_have_url(f"{server.url}/account?done=linked#identities")


def test_somebody_of_another_domain_and_somebody_who_cancels_are_told_why(
    server: Server, browser: Browser, strict_provider: Strict
) -> None:
    strict_provider.add_person("Eve", email="eve@elsewhere.example", email_verified=True)
    with a_page(browser) as page:
        page.goto(f"{server.url}/sign-in/with/acme")
        agree(page, "Eve")
        expect(page.get_by_text("its e-mail domain is not one that gets accounts here")).to_be_visible()
        page.goto(f"{server.url}/sign-in/with/acme")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Acme says that the sign-in was denied")).to_be_visible()
