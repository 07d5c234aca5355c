"""What an install would do to each folder, decided from the lock and the disk; refused as a whole if it does harm."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from skillyard.sdk.agents import Target
from skillyard.sdk.errors import Edit, LocalEdits, SdkError
from skillyard.sdk.folders import Differences, Stamp, compare, is_plain_folder
from skillyard.sdk.installed import InstalledFolder
from skillyard.sdk.project import Project
from skillyard.skill.digest import FileEntry
from skillyard.skill.lockfile import LockedSkill, Lockfile

Kind = Literal["add", "update", "repair", "adopt", "keep", "leave", "remove"]
WRITING = frozenset({"add", "update", "repair", "remove"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What happens to one skill in one folder.

    add: new; update: another version; repair: files are put back; adopt: there already, now ours; keep: nothing to do;
    leave: has local edits and needs no change; remove: no longer wanted. `old_files` is what is known to be there now;
    None when it is somebody's work and moves to the backups.
    """

    kind: Kind
    name: str
    version: str
    folder: Path
    previous: str | None = None
    reason: str = ""
    old_files: tuple[FileEntry, ...] | None = ()

    @property
    def backup(self) -> bool:
        return self.old_files is None

    @property
    def writes(self) -> bool:
        return self.kind in WRITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All actions of an operation, and the lock that holds when they are done."""

    actions: tuple[Action, ...]
    targets: tuple[Target, ...]
    lock: Lockfile
    notes: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        return any(action.writes for action in self.actions)

    def lines(self) -> list[str]:
        """The plan in plain text, a folder with what happens in it at a time."""
        folders = dict.fromkeys(action.folder.parent for action in self.actions if action.writes)
        return [line for folder in folders for line in self._lines_of(folder)]

    def _lines_of(self, folder: Path) -> Iterator[str]:
        yield f"{next((target for target in self.targets if target.folder == folder), folder)}:"
        for action in self.actions:
            if action.writes and action.folder.parent == folder:
                change = (
                    f"{action.previous or 'what is there'} -> {action.version}"
                    if action.kind == "update"
                    else action.version
                )
                kept = "; what is there moves to a backup" if action.backup else ""
                yield f"  {action.kind} {action.name} {change}{kept}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a plan is made from. `by_name` are the skills whose removal was asked for.

    `exact` refuses every local edit, also in skills that need no change, and hashes all files. `only_targets` leaves
    folders of other agents alone.
    """

    project: Project
    targets: tuple[Target, ...]
    lock: Lockfile
    old_lock: Lockfile | None
    installed: Mapping[Path, InstalledFolder]
    force: bool = False
    exact: bool = False
    only_targets: bool = False
    by_name: Collection[str] = ()


def make_plan(situation: Situation) -> Plan:
    """Decide every folder; nothing is written.

    Raises LocalEdits when the plan would overwrite or delete what is not in the registry (unless forced: then it goes
    to the backups), SdkError when two skills would share a folder.
    """
    _check_folder_names(situation.lock)
    decided: list[Action | Edit] = [
        _decide_placement(situation, target.folder / folder_name(skill.name), skill)
        for target in situation.targets
        for skill in situation.lock.skills.values()
    ]
    decided += [_decide_removal(situation, past) for past in _leftovers(situation)]
    if edits := [decision for decision in decided if isinstance(decision, Edit)]:
        raise LocalEdits(edits)
    actions = tuple(decision for decision in decided if isinstance(decision, Action))
    return Plan(
        actions=actions,
        targets=situation.targets,
        lock=situation.lock,
        notes=tuple(action.reason for action in actions if action.kind == "leave"),
    )


def real_targets(project: Project, targets: Iterable[Target]) -> tuple[Target, ...]:
    """The folders that the targets really are, each once: one may be a link to another.

    Raises SdkError when a project has a link that leads out of it: a cloned project must not choose where we write.
    """
    found: dict[Path, Target] = {}
    for target in targets:
        folder = Path(os.path.realpath(target.folder))
        if project.scope == "project" and not folder.is_relative_to(project.base):
            raise SdkError(
                f"{target.folder} leads out of the project, to {folder}.",
                code="outside_of_project",
                hint="Replace the link by a folder, or choose another agent with --agent.",
            )
        same = found.get(folder)
        agents = (*same.agents, *target.agents) if same else target.agents
        found[folder] = Target(folder=folder, agents=agents, also=(*(same.also if same else ()), *target.also))
    return tuple(found.values())


def folder_name(name: str) -> str:
    """Agents expect the folder to be called as the skill calls itself, without its namespace."""
    return name.partition("/")[2]


