"""Collections in the browser: the key is shown once, and each button does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.drive.authenticate import authenticate
from skillyard.infra.errors import Unauthenticated
from tests.api.web.browser import Browser
from tests.domain.drive.house import House, a_house
from tests.makers import make_app

SENTENCE = "purple rain on mondays"
PATH = "/account/collections"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = a_house(make_app(tmp_path, access_token_minutes=60 * 24 * 365))
    for slug in ("pdf", "csv"):
        house.add(house.publish(f"ada/{slug}"))
    set_password(house.app, house.ada, password=SENTENCE)
    yield house
    house.app.close()


@pytest.fixture
def ada(house: House) -> Browser:
    browser = Browser(house.app)
    browser.sign_in("ada", SENTENCE)
    browser.get(PATH)
    return browser


def key_in(html: bytes) -> str:
    (key,) = re.findall(r"sky?_live_\w{20,}", html.decode())
    return str(key)


def test_a_key_for_some_skills_is_shown_once_and_sees_these(house: House, ada: Browser) -> None:
    made = ada.post(PATH, name="build", which="some", skills=["ada/csv"], monthly_quota="5", expires_in_days="30")
    key = key_in(made.body)
    assert authenticate(house.app, key).token_skills == {"ada/csv"}
    again = ada.get(PATH).body.decode()
    assert key not in again
    assert "0 of 5 runs" in again


def test_a_key_is_switched_off_exchanged_published_and_deleted(house: House, ada: Browser) -> None:
    old = key_in(ada.post(PATH, name="build", which="some", skills=["ada/csv", "ada/pdf"]).body)
    ada.post(f"{PATH}/change", name="build", do="off")
    with pytest.raises(Unauthenticated):
        authenticate(house.app, old)
    ada.post(f"{PATH}/change", name="build", do="on")
    new = key_in(ada.post(f"{PATH}/change", name="build", do="rotate").body)
    with pytest.raises(Unauthenticated):
        authenticate(house.app, old)
    assert authenticate(house.app, new).token_skills == {"ada/csv", "ada/pdf"}
    ada.post(f"{PATH}/change", name="build", do="publish")
    assert "/marketplace/collections/build.json" in ada.get(PATH).body.decode()
    ada.post(f"{PATH}/change", name="build", do="delete")
    with pytest.raises(Unauthenticated):
        authenticate(house.app, new)
    assert "None yet." in ada.get(PATH).body.decode()


def test_nobody_else_comes_to_them(house: House) -> None:
    assert Browser(house.app).get(PATH).headers["location"].startswith("/sign-in?next=")


def test_what_the_form_cannot_mean_is_refused_in_words(ada: Browser) -> None:
    for wrong in (
        {"name": "No Name"},
        {"name": "ok", "skills": "ada/missing"},
        {"name": "ok", "skills": "ada/../\x00"},
        {"name": "ok", "monthly_quota": "-1"},
        {"name": "ok", "expires_in_days": "٣"},
        {"name": "ok", "rate_per_minute": "9" * 40},
    ):
        refused = ada.post(PATH, which="some", **wrong)
        assert refused.status == 422, wrong
        assert b'role="alert"' in refused.body
    for do in ("", "explode"):
        assert ada.post(f"{PATH}/change", name="none", do=do).status == 422
    assert ada.post(f"{PATH}/change", name="none", do="rotate").status == 404
