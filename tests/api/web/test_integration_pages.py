"""The catalog of the gateway in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import orjson
import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.gateway.catalog.add import add_integration
from skillyard.domain.gateway.catalog.lookup import list_integrations
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from tests.api.web.browser import Browser
from tests.makers import a_person, make_app

SENTENCE = "purple rain on mondays"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    """The registry's first person, and so its administrator."""
    return _somebody(app)


@pytest.fixture
def browser(app: App, ada: Caller) -> Browser:
    return _signed_in(app)


def _somebody(app: App) -> Caller:
    person = a_person(app)
    set_password(app, person, password=SENTENCE)
    return person


def _signed_in(app: App) -> Browser:
    browser = Browser(app)
    browser.sign_in("ada", SENTENCE)
    return browser


def _read(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status == status, path
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.body.decode())).split())


def test_all_integrations_are_listed(browser: Browser, app: App) -> None:
    text = _read(browser, "/integrations")
    assert all(one.title in text and one.description in text for one in list_integrations(app))


@pytest.mark.parametrize("path", ["/integrations", "/integrations/github", "/integrations/github/create_issue"])
def test_people_sign_in_first(app: App, path: str) -> None:
    """What an operator added may tell of hosts inside."""
    answer = Browser(app).get(path)
    assert answer.status in (303, 401)
    assert b"create_issue" not in answer.body.replace(b"/integrations/github/create_issue", b"")


def test_words_narrow_the_list(browser: Browser) -> None:
    assert "GitHub" in _read(browser, "/integrations?q=GITHUB")
    assert "Nothing fits." in _read(browser, "/integrations?q=no-such-service")


def test_an_integration_shows_what_it_can_do_and_how_to_begin(browser: Browser) -> None:
    text = _read(browser, "/integrations/github")
    assert "skillyard call github." in text
    assert re.search(r"create_issue [\w ]+ write", text)
    assert re.search(r"list_issues [\w ]+ read", text)


def test_an_endpoint_shows_its_parameters_and_examples(browser: Browser) -> None:
    text = _read(browser, "/integrations/github/create_issue")
    assert re.search(r"title required string", text)
    assert "skillyard call github.create_issue" in text
    assert "POST /api/v1/calls/github/create_issue" in text


def test_quoted_commands_are_as_the_command_line_takes_them(browser: Browser, app: App) -> None:
    (example, *_) = list_integrations(app)[0].endpoints["create_issue"].examples
    text = _read(browser, "/integrations/github/create_issue")
    for name, value in example.params.items():
        assert f"{name}{'=' if isinstance(value, str) else ':='}" in text


def test_every_page_of_the_catalog_can_be_shown(browser: Browser, app: App) -> None:
    for integration in list_integrations(app):
        _read(browser, f"/integrations/{integration.slug}")
        for name in integration.endpoints:
            assert name in _read(browser, f"/integrations/{integration.slug}/{name}")


def test_what_there_is_not_is_told_with_what_was_meant(browser: Browser) -> None:
    assert "github" in _read(browser, "/integrations/githbu", 404)
    assert "create_issue" in _read(browser, "/integrations/github/creat_issue", 404)


def test_an_integration_that_is_switched_off_is_not_shown(tmp_path: Path) -> None:
    app = make_app(tmp_path, integrations={"github": {"is_off": True}})
    _somebody(app)
    browser = _signed_in(app)
    assert "GitHub" not in _read(browser, "/integrations?q=github")
    assert browser.get("/integrations/github").status == 404
    app.close()


EVIL = "<script>alert(1)</script>"


def test_what_a_document_says_is_shown_as_text(browser: Browser, app: App, ada: Caller) -> None:
    operation = {
        "operationId": "makeIt", "summary": EVIL,
        "description": f"{EVIL} [click](javascript:alert(1)) ![x](x onerror=y)",
        "tags": [EVIL], "externalDocs": {"url": "javascript:alert(1)"}, "responses": {},
        "parameters": [
            {"name": "q", "in": "query", "description": EVIL,
             "schema": {"type": "string", "enum": [EVIL, '"><b>'], "default": EVIL, "example": EVIL}},
        ],
    }  # fmt: skip
    document = {
        "openapi": "3.1.0", "info": {"title": EVIL, "version": EVIL, "description": EVIL},
        "externalDocs": {"url": EVIL},
        "servers": [{"url": "https://api.example.com"}], "paths": {"/it": {"post": operation}},
    }  # fmt: skip
    data = orjson.dumps(document)
    add_integration(app, ada, slug="evil", document=data, url="", choices=Choices())
    for path in ("/integrations", "/integrations/evil", "/integrations/evil/make_it"):
        html = browser.get(path).body.decode().lower()
        assert "evil" in html
        assert "<script>alert" not in html
        assert 'href="javascript' not in html
        assert '"><b>' not in html
        assert "<img src=x" not in html
