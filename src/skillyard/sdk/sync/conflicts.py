"""Conflicts wait for the person beside our notes, one folder for each: the drive's side, the base, and a candidate.

The skill's own folder stays as it is. `ours` is that folder, `theirs` the drive's side, `resolved` the candidate once
the person has edited it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from skillyard.sdk.disk import read_if_there, remove_tree, write_atomically
from skillyard.sdk.errors import SdkError, UsageError, from_skill_error
from skillyard.sdk.project import Project
from skillyard.sdk.sync.answers import Release, read_release
from skillyard.sdk.sync.own_files import read_own
from skillyard.sdk.sync.scan import LocalSkill
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SkillFiles
from skillyard.skill.folder import write_files
from skillyard.skill.merge.model import OURS, THEIRS, Conflict
from skillyard.skill.names import check_name

Choice = Literal["ours", "theirs", "resolved"]
_MARKERS = (f"<<<<<<< {OURS}".encode(), f">>>>>>> {THEIRS}".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two sides that a person must bring together. `candidate` is None where nothing could be merged. `is_upstream`:
    the other side is not what the drive has, but an update of what a fork comes from.
    """

    slug: str
    reason: str
    is_upstream: bool
    ours_digest: str
    theirs: Release
    theirs_files: SkillFiles
    base_files: SkillFiles | None = None
    candidate: SkillFiles | None = None
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conflict as it was written down. `paths`: what is in conflict, and why."""

    slug: str
    folder: Path
    reason: str
    is_upstream: bool
    ours_digest: str
    theirs: Release
    candidate_digest: str | None
    paths: Mapping[str, str]

    @property
    def candidate(self) -> Path:
        return self.folder / "candidate"

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "slug": self.slug,
            "name": self.theirs.name,
            "version": self.theirs.version,
            "reason": self.reason,
            "paths": dict(self.paths),
            "theirs": str(self.folder / "theirs"),
            "candidate": str(self.candidate) if self.candidate_digest else None,
        }


def keep_clash(project: Project, clash: Clash) -> Waiting:
    """Write a conflict down. One that is the same as before stays as it is, with what the person did to it since."""
    before = find_waiting(project, clash.slug)
    if before and (before.ours_digest, before.theirs.digest) == (clash.ours_digest, clash.theirs.digest):
        return before
    if before:
        _put_away(project, before)
    folder = _folder(project, clash.slug)
    try:
        remove_tree(folder)
        for side, files in (("theirs", clash.theirs_files), ("base", clash.base_files), ("candidate", clash.candidate)):
            if files:
                write_files(files, folder / side)
    except OSError as error:
        raise SdkError(
            f"{folder} could not be written: {error.strerror}.",
            code="cannot_write",
            hint="Check free space and rights, then sync again.",
        ) from error
    document = {
        "reason": clash.reason,
        "is_upstream": clash.is_upstream,
        "ours_digest": clash.ours_digest,
        "theirs": _show_release(clash.theirs),
        "candidate_digest": clash.candidate.digest if clash.candidate else None,
        "paths": {conflict.path: conflict.reason for conflict in clash.conflicts},
    }
    write_atomically(folder / "conflict.json", json.dumps(document, indent=1))
    found = find_waiting(project, clash.slug)
    assert found is not None, "it was just written"
    return found


def list_waiting(project: Project) -> list[Waiting]:
    """All conflicts that wait, by slug."""
    place = project.state_dir / "conflicts"
    slugs = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    return [found for slug in slugs if (found := find_waiting(project, slug))]


def find_waiting(project: Project, slug: str) -> Waiting | None:
    """None where there is none, or none that can be read."""
    try:
        folder = _folder(project, slug)
        document: Any = json.loads(read_if_there(folder / "conflict.json") or b"null")
        theirs = read_release(document["theirs"])
        if theirs is None:
            return None
        return Waiting(
            slug=slug,
            folder=folder,
            reason=str(document["reason"]),
            is_upstream=bool(document["is_upstream"]),
            ours_digest=str(document["ours_digest"]),
            theirs=theirs,
            candidate_digest=document["candidate_digest"],
            paths={str(path): str(why) for path, why in document["paths"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, SkillError):
        return None


def settle(project: Project, slug: str) -> None:
    """Forget a conflict that is none any more; a candidate that the person worked on is kept in the backups."""
    if found := find_waiting(project, slug):
        _put_away(project, found)
    remove_tree(_folder(project, slug))


def resolve(project: Project, local: LocalSkill, choice: Choice) -> tuple[LocalSkill, SkillFiles]:
    """The skill as the person wants it, on top of what the drive had; and the files of that.

    Raises SdkError when there is no conflict, or the candidate cannot be used yet.
    """
    found = find_waiting(project, local.slug)
    if found is None:
        raise UsageError(
            f"{local.slug} has no conflict.", code="no_conflict", hint="See what waits with `skillyard sync status`."
        )
    theirs = _read(found.folder / "theirs", found.theirs.name)
    if theirs.digest != found.theirs.digest:
        hint = f"Remove {found.folder} and sync again."
        raise SdkError(
            f"{found.folder / 'theirs'} was edited; it is the drive's side.", code="bad_candidate", hint=hint
        )
    files = theirs if choice == "theirs" else _candidate(found, local) if choice == "resolved" else _ours(found, local)
    if files is None:
        raise UsageError(
            f"{local.slug} has no edits any more.",
            code="no_conflict",
            hint="Run `skillyard sync` without a choice.",
        )
    problem = "" if choice == "theirs" else local.problem
    chosen = replace(local, digest=files.digest, files=files, resolved=found.theirs, problem=problem)
    if found.is_upstream:
        return chosen, theirs
    base = found.theirs
    return replace(chosen, name=base.name, base_digest=base.digest, base_version=base.version), theirs


def _ours(found: Waiting, local: LocalSkill) -> SkillFiles | None:
    """What is in the folder; None where nobody edited it, so that there is nothing to hold against the drive."""
    return local.read() if found.is_upstream else local.files


def _candidate(found: Waiting, local: LocalSkill) -> SkillFiles:
    if found.candidate_digest is None:
        raise SdkError(
            f"{found.slug} has nothing that was merged.",
            code="no_candidate",
            hint="Take one side: --ours keeps the folder, --theirs takes what the drive has.",
        )
    if local.digest != found.ours_digest:
        raise SdkError(
            f"{local.copies[0].folder} was edited after the candidate was made.",
            code="candidate_outdated",
            hint="Run `skillyard sync` to merge anew, or take the folder as it is with --ours.",
        )
    files = _read(found.candidate, found.slug)
    if marked := sorted(_marked(files)):
        raise SdkError(
            f"There are still marks of conflict in {', '.join(marked[:5])}.",
            code="still_marked",
            hint=f"Edit what is in {found.candidate}, then say --resolved {found.slug} again.",
            facts={"marked": marked},
        )
    return files


def _marked(files: SkillFiles) -> Iterable[str]:
    for path, content in files.contents.items():
        for number, line in enumerate(content.split(b"\n"), start=1):
            if line.rstrip(b"\r") in _MARKERS:
                yield f"{path}:{number}"


def _read(folder: Path, what: str) -> SkillFiles:
    known = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    try:
        return read_own(folder, known)
    except SkillError as error:
        raise from_skill_error(error, code="bad_candidate", message=f"{folder} is no skill.") from error
    except OSError as error:
        raise SdkError(f"{folder} cannot be read.", code="bad_candidate", hint=f"Sync {what} again.") from error


def _put_away(project: Project, found: Waiting) -> None:
    """What the person did to a candidate is never deleted."""
    if found.candidate_digest is None or not found.candidate.is_dir():
        return
    try:
        is_edited = _read(found.candidate, found.slug).digest != found.candidate_digest
    except SdkError:
        is_edited = True
    if is_edited:
        from skillyard.sdk.sync.undo_record import backup_folder, new_backup

        target = backup_folder(project, new_backup()) / "candidate" / found.slug
        target.parent.mkdir(parents=True)
        found.candidate.rename(target)


def _folder(project: Project, slug: str) -> Path:
    if check_name(slug):
        raise ValueError(f"{slug!a} is no folder of a skill")
    return project.state_dir / "conflicts" / slug


def _show_release(release: Release) -> dict[str, Any]:
    fields = asdict(release)
    archive = {key: fields.pop(key) for key in ("url", "sha256", "sha512", "size_bytes")}
    return {**fields, "archive": archive}
