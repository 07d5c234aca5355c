"""Sync, from the side of the registry: what becomes of each skill, on one machine and between two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.drive import diff, items, sync, sync_runs, updates
from skillyard.domain.drive.sync_errors import SyncStateNotAcceptable
from skillyard.domain.drive.sync_model import (
    Action,
    Expected,
    ItemResult,
    ItemStatus,
    LocalSkill,
    LocalState,
    Mode,
    SyncItem,
    SyncRun,
)
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.infra.database import SqliteDatabase
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.skill.names import SkillName
from tests.domain.drive.house import PDF, TEAM, House, a_house
from tests.domain.drive.machine import Machine
from tests.makers import make_app

NOTES = SkillName("ada", "notes")
STYLE = SkillName(TEAM, "style")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path))


@pytest.fixture
def both(each_app: App) -> House:
    return a_house(each_app)


def a_machine(house: House, install_id: str = "one", caller: str = "ada") -> Machine:
    return Machine(house.app, getattr(house, caller), install_id)


def two_machines(house: House) -> tuple[Machine, Machine]:
    """Both of Ada's, with her private skill `notes` on them."""
    one, other = a_machine(house), a_machine(house, "other")
    one.write("notes", "First line.\n\nSecond line.\n\nThird line.", more_txt="a\nb\nc\n")
    one.sync()
    other.sync()
    assert other.read("notes") == one.read("notes")
    return one, other


def find(items: tuple[SyncItem, ...], slug: str) -> SyncItem:
    (item,) = [item for item in items if item.slug == slug]
    return item


def test_a_folder_of_one_machine_comes_to_the_other_and_edits_follow_it(both: House) -> None:
    one, other = two_machines(both)
    one.write("notes", "Changed.")
    assert one.actions() == {"notes": "push"}
    one.sync()
    assert other.actions() == {"notes": "update"}
    other.sync()
    assert other.read("notes") == one.read("notes")
    assert one.actions() == other.actions() == {"notes": "in_sync"}
    (item,) = items.list_items(both.app, both.ada).items
    assert (item.name, item.version, item.via) == ("ada/notes", "0.1.1", "upload")


def test_edits_of_both_machines_come_together(house: House) -> None:
    one, other = two_machines(house)
    one.write("notes", "FIRST line.\n\nSecond line.\n\nThird line.", one_txt="1")
    other.write("notes", "First line.\n\nSecond line.\n\nTHIRD line.", more_txt="a\nb\nc\nd\n")
    one.sync()
    assert other.actions() == {"notes": "merge"}
    other.sync()
    one.sync()
    for machine in (one, other):
        assert "FIRST line.\n\nSecond line.\n\nTHIRD line." in machine.read("notes")
        assert machine.read("notes", "more.txt") == "a\nb\nc\nd\n"
        assert machine.read("notes", "one.txt") == "1"
        assert machine.actions() == {"notes": "in_sync"}


def test_edits_of_the_same_line_are_left_to_the_person(house: House) -> None:
    one, other = two_machines(house)
    one.write("notes", "One thing.")
    other.write("notes", "Another thing.")
    one.sync()
    before = other.read("notes")
    closed = other.sync()
    assert (other.conflicts, other.read("notes")) == (["notes"], before)
    assert closed.counts == {ItemStatus.FAILED: 1}
    assert one.actions() == {"notes": "in_sync"}


def test_two_machines_that_push_at_once_lose_nothing(house: House) -> None:
    one, other = two_machines(house)
    one.write("notes", one_txt="1")
    other.write("notes", other_txt="2")
    first, second = one.begin(), other.begin()
    one.upload(first, "notes")
    with pytest.raises(Exception, match="has changed in the drive"):
        other.upload(second, "notes")
    other.sync()
    assert other.read("notes", "one.txt") == "1"
    assert other.read("notes", "other.txt") == "2"


