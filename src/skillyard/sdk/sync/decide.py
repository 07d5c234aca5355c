"""What becomes of each skill here: the registry's word, held to what is in the folders, and merged where both moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from skillyard.sdk.folders import is_plain_folder, walk
from skillyard.sdk.sync.answers import MERGES, Item, Release
from skillyard.sdk.sync.conflicts import Clash
from skillyard.sdk.sync.own_files import others_in
from skillyard.sdk.sync.placing import obstacles
from skillyard.sdk.sync.scan import LocalSkill
from skillyard.sdk.sync.trees import Trees
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SkillFiles, skill_files
from skillyard.skill.manifest import read_manifest
from skillyard.skill.merge.model import Conflict, Merged
from skillyard.skill.merge.skills import merge_executable, merge_skills

_UPLOADS = frozenset({"upload_private", "push", "fork"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be in all folders of a skill: `files`, None where what is there stays. `goes`: nothing, any more.

    `release`: what the notes are to say was put there, None where they stay. `upload`: whether `files` are to be
    uploaded too. `blocked`: why nothing is done, which `clash` says in full where a merge had conflicts.
    """

    item: Item
    local: LocalSkill | None
    files: SkillFiles | None = None
    release: Release | None = None
    goes: bool = False
    upload: bool = False
    blocked: str = ""
    clash: Clash | None = None

    @property
    def slug(self) -> str:
        return self.item.slug

    @property
    def needs_consent(self) -> bool:
        """Whether the folder would leave this machine under a name that it does not have here, or cost credits."""
        name = self.local.name if self.local else None
        return self.upload and (self.item.publish_as != name or self.item.credits > 0)


def needed(item: Item, local: LocalSkill | None, places: list[Path], trees: Trees) -> Iterator[Release]:
    """The releases whose files it takes to decide about a skill."""
    if local and local.problem:
        return
    is_everywhere = local is not None and _is_everywhere(local, places)
    takes_target = item.action in ("install", "update", "conflict", *MERGES)
    if item.target and (takes_target or (item.action in ("in_sync", "claim_public") and not is_everywhere)):
        yield item.target
    if item.base and item.action in ("conflict", *MERGES) and not _has_base(item, local, trees):
        yield item.base


def _has_base(item: Item, local: LocalSkill | None, trees: Trees) -> bool:
    if item.action == "merge_upstream" or local is None or local.base_digest is None:
        return False
    return trees.of(local.base_digest) is not None


def decide(item: Item, local: LocalSkill | None, places: list[Path], trees: Trees) -> Decision:
    """Nothing is written. `places`: the folders that are to have the skill."""
    decision = Decision(item=item, local=local, release=_resolved_base(local))
    if local and local.problem:
        return replace(decision, release=None, blocked=local.problem)
    if strange := _strange(local, places):
        return replace(decision, release=None, blocked=f"{strange} is yours, and no skill")
    decided = _decided(decision, places, trees)
    if decided.files and (path := _in_the_way(decided)):
        return replace(
            decision, release=None, blocked=f"{path} is a file of yours that the drive's version would replace"
        )
    return decided


def _resolved_base(local: LocalSkill | None) -> Release | None:
    """What the notes say from now on, because the person has decided on top of it."""
    resolved = local.resolved if local else None
    return resolved if local and resolved and resolved.digest == local.base_digest else None


def _decided(decision: Decision, places: list[Path], trees: Trees) -> Decision:
    item, local = decision.item, decision.local
    if item.action == "remove":
        if local is None or local.is_edited:
            return replace(decision, blocked="it was removed from the drive, but has edits here; it stays")
        return replace(decision, goes=True)
    if item.action in ("install", "update"):
        if local and _has_edits(local, trees) and not (item.target and local.digest == item.target.digest):
            return _conflict(decision, trees)
        return replace(decision, files=_target(item, trees), release=item.target)
    if item.action in ("in_sync", "claim_public"):
        is_done = local is not None and not local.resolved and _is_everywhere(local, places)
        files = None if is_done else _here(local) or _target(item, trees)
        return replace(decision, files=files, release=item.target)
    if item.action == "conflict":
        return _conflict(decision, trees)
    here = _here(local)
    if item.action in _UPLOADS:
        return replace(decision, files=here, upload=item.publish_as is not None and here is not None)
    if item.action in MERGES:
        return _merged(decision, here, trees)
    return replace(decision, files=here if item.action == "keep" else None)


