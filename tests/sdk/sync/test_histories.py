"""Random histories of edits, releases, syncs, choices and undos on two machines, held against the reference.

After each step: every folder is as the reference has it, and no byte that somebody wrote is lost: it is in a folder, or
in the backups. SKILLYARD_SYNC_HISTORIES asks for more of them than usual.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillyard.sdk.errors import SdkError
from tests.sdk.stand_in import packed
from tests.sdk.sync.machines import Machine, files_in, outcomes, skill_files_of
from tests.sdk.sync.reference import Files, Held, Reference, ReferenceMachine
from tests.sdk.sync.town import Town

HISTORIES = int(os.environ.get("SKILLYARD_SYNC_HISTORIES", "8"))
LINES = "one\ntwo\nthree\nfour\nfive\nsix\n"
_numbers = count(1)
_expected = {
    "same": {"nothing", "done"}, "kept": {"needs_consent"}, "conflict": {"conflict"},
    "updated": {"done"}, "pushed": {"done"}, "merged": {"done"},
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    machine: str
    slug: str
    what: str
    where: int


@dataclass(frozen=True)
class Release:
    what: str
    where: int


@dataclass(frozen=True)
class Sync:
    machine: str
    choice: str | None = None


@dataclass(frozen=True)
class Undo:
    machine: str


_machines = st.sampled_from(["laptop", "desktop"])
_changes = st.sampled_from(["replace", "replace", "insert", "delete", "describe", "add", "drop", "binary"])
_places = st.integers(0, 3)
_edits = st.builds(Edit, _machines, st.sampled_from(["mine", "mine", "up"]), _changes, _places)
_steps = st.one_of(
    _edits,
    _edits,
    st.builds(Release, _changes, _places),
    st.builds(Sync, _machines),
    st.builds(Sync, _machines, st.sampled_from(["ours", "theirs", "resolved"])),
    st.builds(Undo, _machines),
)


def changed(files: Files, what: str, where: int, token: str) -> Files:
    """The files after one edit, which nobody ever made before."""
    files = dict(files)
    path = ["a.txt", "b.txt"][where % 2]
    lines = files.get(path, b"").decode().splitlines(keepends=True)
    if what == "describe":
        start, _, rest = files["SKILL.md"].decode().partition("description: ")
        files["SKILL.md"] = f"{start}description: {token}\n{rest.partition(chr(10))[2]}".encode()
    elif what == "add":
        files[f"added-{where}.txt"] = f"{token}\n".encode()
    elif what == "drop":
        files.pop(path, None)
    elif what == "binary":
        files["picture.bin"] = b"\0" + token.encode()
    elif what == "delete" and where < len(lines):
        files[path] = "".join(lines[:where] + lines[where + 1 :]).encode()
    elif what in ("replace", "insert"):
        files[path] = "".join([*lines[:where], f"{token}\n", *lines[where + (what == "replace") :]]).encode()
    return files


class World:
    """Two machines of somebody, a registry, and the reference of both."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.person = town.person(folder)
        self.up = f"up-{self.person.name}"
        self.machines = {name: self.person.machine(name) for name in ("laptop", "desktop")}
        self.version = 0
        self.seen: Counter[str] = Counter()
        mine = skill_files_of("mine", {"a.txt": LINES, "b.txt": LINES})
        self.upstream = skill_files_of(self.up, {"a.txt": LINES, "b.txt": LINES})
        self.release(self.upstream)
        with self.person.client() as client:
            client.import_skill(f"acme/{self.up}")
        for path, content in mine.items():
            self.machines["laptop"].write(f"mine/{path}", content)
        for machine in self.machines.values():
            machine.sync()
        self.reference = Reference(drive={"mine": mine, self.up: self.upstream}, pushes=frozenset({"mine"}))
        for name in self.machines:
            held = {slug: Held(local=files, base=files) for slug, files in self.reference.drive.items()}
            self.reference.machines[name] = ReferenceMachine(held=held)
        self.do(Release("insert", 0))
        for name in self.machines:
            self.do(Sync(name))

    def release(self, files: Files) -> None:
        archive = self.town.folder / "release.zip"
        archive.write_bytes(packed(files))
        with self.town.client() as client:
            client.publish(f"acme/{self.up}", archive, version=f"1.{self.version}.0", visibility="public")
        self.version += 1

    def do(self, step: Edit | Release | Sync | Undo) -> None:
        token = f"token-{next(_numbers)}"
        if isinstance(step, Release):
            self._release(changed(self.upstream, step.what, step.where, token))
        elif isinstance(step, Edit):
            slug = "mine" if step.slug == "mine" else self.up
            held = self.reference.machines[step.machine].held[slug]
            held.local = changed(held.local, step.what, step.where, token)
            self._write(self.machines[step.machine], slug, held.local)
        elif isinstance(step, Sync):
            self._sync(step)
        else:
            self._undo(step)
        self.check()

    def check(self) -> None:
        for name, machine in self.machines.items():
            for slug, held in self.reference.machines[name].held.items():
                assert self._read(machine, slug) == held.local, f"{slug} on the {name}"

    def end(self) -> None:
        """A machine that comes last gets exactly what the drive has."""
        third = self.person.machine("third")
        third.sync()
        for slug, files in self.reference.drive.items():
            assert self._read(third, slug) == files

    def _release(self, files: Files) -> None:
        if files == self.upstream:
            return
        self.upstream = files
        self.release(files)
        with self.person.client() as client:
            client.accept_update(f"acme/{self.up}")
        self.reference.drive[self.up] = files
        self.seen["releases"] += 1

    def _sync(self, step: Sync) -> None:
        machine, held = self.machines[step.machine], self.reference.machines[step.machine].held
        waiting = [slug for slug in held if held[slug].waiting is not None and held[slug].local != held[slug].base]
        choices = {slug: self._choose(step, slug) for slug in waiting} if step.choice else {}
        written = self._written(step.machine)
        report = machine.sync(choices=choices, agree=lambda items: {i.slug for i in items if i.action != "fork"})
        fates = self.reference.sync(step.machine, choices)
        for slug, (_, outcome) in outcomes(report).items():
            assert outcome in _expected[fates[slug]], (slug, fates[slug], report.show())
            self.seen[fates[slug]] += 1
        self.seen.update(choices.values())
        self.seen["syncs"] += 1
        self._nothing_lost(machine, written)

    def _choose(self, step: Sync, slug: str) -> str:
        """The choice; for the candidate, after the person has brought both sides together in it."""
        held = self.reference.machines[step.machine].held[slug]
        if step.choice != "resolved" or held.local != held.then:
            return "theirs" if step.choice == "theirs" else "ours"
        folder = self.machines[step.machine].state() / "conflicts" / slug / "candidate"
        assert files_in(folder, below=folder) == held.candidate
        for path in held.paths:
            content = held.local["SKILL.md"] if path == "SKILL.md" else f"both {next(_numbers)}\n".encode()
            held.candidate[path] = content
            (folder / path).write_bytes(content)
        return "resolved"

    def _undo(self, step: Undo) -> None:
        machine, written = self.machines[step.machine], self._written(step.machine)
        is_allowed = self.reference.undo(step.machine)
        try:
            machine.undo()
        except SdkError as error:
            refused = error.code
            assert not is_allowed, refused
            self.seen["undos refused"] += 1
        else:
            assert is_allowed
            self.seen["undos"] += 1
        self._nothing_lost(machine, written)

    def _written(self, name: str) -> list[bytes]:
        """What somebody wrote there, and no release has."""
        held = self.reference.machines[name].held.values()
        return [data for one in held for path, data in one.local.items() if data != one.base.get(path)]

    def _nothing_lost(self, machine: Machine, written: list[bytes]) -> None:
        there = {*machine.tree().values(), *machine.backups()}
        assert all(data in there for data in written)
        self.seen["contents followed"] += len(written)

    def _write(self, machine: Machine, slug: str, files: Files) -> None:
        folder = machine.skills / slug
        for path in self._read(machine, slug).keys() - files.keys():
            (folder / path).unlink()
        for path, content in files.items():
            if not (folder / path).exists() or (folder / path).read_bytes() != content:
                machine.write(f"{slug}/{path}", content)

    def _read(self, machine: Machine, slug: str) -> Files:
        return files_in(machine.skills / slug, below=machine.skills / slug)


def test_every_history_ends_as_the_reference_says(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=HISTORIES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(_edits, min_size=2, max_size=5), st.lists(_steps, min_size=3, max_size=12))
    def follow(edits: list[Edit], steps: list[Edit | Release | Sync | Undo]) -> None:
        world, history = World(town, tmp_path_factory.mktemp("world")), [*edits, *steps]
        for step in history:
            world.do(step)
        for number, name in enumerate(["laptop", "desktop", "laptop", "desktop", "laptop"]):
            choice = None if number < 2 else ("ours", "resolved", "theirs")[(number + len(history)) % 3]
            world.do(Sync(name, choice))
        world.end()
        seen.update({**world.seen, "histories": 1, "steps": len(history)})

    follow()
    print(dict(seen))
    assert seen["histories"] >= HISTORIES
    assert seen["merged"]
    assert seen["conflict"]
    assert HISTORIES < 100 or all(seen[kind] for kind in (*_expected, "ours", "theirs", "resolved", "undos"))
