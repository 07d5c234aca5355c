"""The same skills on every machine and for every agent, against a real registry."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from skillyard.sdk.config import Login, save_login
from skillyard.sdk.disk import remove_tree
from skillyard.sdk.errors import ApiError, Busy, LocalEdits, NetworkError, SdkError, UsageError
from skillyard.sdk.install import install, uninstall, update
from skillyard.sdk.run import Options, Step, start_run
from skillyard.sdk.status import list_installed, verify
from tests.sdk.stand_in import packed
from tests.sdk.sync.machines import Machine, a_skill_text, files_in, outcomes
from tests.sdk.sync.town import Person, Town


def publish(town: Town, slug: str, version: str = "1.0.0", files: dict[str, str] | None = None, **options: str) -> str:
    name = f"acme/{slug}"
    town.publish(name, version, files, **options)
    return name


def have(person: Person, *names: str) -> None:
    with person.client() as client:
        for name in names:
            client.import_skill(name)


def accept(person: Person, name: str) -> None:
    with person.client() as client:
        client.accept_update(name)


@pytest.fixture
def pdf(town: Town, person: Person) -> str:
    """A skill of somebody else's that the person's drive has; its own name for each test."""
    slug = f"pdf-{person.name}"
    name = publish(town, slug, files={"notes.txt": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"})
    have(person, name)
    return slug


def test_what_the_drive_has_comes_to_every_agent(person: Person, pdf: str) -> None:
    machine = person.machine("laptop", ".claude", ".gemini")
    report = machine.sync()
    assert outcomes(report) == {pdf: ("install", "done")}
    for agent in (".claude", ".gemini"):
        assert (machine.home / agent / "skills" / pdf / "notes.txt").read_text().startswith("one\n")
    assert os.access(machine.skills / pdf / "notes.txt", os.W_OK)
    with machine.at() as found:
        assert verify(found).ok
    assert outcomes(machine.sync()) == {pdf: ("in_sync", "nothing")}


def test_what_was_synced_is_installed_for_the_user_like_anything_else(
    town: Town, person: Person, laptop: Machine, pdf: str
) -> None:
    other = publish(town, f"by-hand-{person.name}")
    with laptop.at() as project:
        install(project, laptop.connect(), [other])
    laptop.sync()
    with laptop.at() as project:
        before = laptop.tree()
        assert {one.name for one in list_installed(project)} == {other, f"acme/{pdf}"}
        assert install(project, laptop.connect()).written is False
        update(project, laptop.connect())
        assert laptop.tree() == before
        uninstall(project, [f"acme/{pdf}"])
    assert outcomes(laptop.sync())[pdf] == ("install", "done"), "what the drive has comes back"
    with person.client() as client:
        assert other in {item["name"] for item in client.drive_items()}, "what was installed by hand is taken up"


def test_an_agent_that_comes_later_gets_all_skills(person: Person, laptop: Machine, pdf: str) -> None:
    laptop.sync()
    (laptop.home / ".gemini").mkdir()
    laptop.sync()
    assert (laptop.home / ".gemini/skills" / pdf / "SKILL.md").is_file()
    assert laptop.sync().written is False


def test_a_new_skill_of_ones_own_and_then_its_edits_travel(laptop: Machine, desktop: Machine) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.write("notes/deep/more.md", "more\n")
    assert outcomes(laptop.sync()) == {"notes": ("upload_private", "done")}
    assert outcomes(desktop.sync()) == {"notes": ("install", "done")}
    desktop.write("notes/deep/more.md", "more and more\n")
    desktop.write("notes/new.md", "new\n")
    assert outcomes(desktop.sync()) == {"notes": ("push", "done")}
    assert outcomes(laptop.sync()) == {"notes": ("update", "done")}
    assert laptop.tree() == desktop.tree()
    assert laptop.read("notes/deep/more.md") == "more and more\n"
    (laptop.skills / "notes/new.md").unlink()
    laptop.sync()
    desktop.sync()
    assert not (desktop.skills / "notes/new.md").exists()


def test_an_edit_for_one_agent_comes_to_the_others(person: Person) -> None:
    machine = person.machine("laptop", ".claude", ".gemini")
    machine.write("notes/SKILL.md", a_skill_text("notes"))
    machine.sync()
    (machine.home / ".gemini/skills/notes/SKILL.md").write_text(a_skill_text("notes", "Edited.\n"))
    assert outcomes(machine.sync()) == {"notes": ("push", "done")}
    assert "Edited." in machine.read("notes/SKILL.md")


def test_edits_of_both_machines_are_merged_by_file_by_field_and_by_line(laptop: Machine, desktop: Machine) -> None:
    body = "".join(f"line {number}\n" for number in range(9))
    laptop.write("notes/SKILL.md", a_skill_text("notes", body, description="First."))
    laptop.write("notes/a.txt", "a\n")
    laptop.write("notes/b.txt", "b\n")
    laptop.sync()
    desktop.sync()
    laptop.write("notes/SKILL.md", a_skill_text("notes", body.replace("line 1", "LINE 1"), description="Second."))
    laptop.write("notes/a.txt", "A\n")
    desktop.write("notes/SKILL.md", a_skill_text("notes", body.replace("line 7", "LINE 7"), description="First."))
    desktop.write("notes/b.txt", "B\n")
    laptop.sync()
    assert outcomes(desktop.sync()) == {"notes": ("merge", "done")}
    merged = a_skill_text("notes", body.replace("line 1", "LINE 1").replace("line 7", "LINE 7"), description="Second.")
    assert desktop.read("notes/SKILL.md") == merged
    assert (desktop.read("notes/a.txt"), desktop.read("notes/b.txt")) == ("A\n", "B\n")
    assert outcomes(laptop.sync()) == {"notes": ("update", "done")}
    assert laptop.tree() == desktop.tree()


@pytest.fixture
def conflict(laptop: Machine, desktop: Machine) -> None:
    """The laptop has pushed "theirs", the desktop has "ours" in the same line, and has synced in vain."""
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.write("notes/a.txt", "base\n")
    laptop.write("notes/b.txt", "base\n")
    laptop.sync()
    desktop.sync()
    laptop.write("notes/a.txt", "theirs\n")
    laptop.write("notes/b.txt", "also theirs\n")
    desktop.write("notes/a.txt", "ours\n")
    laptop.sync()
    before = desktop.tree()
    report = desktop.sync()
    assert outcomes(report) == {"notes": ("merge", "conflict")}
    assert report.exit_code == 1
    assert desktop.tree() == before
    (one,) = report.skills
    assert one.waiting is not None
    assert list(one.waiting.paths) == ["a.txt"]
    assert (one.waiting.folder / "theirs/a.txt").read_text() == "theirs\n"
    assert "<<<<<<< here\nours\n" in (one.waiting.candidate / "a.txt").read_text()


@pytest.mark.usefixtures("conflict")
def test_a_conflict_can_be_settled_with_ones_own_side(laptop: Machine, desktop: Machine) -> None:
    assert outcomes(desktop.sync(choices={"notes": "ours"})) == {"notes": ("push", "done")}
    laptop.sync()
    assert (laptop.read("notes/a.txt"), laptop.read("notes/b.txt")) == ("ours\n", "base\n")
    assert desktop.sync().exit_code == 0


@pytest.mark.usefixtures("conflict")
def test_a_conflict_can_be_settled_with_the_drives_side(laptop: Machine, desktop: Machine) -> None:
    assert outcomes(desktop.sync(choices={"notes": "theirs"}))["notes"][1] in ("nothing", "done")
    assert desktop.tree() == laptop.tree()
    assert b"ours\n" in desktop.backups()
    assert outcomes(desktop.sync()) == {"notes": ("in_sync", "nothing")}


@pytest.mark.usefixtures("conflict")
def test_a_conflict_can_be_settled_with_the_candidate(laptop: Machine, desktop: Machine) -> None:
    with pytest.raises(SdkError) as refused:
        desktop.sync(choices={"notes": "resolved"})
    assert refused.value.code == "still_marked"
    assert refused.value.facts["marked"] == ["a.txt:1", "a.txt:5"]
    candidate = desktop.state() / "conflicts/notes/candidate/a.txt"
    candidate.write_text("both\n")
    desktop.sync()
    assert candidate.read_text() == "both\n", "a plain sync does not touch what the person works on"
    assert outcomes(desktop.sync(choices={"notes": "resolved"})) == {"notes": ("push", "done")}
    laptop.sync()
    assert (laptop.read("notes/a.txt"), laptop.read("notes/b.txt")) == ("both\n", "also theirs\n")
    assert laptop.tree() == desktop.tree()
    assert not (desktop.state() / "conflicts/notes").exists()


@pytest.mark.usefixtures("conflict")
def test_a_candidate_is_kept_when_the_drive_moves_on(laptop: Machine, desktop: Machine) -> None:
    (desktop.state() / "conflicts/notes/candidate/a.txt").write_text("hours of work\n")
    laptop.write("notes/a.txt", "theirs again\n")
    laptop.sync()
    assert desktop.sync().exit_code == 1
    assert b"hours of work\n" in desktop.backups()
    assert "theirs again" in (desktop.state() / "conflicts/notes/candidate/a.txt").read_text()


def test_a_choice_without_a_conflict_is_refused(laptop: Machine) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.sync()
    for name in ("notes", "elsewhere"):
        with pytest.raises(UsageError):
            laptop.sync(choices={name: "ours"})


def test_edits_of_a_skill_of_others_become_a_fork_after_consent(
    town: Town, person: Person, laptop: Machine, desktop: Machine, pdf: str
) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n")
    before = laptop.tree()
    report = laptop.sync(agree=lambda items: ())
    assert outcomes(report) == {pdf: ("fork", "needs_consent")}
    assert report.exit_code == 4
    assert laptop.tree() == before
    report = laptop.sync()
    assert outcomes(report) == {pdf: ("fork", "done")}
    assert report.skills[0].name == f"{person.name}/{pdf}"
    desktop.sync()
    assert desktop.tree() == laptop.tree()
    town.publish(f"acme/{pdf}", "1.1.0", {"notes.txt": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"})
    accept(person, f"{person.name}/{pdf}")
    assert outcomes(desktop.sync()) == {pdf: ("merge_upstream", "done")}
    assert desktop.read(f"{pdf}/notes.txt") == "ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"
    laptop.sync()
    assert desktop.tree() == laptop.tree()


def test_without_its_store_a_machine_merges_from_what_the_registry_has(
    town: Town, person: Person, laptop: Machine, desktop: Machine, pdf: str
) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.write("notes/a.txt", "1\n2\n3\n4\n5\n")
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n")
    laptop.sync()
    desktop.sync()
    laptop.write("notes/a.txt", "ONE\n2\n3\n4\n5\n")
    laptop.sync()
    town.publish(f"acme/{pdf}", "1.1.0", {"notes.txt": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"})
    accept(person, f"{person.name}/{pdf}")
    desktop.write("notes/a.txt", "1\n2\n3\n4\nFIVE\n")
    remove_tree(desktop.folder / "cache")
    (desktop.home / ".gemini").mkdir()
    assert outcomes(desktop.sync()) == {"notes": ("merge", "done"), pdf: ("merge_upstream", "done")}
    assert desktop.read("notes/a.txt") == "ONE\n2\n3\n4\nFIVE\n"
    assert desktop.read(f"{pdf}/notes.txt") == "ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"
    assert (desktop.home / ".gemini/skills/notes/a.txt").read_text() == desktop.read("notes/a.txt")


@pytest.mark.parametrize("choice", ["ours", "theirs", "resolved"])
def test_a_conflict_of_a_fork_with_its_upstream_is_settled_once(
    town: Town, person: Person, laptop: Machine, desktop: Machine, pdf: str, choice: str
) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "mine\n")
    laptop.sync()
    town.publish(f"acme/{pdf}", "1.1.0", {"notes.txt": "theirs\n"})
    accept(person, f"{person.name}/{pdf}")
    assert outcomes(laptop.sync()) == {pdf: ("merge_upstream", "conflict")}
    assert laptop.read(f"{pdf}/notes.txt") == "mine\n"
    (laptop.state() / "conflicts" / pdf / "candidate" / "notes.txt").write_text("both\n")
    assert outcomes(laptop.sync(choices={pdf: choice})) == {pdf: ("merge_upstream", "done")}
    expected = {"ours": "mine\n", "theirs": "theirs\n", "resolved": "both\n"}[choice]
    assert laptop.read(f"{pdf}/notes.txt") == expected
    assert outcomes(laptop.sync()) == {pdf: ("in_sync", "nothing")}
    desktop.sync()
    assert desktop.read(f"{pdf}/notes.txt") == expected


def test_an_update_is_merged_into_edits_that_stay_here(town: Town, person: Person, laptop: Machine, pdf: str) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n")
    town.publish(f"acme/{pdf}", "1.1.0", {"notes.txt": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"})
    accept(person, f"acme/{pdf}")
    assert outcomes(laptop.sync(agree=lambda items: ())) == {pdf: ("merge", "done")}
    assert laptop.read(f"{pdf}/notes.txt") == "ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"
    assert outcomes(laptop.sync(agree=lambda items: ())) == {pdf: ("fork", "needs_consent")}


def test_what_leaves_the_drive_leaves_the_machine_unless_it_was_edited(
    town: Town, person: Person, laptop: Machine, pdf: str
) -> None:
    other = publish(town, f"other-{person.name}")
    have(person, other)
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "mine\n")
    with person.client() as client:
        client.remove_from_drive(other)
        client.remove_from_drive(f"acme/{pdf}")
    report = laptop.sync(agree=lambda items: ())
    assert outcomes(report)[f"other-{person.name}"] == ("remove", "done")
    assert not (laptop.skills / f"other-{person.name}").exists()
    assert laptop.read(f"{pdf}/notes.txt") == "mine\n"


def test_files_that_are_not_the_skills_own_stay_the_very_same(
    town: Town, person: Person, laptop: Machine, pdf: str
) -> None:
    laptop.sync()
    secret = laptop.write(f"{pdf}/.env", "SECRET=1\n")
    ignored = laptop.write(f"{pdf}/node_modules/x/y.js", "1\n")
    link = laptop.skills / pdf / ".git"
    link.symlink_to("elsewhere")
    before = [os.lstat(path).st_ino for path in (secret, ignored)]
    town.publish(f"acme/{pdf}", "1.1.0", {"new.txt": "new\n"})
    accept(person, f"acme/{pdf}")
    assert outcomes(laptop.sync()) == {pdf: ("update", "done")}
    assert [os.lstat(path).st_ino for path in (secret, ignored)] == before
    assert str(link.readlink()) == "elsewhere"
    with person.client() as client:
        client.remove_from_drive(f"acme/{pdf}")
    laptop.sync()
    assert sorted(files_in(laptop.skills, below=laptop.skills)) == [f"{pdf}/.env", f"{pdf}/node_modules/x/y.js"]
    have(person, f"acme/{pdf}")
    assert outcomes(laptop.sync()) == {pdf: ("install", "done")}
    assert [os.lstat(path).st_ino for path in (secret, ignored)] == before
    assert laptop.read(f"{pdf}/new.txt") == "new\n"
    laptop.undo()
    assert sorted(files_in(laptop.skills, below=laptop.skills)) == [f"{pdf}/.env", f"{pdf}/node_modules/x/y.js"]
    assert [os.lstat(path).st_ino for path in (secret, ignored)] == before


def test_a_file_of_the_person_is_not_replaced_by_one_of_the_drive(
    town: Town, person: Person, laptop: Machine, pdf: str
) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/.config", "mine\n")
    town.publish(f"acme/{pdf}", "1.1.0", {".config": "theirs\n"})
    accept(person, f"acme/{pdf}")
    report = laptop.sync()
    assert outcomes(report) == {pdf: ("update", "left")}
    assert ".config" in report.skills[0].detail
    assert laptop.read(f"{pdf}/.config") == "mine\n"


def test_a_folder_of_somebody_else_in_the_place_of_a_skill_is_a_conflict(laptop: Machine, pdf: str) -> None:
    laptop.write(f"{pdf}/SKILL.md", a_skill_text(pdf, "Mine.\n"))
    before = laptop.tree()
    assert outcomes(laptop.sync()) == {pdf: ("conflict", "conflict")}
    assert laptop.tree() == before
    laptop.sync(choices={pdf: "theirs"})
    assert laptop.read(f"{pdf}/notes.txt").startswith("one\n")
    assert a_skill_text(pdf, "Mine.\n").encode() in laptop.backups()


@pytest.mark.parametrize("what", ["link", "file", "folder"])
def test_what_is_no_skill_in_the_place_of_one_is_left_alone(
    laptop: Machine, pdf: str, tmp_path: Path, what: str
) -> None:
    laptop.skills.mkdir()
    place = laptop.skills / pdf
    if what == "link":
        place.symlink_to(tmp_path)
    elif what == "file":
        place.write_text("mine")
    else:
        laptop.write(f"{pdf}/readme.txt", "mine")
    assert outcomes(laptop.sync()) == {pdf: ("install", "left")}
    assert not (place / "SKILL.md").exists()


def test_a_skill_with_a_link_in_it_is_left_alone_and_says_why(laptop: Machine) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    (laptop.skills / "notes/link").symlink_to("/etc/passwd")
    (one,) = laptop.sync().skills
    assert one.outcome == "left"
    assert "this is a link" in one.reason


def test_two_edits_of_one_skill_in_two_agents_are_for_the_person(person: Person) -> None:
    machine = person.machine("laptop", ".claude", ".gemini")
    machine.write("notes/SKILL.md", a_skill_text("notes"))
    machine.sync()
    for agent in (".claude", ".gemini"):
        (machine.home / agent / "skills/notes/own.txt").write_text(agent)
    before = machine.tree()
    (one,) = machine.sync().skills
    assert one.outcome == "left"
    assert "edited in different ways" in one.detail
    assert machine.tree() == before


def test_a_dry_run_changes_nothing_anywhere(person: Person, laptop: Machine, pdf: str) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    before = files_in(laptop.folder, below=laptop.folder)
    report = laptop.sync(dry_run=True)
    assert outcomes(report) == {"notes": ("upload_private", "planned"), pdf: ("install", "planned")}
    assert all(one.reason for one in report.skills)
    assert report.summary is not None
    assert files_in(laptop.folder, below=laptop.folder) == before
    assert laptop.asked == [("POST", "/drive/sync/preview")]
    with person.client() as client:
        assert [item["name"] for item in client.drive_items()] == [f"acme/{pdf}"]


def test_undo_puts_every_byte_back(town: Town, person: Person, laptop: Machine, desktop: Machine, pdf: str) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.write("notes/a.txt", "1\n2\n3\n4\n5\n")
    laptop.sync()
    desktop.sync()
    desktop.write("notes/a.txt", "1\n2\n3\n4\nFIVE\n")
    desktop.sync()
    town.publish(f"acme/{pdf}", "1.1.0", {"new.txt": "new\n"})
    accept(person, f"acme/{pdf}")
    have(person, publish(town, f"third-{person.name}"))
    laptop.write("notes/a.txt", "ONE\n2\n3\n4\n5\n")
    laptop.write("notes/.hidden", "h\n")
    before, ours = laptop.tree(), files_in(laptop.state(), below=laptop.state())
    report = laptop.sync()
    assert outcomes(report) == {
        "notes": ("merge", "done"), pdf: ("update", "done"), f"third-{person.name}": ("install", "done")
    }  # fmt: skip
    assert laptop.read("notes/a.txt") == "ONE\n2\n3\n4\nFIVE\n"
    laptop.undo()
    assert laptop.tree() == before
    now = files_in(laptop.state(), below=laptop.state())
    assert {name: now[name] for name in ("installed.json", "sync.json")} == {
        name: ours[name] for name in ("installed.json", "sync.json")
    }
    assert laptop.sync().exit_code == 0
    assert laptop.read("notes/a.txt") == "ONE\n2\n3\n4\nFIVE\n"


def test_undo_does_not_overwrite_what_was_edited_since(laptop: Machine, pdf: str) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "later\n")
    with pytest.raises(LocalEdits):
        laptop.undo()
    assert laptop.read(f"{pdf}/notes.txt") == "later\n"
    laptop.undo(force=True)
    assert not (laptop.skills / pdf).exists()
    assert b"later\n" in laptop.backups()
    with pytest.raises(SdkError) as refused:
        laptop.undo()
    assert refused.value.code == "nothing_to_undo"


def test_without_network_it_says_so_and_changes_nothing(laptop: Machine, pdf: str) -> None:
    laptop.sync()
    laptop.write(f"{pdf}/notes.txt", "mine\n")
    before = files_in(laptop.folder, below=laptop.folder)
    laptop.url = "http://127.0.0.1:9"
    with pytest.raises(NetworkError) as refused:
        laptop.sync()
    assert refused.value.exit_code == 3
    assert files_in(laptop.folder, below=laptop.folder) == before


def test_without_a_sign_in_it_asks_for_one(laptop: Machine) -> None:
    laptop.token = "sky_wrong"
    with pytest.raises(ApiError) as refused:
        laptop.sync()
    assert refused.value.exit_code == 4


def test_the_second_of_two_at_once_waits_or_is_told(laptop: Machine, pdf: str) -> None:
    with laptop.at() as project, start_run(project, Options()), pytest.raises(Busy):
        laptop.sync(wait_s=0.1)
    began, go_on = threading.Event(), threading.Event()

    def hold(step: Step) -> None:
        began.set()
        go_on.wait(20)

    with laptop.at():
        first = threading.Thread(target=laptop.sync, kwargs={"on_step": hold})
        first.start()
        assert began.wait(20)
        threading.Timer(0.2, go_on.set).start()
        assert outcomes(laptop.sync(wait_s=60)) == {pdf: ("in_sync", "nothing")}
        first.join()


def test_a_folder_that_is_edited_while_it_is_synced_is_not_replaced(
    town: Town, person: Person, laptop: Machine, pdf: str
) -> None:
    laptop.sync()
    town.publish(f"acme/{pdf}", "1.1.0", {"notes.txt": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"})
    accept(person, f"acme/{pdf}")

    def edit(step: Step) -> None:
        if step.kind == "stage":
            laptop.write(f"{pdf}/notes.txt", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n")

    with pytest.raises(Busy) as refused:
        laptop.sync(on_step=edit)
    assert refused.value.code == "edited_meanwhile"
    assert laptop.read(f"{pdf}/notes.txt").startswith("ONE\n")
    assert outcomes(laptop.sync(agree=lambda items: ())) == {pdf: ("merge", "done")}
    assert laptop.read(f"{pdf}/notes.txt") == "ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"


def test_two_round_trips_and_the_changed_bytes(town: Town, person: Person, laptop: Machine) -> None:
    slugs = [f"s{number:02}-{person.name}" for number in range(24)]
    have(person, *(publish(town, slug) for slug in slugs))
    laptop.sync()
    assert laptop.sync().written is False
    assert [path for _, path in laptop.asked] == ["/drive/sync", laptop.asked[-1][1]]
    assert laptop.asked[-1][1].endswith("/finalize")
    for slug in slugs[:6]:
        town.publish(f"acme/{slug}", "1.1.0", {"new.txt": "new\n"})
        accept(person, f"acme/{slug}")
    report = laptop.sync()
    methods = [method for method, path in laptop.asked if not path.startswith("/log/")]
    assert methods == ["POST", *["GET"] * 6, "POST"]
    assert [path for method, path in laptop.asked if path.startswith("/log/")] == ["/log/proofs"], "beside the bytes"
    assert (report.downloaded, report.uploaded) == (6, 0)


def test_whoever_uploads_second_is_told_and_merges_with_the_next_sync(laptop: Machine, desktop: Machine) -> None:
    laptop.write("notes/SKILL.md", a_skill_text("notes"))
    laptop.write("notes/a.txt", "1\n2\n3\n4\n5\n")
    laptop.sync()
    desktop.sync()
    laptop.write("notes/a.txt", "ONE\n2\n3\n4\n5\n")
    desktop.write("notes/a.txt", "1\n2\n3\n4\nFIVE\n")

    def overtake(step: Step) -> None:
        if step.kind == "resolve":
            with desktop.at():
                desktop.sync()

    report = laptop.sync(on_step=overtake)
    assert outcomes(report) == {"notes": ("push", "failed")}
    assert report.exit_code == 1
    assert laptop.read("notes/a.txt") == "ONE\n2\n3\n4\n5\n"
    assert outcomes(laptop.sync()) == {"notes": ("merge", "done")}
    desktop.sync()
    assert desktop.read("notes/a.txt") == laptop.read("notes/a.txt") == "ONE\n2\n3\n4\nFIVE\n"


def test_a_skill_that_the_registry_refuses_fails_alone(laptop: Machine, pdf: str) -> None:
    laptop.write("broken/SKILL.md", "---\nname: broken\n---\nNo description.\n")
    report = laptop.sync()
    assert outcomes(report) == {"broken": ("upload_private", "failed"), pdf: ("install", "done")}
    assert "description" in report.skills[0].detail


def test_notes_that_are_lost_are_found_again(town: Town, person: Person, laptop: Machine, pdf: str) -> None:
    laptop.sync()
    (laptop.state() / "installed.json").unlink()
    (laptop.state() / "sync.json").unlink()
    assert outcomes(laptop.sync()) == {pdf: ("in_sync", "nothing")}
    (laptop.state() / "installed.json").unlink()
    town.publish(f"acme/{pdf}", "1.1.0", {"new.txt": "new\n"})
    accept(person, f"acme/{pdf}")
    assert outcomes(laptop.sync()) == {pdf: ("update", "done")}
    assert laptop.read(f"{pdf}/new.txt") == "new\n"


def test_another_person_at_the_same_machine_loses_none_of_the_firsts_folders(
    town: Town, person: Person, laptop: Machine, pdf: str, tmp_path: Path
) -> None:
    other = town.person(tmp_path / "other")
    laptop.token = None
    for one in (person, other):
        with laptop.at():
            save_login(laptop.url, Login(token=one.token, username=one.name))
        before = laptop.tree()
        assert laptop.sync(agree=lambda items: ()).exit_code == 0
        assert laptop.tree().items() >= before.items()


def test_what_a_skill_needs_and_the_drive_does_not_have_is_told(town: Town, person: Person, laptop: Machine) -> None:
    needed = publish(town, f"needed-{person.name}")
    slug = f"needing-{person.name}"
    archive = town.folder / "needing.zip"
    skill = a_skill_text(slug, version="1.0.0").replace(
        "metadata:\n", f'metadata:\n  dependencies: "{needed}@^1.0.0"\n'
    )
    archive.write_bytes(packed({"SKILL.md": skill.encode()}))
    with town.client() as client:
        client.publish(f"acme/{slug}", archive, visibility="public")
    have(person, f"acme/{slug}")
    assert any(f"needs {needed}" in note for note in laptop.sync().notes)
    have(person, needed)
    assert not any("needs" in note for note in laptop.sync().notes)
