"""Links to skills of drives: who may make one, what it gives, when it ends; and what comes to whom in all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow, ScopeMissing
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.drive import shares
from skillyard.domain.drive.errors import (
    ItemNotFound,
    SealedNotShared,
    ShareNotFound,
    ShareNotValid,
    ShareNotYours,
    TooManyShares,
)
from skillyard.domain.drive.items import add_item, remove_item, set_enabled
from skillyard.domain.drive.model import NewShare
from skillyard.domain.drive.reach import list_reach, read_reach
from skillyard.domain.drive.shares import (
    accept_share,
    create_share,
    leave_share,
    list_shares,
    list_taken_shares,
    revoke_share,
)
from skillyard.domain.payments.entitlements import list_holders
from skillyard.domain.registry.errors import SealedSkill, SkillNotFound
from skillyard.domain.registry.releases import get_release
from skillyard.infra.errors import Unauthenticated
from skillyard.skill.names import SkillName
from tests.domain.drive.house import PDF, TEAM, House, a_house
from tests.domain.market.stall import an_executable
from tests.makers import a_release, again, make_app

HIDDEN = SkillName("ada", "hidden")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path))


@pytest.fixture
def both(each_app: App) -> House:
    return a_house(each_app)


def a_hidden_share(house: House) -> NewShare:
    house.add(house.publish("ada/hidden", visibility="private"))
    return create_share(house.app, house.ada, name=HIDDEN)


def reached(house: House, caller: Caller, **parts: bool) -> list[tuple[str, str, str]]:
    return [(one.name, one.item.drive, one.via) for one in read_reach(house.app, caller, **parts)]


def can_read(house: House, caller: Caller) -> bool:
    try:
        return bool(get_release(house.app, caller, name=HIDDEN, version="latest").readme)
    except SkillNotFound:
        return False


def test_who_follows_a_link_has_the_skill_as_the_drive_has_it(both: House) -> None:
    share = a_hidden_share(both)
    assert not can_read(both, both.eve)
    taken = accept_share(both.app, both.eve, secret=share.secret)
    assert (taken.name, taken.item.drive, taken.item.version, taken.via) == ("ada/hidden", "ada", "1.0.0", "shared")
    assert accept_share(both.app, both.eve, secret=share.secret) == taken
    assert can_read(both, both.eve)
    assert not can_read(both, both.rea)
    assert reached(both, both.eve) == [("ada/hidden", "ada", "shared")]
    assert reached(both, both.eve, shared=False) == []
    assert [one.id for one in list_taken_shares(both.app, both.eve)] == [share.share.id]
    (listed,) = list_shares(both.app, both.ada).items
    assert listed == replace(share.share, takers=("eve",))


def test_a_secret_is_stored_as_a_hash_only(house: House) -> None:
    share = a_hidden_share(house)
    stored = b"".join(file.read_bytes() for file in house.app.settings.home.rglob("*.db*"))
    assert share.share.id.encode() in stored
    assert share.secret.encode() not in stored


def test_a_revoked_share_takes_back_what_it_gave(both: House) -> None:
    share = a_hidden_share(both)
    accept_share(both.app, both.eve, secret=share.secret)
    ended = revoke_share(both.app, both.ada, share_id=share.share.id)
    assert ended.revoked_ms is not None
    assert revoke_share(both.app, both.ada, share_id=share.share.id) == ended
    assert (can_read(both, both.eve), reached(both, both.eve)) == (False, [])
    assert list_holders(both.app, both.ada, item="ada/hidden") == []
    with pytest.raises(ShareNotValid):
        accept_share(both.app, both.rea, secret=share.secret)


def test_what_two_shares_gave_stays_until_both_have_ended(both: House) -> None:
    first, second = a_hidden_share(both), create_share(both.app, both.ada, name=HIDDEN)
    for one in (first, second):
        accept_share(both.app, both.eve, secret=one.secret)
    revoke_share(both.app, both.ada, share_id=first.share.id)
    assert can_read(both, both.eve)
    leave_share(both.app, both.eve, share_id=second.share.id)
    assert not can_read(both, both.eve)
    with pytest.raises(ShareNotFound):
        leave_share(both.app, both.eve, share_id=second.share.id)


def test_a_link_is_good_for_a_day_and_what_was_taken_by_then_stays(house: House) -> None:
    share = a_hidden_share(house)
    house.clock.move(seconds=24 * 3600 - 1)
    accept_share(house.app, house.eve, secret=share.secret)
    house.clock.move(seconds=1)
    with pytest.raises(ShareNotValid):
        accept_share(house.app, house.rea, secret=share.secret)
    assert can_read(house, house.eve)


@pytest.mark.parametrize("secret", ["", "sky_share_", "\x00", "sky_share_" + "0" * 38, "x" * 10_000, "ä"])
def test_a_made_up_secret_opens_nothing(house: House, secret: str) -> None:
    a_hidden_share(house)
    with pytest.raises(ShareNotValid):
        accept_share(house.app, house.eve, secret=secret)


def test_many_who_follow_a_link_while_it_is_revoked_are_left_with_nothing(both: House) -> None:
    share = a_hidden_share(both)

    def follow(turn: int) -> None:
        if turn == 5:
            revoke_share(both.app, both.ada, share_id=share.share.id)
            return
        with suppress(ShareNotValid):
            accept_share(both.app, (both.eve, both.rea, both.mia)[turn % 3], secret=share.secret)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(follow, range(12)))
    assert [can_read(both, caller) for caller in (both.eve, both.rea, both.mia)] == [False] * 3
    assert list_holders(both.app, both.ada, item="ada/hidden") == []


def test_only_owners_of_a_private_skill_give_it_away(house: House) -> None:
    inner = house.publish("acme/inner", visibility="private")
    house.add(inner, drive=TEAM)
    with pytest.raises(ShareNotYours):
        create_share(house.app, house.mia, name=inner, drive=TEAM)
    with pytest.raises(RoleTooLow):
        create_share(house.app, house.rea, name=inner, drive=TEAM)
    with pytest.raises(NamespaceNotFound):
        create_share(house.app, house.eve, name=inner, drive=TEAM)
    house.add(house.publish(), drive=TEAM)
    share = create_share(house.app, house.mia, name=PDF, drive=TEAM)
    accept_share(house.app, house.eve, secret=share.secret)
    assert reached(house, house.eve) == [("ada/pdf", "acme", "shared")]
    assert list_holders(house.app, house.ada, item="ada/pdf") == []


def test_a_sealed_skill_is_not_shared_since_nobody_gets_its_files(house: House) -> None:
    step = {"label": "go", "type": "script", "runtime": "python", "file": "steps/go.py"}
    sealed = {**an_executable(), "mode": "sealed", "steps": [step]}
    files = {"executable.json": json.dumps(sealed), "steps/go.py": "output = {}"}
    a_release(house.app, house.ada, "ada/sealed", files=files)
    name = SkillName("ada", "sealed")
    house.add(name)
    with pytest.raises(SealedNotShared):
        create_share(house.app, house.ada, name=name)
    with pytest.raises(SealedSkill):
        add_item(house.app, house.eve, name=name)


def test_a_link_of_somebody_who_is_no_owner_any_more_gives_nothing_away(house: House) -> None:
    inner = house.publish("acme/inner", visibility="private")
    house.add(inner, drive=TEAM)
    set_member(house.app, house.ada, namespace=TEAM, username="mia", role=Role.OWNER)
    share = create_share(house.app, again(house.app, house.mia), name=inner, drive=TEAM)
    set_member(house.app, house.ada, namespace=TEAM, username="mia", role=Role.MAINTAINER)
    with pytest.raises(ShareNotValid):
        accept_share(house.app, house.eve, secret=share.secret)


def test_what_is_not_in_the_drive_cannot_be_shared_and_what_left_it_is_not_given(house: House) -> None:
    with pytest.raises(ItemNotFound):
        create_share(house.app, house.ada, name=house.publish())
    share = a_hidden_share(house)
    accept_share(house.app, house.rea, secret=share.secret)
    set_enabled(house.app, house.ada, name=HIDDEN, enabled=False)
    assert [one.item.enabled for one in read_reach(house.app, house.rea)] == [False]
    remove_item(house.app, house.ada, name=HIDDEN)
    assert reached(house, house.rea) == []
    with pytest.raises(ShareNotValid):
        accept_share(house.app, house.eve, secret=share.secret)


def test_others_neither_see_nor_end_a_share(house: House) -> None:
    share = a_hidden_share(house)
    for caller, refusal in ((house.eve, ShareNotFound), (ANONYMOUS, Unauthenticated)):
        with pytest.raises(refusal):
            revoke_share(house.app, caller, share_id=share.share.id)
    for share_id in ("shr_none", "\x00", "x" * 1000):
        with pytest.raises(ShareNotFound):
            revoke_share(house.app, house.ada, share_id=share_id)
    with pytest.raises(NamespaceNotFound):
        list_shares(house.app, house.eve, drive="ada")
    with pytest.raises(ScopeMissing):
        accept_share(house.app, replace(house.eve, scopes=frozenset({Scope.READ})), secret=share.secret)


def test_a_drive_has_so_many_open_links_and_no_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST_OPEN_SHARES", 1)
    first = a_hidden_share(house)
    with pytest.raises(TooManyShares):
        create_share(house.app, house.ada, name=HIDDEN)
    revoke_share(house.app, house.ada, share_id=first.share.id)
    create_share(house.app, house.ada, name=HIDDEN)


def test_what_comes_in_several_ways_comes_from_the_nearest(both: House) -> None:
    both.publish()
    both.add(drive=TEAM)
    assert reached(both, both.ada) == [("ada/pdf", "acme", "team")]
    assert reached(both, both.ada, teams=False) == []
    both.add()
    assert reached(both, both.ada) == [("ada/pdf", "ada", "personal")]
    share = create_share(both.app, both.ada, name=PDF)
    accept_share(both.app, both.rea, secret=share.secret)
    assert reached(both, both.rea) == [("ada/pdf", "acme", "team")]
    assert reached(both, both.rea, teams=False) == [("ada/pdf", "ada", "shared")]


def test_reach_can_be_asked_for_some_names_only(both: House) -> None:
    for slug in ("pdf", "csv"):
        both.add(both.publish(f"ada/{slug}"), drive=TEAM)
        accept_share(
            both.app, both.eve, secret=create_share(both.app, both.ada, name=SkillName("ada", slug), drive=TEAM).secret
        )
    for caller in (both.rea, both.eve):
        with both.app.database.reading() as tx:
            assert list(list_reach(tx, caller, names={"ada/csv", "ada/none"})) == ["ada/csv"]
            assert list_reach(tx, caller, names=set()) == {}
            many = {"ada/csv", *(f"ada/s{number}" for number in range(1000))}
            assert list(list_reach(tx, caller, names=many)) == ["ada/csv"]
