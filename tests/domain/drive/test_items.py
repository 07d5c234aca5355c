"""Drives: who may see and change what is in one, and that the same again changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound, OutsideSlice, RoleTooLow
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.drive import items
from skillyard.domain.drive.errors import DriveFull, ItemNotFound, NotOnOffer, PrivateElsewhere
from skillyard.domain.drive.items import add_item, get_item, list_items, pin_item, remove_item, set_enabled, unpin_item
from skillyard.domain.drive.model import DriveChanged
from skillyard.domain.payments.errors import PurchaseRequired
from skillyard.domain.registry.errors import ReleaseNotFound, ReleaseNotOffered, SkillNotFound
from skillyard.domain.registry.sale import set_price, set_sale
from skillyard.domain.registry.yank import yank
from skillyard.infra.errors import Forbidden, Unauthenticated
from skillyard.infra.events import read_after
from skillyard.infra.paging import BadCursor
from skillyard.skill.names import SkillName
from tests.domain.drive.house import CSV, PDF, TEAM, House, a_house
from tests.makers import make_app


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path))


@pytest.fixture
def both(each_app: App) -> House:
    return a_house(each_app)


def test_what_is_added_is_there_in_the_version_on_offer_until_it_is_removed(both: House) -> None:
    both.publish(version="1.0.0")
    both.publish(version="1.1.0")
    item = both.add()
    assert (item.drive, item.version, item.enabled, item.pinned, item.via, item.added_by) == (
        "ada", "1.1.0", True, False, "registry", "ada",
    )  # fmt: skip
    assert get_item(both.app, both.ada, name=PDF) == item
    remove_item(both.app, both.ada, name=PDF)
    assert both.names() == []
    with pytest.raises(ItemNotFound):
        remove_item(both.app, both.ada, name=PDF)


def test_adding_again_leaves_it_as_it_is(both: House) -> None:
    both.publish()
    both.add()
    off = set_enabled(both.app, both.ada, name=PDF, enabled=False)
    both.clock.move(seconds=5)
    both.publish(version="2.0.0")
    assert both.add() == off


def test_many_who_add_the_same_at_once_make_one_item_and_one_event(both: House) -> None:
    both.publish()
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_item(both.app, both.mia, name=PDF, drive=TEAM), range(16)))
    assert added == [added[0]] * 16
    with both.app.database.reading() as tx:
        changes = [event.data["change"] for event in read_after(tx, 0) if event.kind == DriveChanged.kind]
    assert changes == ["added"]


def test_flips_at_once_are_all_counted(both: House) -> None:
    both.publish()
    both.add()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: set_enabled(both.app, both.ada, name=PDF), range(9)))
    assert not get_item(both.app, both.ada, name=PDF).enabled


def test_a_drive_is_read_in_pages_in_the_order_of_names(both: House) -> None:
    for slug in ("pdf", "csv", "xml"):
        both.add(both.publish(f"ada/{slug}"))
    first = list_items(both.app, both.ada, limit=2)
    rest = list_items(both.app, both.ada, limit=2, cursor=first.next_cursor)
    assert [[item.name for item in page.items] for page in (first, rest)] == [["ada/csv", "ada/pdf"], ["ada/xml"]]
    assert rest.next_cursor is None
    with pytest.raises(BadCursor):
        list_items(both.app, both.ada, cursor="nonsense")


def test_a_team_reads_its_drive_and_maintainers_change_it(house: House) -> None:
    house.publish()
    add_item(house.app, house.mia, name=PDF, drive=TEAM)
    assert house.names(house.rea, TEAM) == ["ada/pdf"]
    assert house.names(house.rea) == []
    for change in (add_item, remove_item, set_enabled, pin_item, unpin_item):
        with pytest.raises(RoleTooLow):
            change(house.app, house.rea, name=PDF, drive=TEAM)  # type: ignore[operator]
        with pytest.raises(NamespaceNotFound):
            change(house.app, house.eve, name=PDF, drive=TEAM)  # type: ignore[operator]
        with pytest.raises(Unauthenticated):
            change(house.app, ANONYMOUS, name=PDF)  # type: ignore[operator]
    assert house.names(house.mia, TEAM) == ["ada/pdf"]


@pytest.mark.parametrize("drive", ["acme", "nobody", "ada/pdf", "acme/pdf", "", "\x00", "ä" * 500])
def test_a_stranger_does_not_learn_of_other_drives(house: House, drive: str) -> None:
    with pytest.raises(NamespaceNotFound):
        list_items(house.app, house.eve, drive=drive)


def test_names_that_no_skill_can_have_are_simply_not_there(both: House) -> None:
    for slug in ("\x00", "\ud800", "a" * 10_000, "../pdf", ""):
        name = SkillName("ada", slug)
        with pytest.raises(SkillNotFound):
            add_item(both.app, both.ada, name=name)
        for change in (get_item, remove_item, set_enabled, pin_item, unpin_item):
            with pytest.raises(ItemNotFound):
                change(both.app, both.ada, name=name)  # type: ignore[operator]


def test_what_the_caller_may_not_have_is_not_added(house: House) -> None:
    hidden = house.publish("ada/hidden", visibility="private")
    for name in (hidden, SkillName("ada", "missing"), SkillName("no such", "Näme")):
        with pytest.raises(SkillNotFound):
            add_item(house.app, house.eve, name=name)
    sold = house.publish("ada/sold")
    set_price(house.app, house.ada, name=sold, mode="fixed_usd", amount="29.00")
    set_sale(house.app, house.ada, name=sold, is_for_sale=True)
    with pytest.raises(PurchaseRequired) as refused:
        add_item(house.app, house.eve, name=sold)
    assert refused.value.facts["prices"] == [{"mode": "fixed_usd", "asset": "USD", "amount": "29.00"}]
    yank(house.app, house.ada, name=house.publish(), version="1.0.0", reason="broken")
    with pytest.raises(NotOnOffer):
        add_item(house.app, house.eve, name=PDF)
    assert house.names(house.eve) == []


def test_a_team_does_not_get_what_only_one_of_it_can_read(house: House) -> None:
    hidden = house.publish("ada/hidden", visibility="private")
    with pytest.raises(PrivateElsewhere):
        house.add(hidden, drive=TEAM)
    house.add(hidden)
    house.add(house.publish("acme/inner", visibility="private"), drive=TEAM)
    assert house.names(house.rea, TEAM) == ["acme/inner"]


def test_a_pinned_skill_stays_at_a_version_that_exists(house: House) -> None:
    house.publish(version="1.0.0")
    house.publish(version="2.0.0")
    house.add()
    pinned = pin_item(house.app, house.ada, name=PDF, version="1.0.0")
    assert (pinned.version, pinned.pinned) == ("1.0.0", True)
    assert pin_item(house.app, house.ada, name=PDF) == pinned
    assert pin_item(house.app, house.ada, name=PDF, version="latest").version == "2.0.0"
    for version in ("3.0.0", "", "\x00", "9" * 400):
        with pytest.raises(ReleaseNotFound):
            pin_item(house.app, house.ada, name=PDF, version=version)
    yank(house.app, house.ada, name=PDF, version="1.0.0", reason="broken")
    with pytest.raises(ReleaseNotOffered):
        pin_item(house.app, house.ada, name=PDF, version="1.0.0")
    assert not unpin_item(house.app, house.ada, name=PDF).pinned


def test_a_full_drive_takes_nothing_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MOST_ITEMS", 1)
    house.publish()
    house.add()
    with pytest.raises(DriveFull):
        house.add(house.publish("ada/csv"))
    assert house.names() == ["ada/pdf"]
    house.add()


def with_slice(caller: Caller, *names: SkillName) -> Caller:
    return replace(caller, token_skills=frozenset(map(str, names)))


def test_a_key_for_some_skills_sees_these_and_changes_nothing(house: House) -> None:
    house.add(house.publish())
    house.add(house.publish("ada/csv"))
    key = with_slice(house.ada, CSV)
    assert house.names(key) == ["ada/csv"]
    with pytest.raises(ItemNotFound):
        get_item(house.app, key, name=PDF)
    for name in (PDF, CSV):
        with pytest.raises((OutsideSlice, Forbidden)):
            remove_item(house.app, key, name=name)
    assert house.names() == ["ada/csv", "ada/pdf"]
