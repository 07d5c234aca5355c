"""Collections: their keys, what these reach, and that a key for some skills manages nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    KeyForSlice,
    NamespaceNotFound,
    OutsideSlice,
    ScopeMissing,
    TokenExpired,
    TokenNotValid,
    TokenRevoked,
    TokenTooNarrow,
)
from skillyard.domain.accounts.members import remove_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.people import get_me, suspend_user
from skillyard.domain.accounts.rights import FULL, Scope
from skillyard.domain.accounts.tokens import create_token, revoke_token
from skillyard.domain.drive.authenticate import KEY_PREFIX, authenticate
from skillyard.domain.drive.bundles import create_bundle, open_bundle
from skillyard.domain.drive.collection import NewKey
from skillyard.domain.drive.collection_errors import (
    CollectionHasAll,
    CollectionNameTaken,
    CollectionNotAcceptable,
    CollectionNotFound,
    KeyDisabled,
    KeyNotForKeys,
    KeyTooFast,
    PublicNameTaken,
    QuotaExceeded,
)
from skillyard.domain.drive.collections import (
    add_skill,
    create_collection,
    delete_collection,
    get_collection,
    list_collections,
    remove_skill,
    rotate_key,
    update_collection,
)
from skillyard.domain.drive.handing_errors import BundleLinkNotValid
from skillyard.domain.drive.items import add_item, list_items, remove_item, set_enabled
from skillyard.domain.drive.quota import count_execution
from skillyard.domain.drive.reach import read_reach
from skillyard.domain.drive.slices import read_public_slice, read_slice
from skillyard.domain.registry.access import check_visible
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.recall import list_advisories, recall
from skillyard.domain.registry.search import search
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.infra.errors import Forbidden
from skillyard.infra.ids import is_well_formed_secret
from skillyard.skill.names import SkillName
from tests.domain.drive.house import CSV, PDF, TEAM, House, a_house
from tests.makers import again, indexed, make_app

NAME = "acme-user-42"
KEY_SCOPE = frozenset({Scope.READ, Scope.RUN})
ONLY_PDF = frozenset({"ada/pdf"})
TEAM_SKILL = SkillName(TEAM, "style")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return _furnished(a_house(make_app(tmp_path)))


@pytest.fixture
def both(each_app: App) -> House:
    return _furnished(a_house(each_app))


def _furnished(house: House) -> House:
    """Two private skills in Ada's drive, one in her team's."""
    for name in (PDF, CSV):
        house.publish(str(name), visibility="private")
        house.add(name)
    house.publish(str(TEAM_SKILL), visibility="private")
    house.add(TEAM_SKILL, drive=TEAM)
    return house


def a_collection(house: House, *skills: SkillName, **more: object) -> NewKey:
    return create_collection(house.app, house.ada, name=NAME, skills=skills or None, **more)  # type: ignore[arg-type]


def holder(house: House, new: NewKey) -> Caller:
    return authenticate(house.app, new.secret)


def reached(house: House, new: NewKey) -> list[str]:
    return [one.name for one in read_reach(house.app, holder(house, new))]


def test_a_key_is_shown_once_stored_hashed_and_reaches_its_slice(both: House) -> None:
    new = a_collection(both, PDF, TEAM_SKILL)
    assert is_well_formed_secret(new.secret, KEY_PREFIX)
    assert new.secret.startswith("sk_live_")
    kept = get_collection(both.app, both.ada, name=NAME)
    assert new.secret not in repr(kept)
    assert new.secret.startswith(kept.prefix)
    assert kept.skills == frozenset({"ada/pdf", "acme/style"})
    assert reached(both, new) == ["acme/style", "ada/pdf"]
    caller = holder(both, new)
    assert (caller.username, caller.token_kind, caller.scopes) == ("ada", "collection", KEY_SCOPE)
    assert [item.name for item in list_items(both.app, caller).items] == ["ada/pdf"]
    with both.app.database.reading() as tx:
        for row in tx.all("SELECT * FROM collections"):
            assert new.secret not in map(str, dict(row).values())


def test_a_key_sees_private_skills_of_its_slice_and_no_others(house: House) -> None:
    caller = holder(house, a_collection(house, PDF))
    with house.app.database.reading() as tx:
        assert check_visible(tx, caller, PDF).may_take
        for other in (CSV, TEAM_SKILL):
            with pytest.raises(SkillNotFound):
                check_visible(tx, caller, other)
    for right in ("run", "invoke", "read_own"):
        caller.must(right, on=str(PDF))
        with pytest.raises(OutsideSlice):
            caller.must(right, on=str(CSV))


def test_a_key_finds_what_is_in_its_slice_and_what_is_public(house: House) -> None:
    house.publish("ada/pdf-free")
    indexed(house.app)
    caller = holder(house, a_collection(house, PDF))
    assert {found.skill.name for found in search(house.app, caller, text="pdf").items} == {"ada/pdf", "ada/pdf-free"}
    for text in ("csv", "style"):
        assert search(house.app, caller, text=text).items == ()
        assert len(search(house.app, house.ada, text=text).items) == 1


def test_a_key_is_told_of_recalls_of_what_is_in_its_slice(house: House) -> None:
    for name in (PDF, CSV):
        recall(house.app, house.ada, name=name, versions="*", severity=AdvisorySeverity.HIGH, reason="It is broken.")
    caller = holder(house, a_collection(house, PDF))
    assert [one.name for one in list_advisories(house.app, caller).items] == ["ada/pdf"]
    assert len(list_advisories(house.app, house.ada).items) == 2


def test_a_key_for_all_skills_does_what_its_maker_may_and_no_more(house: House) -> None:
    everything = holder(house, create_collection(house.app, house.ada, name="all"))
    assert everything.token_skills is None
    assert everything.scopes == FULL | {Scope.RUN}
    assert list_collections(house.app, everything).items[0].name == "all"
    narrow = create_token(house.app, house.ada, name="ci", scopes=[Scope.READ, Scope.MANAGE], expires_in_days=7)
    made = create_collection(house.app, authenticate(house.app, narrow.secret), name="ci")
    assert Scope.PUBLISH not in holder(house, made).scopes
    assert made.collection.expires_ms == narrow.token.expires_ms
    reader = create_token(house.app, house.ada, name="reader", scopes=[Scope.READ])
    with pytest.raises(ScopeMissing):
        create_collection(house.app, authenticate(house.app, reader.secret), name="mine")


def test_no_key_leads_to_what_outlives_it_or_to_its_owners_money(house: House) -> None:
    everything = holder(house, create_collection(house.app, house.ada, name="all"))
    for right in (
        "manage_tokens",
        "manage_agents",
        "approve_sign_in",
        "change_password",
        "manage_identities",
        "pay_out",
    ):
        assert house.ada.may(right)
        with pytest.raises(TokenTooNarrow):
            everything.must(right)
    assert not everything.may("manage_publishers", on=TEAM)
    assert all(everything.may(right, on=TEAM) for right in ("publish", "manage_drive", "sell"))


def test_a_key_is_void_with_the_personal_token_that_made_it(both: House) -> None:
    app = both.app
    token = create_token(app, both.ada, name="ci", scopes=[Scope.READ, Scope.MANAGE])
    machine = authenticate(app, token.secret)
    made = create_collection(app, machine, name="all", is_public=True)
    of_key = create_collection(app, holder(both, made), name="of-key", skills=[PDF])
    kept, rotated = (create_collection(app, both.ada, name=name, skills=[PDF]) for name in ("kept", "rotated"))
    rotated = rotate_key(app, machine, name="rotated")
    taken_over = create_collection(app, machine, name="taken-over", skills=[PDF])
    taken_over = rotate_key(app, both.ada, name="taken-over")
    for key in (made, of_key, kept, rotated, taken_over):
        holder(both, key)
    revoke_token(app, both.ada, token_id=token.token.id)
    for key in (made, of_key, rotated):
        with pytest.raises(TokenRevoked):
            holder(both, key)
    for key in (kept, taken_over):
        assert reached(both, key) == ["ada/pdf"]
    with pytest.raises(CollectionNotFound):
        read_public_slice(app, name="all")


def test_a_key_is_void_with_the_key_that_made_it(both: House) -> None:
    app = both.app
    stolen = create_collection(app, both.ada, name="all")
    thief = holder(both, stolen)
    wide, narrow = (create_collection(app, thief, name=name, skills=of) for name, of in (("w", None), ("n", [PDF])))
    link = create_bundle(app, holder(both, wide), scope="drive").link
    with pytest.raises(KeyNotForKeys):
        create_collection(app, holder(both, wide), name="grandchild")
    other = create_collection(app, both.ada, name="other")
    with pytest.raises(KeyNotForKeys):
        rotate_key(app, thief, name="other")
    narrow, stolen = rotate_key(app, thief, name="n"), rotate_key(app, thief, name="all")
    update_collection(app, both.ada, name="all", enabled=False)
    for key in (wide, narrow):
        with pytest.raises(TokenRevoked):
            holder(both, key)
    update_collection(app, both.ada, name="all", enabled=True)
    kept = rotate_key(app, both.ada, name="n")
    delete_collection(app, both.ada, name="all")
    with pytest.raises(TokenRevoked):
        holder(both, wide)
    with pytest.raises(BundleLinkNotValid):
        open_bundle(app, link)
    assert reached(both, kept) == ["ada/pdf"]
    holder(both, other)


def test_a_key_ends_with_the_key_that_made_it_also_when_that_ends_sooner_than_it_said(house: House) -> None:
    parent = create_collection(house.app, house.ada, name="all", expires_in_days=30)
    child = create_collection(house.app, holder(house, parent), name="child", skills=[PDF])
    update_collection(house.app, house.ada, name="all", expires_in_days=1)
    house.clock.move(seconds=24 * 3600)
    with pytest.raises(TokenRevoked):
        holder(house, child)


@pytest.mark.parametrize("limit", ["monthly_quota", "rate_per_minute"])
def test_a_key_does_not_lift_its_own_limits(house: House, limit: str) -> None:
    app = house.app
    numbers: dict[str, Any] = {"monthly_quota": 0, "rate_per_minute": 0}
    create_collection(app, house.ada, name="plain")
    key = create_collection(app, house.ada, name="all", **{**numbers, limit: 50})
    caller = holder(house, key)
    with pytest.raises(KeyNotForKeys):
        update_collection(app, caller, name="all", **numbers)
    with pytest.raises(KeyNotForKeys):
        create_collection(app, caller, name="free")
    with pytest.raises(KeyNotForKeys):
        rotate_key(app, caller, name="all")
    assert len(list_collections(app, caller).items) == 2
    assert update_collection(app, house.ada, name="all", **numbers).monthly_quota == 0


def test_rotating_by_a_narrow_token_makes_no_wide_key(house: House) -> None:
    old = create_collection(house.app, house.ada, name="all")
    narrow = create_token(house.app, house.ada, name="ci", scopes=[Scope.MANAGE], expires_in_days=7)
    new = rotate_key(house.app, authenticate(house.app, narrow.secret), name="all")
    assert new.collection.scopes == {Scope.MANAGE, Scope.RUN}
    assert holder(house, new).scopes == {Scope.MANAGE, Scope.RUN}
    assert new.collection.expires_ms == narrow.token.expires_ms
    with pytest.raises(TokenNotValid):
        holder(house, old)


def test_a_key_loses_at_once_what_leaves_the_slice_the_drive_or_the_team(house: House) -> None:
    app, new = house.app, a_collection(house, PDF, CSV, TEAM_SKILL)
    assert len(reached(house, new)) == 3
    set_enabled(app, house.ada, name=PDF, enabled=False)
    assert reached(house, new) == ["acme/style", "ada/csv"]
    remove_item(app, house.ada, name=CSV)
    assert reached(house, new) == ["acme/style"]
    set_enabled(app, house.ada, name=PDF, enabled=True)
    remove_skill(app, house.ada, name=NAME, skill=TEAM_SKILL)
    assert reached(house, new) == ["ada/pdf"]
    add_skill(app, house.ada, name=NAME, skill=TEAM_SKILL)
    assert reached(house, new) == ["acme/style", "ada/pdf"]
    update_collection(app, house.ada, name=NAME, include_team=False)
    assert reached(house, new) == ["ada/pdf"]


def test_who_leaves_a_team_takes_its_skills_from_their_keys(house: House) -> None:
    new = create_collection(house.app, house.rea, name="rea", skills=[TEAM_SKILL])
    assert reached(house, new) == ["acme/style"]
    remove_member(house.app, house.rea, namespace=TEAM, username="rea")
    assert reached(house, new) == []
    caller = holder(house, new)
    with house.app.database.reading() as tx, pytest.raises(SkillNotFound):
        check_visible(tx, caller, TEAM_SKILL)


def test_a_slice_holds_only_what_comes_to_its_owner_and_all_faults_are_told(house: House) -> None:
    strange = SkillName("eve", "secret")
    with pytest.raises(CollectionNotAcceptable) as refused:
        create_collection(
            house.app, house.ada, name="not a name", skills=[PDF, strange, TEAM_SKILL], include_team=False,
            monthly_quota=-1, rate_per_minute=10**12, expires_in_days=99999,
        )  # fmt: skip
    assert [fault["code"] for fault in refused.value.faults] == [
        "bad_collection_name", "bad_number", "bad_number", "bad_number", "skill_not_reached", "skill_not_reached",
    ]  # fmt: skip
    a_collection(house, PDF)
    with pytest.raises(CollectionNotAcceptable):
        add_skill(house.app, house.ada, name=NAME, skill=strange)
    with pytest.raises(CollectionNotAcceptable):
        update_collection(house.app, house.ada, name=NAME, skills=[strange])
    for name in ("", "a" * 65, "a/b", "../x", "a b", "é", "-a", "a\n"):
        with pytest.raises(CollectionNotAcceptable):
            update_collection(house.app, house.ada, name=NAME, new_name=name)


def test_only_what_is_given_changes(house: House) -> None:
    before = a_collection(house, PDF, monthly_quota=5).collection
    after = update_collection(house.app, house.ada, name=NAME, new_name="renamed", rate_per_minute=3)
    assert replace(after, name=before.name, rate_per_minute=0) == before
    assert get_collection(house.app, house.ada, name="renamed") == after
    again_same = update_collection(house.app, house.ada, name="renamed")
    assert again_same == after
    emptied = update_collection(house.app, house.ada, name="renamed", skills=[], monthly_quota=0)
    assert (emptied.skills, emptied.monthly_quota) == (frozenset(), 0)


def test_a_key_for_nothing_reaches_nothing(house: House) -> None:
    new = create_collection(house.app, house.ada, name="none", skills=[])
    assert reached(house, new) == []
    assert holder(house, new).token_skills == frozenset()


def test_a_key_for_all_can_be_limited_and_is_never_widened(house: House) -> None:
    new = create_collection(house.app, house.ada, name="all")
    for change in (add_skill, remove_skill):
        with pytest.raises(CollectionHasAll):
            change(house.app, house.ada, name="all", skill=PDF)
    update_collection(house.app, house.ada, name="all", skills=[PDF])
    assert holder(house, new).scopes == {Scope.READ, Scope.RUN}
    update_collection(house.app, house.ada, name="all", skills=None)
    assert holder(house, new).token_skills == ONLY_PDF


def test_a_key_for_some_skills_manages_nothing_not_even_itself(house: House) -> None:
    app, caller = house.app, holder(house, a_collection(house, PDF))
    refused = (
        lambda: list_collections(app, caller),
        lambda: get_collection(app, caller, name=NAME),
        lambda: create_collection(app, caller, name="more"),
        lambda: update_collection(app, caller, name=NAME, skills=[CSV]),
        lambda: add_skill(app, caller, name=NAME, skill=CSV),
        lambda: remove_skill(app, caller, name=NAME, skill=PDF),
        lambda: rotate_key(app, caller, name=NAME),
        lambda: delete_collection(app, caller, name=NAME),
        lambda: create_token(app, caller, name="wide", scopes=[Scope.READ]),
    )
    for attempt in refused:
        with pytest.raises(KeyForSlice):
            attempt()
    drive_changes: tuple[Callable[[], object], ...] = (
        lambda: add_item(app, caller, name=CSV),
        lambda: remove_item(app, caller, name=PDF),
        lambda: set_enabled(app, caller, name=PDF),
    )
    for change in drive_changes:
        with pytest.raises(Forbidden):
            change()
    assert get_collection(app, house.ada, name=NAME).skills == ONLY_PDF
    assert get_me(app, caller).namespaces == ()


def test_collections_are_their_owners_only(house: House) -> None:
    a_collection(house, PDF)
    for attempt in (get_collection, rotate_key, delete_collection):
        with pytest.raises(CollectionNotFound):
            attempt(house.app, house.eve, name=NAME)
    assert list_collections(house.app, house.eve).items == ()
    assert create_collection(house.app, house.eve, name=NAME, skills=[]).collection.name == NAME
    with pytest.raises(CollectionNameTaken):
        a_collection(house, CSV)


def test_a_key_of_one_collection_reads_no_other(house: House) -> None:
    caller = holder(house, a_collection(house, PDF))
    create_collection(house.app, house.ada, name="other", skills=[CSV])
    assert [one.name for one in read_slice(house.app, caller, name=NAME)] == ["ada/pdf"]
    assert [one.name for one in read_slice(house.app, house.ada, name="other")] == ["ada/csv"]
    with pytest.raises(CollectionNotFound):
        read_slice(house.app, caller, name="other")
    with pytest.raises(CollectionNotFound):
        read_slice(house.app, house.eve, name="other")


def test_a_switched_off_expired_rotated_or_deleted_key_is_refused(both: House) -> None:
    app, new = both.app, a_collection(both, PDF, expires_in_days=1)
    update_collection(app, both.ada, name=NAME, enabled=False)
    with pytest.raises(KeyDisabled):
        holder(both, new)
    update_collection(app, both.ada, name=NAME, enabled=True)
    assert reached(both, new) == ["ada/pdf"]
    both.clock.move(seconds=24 * 3600)
    with pytest.raises(TokenExpired):
        holder(both, new)
    update_collection(app, both.ada, name=NAME, expires_in_days=0)
    newer = rotate_key(app, both.ada, name=NAME)
    assert reached(both, newer) == ["ada/pdf"]
    delete_collection(app, both.ada, name=NAME)
    for key in (new, newer):
        with pytest.raises(TokenNotValid):
            holder(both, key)
    with pytest.raises(CollectionNotFound):
        get_collection(app, both.ada, name=NAME)


def test_keys_of_somebody_who_is_locked_out_are_void(house: House) -> None:
    new = create_collection(house.app, house.rea, name="rea", is_public=True)
    suspend_user(house.app, house.ada, username="rea")
    with pytest.raises(AccountSuspended):
        holder(house, new)
    with pytest.raises(CollectionNotFound):
        read_public_slice(house.app, name="rea")


def test_a_key_is_good_for_so_many_requests_a_minute(house: House) -> None:
    new = a_collection(house, PDF, rate_per_minute=3)
    for _ in range(3):
        holder(house, new)
    with pytest.raises(KeyTooFast) as refused:
        holder(house, new)
    assert 1 <= refused.value.facts["retry_after_s"] <= 60


def test_a_quota_counts_by_the_month_and_what_is_refused_is_not_counted(both: House) -> None:
    app, new = both.app, a_collection(both, PDF, monthly_quota=2)
    caller = holder(both, new)

    def count(times: int = 1) -> None:
        with app.database.transaction() as tx:
            count_execution(tx, app, caller, times=times)

    with pytest.raises(QuotaExceeded):
        count(3)
    count()
    count()
    with pytest.raises(QuotaExceeded):
        count()
    assert get_collection(app, both.ada, name=NAME).executions == 2
    both.clock.move(seconds=31 * 24 * 3600)
    assert get_collection(app, both.ada, name=NAME).executions == 0
    count()
    delete_collection(app, both.ada, name=NAME)
    with pytest.raises(TokenNotValid):
        count()


def test_of_many_at_once_no_more_get_through_than_the_quota_allows(both: House) -> None:
    app, new = both.app, a_collection(both, PDF, monthly_quota=5)
    caller = holder(both, new)

    def count(_: int) -> bool:
        try:
            with app.database.transaction() as tx:
                count_execution(tx, app, caller)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(count, range(16))) == 5


def test_of_many_of_one_name_at_once_one_is_made(both: House) -> None:
    def make(number: int) -> bool:
        owner = (both.ada, both.eve)[number % 2]
        try:
            create_collection(both.app, owner, name="best", skills=[], is_public=True)
        except (CollectionNameTaken, PublicNameTaken):
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(make, range(8))) == 1


def test_public_collections_share_one_space_of_names(house: House) -> None:
    create_collection(house.app, house.ada, name="best", skills=[PDF], is_public=True)
    create_collection(house.app, house.eve, name="best", skills=[])
    with pytest.raises(PublicNameTaken):
        update_collection(house.app, house.eve, name="best", is_public=True)
    found, skills = read_public_slice(house.app, name="best")
    assert (found.name, [one.name for one in skills]) == ("best", ["ada/pdf"])
    update_collection(house.app, house.ada, name="best", is_public=False)
    with pytest.raises(CollectionNotFound):
        read_public_slice(house.app, name="best")
    assert update_collection(house.app, house.eve, name="best", is_public=True).is_public


def test_what_somebody_else_may_not_read_stays_out_of_a_public_slice_that_is_switched_off(house: House) -> None:
    create_collection(house.app, house.ada, name="best", is_public=True)
    update_collection(house.app, house.ada, name="best", enabled=False)
    with pytest.raises(CollectionNotFound):
        read_public_slice(house.app, name="best")


def test_a_token_for_a_namespace_makes_no_collections(house: House) -> None:
    token = create_token(house.app, house.ada, name="ci", scopes=list(FULL), namespaces=[TEAM])
    with pytest.raises(Exception, match="limited") as refused:
        create_collection(house.app, authenticate(house.app, token.secret), name="x")
    assert refused.value.code == "token_too_narrow"  # type: ignore[attr-defined]


def test_keys_note_when_they_were_used(house: House) -> None:
    new = a_collection(house, PDF)
    holder(house, new)
    assert get_collection(house.app, house.ada, name=NAME).last_used_ms == house.clock.now_ms()


def test_lists_go_on_where_a_page_ended(house: House) -> None:
    for number in range(5):
        create_collection(house.app, house.ada, name=f"user-{number}", skills=[PDF] if number % 2 else None)
    first = list_collections(house.app, house.ada, limit=3)
    rest = list_collections(house.app, house.ada, limit=3, cursor=first.next_cursor)
    assert [one.name for one in (*first.items, *rest.items)] == [f"user-{number}" for number in range(5)]
    assert [one.skills for one in first.items] == [None, ONLY_PDF, None]


def test_drives_of_others_are_not_found_by_a_key(house: House) -> None:
    caller = holder(house, a_collection(house, PDF))
    with pytest.raises(NamespaceNotFound):
        list_items(house.app, caller, drive="eve")
    assert list_items(house.app, caller, drive=TEAM).items == ()
    assert again(house.app, house.ada).username == "ada"