def _check_folder_names(lock: Lockfile) -> None:
    owners: dict[str, list[str]] = {}
    for name in lock.skills:
        owners.setdefault(folder_name(name), []).append(name)
    clashes = [names for names in owners.values() if len(names) > 1]
    if clashes:
        shown = "; ".join(" and ".join(names) for names in clashes)
        raise SdkError(
            f"These skills would share one folder: {shown}.",
            code="same_folder_name",
            hint="Agents tell skills apart by their folder: uninstall one; `skillyard why` shows what needs it.",
            facts={"names": clashes},
        )


def _decide_placement(situation: Situation, folder: Path, skill: LockedSkill) -> Action | Edit:
    action = partial(Action, name=skill.name, version=skill.version, folder=folder)
    past = situation.installed.get(folder)
    if not os.path.lexists(folder):
        return action(kind="add")
    is_same_release = past is not None and past.digest == skill.digest
    if is_plain_folder(folder):
        stamps = past.stamps if past and is_same_release and not situation.exact else None
        differences = compare(folder, skill.files, stamps)
        if differences.none:
            return action(kind="keep" if is_same_release else "adopt")
        if differences.only_missing:
            return action(kind="repair", previous=skill.version, old_files=skill.files)
        for version, files in _earlier(situation, folder, skill.name):
            if compare(folder, files).none:
                return action(kind="update", previous=version, old_files=files)
    else:
        differences = Differences()
    if situation.force:
        return action(kind="update", previous=past.version if past else None, old_files=None)
    reason = _reason(folder, past, differences)
    if is_same_release and not situation.exact and is_plain_folder(folder):
        note = f"{folder} {reason} ({', '.join(differences.paths[:3])}); it was left as it is"
        return action(kind="leave", reason=f"{note}. Restore it with --force; a backup is kept.")
    return Edit(folder=folder, name=skill.name, files=_edited(folder, past) or differences.paths, reason=reason)


def _decide_removal(situation: Situation, past: InstalledFolder) -> Action | Edit:
    action = partial(Action, name=past.name, version=past.version, folder=past.folder)
    if is_plain_folder(past.folder) and compare(past.folder, past.files).none:
        return action(kind="remove", old_files=past.files)
    if situation.force:
        return action(kind="remove", old_files=None)
    edit = Edit(
        folder=past.folder,
        name=past.name,
        files=_edited(past.folder, past),
        reason="would be removed, but has local edits",
    )
    if situation.exact or past.name in situation.by_name:
        return edit
    return action(kind="leave", reason=f"{past.name} is no longer needed, but {past.folder} has local edits; it stays.")


def _leftovers(situation: Situation) -> Iterator[InstalledFolder]:
    """Folders with a skill that has no place there any more: noted ones, and those that the old lock accounts for."""
    wanted = {target.folder / folder_name(name) for target in situation.targets for name in situation.lock.skills}
    for past in situation.installed.values():
        if past.folder not in wanted and os.path.lexists(past.folder) and may_manage(situation, past.folder):
            yield past
    for target in situation.targets:
        for skill in situation.old_lock.skills.values() if situation.old_lock else ():
            folder = target.folder / folder_name(skill.name)
            if folder in wanted or folder in situation.installed or not is_plain_folder(folder):
                continue
            if skill.name in situation.by_name or compare(folder, skill.files).none:
                yield as_installed(skill, folder, {})


def may_manage(situation: Situation, folder: Path) -> bool:
    return not situation.only_targets or any(folder.parent == target.folder for target in situation.targets)


def as_installed(skill: LockedSkill, folder: Path, stamps: Mapping[str, Stamp]) -> InstalledFolder:
    return InstalledFolder(
        folder=folder, name=skill.name, version=skill.version, digest=skill.digest, files=skill.files, stamps=stamps
    )


def _earlier(situation: Situation, folder: Path, name: str) -> Iterator[tuple[str, tuple[FileEntry, ...]]]:
    """What may be there unchanged from an earlier run: by our notes, or by the old lock where notes are missing."""
    if past := situation.installed.get(folder):
        yield past.version, past.files
    if situation.old_lock and (locked := situation.old_lock.skills.get(name)):
        yield locked.version, locked.files


def _reason(folder: Path, past: InstalledFolder | None, differences: Differences) -> str:
    if not is_plain_folder(folder):
        return "is a link or a file, and not Skillyard's"
    if past is None:
        return "was not installed by Skillyard"
    shared = " (through hard links, other projects see them too)" if differences.shared else ""
    return f"has local edits{shared}"


def _edited(folder: Path, past: InstalledFolder | None) -> tuple[str, ...]:
    return compare(folder, past.files).paths if past and is_plain_folder(folder) else ()
