"""Webhooks in the browser, without JavaScript: the secret is on one page only, and each button does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from skillyard.app import App
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.notices.hooks import list_hooks
from tests.api.web.browser import Browser
from tests.domain.notices.receiver import Receiver, a_receiver
from tests.makers import a_person, make_app

SENTENCE = "purple rain on mondays"
EVIL = "<script>alert(1)</script>"
PAGE = "/account/webhooks"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = make_app(tmp_path_factory.mktemp("web"), outbound_http_loopback=True)
    for name in ("ada", "eve"):
        set_password(made, a_person(made, name), password=SENTENCE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


def signed_in(app: App, username: str = "ada") -> Browser:
    browser = Browser(app)
    browser.sign_in(username, SENTENCE)
    browser.get(PAGE)
    return browser


def test_a_webhook_is_added_tested_disabled_and_removed_with_the_buttons(app: App, receiver: Receiver) -> None:
    ada = signed_in(app)
    assert "None yet." in ada.get(PAGE).body.decode()
    made = ada.post(
        PAGE, url=f"{receiver.url}/in", events=["release.published", "credits.threshold_hit"], threshold="50"
    )
    html = made.body.decode()
    assert (made.status, html.count("whsec_")) == (200, 1)
    secret = html.partition("whsec_")[2].partition("<")[0]
    listed = ada.get(PAGE).body.decode()
    assert f"{receiver.url}/in" in listed
    assert secret not in listed
    (hook,) = re.findall(rf'href="({PAGE}/hook_\w+)"', listed)
    receiver.orders = ["refuse"]
    failed = ada.post(hook, do="test").body.decode()
    assert "not delivered: it answered with status 503" in failed
    assert EVIL not in failed
    assert "was delivered" in ada.post(hook, do="test").body.decode()
    message = receiver.messages[-1].id
    assert ada.post(f"{hook}/deliveries/{message}").headers["location"] == f"{hook}#deliveries"
    assert ada.post(hook, do="disable").headers["location"] == hook
    disabled = ada.get(hook).body.decode()
    assert "It is disabled" in disabled
    assert "Send a test" not in disabled
    assert ada.post(f"{hook}/deliveries/{message}").status == 409
    ada.post(hook, do="enable")
    assert ada.post(hook, do="explode").status == 422
    assert signed_in(app, "eve").get(hook).status == 404
    assert ada.post(hook, do="remove").headers["location"] == PAGE
    assert ada.get(hook).status == 404


def test_one_of_a_namespace_is_shown_with_it(app: App, receiver: Receiver) -> None:
    ada = signed_in(app)
    assert "run.ended" not in ada.get(f"{PAGE}?of=ada").body.decode()
    ada.post(PAGE, url=f"{receiver.url}/team", events="release.published", of="ada")
    assert f"{receiver.url}/team" in ada.get(f"{PAGE}?of=ada").body.decode()
    assert f"{receiver.url}/team" not in ada.get(PAGE).body.decode()
    assert signed_in(app, "eve").get(f"{PAGE}?of=ada").status == 404


def test_what_is_refused_is_said_on_the_page_and_nothing_is_added(app: App, receiver: Receiver) -> None:
    ada = signed_in(app)
    for url, events, threshold in (
        ("http://10.0.0.1/", "release.published", ""),
        (f"https://x.example/{EVIL}", "release.published", ""),
        (receiver.url, [], ""),
        (receiver.url, EVIL, ""),
        (receiver.url, "credits.threshold_hit", ""),
        (receiver.url, "release.published", EVIL),
    ):
        refused = ada.post(PAGE, url=url, events=events, threshold=threshold)
        assert refused.status == 422
        assert EVIL not in refused.body.decode()
    ada.form_key = "0" * 64
    assert ada.post(PAGE, url=receiver.url, events="release.published").status == 403
    assert list_hooks(app, a_person(app, "joe")) == []
    assert "None yet." in signed_in(app).get(PAGE).body.decode()


def test_nobody_who_is_not_signed_in_sees_any(app: App) -> None:
    assert Browser(app).get(PAGE).headers["location"] == "/sign-in?next=%2Faccount%2Fwebhooks"