def _merged(decision: Decision, here: SkillFiles | None, trees: Trees) -> Decision:
    item, local = decision.item, decision.local
    theirs = _target(item, trees)
    if local is None or here is None or theirs is None:
        return replace(decision, blocked="what it takes to merge is not there")
    if item.action == "merge_upstream" and local.resolved == item.target:
        return replace(decision, files=here, upload=item.publish_as is not None)
    base = _merge_base(item, local, trees)
    if base is None:
        return _conflict(decision, trees)
    merged = merge_skills(base.contents, here.contents, theirs.contents)
    files = _as_skill(merged, base, here, theirs)
    if merged.conflicts or files is None:
        return replace(decision, clash=_clash(decision, theirs, base, files, merged), blocked=_why(merged))
    if item.action == "merge_upstream":
        return replace(decision, files=files, upload=item.publish_as is not None)
    is_news = files.digest != theirs.digest
    return replace(decision, files=files, release=item.target, upload=item.publish_as is not None and is_news)


def _conflict(decision: Decision, trees: Trees) -> Decision:
    """Nothing is touched; where the drive has a side, it is laid beside with what a merge would make of both."""
    local, theirs = decision.local, _target(decision.item, trees)
    here = _here(local)
    if local is None or here is None or theirs is None:
        return replace(decision, blocked=decision.item.reason)
    base = _merge_base(decision.item, local, trees)
    merged = merge_skills(base.contents if base else {}, here.contents, theirs.contents)
    files = _as_skill(merged, base or here, here, theirs)
    return replace(decision, blocked=decision.item.reason, clash=_clash(decision, theirs, base, files, merged))


def _clash(
    decision: Decision, theirs: SkillFiles, base: SkillFiles | None, files: SkillFiles | None, merged: Merged
) -> Clash:
    assert decision.local is not None, "both sides are there"
    assert decision.item.target is not None, "both sides are there"
    return Clash(
        slug=decision.slug,
        reason=_why(merged) if merged.conflicts else decision.item.reason,
        is_upstream=decision.item.action == "merge_upstream",
        ours_digest=decision.local.folder_digest,
        theirs=decision.item.target,
        theirs_files=theirs,
        base_files=base,
        candidate=files,
        conflicts=merged.conflicts,
    )


def _why(merged: Merged) -> str:
    if not merged.conflicts:
        return "the merged SKILL.md could not be read any more"
    return "; ".join(dict.fromkeys(f"{_where(one)}: {one.reason}" for one in merged.conflicts[:3]))


def _where(conflict: Conflict) -> str:
    return f"{conflict.path} ({conflict.where})" if conflict.where else conflict.path


def _as_skill(merged: Merged, base: SkillFiles, here: SkillFiles, theirs: SkillFiles) -> SkillFiles | None:
    """The merged files with their modes; None where they would be no skill although both sides are."""
    executable = merge_executable(_executable(base), _executable(here), _executable(theirs), merged.files)
    try:
        files = skill_files(merged.files, executable=executable)
    except SkillError:
        return None
    if merged.conflicts or read_manifest(files).manifest is not None or read_manifest(here).manifest is None:
        return files
    return None


def _executable(files: SkillFiles) -> frozenset[str]:
    return frozenset(entry.path for entry in files.entries if entry.executable)


def _merge_base(item: Item, local: LocalSkill, trees: Trees) -> SkillFiles | None:
    if item.action == "merge_upstream":
        return trees.of(item.base.digest) if item.base else None
    if local.base_digest and (files := trees.of(local.base_digest)):
        return files
    return trees.of(item.base.digest) if item.base and item.base.digest == local.base_digest else None


def _here(local: LocalSkill | None) -> SkillFiles | None:
    return local.read() if local else None


def _target(item: Item, trees: Trees) -> SkillFiles | None:
    return trees.of(item.target.digest) if item.target else None


def _has_edits(local: LocalSkill, trees: Trees) -> bool:
    """Whether somebody's work is in it, as this machine knows itself: by its notes, else by its lock."""
    return local.is_edited and not (local.base_digest is None and trees.knows(local.digest))


def _is_everywhere(local: LocalSkill, places: list[Path]) -> bool:
    """Whether all folders have it as the person has it, and no other does."""
    return {copy.folder for copy in local.copies} == set(places) and all(
        copy.digest == local.digest for copy in local.copies
    )


def _strange(local: LocalSkill | None, places: list[Path]) -> Path | None:
    known = {copy.folder for copy in local.copies} if local else set()
    return next((folder for folder in places if folder not in known and not _is_free(folder)), None)


def _is_free(folder: Path) -> bool:
    """Nothing is there, or only files that no skill has as its own."""
    if not os.path.lexists(folder):
        return True
    return is_plain_folder(folder) and len(list(others_in(folder, ()))) == len(list(walk(folder)))


def _in_the_way(decision: Decision) -> str | None:
    assert decision.files is not None, "only where something is placed"
    for copy in decision.local.copies if decision.local else ():
        if copy.digest != decision.files.digest and (found := obstacles(copy, decision.files)):
            return str(copy.folder / found[0])
    return None