def test_pushes_at_the_same_moment_make_one_release_each_time(both: House) -> None:
    machines = two_machines(both)
    for turn in range(3):
        for number, machine in enumerate(machines):
            machine.write("notes", **{f"{turn}_{number}_txt": "new"})
        runs = [machine.begin() for machine in machines]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda pair: outcome(*pair), zip(machines, runs, strict=True)))
        assert sorted(done) == [f"0.1.{2 * turn + 1}", "SyncMoved"]
        for machine in machines * 2:
            machine.sync()
    assert machines[0].folders["notes"].files == machines[1].folders["notes"].files
    assert {f"{turn}.{number}.txt" for turn in range(3) for number in range(2)} <= {*machines[0].folders["notes"].files}


def outcome(machine: Machine, run: SyncRun) -> str:
    """The version that an upload of the notes became, or why it became none."""
    try:
        return machine.upload(run, "notes").version
    except SkillyardError as error:
        return type(error).__name__


def test_the_same_new_folder_with_other_content_on_two_machines_is_a_conflict(house: House) -> None:
    one, other = a_machine(house), a_machine(house, "other")
    one.write("notes", "Of one.")
    other.write("notes", "Of the other.")
    late = other.begin()
    one.sync()
    with pytest.raises(Exception, match="has changed in the drive"):
        other.upload(late, "notes")
    found = find(other.preview().items, "notes")
    assert found.action is Action.CONFLICT
    assert found.target is not None
    assert found.target.name == "ada/notes"
    other.write("notes", "Of one.")
    assert other.actions() == {"notes": "in_sync"}


def test_what_is_removed_or_switched_off_goes_unless_it_was_edited(house: House) -> None:
    one, other = two_machines(house)
    other.write("notes", "Edited.")
    items.set_enabled(house.app, house.ada, name=NOTES, enabled=False)
    assert (one.actions(), other.actions()) == ({"notes": "remove"}, {"notes": "keep"})
    fresh = Machine(house.app, house.ada, "fresh", {"notes": replace(one.folders["notes"], name=None, base=None)})
    assert "switched off" in find(fresh.preview().items, "notes").reason
    items.remove_item(house.app, house.ada, name=NOTES)
    assert (one.actions(), other.actions()) == ({"notes": "remove"}, {"notes": "keep"})
    one.sync()
    assert one.folders == {}


def test_a_folder_that_was_never_in_the_drive_is_not_removed(house: House) -> None:
    house.publish()
    one = a_machine(house)
    house.add()
    one.sync()
    items.remove_item(house.app, house.ada, name=PDF)
    fresh = Machine(house.app, house.ada, "fresh", one.folders)
    assert fresh.actions() == {"pdf": "claim_public"}


def test_a_folder_that_is_gone_here_comes_again_with_a_word_about_it(house: House) -> None:
    one, _ = two_machines(house)
    del one.folders["notes"]
    found = find(one.preview().items, "notes")
    assert found.action is Action.INSTALL
    assert "gone here" in found.reason


def test_content_that_the_registry_has_is_claimed_for_nothing(both: House) -> None:
    house = both
    house.publish()
    one = a_machine(house, caller="eve")
    source = a_machine(house)
    house.add()
    source.sync()
    one.folders = {"pdf": replace(source.folders["pdf"], name=None, base=None)}
    found = find(one.preview().items, "pdf")
    assert (found.action, found.name, found.credits) == (Action.CLAIM_PUBLIC, "ada/pdf", 0)
    run = one.begin()
    assert [one.status for one in run.items] == [ItemStatus.COMMITTED]
    assert [item.name for item in items.list_items(house.app, house.eve).items] == ["ada/pdf"]


def test_content_of_somebody_elses_private_skill_is_nothing_that_we_know(house: House) -> None:
    source, _ = two_machines(house)
    eve = a_machine(house, caller="eve")
    eve.folders = {"notes": replace(source.folders["notes"], name=None, base=None)}
    assert find(eve.preview().items, "notes").action is Action.UPLOAD_PRIVATE
    eve.folders = dict(source.folders)
    assert find(eve.preview().items, "notes").action is Action.KEEP


