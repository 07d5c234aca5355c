"""Bundles: one zip of many skills, with what their maker may have when the link is opened, and nothing else."""

from __future__ import annotations

import base64
import io
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from skillyard.domain.accounts.errors import OutsideSlice
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import FULL, Scope
from skillyard.domain.accounts.tokens import create_token, revoke_token
from skillyard.domain.drive import bundles
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.bundle_link import BundleScope
from skillyard.domain.drive.bundles import LIST_FILE, create_bundle, open_bundle
from skillyard.domain.drive.collection_errors import CollectionNotFound
from skillyard.domain.drive.collections import (
    create_collection,
    delete_collection,
    remove_skill,
    rotate_key,
    update_collection,
)
from skillyard.domain.drive.handing_errors import (
    BundleEmpty,
    BundleLinkNotValid,
    BundleWhat,
    TicketNotValid,
    TooManyBundles,
)
from skillyard.domain.drive.items import remove_item, set_enabled
from skillyard.domain.drive.tickets import check_ticket, mint_ticket
from skillyard.domain.registry.errors import NeedsConsent, SkillNotFound
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.infra.errors import Unauthenticated
from skillyard.skill.names import SkillName
from skillyard.skill.zip_stream import zip_stream
from tests.domain.drive.house import CSV, PDF, TEAM, House, a_house
from tests.makers import FLAGGED, a_release, make_app

