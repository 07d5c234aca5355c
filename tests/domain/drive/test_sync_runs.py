"""Runs of a sync: what they cost, what modes leave out, how they end, and what a crash in between leaves."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import items, sync_runs
from skillyard.domain.drive.sync_errors import (
    SyncMoved,
    SyncNotCovered,
    SyncNothingToUpload,
    SyncOtherSkill,
    SyncPriceMoved,
    SyncRunNotFound,
    SyncRunOver,
)
from skillyard.domain.drive.sync_model import ItemResult, ItemStatus, Mode, SyncClosed, SyncRun
from skillyard.domain.drive.sync_uploads import Uploaded, upload
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.domain.payments.errors import FeeNotCovered
from skillyard.domain.registry.model import Visibility, Wish
from skillyard.domain.registry.publish import publish
from skillyard.domain.registry.releases import list_releases
from skillyard.infra.errors import SkillyardError
from skillyard.skill.archive import pack, skill_files
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.domain.drive.house import House, a_house
from tests.domain.drive.machine import Machine
from tests.makers import make_app

NOTES = SkillName("eve", "notes")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path, drive_free_skills=2, drive_upload_credits=3))


@pytest.fixture
def eve(house: House) -> Machine:
    return Machine(house.app, house.eve)


def written(machine: Machine, *slugs: str) -> Machine:
    for slug in slugs:
        machine.write(slug, f"About {slug}.")
    return machine


def grant(house: House, amount: int) -> None:
    grant_credits(house.app, house.ada, username="eve", amount=str(amount), reason="a present")


def credits_of(house: House) -> int:
    return get_credits(house.app, house.eve).available


def close(machine: Machine, run: SyncRun, *slugs: str, caller: Caller | None = None) -> SyncClosed:
    results = [ItemResult(slug=slug, status="committed") for slug in slugs]
    return sync_runs.finalize(machine.app, caller or machine.caller, run_id=run.id, results=results)


def test_private_uploads_cost_what_was_said_before_and_are_charged_once(house: House, eve: Machine) -> None:
    written(eve, "a", "b", "c", "d")
    grant(house, 10)
    summary = eve.preview().summary
    assert (summary.total_credits, summary.paid_uploads, summary.balance, summary.balance_after) == (6, 2, 10, 4)
    assert (summary.free_tier.current_max, summary.free_tier.after_sync) == (2, 4)
    assert summary.free_tier.would_grandfather
    assert credits_of(house) == 10
    run = eve.begin(kind="first_run")
    assert [one.item.credits for one in run.items] == [0, 0, 3, 3]
    for slug in ("a", "b", "c", "c", "d", "c"):
        eve.upload(run, slug)
    assert credits_of(house) == 4
    closed = close(eve, run)
    assert (closed.credits_charged, closed.drive_count, closed.high_water) == (6, 4, 4)


def test_syncs_at_once_do_not_fill_a_drive_for_free(house: House, eve: Machine) -> None:
    grant(house, 10)
    machines = [written(Machine(house.app, house.eve, slug), slug) for slug in ("a", "b", "c")]
    runs = [machine.begin() for machine in machines]
    assert [run.items[0].item.credits for run in runs] == [0, 0, 0]
    for machine, run, slug in zip(machines[:2], runs, "ab", strict=False):
        machine.upload(run, slug)
    with pytest.raises(SyncPriceMoved) as refused:
        machines[2].upload(runs[2], "c")
    assert (refused.value.facts["told"], refused.value.facts["price"]) == (0, 3)
    machines[2].sync()
    assert credits_of(house) == 7


def test_uploads_of_a_run_may_come_in_any_order(house: House, eve: Machine) -> None:
    house.publish()
    house.add()
    source = Machine(house.app, house.ada)
    source.sync()
    written(eve, "a", "b", "c", "d")
    eve.folders["pdf"] = replace(source.folders["pdf"], name=None, base=None)
    grant(house, 10)
    run = eve.begin()
    assert [(one.item.slug, one.item.credits) for one in run.items] == [
        ("a", 0),
        ("b", 0),
        ("c", 3),
        ("d", 3),
        ("pdf", 0),
    ]
    for slug in ("d", "a", "c", "b"):
        eve.upload(run, slug)
    assert credits_of(house) == 4


def test_many_uploads_of_one_item_at_once_are_one(house: House, eve: Machine) -> None:
    written(eve, "a", "b", "c")
    grant(house, 10)
    run = eve.begin()
    eve.upload(run, "a")
    eve.upload(run, "b")
    archive = pack(skill_files(eve.folders["c"].files))

    def once(_: int) -> Uploaded | str:
        try:
            return upload(house.app, house.eve, run_id=run.id, slug="c", source=io.BytesIO(archive))
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        done = set(pool.map(once, range(8)))
    assert credits_of(house) == 7
    assert len([one for one in done if isinstance(one, Uploaded)]) == 1, done
    assert len(list_releases(house.app, house.eve, name=SkillName("eve", "c")).items) == 1


def test_a_sync_that_costs_more_than_there_is_begins_nothing(house: House, eve: Machine) -> None:
    written(eve, "a", "b", "c", "d")
    grant(house, 4)
    assert not eve.preview().summary.is_sufficient
    with pytest.raises(SyncNotCovered) as refused:
        eve.begin()
    assert (refused.value.facts["price"], refused.value.facts["there"]) == (6, 4)
    run = eve.begin(mode=Mode.AS_MANY_AS_CREDITS_ALLOW)
    assert [one.item.slug for one in run.items] == ["a", "b", "c"]
    (left,) = run.left_out
    assert (left.slug, left.credits, left.reason) == ("d", 3, "It costs 3 credits, and 1 are left.")


def test_credits_that_were_spent_meanwhile_leave_the_upload_undone(house: House, eve: Machine) -> None:
    written(eve, "a", "b", "c")
    grant(house, 3)
    first, second = eve.begin(), Machine(house.app, house.eve, "other", eve.folders).begin()
    for slug in ("a", "b", "c"):
        eve.upload(first, slug)
    other = written(Machine(house.app, house.eve, "third"), "x")
    with pytest.raises(SyncNotCovered):
        other.begin()
    with pytest.raises(SyncMoved):
        eve.upload(second, "c")
    assert credits_of(house) == 0


def test_who_cannot_pay_at_the_end_keeps_the_release_out_of_the_drive(house: House, eve: Machine) -> None:
    written(eve, "a", "b", "c", "d")
    grant(house, 6)
    run = eve.begin()
    other = written(Machine(house.app, house.eve, "other"), "x", "y", "z")
    late = other.begin()
    for slug in ("a", "b", "c", "d"):
        eve.upload(run, slug)
    with pytest.raises(FeeNotCovered):
        other.upload(late, "z")
    assert "eve/z" not in {item.name for item in items.list_items(house.app, house.eve).items}
    assert sync_runs.get_run(house.app, house.eve, run_id=late.id).items[2].status is ItemStatus.PENDING


@pytest.mark.parametrize(
    ("mode", "done", "left"),
    [
        (Mode.ALL, {"pdf": "claim_public", "notes": "upload_private", "csv": "install", "own": "push"}, set()),
        (Mode.PUBLIC_ONLY, {"pdf": "claim_public", "csv": "install"}, {"notes", "own"}),
        (Mode.PULLS_ONLY, {"csv": "install"}, {"pdf", "notes", "own"}),
    ],
)
def test_modes_leave_out_what_they_say(
    house: House, eve: Machine, mode: Mode, done: dict[str, str], left: set[str]
) -> None:
    for name in ("ada/pdf", "ada/csv"):
        house.publish(name)
    source = Machine(house.app, house.ada)
    house.add()
    source.sync()
    written(eve, "own").sync()
    items.add_item(house.app, house.eve, name=SkillName("ada", "csv"))
    eve.folders["pdf"] = source.folders["pdf"]
    written(eve, "notes").write("own", "Edited.")
    found = eve.preview(mode=mode)
    assert {item.slug: item.action.value for item in found.items} == done
    assert {item.slug for item in found.left_out} == left
    assert all(mode.value in item.reason for item in found.left_out)


def test_a_merge_stays_on_the_machine_where_nothing_may_leave_it(house: House, eve: Machine) -> None:
    written(eve, "notes").sync()
    other = Machine(house.app, house.eve, "other")
    other.sync()
    eve.write("notes", "Edited.")
    eve.sync()
    other.write("notes", "About notes.", more_txt="more")
    (item,) = other.preview(mode=Mode.PULLS_ONLY).items
    assert (item.action.value, item.publish_as) == ("merge", None)
    other.sync(mode=Mode.PULLS_ONLY)
    assert "Edited." in other.read("notes")
    assert other.actions() == {"notes": "push"}


def test_a_crash_after_publishing_leaves_nothing_that_the_next_sync_would_trip_over(house: House, eve: Machine) -> None:
    written(eve, "notes").begin()
    archive = pack(skill_files(eve.folders["notes"].files))
    wish = Wish(name=NOTES, visibility=Visibility.PRIVATE, version="0.1.0", overrules=True)
    run = eve.begin()
    publish(house.app, house.eve, wish, io.BytesIO(archive))
    assert eve.upload(run, "notes").version == "0.1.0"
    assert eve.actions() == {"notes": "in_sync"}


def test_a_run_goes_on_after_a_crash_and_a_new_one_takes_up_what_it_left(house: House, eve: Machine) -> None:
    run = written(eve, "a", "b").begin()
    eve.upload(run, "a")
    again = sync_runs.get_run(house.app, house.eve, run_id=run.id)
    assert [(one.item.slug, one.status.value, one.published) for one in again.items] == [
        ("a", "committed", "0.1.0"), ("b", "pending", None),
    ]  # fmt: skip
    assert again.items[1].item == run.items[1].item
    later = eve.begin()
    assert {one.item.slug: one.item.action.value for one in later.items} == {"a": "in_sync", "b": "upload_private"}
    assert sync_runs.get_run(house.app, house.eve, run_id=run.id).status == "superseded"
    for stale in (lambda: eve.upload(run, "b"), lambda: close(eve, run)):
        with pytest.raises(SyncRunOver):
            stale()
    assert eve.upload(run, "a").version == "0.1.0"
    eve.upload(later, "b")
    assert close(eve, later).counts == {ItemStatus.COMMITTED: 1}


def test_a_run_is_closed_once_and_says_so_again(house: House, eve: Machine) -> None:
    house.publish()
    items.add_item(house.app, house.eve, name=SkillName("ada", "pdf"))
    run = written(eve, "a").begin(kind="first_run")
    first = close(eve, run, "pdf", "a", "unknown")
    assert first.counts == {ItemStatus.COMMITTED: 1, ItemStatus.FAILED: 1}
    assert (first.drive_count, first.high_water) == (1, 1)
    assert sync_runs.finalize(house.app, house.eve, run_id=run.id) == first
    assert sync_runs.get_run(house.app, house.eve, run_id=run.id).items[0].detail == "nothing was uploaded"
    with pytest.raises(SyncRunOver):
        eve.upload(run, "a")


def test_only_the_first_sync_of_a_drive_sets_what_it_holds_for_free(house: House, eve: Machine) -> None:
    eve.sync()
    assert close(eve, eve.begin(kind="first_run")).high_water == 0
    written(eve, "a", "b").sync()
    assert close(eve, eve.begin(kind="first_run")).high_water == 0
    assert eve.preview().summary.free_tier.current_max == 2


def test_runs_of_others_are_not_there(house: House, eve: Machine) -> None:
    run = written(eve, "a").begin()
    stranger = Machine(house.app, house.ada, folders=eve.folders)
    for call in (
        lambda: sync_runs.get_run(house.app, house.ada, run_id=run.id),
        lambda: close(stranger, run),
        lambda: stranger.upload(run, "a"),
        lambda: sync_runs.get_run(house.app, house.eve, run_id="syn_" + "x" * 5000),
    ):
        with pytest.raises(SyncRunNotFound):
            call()


def test_an_upload_is_what_the_run_waits_for(house: House, eve: Machine) -> None:
    run = written(eve, "a", "b").begin()
    with pytest.raises(SyncOtherSkill):
        eve.upload(run, "a", eve.folders["b"].files)
    with pytest.raises(SyncNothingToUpload):
        eve.upload(run, "nowhere", eve.folders["b"].files)
    with pytest.raises(SkillError):
        upload(house.app, house.eve, run_id=run.id, slug="a", source=io.BytesIO(b"no archive"))
    assert items.list_items(house.app, house.eve).items == ()


def test_an_upload_never_lands_in_a_skill_that_appeared_meanwhile(house: House, eve: Machine) -> None:
    run = written(eve, "notes").begin()
    house_eve = Machine(house.app, house.eve, "other")
    house_eve.write("notes", "Something else.")
    archive = pack(skill_files(house_eve.folders["notes"].files))
    wish = Wish(name=NOTES, visibility=Visibility.PUBLIC, version="1.0.0", overrules=True)
    publish(house.app, house.eve, wish, io.BytesIO(archive))
    with pytest.raises(SyncMoved):
        eve.upload(run, "notes")
    assert eve.actions() == {"notes": "conflict"}
    assert len(list_releases(house.app, house.eve, name=NOTES).items) == 1
