"""One person, two machines: edit on one, update upstream, sync both, conflict, undo. As they type it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.running import Server, User, a_server, a_skill, sign_in

CHART = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with a_server(tmp_path_factory.mktemp("server"), worker=False, writes_per_minute="100000") as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Publishes for everybody."""
    return sign_in(server, tmp_path_factory.mktemp("ada"), "ada")


def machines_of(username: str, ada: User, folder: Path) -> tuple[User, User]:
    """A laptop with two agents, and a desktop with one, signed in as the same person."""
    laptop, desktop = (User(home=folder / name, registry=ada.registry) for name in ("laptop", "desktop"))
    for home, agent in ((laptop.home, ".claude"), (laptop.home, ".gemini"), (desktop.home, ".claude")):
        (home / agent).mkdir(parents=True)
    link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
    laptop.run("login", "--link", link, "--username", username)
    scopes = [f"--scope={scope}" for scope in ("read", "publish", "manage")]
    token = laptop.run("tokens", "create", "desktop", *scopes).stdout
    desktop.run("login", "--token", stdin=token)
    return laptop, desktop


def publish(ada: User, version: str, chart: str) -> None:
    folder = a_skill(ada.home / f"charts-{version}", "charts", version)
    (folder / "chart.txt").write_text(chart)
    ada.run("publish", str(folder))


def skills(user: User, agent: str = ".claude") -> Path:
    return user.home / agent / "skills"


def test_the_same_skills_on_two_machines_whatever_happens_on_each(server: Server, ada: User, tmp_path: Path) -> None:
    publish(ada, "1.0.0", CHART)
    laptop, desktop = machines_of("grace", ada, tmp_path)

    laptop.run("drive", "import", "ada/charts")
    a_skill(skills(laptop) / "journal", "journal", text="Write down what was done.")
    (skills(laptop) / "journal" / ".env").write_text("KEY=secret\n")
    refused = laptop.run("sync", expect=4)
    assert "--upload" in refused.stderr
    assert (skills(laptop, ".gemini") / "charts" / "chart.txt").read_text() == CHART, "what needs no consent is done"
    laptop.run("sync", "--upload")
    assert (skills(laptop, ".gemini") / "journal" / "SKILL.md").is_file()
    desktop.run("sync")
    assert sorted(one.name for one in skills(desktop).iterdir()) == ["charts", "journal"]
    assert not (skills(desktop) / "journal" / ".env").exists(), "what is private to a machine stays there"

    note = skills(desktop) / "journal" / "SKILL.md"
    note.write_text(note.read_text().replace("what was done", "what was done, and why"))
    assert desktop.data("sync")["uploaded"] == 1
    publish(ada, "1.1.0", CHART.replace("seven", "SEVEN"))
    assert [one["name"] for one in laptop.data("drive", "updates")] == ["ada/charts"]
    laptop.run("drive", "accept", "ada/charts")
    planned = laptop.run("sync", "--dry-run").stdout
    assert "The drive has version 1.1.0" in planned
    assert "why" not in (skills(laptop) / "journal" / "SKILL.md").read_text()
    laptop.run("sync")
    for agent in (".claude", ".gemini"):
        assert "and why" in (skills(laptop, agent) / "journal" / "SKILL.md").read_text()
        assert "SEVEN" in (skills(laptop, agent) / "charts" / "chart.txt").read_text()
    assert (skills(laptop) / "journal" / ".env").read_text() == "KEY=secret\n"

    chart = skills(desktop) / "charts" / "chart.txt"
    chart.write_text(CHART.replace("one", "ONE"))
    merged = desktop.data("sync")
    assert {one["slug"]: one["action"] for one in merged["skills"]}["charts"] == "merge"
    assert chart.read_text() == CHART.replace("one", "ONE").replace("seven", "SEVEN")
    explained = desktop.run("sync", "--explain", expect=4)
    assert "becomes your private fork grace/charts" in explained.stdout
    desktop.run("sync", "--fork")
    laptop.run("sync")
    assert (skills(laptop, ".gemini") / "charts" / "chart.txt").read_text() == chart.read_text()


def answer(user: User, text: str, *arguments: str, expect: int = 0) -> str:
    """What the command says on stderr when a person at a terminal answers it."""
    leader, follower = pty.openpty()
    os.write(leader, f"{text}\n".encode())
    command = [sys.executable, "-m", "skillyard.cli.main", *arguments]
    done = subprocess.run(command, env=user.environment, stdin=follower, capture_output=True, text=True, check=False)
    os.close(leader)
    os.close(follower)
    assert done.returncode == expect, done.stderr
    return done.stderr


def test_a_conflict_is_shown_and_settled_and_a_sync_undone(server: Server, ada: User, tmp_path: Path) -> None:
    laptop, desktop = machines_of("linus", ada, tmp_path)
    a_skill(skills(laptop) / "plan", "plan")
    (skills(laptop) / "plan" / "plan.md").write_text("Monday\nTuesday\n")
    assert "plan would become linus/plan" in answer(laptop, "n", "sync", expect=4)
    answer(laptop, "y", "sync")
    desktop.run("sync")
    (skills(laptop) / "plan" / "plan.md").write_text("Monday: write\nTuesday\n")
    (skills(desktop) / "plan" / "plan.md").write_text("Monday: rest\nTuesday\n")
    laptop.run("sync")
    shown = desktop.run("sync", expect=1)
    assert "plan.md" in shown.stdout
    assert "--ours NAME" in shown.stderr
    assert (skills(desktop) / "plan" / "plan.md").read_text() == "Monday: rest\nTuesday\n"
    status = desktop.data("sync", "status")
    assert status["skills"][0]["edited"] is True
    (waiting,) = status["conflicts"]
    candidate = Path(waiting["candidate"]) / "plan.md"
    assert "<<<<<<< here" in candidate.read_text()
    assert "plan.md:1" in desktop.run("sync", "--resolved", "plan", expect=1).stderr
    candidate.write_text("Monday: write, then rest\nTuesday\n")
    desktop.run("sync", "--resolved", "plan")
    assert desktop.data("sync", "status")["conflicts"] == []

    before = {path: path.read_bytes() for path in skills(laptop).rglob("*") if path.is_file()}
    laptop.run("sync")
    assert (skills(laptop) / "plan" / "plan.md").read_text() == "Monday: write, then rest\nTuesday\n"
    laptop.run("sync", "undo")
    assert {path: path.read_bytes() for path in skills(laptop).rglob("*") if path.is_file()} == before
    laptop.run("sync")
    assert (skills(laptop) / "plan" / "plan.md").read_text() == "Monday: write, then rest\nTuesday\n"

    server.kill()
    assert laptop.data("sync", expect=3)["error"]["code"] == "connection_failed"
    assert "plan" in laptop.run("sync", "status").stdout
