"""Consent in the browser: what a skill calls in plain words, and what changed; only what was on the page counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.gateway.consent.grants import list_grants
from tests.api.web.browser import Browser
from tests.domain.gateway.granting import CREATE_ISSUE, NAME, Town, a_town
from tests.makers import a_person

SENTENCE = "purple rain on mondays"
PAGE = f"/grants/approve?skill={NAME}&version="


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with a_town(tmp_path) as made:
        set_password(made.app, made.ada, password=SENTENCE)
        yield made


@pytest.fixture
def ada(town: Town) -> Browser:
    browser = Browser(town.app)
    browser.sign_in("ada", SENTENCE)
    return browser


def text(browser: Browser, path: str) -> str:
    return browser.get(path).body.decode()


def form(town: Town, version: str = "1.0.0", **more: str) -> dict[str, str]:
    digest = more.pop("digest", "")
    return {"skill": str(NAME), "version": version, "digest": digest, **more}


def test_who_is_not_signed_in_comes_back_after_signing_in(town: Town) -> None:
    town.publish()
    asked = Browser(town.app).get(f"{PAGE}1.0.0")
    assert asked.status == 303
    assert asked.headers["location"] == "/sign-in?next=%2Fgrants%2Fapprove%3Fskill%3Dada%2Fbot%26version%3D1.0.0"


def test_a_person_grants_with_limits_and_takes_it_back(town: Town, ada: Browser) -> None:
    release = town.publish(declares=[CREATE_ISSUE, "github.delete_repo", "nowhere.x"])
    shown = text(ada, f"{PAGE}1.0.0")
    assert "changes things" in shown
    assert "destroys, for ever" in shown
    assert "knows no such endpoint" in shown
    sent = form(
        town, digest=release.digest, do="give", action=CREATE_ISSUE, limits="repo = acme/*\nrepo = x/y\n", days="30"
    )
    assert ada.post("/grants/approve", **sent).headers["location"] == f"{PAGE}1.0.0"
    (given,) = list_grants(town.app, town.ada).items
    assert (given.action, given.limits) == (CREATE_ISSUE, {"repo": ("acme/*", "x/y")})
    assert given.expires_ms == given.created_ms + 30 * 24 * 3600 * 1000
    assert "<code>acme/*</code> or <code>x/y</code>" in text(ada, f"{PAGE}1.0.0")
    listed = text(ada, "/grants")
    assert CREATE_ISSUE in listed
    assert ada.post("/grants/revoke", grant=given.id).headers["location"] == "/grants"
    assert list_grants(town.app, town.ada).items == ()


def test_what_changed_is_shown_and_approved_with_one_button(town: Town, ada: Browser) -> None:
    town.publish(notes__txt="a")
    town.give(limits={"repo": ["acme/*"]})
    changed = town.publish(
        "2.0.0", notes__txt="b", permissions={"network": {"outbound": ["evil.example"]}},
        **{"assets/&amp; x.txt": "new"},
    )  # fmt: skip
    shown = text(ada, f"{PAGE}2.0.0")
    assert "It is not what you granted before" in shown
    assert "it may contact evil.example" in shown
    assert "<code>notes.txt</code>" in shown
    assert "<code>assets/&amp;amp; x.txt</code>" in shown
    ada.post("/grants/approve", **form(town, "2.0.0", digest=changed.digest, do="approve"))
    newest = list_grants(town.app, town.ada).items[0]
    assert (newest.version, newest.limits) == ("2.0.0", {"repo": ("acme/*",)})
    assert "It is not what you granted before" not in text(ada, f"{PAGE}2.0.0")


def test_only_what_was_on_the_page_is_granted(town: Town, ada: Browser) -> None:
    first = town.publish()
    town.give()
    town.publish("1.1.0", notes__txt="b")
    ada.get(f"{PAGE}1.1.0")
    for do in ("approve", "give"):
        refused = ada.post("/grants/approve", **form(town, "1.1.0", digest=first.digest, do=do, action=CREATE_ISSUE))
        assert refused.status == 409
        assert "is not the content that you looked at" in refused.body.decode()
    assert [one.version for one in list_grants(town.app, town.ada).items] == ["1.0.0"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"limits": "acme"}, "Line 1 of the limits cannot be read."),
        ({"limits": "rpo = acme/*"}, "There is no parameter rpo"),
        ({"action": "github.delete_repo"}, "does not declare"),
        ({"connection": "conn_none"}, "You have no connection conn_none"),
        ({"do": "what"}, "The form asks for something that there is not."),
    ],
)
def test_a_form_that_is_not_right_comes_back_with_the_reason_and_what_was_typed(
    town: Town, ada: Browser, typed: dict[str, str], said: str
) -> None:
    release = town.publish()
    ada.get(f"{PAGE}1.0.0")
    refused = ada.post(
        "/grants/approve", **form(town, digest=release.digest, **{"do": "give", "action": CREATE_ISSUE, **typed})
    )
    assert refused.status >= 400
    assert said in refused.body.decode()
    if "limits" in typed:
        assert typed["limits"] in refused.body.decode()
    assert list_grants(town.app, town.ada).items == ()


def test_a_form_from_elsewhere_grants_nothing(town: Town, ada: Browser) -> None:
    release = town.publish()
    ada.get(f"{PAGE}1.0.0")
    ada.form_key = "0" * 64
    refused = ada.post("/grants/approve", **form(town, digest=release.digest, do="give", action=CREATE_ISSUE))
    assert refused.status == 403
    assert list_grants(town.app, town.ada).items == ()


def test_others_see_neither_private_skills_nor_the_grants_of_others(town: Town, ada: Browser) -> None:
    town.publish()
    given = town.give()
    bob = a_person(town.app, "bob")
    set_password(town.app, bob, password=SENTENCE)
    browser = Browser(town.app)
    browser.sign_in("bob", SENTENCE)
    assert CREATE_ISSUE not in text(browser, "/grants")
    assert browser.post("/grants/revoke", grant=given.id).status == 404
    assert browser.get("/grants/approve?skill=ada/none").status == 404
    assert browser.get("/grants/approve?skill=nothing").status == 404
