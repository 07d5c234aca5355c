"""Updates of what is in a drive: which are offered, accepted and dismissed, and what they cost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow
from skillyard.domain.drive.errors import ItemNotFound, NoUpdate, UpdateChanged
from skillyard.domain.drive.items import keep_item, pin_item, unpin_item
from skillyard.domain.drive.model import DriveItem, Update
from skillyard.domain.drive.updates import accept_update, dismiss_update, list_updates
from skillyard.domain.payments.errors import PurchaseRequired
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sale import set_price, set_sale
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.skill.names import SkillName
from tests.domain.drive.house import CSV, PDF, TEAM, House, a_house
from tests.makers import FLAGGED, a_release, make_app


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path))


@pytest.fixture
def both(each_app: App) -> House:
    return a_house(each_app)


def offered(house: House, drive: str | None = None) -> list[tuple[str, str, str]]:
    return [(one.name, one.held, one.version) for one in list_updates(house.app, house.ada, drive=drive)]


def behind(house: House, *versions: str) -> None:
    """Pdf 1.0.0 in ada's drive, and these versions published since."""
    house.publish(version="1.0.0")
    house.add()
    for version in versions:
        house.publish(version=version)


def accept(house: House, version: str | None = None) -> DriveItem:
    return accept_update(house.app, house.ada, name=PDF, version=version)


def dismiss(house: House, version: str | None = None) -> DriveItem:
    return dismiss_update(house.app, house.ada, name=PDF, version=version)


def test_the_newest_version_is_offered_and_accepted_once(both: House) -> None:
    behind(both, "1.1.0", "1.2.0", "2.0.0-rc.1")
    assert offered(both) == [("ada/pdf", "1.0.0", "1.2.0")]
    accepted = accept(both)
    assert accepted.version == "1.2.0"
    assert offered(both) == []
    assert accept(both, "1.2.0") == accepted
    with pytest.raises(NoUpdate):
        accept(both)


def test_a_dismissed_version_stays_dismissed_and_the_next_one_is_offered(both: House) -> None:
    behind(both, "1.1.0")
    dismissed = dismiss(both)
    assert (dismissed.version, dismissed.dismissed_version) == ("1.0.0", "1.1.0")
    assert dismiss(both) == dismissed
    assert offered(both) == []
    assert [one.is_dismissed for one in list_updates(both.app, both.ada, with_dismissed=True)] == [True]
    both.publish(version="1.2.0")
    assert offered(both) == [("ada/pdf", "1.0.0", "1.2.0")]
    yank(both.app, both.ada, name=PDF, version="1.2.0", reason="broken")
    assert offered(both) == []
    assert (accept(both).version, accept(both, "1.1.0").dismissed_version) == ("1.1.0", None)


def test_a_decision_on_what_is_no_longer_the_newest_is_answered_with_what_is(house: House) -> None:
    behind(house, "1.1.0", "1.2.0")
    for decide in (accept, dismiss):
        with pytest.raises(UpdateChanged) as refused:
            decide(house, "1.1.0")
        assert refused.value.facts["now"] == "1.2.0"
    assert offered(house) == [("ada/pdf", "1.0.0", "1.2.0")]
    for version in ("\x00", "x" * 1000):
        with pytest.raises(UpdateChanged):
            accept(house, version)


def test_one_who_accepts_while_another_dismisses_wins_or_waits(both: House) -> None:
    behind(both, "1.1.0")

    def decide(turn: int) -> None:
        try:
            (accept if turn % 2 else dismiss)(both, "1.1.0")
        except NoUpdate:
            assert turn % 2 == 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decide, range(16)))
    assert accept(both, "1.1.0").version == "1.1.0"


def test_a_withdrawn_version_is_exchanged_for_the_highest_that_is_left(both: House) -> None:
    behind(both, "1.1.0")
    accept(both)
    yank(both.app, both.ada, name=PDF, version="1.1.0", reason="broken")
    (update,) = list_updates(both.app, both.ada)
    assert (update.version, update.held, update.is_withdrawn) == ("1.0.0", "1.1.0", True)
    assert accept(both).version == "1.0.0"
    yank(both.app, both.ada, name=PDF, version="1.0.0", reason="broken")
    assert offered(both) == []


def test_what_a_version_may_newly_do_and_what_the_scan_says_is_told_before(both: House) -> None:
    both.publish()
    both.add()
    manifest = {"permissions": {"network": {"outbound": ["api.example.com"]}}}
    files = {"skills.json": json.dumps(manifest), **FLAGGED}
    a_release(both.app, both.ada, "ada/pdf", "2.0.0", files=files)
    (update,) = list_updates(both.app, both.ada)
    assert update.is_flagged
    assert len(update.may_newly) == 1
    assert "api.example.com" in update.may_newly[0]


