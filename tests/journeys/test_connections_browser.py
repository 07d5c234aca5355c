"""Connecting accounts in a real browser, on the registry's own pages: at a strict OAuth server and at a lenient one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from skillyard.domain.gateway.catalog.integration import Identity, OAuth, Way
from skillyard.domain.gateway.catalog.lookup import keep_integration, read_shipped
from tests.journeys.chromium import a_browser
from tests.journeys.running import Server, a_server
from tests.journeys.test_oidc_browser import agree
from tests.journeys.test_sign_in_browser import a_page, set_up
from tests.makers import make_app
from tests.peers.github_like import GithubWithSignIn
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def begin(page: Page, server: Server, title: str) -> None:
    """On the page of connections, up to the service's own page."""
    page.goto(f"{server.url}/connections")
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_role("button", name=f"Connect with {title}").click()
    page.get_by_role("link", name=f"Continue to {title}").click()


def test_at_a_strict_service_one_is_denied_connected_not_mistaken_and_disconnected(
    browser: Browser, github_sign_in: GithubWithSignIn, tmp_path: Path
) -> None:
    with a_server(tmp_path / "data", **github_sign_in.server_settings()) as server, a_page(browser) as page:
        github_sign_in.register(server.url)
        set_up(page, server)
        begin(page, server, "GitHub")
        page.get_by_label("Name").fill("bob")
        page.get_by_label("Password").fill("bob")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("GitHub says that access was denied")).to_be_visible()
        begin(page, server, "GitHub")
        page.get_by_role("button", name="Authorize").click()
        expect(page.get_by_text("bob at GitHub will be connected to ada here")).to_be_visible()
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_role("heading", name="Connected")).to_be_visible()
        page.context.clear_cookies(domain="127.0.0.1", name="sessionid")  # of the service: be somebody else there
        page.get_by_role("link", name="your connections").click()
        page.get_by_role("link", name="Connect again").click()
        page.get_by_role("button", name="Connect with GitHub").click()
        page.get_by_role("link", name="Continue to GitHub").click()
        agree(page, "ada")
        expect(page.get_by_text("You signed in as ada, but bob was to be connected again")).to_be_visible()
        page.goto(f"{server.url}/connections")
        page.get_by_role("button", name="Disconnect").click()
        expect(page.get_by_text("The service was told that its token is void")).to_be_visible()
        expect(page.get_by_text("None yet.")).to_be_visible()


def test_at_a_lenient_service_an_account_is_connected_and_a_key_beside_it(
    browser: Browser, lenient_provider: Lenient, tmp_path: Path
) -> None:
    lenient_provider.add_person("lena", email="lena@acme.example")
    with (
        a_server(at_acme(tmp_path), **settings_at(lenient_provider)) as server,
        a_page(browser) as page,
    ):
        page.route("**/pico.min.css", lambda route: route.fulfill(body=""))  # which the service has from a stranger
        set_up(page, server)
        begin(page, server, "Acme")
        page.get_by_placeholder("sub").fill("lena")
        page.get_by_role("button", name="Authorize").click()
        expect(page.get_by_text("lena@acme.example at Acme will be connected to ada here")).to_be_visible()
        page.get_by_role("button", name="Not this one").click()
        expect(page.get_by_text("You said that you do not mean this account")).to_be_visible()
        begin(page, server, "Acme")
        page.get_by_placeholder("sub").fill("lena")
        page.get_by_role("button", name="Authorize").click()
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_role("heading", name="Connected")).to_be_visible()
        page.goto(f"{server.url}/connections?integration=acme")
        page.get_by_text("Connect with key").click()
        page.get_by_label("Key").fill("no-key-of-anybody")
        page.get_by_role("button", name="Connect", exact=True).click()
        expect(page.get_by_text("Acme refuses this key")).to_be_visible()
        expect(page.get_by_text("lena@acme.example")).to_be_visible()


def at_acme(tmp_path: Path) -> Path:
    """The folder of a registry to which somebody added the integration `acme`."""
    app = make_app(tmp_path)
    addresses = {"token_url": "https://acme.example/token", "authorize_url": "https://acme.example/authorize"}
    oauth = OAuth(**addresses, scopes=("openid", "email"))
    acme = replace(
        read_shipped("github"), slug="acme", title="Acme", is_ours=False, base_url="https://acme.example",
        ways=(Way(kind="oauth2", oauth=oauth), Way(kind="api_key")),
        identity=Identity(path="/userinfo", id=("sub",), label=("email",)),
    )  # fmt: skip
    with app.database.transaction() as tx:
        keep_integration(tx, acme, user_id="usr_x", now_ms=app.clock.now_ms())
    app.close()
    return tmp_path / "data"


def settings_at(provider: Lenient) -> dict[str, str]:
    acme = {
        "base_url": provider.issuer,
        "authorize_url": f"{provider.issuer}/oauth2/authorize",
        "token_url": f"{provider.issuer}/oauth2/token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return {f"integrations__acme__{name}": value for name, value in acme.items()} | {"outbound_http_loopback": "true"}