def test_an_earlier_release_that_nobody_remembers_installing_is_updated(house: House) -> None:
    house.publish()
    house.add()
    one = a_machine(house)
    one.sync()
    house.publish(version="2.0.0")
    updates.accept_update(house.app, house.ada, name=PDF)
    one.folders["pdf"] = replace(one.folders["pdf"], base=None)
    assert one.actions() == {"pdf": "update"}


def test_edits_of_a_public_skill_stay_here_and_merge_with_what_comes(house: House) -> None:
    house.publish()
    house.add()
    one = a_machine(house)
    one.sync()
    one.folders["pdf"].files["mine.txt"] = b"mine"
    found = find(one.preview().items, "pdf")
    assert (found.action, found.publish_as) == (Action.KEEP, None)
    assert "skillyard publish" in found.reason
    house.publish(version="2.0.0")
    updates.accept_update(house.app, house.ada, name=PDF)
    assert find(one.preview().items, "pdf").action is Action.MERGE
    one.sync()
    assert one.folders["pdf"].files["mine.txt"] == b"mine"
    assert b"2.0.0" in one.folders["pdf"].files["SKILL.md"]
    assert one.actions() == {"pdf": "keep"}


def test_a_fork_takes_the_place_of_what_it_comes_from_and_merges_its_updates(both: House) -> None:
    house = both
    house.publish()
    items.add_item(house.app, house.eve, name=PDF)
    one, other = a_machine(house, caller="eve"), a_machine(house, "other", caller="eve")
    one.sync()
    other.sync()
    one.folders["pdf"].files["mine.txt"] = b"mine"
    assert one.actions() == {"pdf": "keep"}
    assert one.actions(forks=True) == {"pdf": "fork"}
    one.sync(forks=True)
    (item,) = items.list_items(house.app, house.eve).items
    assert (item.name, item.via, item.upstream_name, item.upstream_version) == ("eve/pdf", "fork", "ada/pdf", "1.0.0")
    other.sync()
    assert other.folders["pdf"].files["mine.txt"] == b"mine"
    house.publish(version="2.0.0")
    updates.accept_update(house.app, house.eve, name=SkillName("eve", "pdf"))
    found = find(one.preview().items, "pdf")
    assert (found.action, found.publish_as) == (Action.MERGE_UPSTREAM, "eve/pdf")
    one.sync()
    (item,) = items.list_items(house.app, house.eve).items
    assert (item.upstream_version, item.upstream_accepted) == ("2.0.0", None)
    assert one.actions() == {"pdf": "in_sync"}
    other.sync()
    assert other.folders["pdf"].files == one.folders["pdf"].files
    assert b"2.0.0" in other.folders["pdf"].files["SKILL.md"]
    assert other.folders["pdf"].files["mine.txt"] == b"mine"


def test_two_skills_of_one_slug_never_fight_for_the_folder(house: House) -> None:
    house.publish(str(STYLE))
    house.publish("ada/style")
    items.add_item(house.app, house.ada, name=STYLE, drive=TEAM)
    one = a_machine(house)
    one.sync()
    assert one.folders["style"].name == str(STYLE)
    items.add_item(house.app, house.ada, name=SkillName("ada", "style"))
    found = one.preview().items
    assert [(item.name, item.action.value) for item in found] == [
        (str(STYLE), "in_sync"), ("ada/style", "unavailable"),
    ]  # fmt: skip
    fresh = {item.name: item.action.value for item in a_machine(house, "fresh").preview().items}
    assert fresh == {"ada/style": "install", str(STYLE): "unavailable"}


def test_what_cannot_be_had_is_said_and_harms_nothing(house: House) -> None:
    one, _ = two_machines(house)
    house.publish()
    items.add_item(house.app, house.eve, name=PDF)
    eve = a_machine(house, caller="eve")
    set_visibility(house.app, house.ada, name=PDF, visibility=Visibility.PRIVATE)
    found = find(eve.preview().items, "pdf")
    assert (found.action, found.target) == (Action.UNAVAILABLE, None)
    assert "may not see it" in found.reason
    assert eve.sync().counts == {}
    assert one.actions()["notes"] == "in_sync"


