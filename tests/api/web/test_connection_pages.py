"""The pages of connections: with keys, in the browser there and back, and what a stranger's browser gets of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.gateway.catalog.lookup import list_integrations
from tests.api.web.browser import Browser
from tests.domain.gateway.connecting import app_at
from tests.makers import a_person
from tests.peers.github_like import GithubWithSignIn

PASSWORD = "correct horse battery"


@pytest.fixture
def app(github_sign_in: GithubWithSignIn, tmp_path: Path) -> Iterator[App]:
    made = app_at(github_sign_in, tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Browser:
    return somebody(app, "ada")


def somebody(app: App, username: str) -> Browser:
    a_person(app, username, password=PASSWORD)
    browser = Browser(app)
    browser.sign_in(username, PASSWORD)
    return browser


def text_of(browser: Browser, path: str) -> str:
    return browser.get(path).body.decode()


def path_of(address: str) -> str:
    return "/" + address.partition("://")[2].partition("/")[2]


def start(browser: Browser) -> str:
    """The path that leads to the service."""
    browser.get("/connections?integration=github")
    shown = browser.post("/connections/start", integration="github").body.decode()
    assert "Continue to GitHub" in shown
    return "/connect/" + shown.partition('href="/connect/')[2].partition('"')[0]


def test_somebody_connects_confirms_and_disconnects(app: App, ada: Browser, github_sign_in: GithubWithSignIn) -> None:
    way = start(ada)
    there = ada.get(way).headers["location"]
    back = github_sign_in.provider.agree(there, "bob")
    returned = ada.get(path_of(back))
    assert (returned.status, returned.headers["location"]) == (303, way)
    asked = text_of(ada, way)
    assert "<strong>bob</strong> at GitHub" in asked
    assert "<strong>ada</strong> here" in asked
    assert ada.post(way, decision="connect").headers["location"] == way
    assert "<h1>Connected</h1>" in text_of(ada, way)
    listed = text_of(ada, "/connections")
    assert "<strong>bob</strong>" in listed
    connection = "conn_" + listed.partition('id="conn_')[2].partition('"')[0]
    again = text_of(ada, f"/connections?reconnect={connection}")
    assert "Connect GitHub again" in again
    ada.get("/connections")
    gone = ada.post(f"/connections/{connection}", do="remove").body.decode()
    assert "The service was told that its token is void" in gone
    assert "None yet." in gone


def test_an_address_of_an_attempt_means_nothing_to_others(
    app: App, ada: Browser, github_sign_in: GithubWithSignIn
) -> None:
    way, eve = start(ada), somebody(app, "eve")
    assert eve.get(way).status == 404
    back = path_of(github_sign_in.provider.agree(ada.get(way).headers["location"], "ada"))
    assert eve.get(back).status == 422
    assert Browser(app).get(back).headers["location"].startswith("/sign-in?next=%2Fconnections%2Fcallback%3F")
    other = Browser(app)
    other.sign_in("ada", PASSWORD)
    refused = other.get(back)
    assert refused.status == 422
    assert b"another browser" in refused.body
    assert ada.get(back).status == 303
    for stranger in (eve, other):
        stranger.get("/connections")
        assert stranger.post(way, decision="connect").status in (404, 422)
    ada.form_key = ""
    assert ada.post(way, decision="connect").status == 403, "no other site's form confirms it"
    assert "None yet." in text_of(ada, "/connections")


def test_what_fails_there_is_told_here(app: App, ada: Browser, github_sign_in: GithubWithSignIn) -> None:
    way = start(ada)
    back = path_of(github_sign_in.provider.agree(ada.get(way).headers["location"], "ada", deny=True))
    assert ada.get(back).status == 303
    shown = text_of(ada, way)
    assert "<h1>Not connected</h1>" in shown
    assert "access was denied" in shown
    assert "/connections?integration=github" in shown


def test_a_key_is_connected_and_a_wrong_one_is_not_shown_again(app: App, ada: Browser) -> None:
    shown = text_of(ada, "/connections?integration=github")
    assert "Connect with key" in shown
    refused = ada.post("/connections/keys", integration="github", secret="wrong-key-1234567890").body.decode()
    assert "GitHub refuses this key" in refused
    assert "wrong-key" not in refused
    assert ada.get("/connections?integration=nothing").status == 404
    assert ada.post("/connections/keys", integration="github", username="x", password="y").status == 422
    assert ada.post("/connections/conn_x", do="remove").status == 404
    assert ada.post("/connections/conn_x", do="nonsense").status == 422


def test_every_integration_can_be_looked_at_and_asks_for_what_it_needs(app: App, ada: Browser) -> None:
    for integration in list_integrations(app):
        shown = ada.get(f"/connections?integration={integration.slug}")
        assert shown.status == 200
        for name in integration.variables:
            assert f'name="variable.{name}"'.encode() in shown.body
    refused = ada.post("/connections/keys", **{"integration": "gitlab", "secret": "x", "variable.host": "a/b"})
    assert (refused.status, b"cannot be a part of an address" in refused.body) == (422, True)


def test_of_two_accounts_one_is_chosen(app: App, ada: Browser, github_sign_in: GithubWithSignIn) -> None:
    for login in ("ada", "bob"):
        way = start(ada)
        ada.get(path_of(github_sign_in.provider.agree(ada.get(way).headers["location"], login)))
        text_of(ada, way)
        ada.post(way, decision="connect")
    listed = text_of(ada, "/connections")
    first, second = ("conn_" + part.partition('"')[0] for part in listed.split('id="conn_')[1:])
    assert "<strong>bob</strong>" in listed.partition(f'id="{second}"')[0]
    ada.post(f"/connections/{second}", do="default")
    assert text_of(ada, "/connections").index(second) < text_of(ada, "/connections").index(first)


def test_whoever_is_not_signed_in_comes_back_to_what_they_wanted(app: App) -> None:
    sent = Browser(app).get("/connections?integration=github")
    assert sent.headers["location"] == "/sign-in?next=%2Fconnections%3Fintegration%3Dgithub"
