"""What a sync must come to, said in the plainest way: three states of each skill, and one merge.

A skill is a map from paths to contents. The reference knows nothing of folders, requests, backups or interruptions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from skillyard.skill.merge.skills import merge_skills

Files = dict[str, bytes]
Fate = Literal["same", "updated", "pushed", "kept", "merged", "conflict"]


@dataclass
class Held:
    """A skill on one machine: what is in the folder, what the last sync put there; and of a conflict the other side,
    what was in the folder then, and the candidate with the paths in it that a person must look at.
    """

    local: Files
    base: Files
    waiting: Files | None = None
    then: Files | None = None
    candidate: Files = field(default_factory=dict)
    paths: tuple[str, ...] = ()


@dataclass
class Before:
    """What an undo goes back to: all bases, and the folders that the sync changed with what it put there."""

    bases: dict[str, Files]
    changed: dict[str, tuple[Files, Files]]


@dataclass
class ReferenceMachine:
    held: dict[str, Held]
    before: Before | None = None


@dataclass
class Reference:
    """`drive`: what the drive has. `pushes`: the skills whose edits become its next release."""

    drive: dict[str, Files]
    pushes: frozenset[str]
    machines: dict[str, ReferenceMachine] = field(default_factory=dict)

    def sync(self, name: str, choices: dict[str, str] | None = None) -> dict[str, Fate]:
        machine = self.machines[name]
        bases = {slug: held.base for slug, held in machine.held.items()}
        locals_ = {slug: held.local for slug, held in machine.held.items()}
        fates = {slug: self._sync_one(slug, held, (choices or {}).get(slug)) for slug, held in machine.held.items()}
        changed = {
            slug: (locals_[slug], held.local) for slug, held in machine.held.items() if held.local != locals_[slug]
        }
        if changed:
            machine.before = Before(bases=bases, changed=changed)
        return fates

    def undo(self, name: str) -> bool:
        """False where it is refused: there is nothing to undo, or it would overwrite a later edit."""
        machine = self.machines[name]
        before = machine.before
        if before is None or any(machine.held[slug].local != after for slug, (_, after) in before.changed.items()):
            return False
        for slug, base in before.bases.items():
            machine.held[slug].base = base
        for slug, (local, _) in before.changed.items():
            machine.held[slug].local = local
        machine.before = None
        return True

    def _sync_one(self, slug: str, held: Held, choice: str | None) -> Fate:
        base, local = held.base, held.local
        if choice is not None:
            assert held.waiting is not None
            base = held.waiting
            local = {"ours": local, "theirs": held.waiting, "resolved": held.candidate}[choice]
        fate = self._meet(slug, held, base, local)
        if fate != "conflict":
            held.waiting = None
        return fate

    def _meet(self, slug: str, held: Held, base: Files, local: Files) -> Fate:
        drive = self.drive[slug]
        if local == drive:
            held.base = held.local = drive
            return "same"
        if local == base:
            held.base = held.local = drive
            return "updated"
        if base == drive:
            held.base, held.local = base, local
            return self._push(slug, held, "pushed")
        merged = merge_skills(base, local, drive)
        if merged.conflicts:
            if held.waiting != drive or held.then != held.local:
                held.waiting, held.then, held.candidate = drive, held.local, dict(merged.files)
                held.paths = tuple(one.path for one in merged.conflicts)
            return "conflict"
        held.base, held.local = drive, dict(merged.files)
        return "merged" if held.local == drive else self._push(slug, held, "merged")

    def _push(self, slug: str, held: Held, fate: Fate) -> Fate:
        if slug not in self.pushes:
            return "kept" if fate == "pushed" else fate
        self.drive[slug] = held.base = held.local
        return fate
