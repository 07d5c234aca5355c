"""Runs an update again and again, each time killed (SIGKILL) at another line of the SDK; prints what it found as JSON.

A program of its own, because it forks: `python -m tests.sdk.killed_runs FOLDER EVERY`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from skillyard.sdk.client import Client
from skillyard.sdk.install import Options, install, update
from skillyard.sdk.project import Project, find_project
from skillyard.sdk.run import start_run
from skillyard.sdk.status import verify
from tests.sdk.stand_in import StandIn

WATCHED = ("apply.py", "journal.py", "disk.py", "linking.py", "run.py", "folders.py")


class Offline(Client):
    """The registry's last answers, remembered; archives come from the store."""

    answer: dict[str, Any] = {}
    proofs: dict[str, Any] = {}

    def resolve(self, requirements, locked=None, *, min_age_s=0):
        return self.answer

    def send_json(self, method, path, json=None):
        return self.proofs


def snapshot(project: Project) -> dict[str, str]:
    """All files of the project except our notes."""
    return {
        path.relative_to(project.folder).as_posix(): path.read_text()
        for path in sorted(project.folder.rglob("*"))
        if path.is_file() and ".skillyard" not in path.relative_to(project.folder).parts
    }


def leftovers(project: Project) -> list[str]:
    stages = [str(path) for path in project.folder.rglob(".skillyard-*")]
    journal = project.state_dir / "journal.json"
    return stages + ([str(journal)] if journal.exists() else [])


def run_killed(project: Project, at_line: int) -> bool:
    """Update in a child that dies at its `at_line`th watched line; whether it got to the end before."""
    child = os.fork()
    if child == 0:
        count = 0

        def trace(frame, event, arg):
            nonlocal count
            if not frame.f_code.co_filename.endswith(WATCHED) or "/sdk/" not in frame.f_code.co_filename:
                return None
            if event == "line":
                count += 1
                if count == at_line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            update(project, Offline(), options=Options(agents=("claude-code", "gemini")))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def prepare(folder: Path) -> Project:
    """A project with four skills: one will be updated, one goes, one comes, one stays. The store has all of them."""
    stand_in = StandIn()
    stand_in.add("acme/text", files={"a.txt": b"one", "deep/b.txt": b"two"})
    stand_in.add("acme/old")
    stand_in.add("acme/stays")
    stand_in.add("acme/report", needs={"acme/text": "*", "acme/old": "*", "acme/stays": "*"})
    project_folder = folder / "project"
    project_folder.mkdir()
    project = find_project(project_folder)
    os.environ["SKILLYARD_REGISTRY"] = stand_in.url
    with Client() as client:
        install(project, client, ["acme/report"], options=Options(agents=("claude-code", "gemini")))
        kept = folder / "kept"
        shutil.copytree(project.folder, kept)
        stand_in.add("acme/text", "1.1.0", files={"a.txt": b"ONE", "c.txt": b"three"})
        stand_in.add("acme/new")
        stand_in.add("acme/report", "1.1.0", needs={"acme/text": "*", "acme/new": "*", "acme/stays": "*"})
        Offline.answer = client.resolve({"acme/report": "^1.0.0"})
        update(project, client)
        releases = [{"name": one["name"], "version": one["version"]} for one in Offline.answer["packages"]]
        asked = {"releases": releases, "known_size": len(stand_in.log)}
        Offline.proofs = client.send_json("POST", "/log/proofs", asked)
    stand_in.close()
    return project


def restore(project: Project, kept: Path) -> None:
    shutil.rmtree(project.folder)
    shutil.copytree(kept, project.folder)


def main() -> None:
    folder, every = Path(sys.argv[1]), int(sys.argv[2])
    project, kept = prepare(folder), folder / "kept"
    new = snapshot(project)
    restore(project, kept)
    old = snapshot(project)
    found: dict[str, Any] = {"kills": 0, "old": 0, "new": 0, "mixed": [], "leftovers": [], "unverified": []}
    at_line = 1
    while True:
        restore(project, kept)
        (project.base / ".claude/skills/mine").mkdir()
        (project.base / ".claude/skills/mine/SKILL.md").write_text("mine")
        finished = run_killed(project, at_line)
        with start_run(project, Options()):
            pass
        after = snapshot(project)
        if after.pop(".claude/skills/mine/SKILL.md", None) != "mine" or after not in (old, new):
            found["mixed"].append(at_line)
        found["new" if after == new else "old"] += 1
        found["leftovers"] += leftovers(project)
        update(project, Offline())
        if not verify(project).ok or snapshot(project) | {".claude/skills/mine/SKILL.md": "mine"} != {
            **new,
            ".claude/skills/mine/SKILL.md": "mine",
        }:
            found["unverified"].append(at_line)
        if finished:
            break
        found["kills"] += 1
        at_line += every
    print(json.dumps(found))


if __name__ == "__main__":
    main()