_MIB = 1024 * 1024


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Ada has a private skill and a public one in her drive."""
    house = a_house(make_app(tmp_path))
    house.publish("ada/pdf", visibility="private")
    house.publish("ada/csv")
    house.add(PDF)
    house.add(CSV)
    return house


def opened(house: House, link: str) -> dict[str, bytes]:
    _, chunks = open_bundle(house.app, link)
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def skills_in(house: House, link: str) -> list[str]:
    return [skill["name"] for skill in orjson.loads(opened(house, link)[LIST_FILE])["skills"]]


def a_link(house: House, caller: Caller | None = None, **what: str) -> str:
    name = SkillName.parse(what["name"]) if "name" in what else None
    scope: BundleScope = "collection" if "collection" in what else "skill" if name else "drive"
    return create_bundle(
        house.app, caller or house.ada, scope=scope, collection=what.get("collection"), name=name
    ).link  # fmt: skip


def test_a_drive_is_a_folder_for_each_skill_and_a_list(house: House) -> None:
    bundle = create_bundle(house.app, house.ada, scope="drive")
    assert (bundle.filename, bundle.expires_ms) == ("ada-drive.zip", house.clock.now_ms() + 24 * 3600 * 1000)
    found = opened(house, bundle.link)
    assert sorted(found) == ["bundle.json", "csv/SKILL.md", "pdf/SKILL.md"]
    assert b"name: pdf" in found["pdf/SKILL.md"]


def test_of_two_skills_of_one_slug_both_bear_their_namespace(house: House) -> None:
    house.publish("acme/pdf")
    house.add(SkillName("acme", "pdf"), drive=TEAM)
    assert {name.partition("/")[0] for name in opened(house, a_link(house))} == {
        "bundle.json", "csv", "ada--pdf", "acme--pdf"
    }  # fmt: skip


def test_the_drive_gives_the_version_that_it_has(house: House) -> None:
    house.publish("ada/csv", "1.1.0")
    listed = orjson.loads(opened(house, a_link(house))[LIST_FILE])["skills"]
    assert {skill["name"]: skill["version"] for skill in listed}["ada/csv"] == "1.0.0"


def test_what_was_removed_or_switched_off_since_is_no_longer_in_it(house: House) -> None:
    link = a_link(house)
    set_enabled(house.app, house.ada, name=PDF, enabled=False)
    assert skills_in(house, link) == ["ada/csv"]
    remove_item(house.app, house.ada, name=CSV)
    with pytest.raises(BundleEmpty):
        open_bundle(house.app, link)


def test_what_was_recalled_is_left_out_and_said_so(house: House) -> None:
    link = a_link(house)
    recall(house.app, house.ada, name=CSV, versions="*", severity=AdvisorySeverity.HIGH, reason="It leaks.")
    listed = orjson.loads(opened(house, link)[LIST_FILE])
    assert [skill["name"] for skill in listed["skills"]] == ["ada/pdf"]
    assert [(out["name"], "recalled" in out["why"]) for out in listed["left_out"]] == [("ada/csv", True)]


def test_a_collection_is_its_slice_as_it_is_when_opened(house: House) -> None:
    create_collection(house.app, house.ada, name="reports", skills=[PDF, CSV])
    link = a_link(house, collection="reports")
    assert skills_in(house, link) == ["ada/csv", "ada/pdf"]
    remove_skill(house.app, house.ada, name="reports", skill=PDF)
    rotate_key(house.app, house.ada, name="reports")
    assert skills_in(house, link) == ["ada/csv"]
    delete_collection(house.app, house.ada, name="reports")
    with pytest.raises(BundleLinkNotValid):
        open_bundle(house.app, link)


@pytest.mark.parametrize("is_wide", [False, True])
def test_a_link_made_with_a_key_is_worth_as_much_as_the_key(house: House, is_wide: bool) -> None:
    key = create_collection(house.app, house.ada, name="bot", skills=None if is_wide else [CSV]).secret
    holder = authenticate(house.app, key)
    link = a_link(house, holder)
    assert skills_in(house, link) == (["ada/csv", "ada/pdf"] if is_wide else ["ada/csv"])
    one = a_link(house, holder, name="ada/csv")
    assert skills_in(house, one) == ["ada/csv"]
    update_collection(house.app, house.ada, name="bot", enabled=False)
    for dead in (link, one):
        with pytest.raises(BundleLinkNotValid):
            open_bundle(house.app, dead)


def test_links_and_tickets_do_not_outlive_the_token_that_they_were_made_with(house: House) -> None:
    token = create_token(house.app, house.ada, name="ci", scopes=FULL, expires_in_days=1)
    house.clock.move(seconds=24 * 3600 - 60)
    machine = authenticate(house.app, token.secret)
    link, ticket = a_link(house, machine), mint_ticket(house.app, machine)
    assert skills_in(house, link)
    house.clock.move(seconds=60)
    with pytest.raises(BundleLinkNotValid):
        open_bundle(house.app, link)
    with pytest.raises(TicketNotValid):
        check_ticket(house.app, ticket.secret)


def test_a_key_makes_no_link_to_what_it_does_not_reach(house: House) -> None:
    create_collection(house.app, house.ada, name="all", skills=[PDF, CSV])
    holder = authenticate(house.app, create_collection(house.app, house.ada, name="bot", skills=[CSV]).secret)
    with pytest.raises(OutsideSlice):
        a_link(house, holder, name="ada/pdf")
    with pytest.raises(CollectionNotFound):
        a_link(house, holder, collection="all")


def test_one_skill_need_not_be_in_a_drive(house: House) -> None:
    house.publish("ada/csv", "1.1.0")
    listed = orjson.loads(opened(house, a_link(house, house.eve, name="ada/csv"))[LIST_FILE])["skills"]
    assert [(skill["name"], skill["version"]) for skill in listed] == [("ada/csv", "1.1.0")]
    with pytest.raises(SkillNotFound):
        a_link(house, house.eve, name="ada/pdf")


def test_a_flagged_skill_comes_only_to_those_who_took_it_into_their_drive(house: House) -> None:
    a_release(house.app, house.ada, "ada/odd", files=FLAGGED)
    with pytest.raises(NeedsConsent):
        a_link(house, name="ada/odd")
    house.add(SkillName("ada", "odd"))
    assert skills_in(house, a_link(house, name="ada/odd")) == ["ada/odd"]


def test_nobody_opens_a_link_of_somebody_who_is_locked_out(house: House) -> None:
    link = a_link(house, house.mia, name="ada/csv")
    suspend_user(house.app, house.ada, username="mia")
    with pytest.raises(BundleLinkNotValid):
        open_bundle(house.app, link)


def test_a_link_dies_with_the_token_that_made_it(house: House) -> None:
    made = create_token(house.app, house.ada, name="ci", scopes=[Scope.READ, Scope.MANAGE], expires_in_days=9)
    caller = authenticate(house.app, made.secret)
    create_collection(house.app, house.ada, name="reports", skills=[CSV])
    links = [a_link(house, caller), a_link(house, caller, name="ada/csv"), a_link(house, caller, collection="reports")]
    assert [skills_in(house, link) for link in links] == [["ada/csv", "ada/pdf"], ["ada/csv"], ["ada/csv"]]
    revoke_token(house.app, house.ada, token_id=made.token.id)
    for link in links:
        with pytest.raises(BundleLinkNotValid):
            open_bundle(house.app, link)


def test_a_link_is_good_for_a_day(house: House) -> None:
    link = a_link(house)
    house.clock.move(seconds=24 * 3600 - 1)
    assert opened(house, link)
    house.clock.move(seconds=1)
    with pytest.raises(BundleLinkNotValid):
        open_bundle(house.app, link)


def test_a_forged_link_opens_nothing(house: House) -> None:
    link = a_link(house, house.eve, name="ada/csv")
    body, signature = link.split(".")
    order = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    other = base64.urlsafe_b64encode(orjson.dumps(order | {"user_id": house.ada.user_id, "name": None})).decode()
    mixed = f"{other.rstrip('=')}.{signature}"
    for forged in (mixed, body, f"{body}.", f"{body}.{'0' * 64}", "", ".", "é.é", "x" * 9999):
        with pytest.raises(BundleLinkNotValid):
            open_bundle(house.app, forged)


def test_what_is_asked_for_must_fit_together(house: House) -> None:
    for scope, collection, name in (("drive", "c", None), ("collection", None, None), ("skill", "c", PDF)):
        with pytest.raises(BundleWhat):
            create_bundle(house.app, house.ada, scope=scope, collection=collection, name=name)  # type: ignore[arg-type]
    with pytest.raises(BundleEmpty):
        create_bundle(house.app, house.eve, scope="drive")
    with pytest.raises(Unauthenticated):
        create_bundle(house.app, Caller(), scope="drive")


def test_a_link_is_opened_some_times_a_minute(house: House) -> None:
    link = a_link(house)
    for _ in range(bundles._MOST_OPENED):
        open_bundle(house.app, link)
    with pytest.raises(TooManyBundles):
        open_bundle(house.app, link)


def test_hundreds_of_skills_take_the_memory_of_one(house: House) -> None:
    release = a_release(house.app, house.ada, "ada/big", files={"data.txt": "0123456789abcdef" * (_MIB // 16)})
    alike = tuple(replace(release, name=f"ada/big-{number}") for number in range(100))
    many = bundles.Contents(releases=alike, left_out=())
    tracemalloc.start()
    for _ in zip_stream(bundles._entries(house.app, many)):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * _MIB  # of 100