def test_a_preview_changes_nothing(house: House) -> None:
    one, _ = two_machines(house)
    one.write("other")
    one.write("notes", "Edited.")
    before = dump(house.app)
    one.preview(forks=True, mode=Mode.AS_MANY_AS_CREDITS_ALLOW)
    diff.diff(house.app, house.ada, one.state().skills)
    assert dump(house.app) == before


def test_what_is_no_longer_as_expected_is_answered_and_not_done(house: House) -> None:
    house.publish()
    source = a_machine(house)
    house.add()
    source.sync()
    eve = a_machine(house, caller="eve")
    eve.folders = {"pdf": replace(source.folders["pdf"], name=None, base=None)}
    eve.write("notes")
    eve.write("more")
    shown = [
        Expected(slug=item.slug, action=item.action, version=item.version, credits=item.credits)
        for item in eve.preview().items
        if item.slug != "more"
    ]
    yank(house.app, house.ada, name=PDF, version="1.0.0", reason="broken")
    run = eve.begin(expected=[*shown, Expected(slug="nowhere", action=Action.INSTALL)])
    assert {one.item.slug: one.status.value for one in run.items} == {
        "pdf": "stale", "notes": "pending", "nowhere": "stale",
    }  # fmt: skip
    assert items.list_items(house.app, house.eve).items == ()
    with pytest.raises(Exception, match="expects no upload of more"):
        eve.upload(run, "more")


def test_claims_are_taken_in_all_at_once_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    source = a_machine(house)
    for slug in ("one", "two", "three"):
        source.write(slug)
    source.sync()
    for name in ("ada/one", "ada/two", "ada/three"):
        items.remove_item(house.app, house.ada, name=SkillName.parse(name))
    monkeypatch.setattr(items, "MOST_ITEMS", 2)
    fresh = Machine(house.app, house.ada, "fresh", source.folders)
    assert set(fresh.actions().values()) == {"claim_public"}
    before = dump(house.app)
    with pytest.raises(Exception, match="holds 2 skills"):
        fresh.begin()
    assert dump(house.app) == before


def test_one_drive_alone_can_be_synced(house: House) -> None:
    one, _ = two_machines(house)
    house.publish(str(STYLE))
    items.add_item(house.app, house.ada, name=STYLE, drive=TEAM)
    assert one.actions(drive=TEAM) == {"style": "install"}
    one.write("charter")
    assert one.actions(drive=TEAM) == {"style": "install", "charter": "upload_private"}
    one.sync(drive=TEAM)
    assert {item.name for item in items.list_items(house.app, house.ada, drive=TEAM).items} == {
        "acme/style", "acme/charter",
    }  # fmt: skip
    items.remove_item(house.app, house.ada, name=STYLE, drive=TEAM)
    assert one.actions(drive=TEAM) == {"charter": "in_sync", "style": "remove"}
    with pytest.raises(NamespaceNotFound):
        a_machine(house, caller="eve").preview(drive=TEAM)


def test_who_only_reads_a_teams_drive_gets_all_and_changes_nothing(house: House) -> None:
    owner = a_machine(house)
    owner.write("style")
    owner.sync(drive=TEAM)
    reader = a_machine(house, caller="rea")
    reader.sync()
    reader.write("style", "Edited.")
    assert reader.actions() == {"style": "keep"}
    reader.write("more")
    found = reader.preview(drive=TEAM)
    assert [(item.slug, item.action.value) for item in found.left_out] == [("more", "upload_private")]
    assert "may not change the drive acme" in found.left_out[0].reason


@pytest.mark.parametrize(
    ("skills", "fault"),
    [
        ([LocalSkill(slug="a", digest="x"), LocalSkill(slug="a", digest="y")], "sync_folder_twice"),
        ([LocalSkill(slug="a", digest="x", name="no name")], "bad_skill_name"),
    ],
)
def test_a_state_that_makes_no_sense_is_refused_with_its_faults(
    house: House, skills: list[LocalSkill], fault: str
) -> None:
    with pytest.raises(SyncStateNotAcceptable) as refused:
        sync.preview(house.app, house.ada, LocalState(skills=tuple(skills)))
    assert refused.value.faults[0]["code"] == fault