def test_nothing_is_offered_for_what_is_pinned(house: House) -> None:
    behind(house, "1.1.0")
    pin_item(house.app, house.ada, name=PDF)
    assert offered(house) == []
    for decide in (accept, dismiss):
        with pytest.raises(NoUpdate):
            decide(house)
    unpin_item(house.app, house.ada, name=PDF)
    assert offered(house) == [("ada/pdf", "1.0.0", "1.1.0")]


def test_the_price_is_shown_before_and_nothing_moves_until_it_is_paid(house: House) -> None:
    house.publish()
    app, eve = house.app, house.eve
    with app.database.transaction() as tx:
        keep_item(tx, app, drive="eve", name="ada/pdf", version="1.0.0", via="registry", by="eve")
    house.publish(version="1.1.0")
    (update,) = list_updates(app, eve)
    assert (update.needs_purchase, update.prices) == (False, ())
    set_price(app, house.ada, name=PDF, mode="fixed_usd", amount="29.00")
    set_sale(app, house.ada, name=PDF, is_for_sale=True)
    (update,) = list_updates(app, eve)
    assert (update.needs_purchase, [price.mode for price in update.prices]) == (True, ["fixed_usd"])
    with pytest.raises(PurchaseRequired):
        accept_update(app, eve, name=PDF)
    assert list_updates(app, eve)[0].held == "1.0.0"


def test_of_what_became_private_a_stranger_hears_nothing_more(house: House) -> None:
    house.publish()
    with house.app.database.transaction() as tx:
        keep_item(tx, house.app, drive="eve", name="ada/pdf", version="1.0.0", via="registry", by="eve")
    house.publish(version="1.1.0")
    set_visibility(house.app, house.ada, name=PDF, visibility=Visibility.PRIVATE)
    assert list_updates(house.app, house.eve) == []
    with pytest.raises(NoUpdate):
        accept_update(house.app, house.eve, name=PDF)


def a_fork(house: House) -> SkillName:
    """Of ada/pdf 1.0.0, which mia has."""
    house.publish(version="1.0.0")
    a_release(house.app, house.mia, "mia/pdf", "1.0.0", visibility="private")
    with house.app.database.transaction() as tx:
        keep_item(
            tx, house.app, drive="mia", name="mia/pdf", version="1.0.0", via="fork", by="mia",
            upstream=("ada/pdf", "1.0.0"),
        )  # fmt: skip
    return SkillName("mia", "pdf")


def of_fork(house: House) -> list[Update]:
    return list_updates(house.app, house.mia)


def test_an_update_of_a_forks_upstream_is_accepted_to_be_merged(both: House) -> None:
    fork = a_fork(both)
    assert of_fork(both) == []
    both.publish(version="1.1.0")
    (update,) = of_fork(both)
    assert (update.name, update.held, update.version, update.is_upstream) == ("ada/pdf", "1.0.0", "1.1.0", True)
    item = accept_update(both.app, both.mia, name=fork)
    assert (item.version, item.upstream_version, item.upstream_accepted) == ("1.0.0", "1.0.0", "1.1.0")
    assert of_fork(both) == []
    assert accept_update(both.app, both.mia, name=fork, version="1.1.0") == item
    with both.app.database.transaction() as tx:
        merged = keep_item(
            tx, both.app, drive="mia", name="mia/pdf", version="1.0.1", via="fork", by="mia",
            upstream=("ada/pdf", "1.1.0"),
        )  # fmt: skip
    assert (merged.upstream_version, merged.upstream_accepted) == ("1.1.0", None)


def test_what_was_dismissed_of_an_upstream_says_nothing_of_the_fork_itself(house: House) -> None:
    fork = a_fork(house)
    house.publish(version="1.1.0")
    item = dismiss_update(house.app, house.mia, name=fork)
    assert (item.dismissed_version, item.upstream_dismissed) == (None, "1.1.0")
    assert of_fork(house) == []
    a_release(house.app, house.mia, "mia/pdf", "1.1.0")
    assert [(one.name, one.version) for one in of_fork(house)] == [("mia/pdf", "1.1.0")]


def test_maintainers_decide_for_a_team(house: House) -> None:
    house.add(house.publish(), drive=TEAM)
    house.publish(version="1.1.0")
    assert [one.version for one in list_updates(house.app, house.rea, drive=TEAM)] == ["1.1.0"]
    for decide in (accept_update, dismiss_update):
        with pytest.raises(RoleTooLow):
            decide(house.app, house.rea, name=PDF, drive=TEAM)
        with pytest.raises(NamespaceNotFound):
            decide(house.app, house.eve, name=PDF, drive=TEAM)
        with pytest.raises(ItemNotFound):
            decide(house.app, house.mia, name=CSV, drive=TEAM)
    assert accept_update(house.app, house.mia, name=PDF, drive=TEAM).version == "1.1.0"


def test_a_key_for_some_skills_is_told_of_these_only(house: House) -> None:
    behind(house, "1.1.0")
    key = replace(house.ada, token_skills=frozenset({"ada/csv"}))
    assert list_updates(house.app, key) == []
