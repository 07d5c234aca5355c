"""Drives in the browser, without JavaScript: what is shown to whom, and what each button does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.passwords import set_password
from tests.api.web.browser import Browser
from tests.domain.drive.house import House, a_house
from tests.makers import make_app

SENTENCE = "purple rain on mondays"
EVIL = "<script>alert(1)</script>"
PDF = "/account/drive/items/ada/pdf"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = a_house(make_app(tmp_path, access_token_minutes=60 * 24 * 365))
    house.publish()
    for caller in (house.ada, house.rea, house.eve):
        set_password(house.app, caller, password=SENTENCE)
    yield house
    house.app.close()


def signed_in(app: App, username: str) -> Browser:
    browser = Browser(app)
    browser.sign_in(username, SENTENCE)
    browser.get("/account/drive")
    return browser


@pytest.fixture
def ada(house: House) -> Browser:
    return signed_in(house.app, "ada")


def html(browser: Browser, path: str = "/account/drive") -> str:
    answer = browser.get(path)
    assert answer.status == 200
    return answer.body.decode()


def test_a_skill_is_brought_in_changed_and_removed_with_the_buttons(house: House, ada: Browser) -> None:
    assert "None yet." in html(ada)
    assert ada.post("/account/drive", source="ada/pdf").headers["location"] == "/account/drive?done=added"
    assert '<a href="/ada/pdf">' in html(ada)
    for do, shown in (("off", ">off<"), ("pin", ">pinned<")):
        assert ada.post(PDF, do=do).headers["location"] == "/account/drive"
        assert shown in html(ada)
    ada.post(PDF, do="unpin")
    house.publish(version="1.1.0")
    assert "1.1.0" in html(ada)
    ada.post(PDF, do="accept", version="1.1.0")
    assert "Accept" not in html(ada)
    ada.post(PDF, do="remove")
    assert house.names() == []


def test_what_is_refused_is_said_where_it_was_asked(house: House, ada: Browser) -> None:
    for source, words in (("ada/missing", "There is no skill"), (EVIL, "neither the name"), ("ada/\x00", "neither")):
        refused = ada.post("/account/drive", source=source)
        assert refused.status in (404, 422)
        assert words in refused.body.decode()
        assert EVIL not in refused.body.decode()
    for do in ("", "explode", "accept", "off"):
        assert ada.post(PDF, do=do).status in (404, 422)
    assert ada.post("/account/drive", source="ada/pdf", of="nobody").status == 404
    assert ada.get("/account/drive?cursor=nonsense").status == 422


def test_a_stale_page_does_not_accept_what_it_has_not_shown(house: House, ada: Browser) -> None:
    house.add()
    house.publish(version="1.1.0")
    assert "1.1.0" in html(ada)
    house.publish(version="1.2.0")
    refused = ada.post(PDF, do="accept", version="1.1.0")
    assert refused.status == 409
    assert "that is 1.2.0" in refused.body.decode()


def test_a_reader_asks_and_an_owner_accepts(house: House, ada: Browser) -> None:
    rea = signed_in(house.app, "rea")
    assert "Ask for a skill" in html(rea, "/account/drive?of=acme")
    rea.post("/account/drive", source="ada/pdf", of="acme")
    assert "Take back" in html(rea, "/account/drive?of=acme")
    (request,) = re.findall(r"/account/drive/requests/(dreq_\w+)", html(ada, "/account/drive?of=acme"))
    assert rea.post(f"/account/drive/requests/{request}", do="accept", of="acme").status == 403
    ada.post(f"/account/drive/requests/{request}", do="accept", of="acme")
    assert house.names(drive="acme") == ["ada/pdf"]
    assert "Remove" not in html(rea, "/account/drive?of=acme")


def test_a_link_is_shown_once_and_taken_by_a_button_not_by_looking(house: House, ada: Browser) -> None:
    house.add(house.publish("ada/hidden", visibility="private"))
    made = ada.post("/account/drive/items/ada/hidden", do="share").body.decode()
    (secret,) = re.findall(r"/account/drive/shares/(sky_share_\w+)", made)
    assert secret not in html(ada)
    path = f"/account/drive/shares/{secret}"
    nobody = Browser(house.app)
    assert nobody.get(path).headers["location"].startswith("/sign-in?next=")
    eve = signed_in(house.app, "eve")
    assert "Take this skill?" in html(eve, path)
    assert eve.get("/ada/hidden").status == 404
    assert "comes to you from the drive" in eve.post(path).body.decode()
    assert eve.get("/ada/hidden").status == 200
    assert "eve" in html(ada)
    (share,) = re.findall(r"/account/drive/shares/(shr_\w+)/end", html(ada))
    assert eve.post(f"/account/drive/shares/{share}/end", do="revoke").status == 404
    ada.post(f"/account/drive/shares/{share}/end", do="revoke")
    assert eve.get("/ada/hidden").status == 404
    assert eve.get(path).status == 404


def test_a_form_of_another_site_changes_nothing(house: House, ada: Browser) -> None:
    house.add()
    ada.form_key = "0" * 64
    assert ada.post(PDF, do="remove").status == 403
    assert house.names() == ["ada/pdf"]