def test_no_text_is_too_strange_to_be_answered(both: House) -> None:
    strange = "\0\ud800\n' OR 1=1 --"
    local = LocalSkill(slug=strange, digest=strange, name="ada/pdf", base_digest="x", base_version=strange)
    machine = Machine(both.app, both.ada)
    state = LocalState(skills=(local,), known=frozenset({strange}))
    assert [item.action for item in sync.preview(both.app, both.ada, state).items] == [Action.KEEP]
    assert diff.diff(both.app, both.ada, state.skills).local_only == (strange,)
    sync.begin(both.app, both.ada, state, install_id="one")
    for wrong in ({"install_id": strange}, {"install_id": ""}, {"expected": [Expected(slug="\0", action=Action.KEEP)]}):
        with pytest.raises(SyncStateNotAcceptable):
            sync.begin(both.app, both.ada, state, **{"install_id": "one", **wrong})  # type: ignore[arg-type]
    machine.write("notes")
    run = machine.begin()
    for call in (
        lambda: sync_runs.get_run(both.app, both.ada, run_id=strange),
        lambda: machine.upload(run, strange, machine.folders["notes"].files),
    ):
        with pytest.raises(SkillyardError):
            call()
    results = [ItemResult(slug="notes", status="failed", detail=strange), ItemResult(slug=strange, status="failed")]
    sync_runs.finalize(both.app, both.ada, run_id=run.id, results=results, counters={"a": 1})
    assert sync_runs.get_run(both.app, both.ada, run_id=run.id).items[0].detail == "   ' OR 1=1 --"


@pytest.mark.parametrize("slug", ["../etc", "A", "con", "a" * 300, "\ud800", "über", ".hidden", "a/b"])
def test_folders_that_no_skill_can_have_stay_where_they_are(house: House, slug: str) -> None:
    state = LocalState(skills=(LocalSkill(slug=slug, digest="sha256:" + "0" * 64),))
    (item,) = sync.preview(house.app, house.ada, state).items
    assert item.action is Action.KEEP
    item.reason.encode()


def test_a_diff_says_what_is_where(both: House) -> None:
    one, _ = two_machines(both)
    both.publish()
    both.add()
    one.write("more")
    one.write("notes", "Edited.")
    found = diff.diff(both.app, both.ada, one.state().skills)
    assert (found.local_only, found.drive_only) == (("more",), ("ada/pdf",))
    assert [(one.slug, one.name) for one in found.divergent] == [("notes", "ada/notes")]


def test_the_number_of_queries_does_not_grow_with_the_number_of_skills(house: House) -> None:
    source = a_machine(house)
    counts = []
    for size in (2, 12):
        for number in range(size):
            source.write(f"skill-{number}")
        source.sync()
        fresh = Machine(house.app, house.ada, "fresh", dict(source.folders))
        for folder in list(fresh.folders.values())[::2]:
            folder.files = {**folder.files, "edited.txt": b"1"}
        counts.append((queries(house.app, fresh.preview), queries(house.app, lambda m=fresh: diff_of(m))))
    assert counts[0] == counts[1]


def diff_of(machine: Machine) -> None:
    diff.diff(machine.app, machine.caller, machine.state().skills)


def queries(app: App, call: object) -> int:
    assert isinstance(app.database, SqliteDatabase)
    seen: list[str] = []
    connection = app.database._connection()
    connection.set_trace_callback(seen.append)
    call()  # type: ignore[operator]
    connection.set_trace_callback(None)
    return len(seen)


def test_nobody_signed_in_syncs_nothing(house: House) -> None:
    with pytest.raises(Unauthenticated):
        sync.preview(house.app, ANONYMOUS, LocalState(skills=()))


def dump(app: App) -> list[tuple[str, object]]:
    """All rows of all tables."""
    with app.database.reading() as tx:
        tables = [row["name"] for row in tx.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return [(table, row) for table in tables for row in tx.all(f"SELECT * FROM {table}")]
