"""A sync that is killed (SIGKILL) at any of its steps: the next one goes on, and nothing is lost or done twice."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from skillyard.sdk.run import Options, Step, start_run
from tests.sdk.sync.machines import Machine, a_skill_text, files_in
from tests.sdk.sync.town import Person, Town

OLD = "one\ntwo\nthree\nfour\nfive\n"


def killed(act: Callable[..., object], at_step: int) -> str:
    """Do it in a child that dies at its step number `at_step`; the kind of that step, or "" when it came to its end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def step(one: Step) -> None:
            nonlocal count
            count += 1
            if count == at_step:
                os.write(writer, one.kind.encode())
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            act(on_step=step)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        kind = pipe.read().decode()
    os.waitpid(child, 0)
    return kind


def test_a_kill_at_any_step_loses_nothing_and_the_next_sync_goes_on(
    town: Town, person: Person, laptop: Machine, desktop: Machine
) -> None:
    """In each round: an update, a merge that is pushed, an upload, a removal and an install, all in one sync."""
    prepare(town, person, laptop, desktop)
    kept = laptop.folder.with_name("kept")
    shutil.copytree(laptop.folder, kept, symlinks=True)
    kinds: list[str] = []
    while True:
        round_ = len(kinds)
        edit(laptop, round_)
        before = laptop.tree()
        kinds.append(killed(laptop.sync, round_ + 1))
        with laptop.at() as project, start_run(project, Options()):
            pass
        assert_old_or_new(laptop.tree(), before, round_)
        report = laptop.sync()
        assert report.exit_code == 0
        assert_new(laptop, round_)
        assert leftovers(laptop) == []
        assert round_ % 6 or laptop.sync().written is False
        with person.client() as client:
            held = {item["name"]: item["version"] for item in client.drive_items()}
        assert held[f"{person.name}/fresh-{round_}"] == "0.1.0"
        if not kinds[-1]:
            break
        start_anew(person, laptop, kept, round_)
    assert {"resolve", "download", "upload", "stage", "journal", "move", "write", "clean", "done", "close"} <= {*kinds}
    assert len(kinds) > 20


def test_a_kill_at_any_step_of_an_undo_leaves_all_before_or_all_after(
    town: Town, person: Person, laptop: Machine, desktop: Machine
) -> None:
    prepare(town, person, laptop, desktop)
    edit(laptop, 0)
    before = laptop.tree()
    laptop.sync()
    after = laptop.tree()
    kept = laptop.folder.with_name("kept")
    shutil.copytree(laptop.folder, kept, symlinks=True)
    kinds: list[str] = []
    while True:
        kinds.append(killed(laptop.undo, len(kinds) + 1))
        with laptop.at() as project, start_run(project, Options()):
            pass
        assert laptop.tree() in (before, after)
        assert leftovers(laptop) == []
        if laptop.tree() == after:
            laptop.undo()
        assert laptop.tree() == before
        if not kinds[-1]:
            break
        shutil.rmtree(laptop.folder)
        shutil.copytree(kept, laptop.folder, symlinks=True)
    assert {"journal", "move", "write", "clean", "done"} <= {*kinds}


def prepare(town: Town, person: Person, laptop: Machine, desktop: Machine) -> None:
    for slug in ("up", "gone", "new"):
        town.publish(f"acme/{slug}-{person.name}", "1.0.0", {"a.txt": OLD})
    with person.client() as client:
        client.import_skill(f"acme/up-{person.name}")
        client.import_skill(f"acme/gone-{person.name}")
        laptop.write("mine/SKILL.md", a_skill_text("mine"))
        laptop.write("mine/a.txt", OLD)
        laptop.sync()
        desktop.sync()
        town.publish(f"acme/up-{person.name}", "1.1.0", {"b.txt": "new\n"})
        client.accept_update(f"acme/up-{person.name}")
        client.remove_from_drive(f"acme/gone-{person.name}")
        client.import_skill(f"acme/new-{person.name}")
        desktop.write("mine/a.txt", OLD.replace("one", "ONE"))
        desktop.sync()


def edit(laptop: Machine, round_: int) -> None:
    """What the person did before the sync: another thing in each round, because the registry remembers them all."""
    laptop.write(f"mine/added-{round_}.txt", f"added in round {round_}\n")
    laptop.write(f"fresh-{round_}/SKILL.md", a_skill_text(f"fresh-{round_}"))
    laptop.write(f"fresh-{round_}/.env", "mine\n")


def assert_old_or_new(now: dict[str, bytes], before: dict[str, bytes], round_: int) -> None:
    """All folders are as before, or all are as after."""
    is_new = any("/new-" in path for path in now)
    assert is_new or now == before
    assert not (is_new and any("/gone-" in path for path in now))
    assert now[f".claude/skills/mine/added-{round_}.txt"] == f"added in round {round_}\n".encode()


def assert_new(laptop: Machine, round_: int) -> None:
    (up,) = laptop.skills.glob("up-*")
    assert (up / "b.txt").read_text() == "new\n"
    assert not list(laptop.skills.glob("gone-*"))
    assert len(list(laptop.skills.glob("new-*"))) == 1
    assert laptop.read("mine/a.txt") == OLD.replace("one", "ONE")
    assert laptop.read(f"mine/added-{round_}.txt") == f"added in round {round_}\n"
    assert laptop.read(f"fresh-{round_}/.env") == "mine\n"


def leftovers(laptop: Machine) -> list[str]:
    state = files_in(laptop.state(), below=laptop.state())
    stages = [str(path) for path in laptop.home.rglob(".skillyard-*")]
    return stages + [name for name in state if name in ("journal.json", "sync_run.json")]


def start_anew(person: Person, laptop: Machine, kept: Path, round_: int) -> None:
    """The laptop as it was before the sync; the drive forgets what only this round brought."""
    with person.client() as client:
        client.remove_from_drive(f"{person.name}/fresh-{round_}")
    shutil.rmtree(laptop.folder)
    shutil.copytree(kept, laptop.folder, symlinks=True)
