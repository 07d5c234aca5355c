"""Everything that speaks against what is installed: changed bytes, recalls, the scan, the project's budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from skillyard.sdk.advisories import Recalls, known_recalls, refreshed
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, IntegrityError, SdkError
from skillyard.sdk.gate import over_budget
from skillyard.sdk.log import check_releases
from skillyard.sdk.log_memory import recall_log
from skillyard.sdk.log_verify import check_offline
from skillyard.sdk.paths import release_path
from skillyard.sdk.policy import Policy, read_policy
from skillyard.sdk.project import LOCK, Project
from skillyard.sdk.run import Options
from skillyard.sdk.status import Verification, side_by_side, verify
from skillyard.skill.lockfile import LockedSkill, Lockfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One skill of the lock. `problems` call for something to be done, `notes` are worth knowing."""

    name: str
    version: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`problems` are about the registry as a whole: its public log is not what it was."""

    skills: tuple[Audited, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems and not any(skill.problems for skill in self.skills)

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "ok": self.ok,
            "skills": [
                {
                    "name": skill.name,
                    "version": skill.version,
                    "problems": list(skill.problems),
                    "notes": list(skill.notes),
                }
                for skill in self.skills
            ],
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def audit(project: Project, client: Client | None) -> Audit:
    """Look at every skill of the lock from every side; without a client from what this machine knows.

    Raises SdkError without a lock.
    """
    lock = project.read_lock()
    if lock is None:
        hint = "Install something first, then audit it."
        raise SdkError(f"There is no {LOCK} in {project.folder}.", code="no_lock", hint=hint)
    policy = read_policy(project.read_manifest(), Options())
    checked = verify(project)
    recalls = known_recalls(lock.registry) if client is None else refreshed(lambda: client, lock.registry, max_age_s=0)
    heard = _heard(client, lock) if client else {}
    problems = tuple(_ask_log(client, lock)) if client else ()
    logged = {problem.name: problem.problem for problem in check_offline(project)} if _keeps_log(lock) else {}
    skills = tuple(
        Audited(
            name=skill.name,
            version=skill.version,
            problems=(
                *_problems(skill, policy, checked, recalls, heard.get(name, {})),
                *([logged[name]] if name in logged else []),
            ),
            notes=tuple(_notes(skill, heard.get(name, {}))),
        )
        for name, skill in sorted(lock.skills.items())
    )
    notes = tuple(filter(None, (*checked.notes, recalls.note)))
    return Audit(skills=skills, problems=problems, notes=notes)


def _keeps_log(lock: Lockfile) -> bool:
    """Whether this machine knows the log of the registry; there are registries that keep none."""
    return recall_log(lock.registry) is not None


def _ask_log(client: Client, lock: Lockfile) -> Iterator[str]:
    """What is wrong with the registry's log now, as far as this machine can tell."""
    try:
        check_releases(client, lock.skills.values())
    except IntegrityError as error:
        yield error.message


def _problems(
    skill: LockedSkill, policy: Policy, checked: Verification, recalls: Recalls, heard: Mapping[str, Any]
) -> Iterator[str]:
    for check in checked.checks:
        if check.name == skill.name and check.status != "ok":
            paths = (*check.changed, *check.missing, *check.extra)
            yield f"{check.folder} is {check.status}: {', '.join(paths[:5])}" if paths else f"{check.folder} is missing"
    if recall := recalls.of(skill.name, skill.digest):
        yield f"recalled: {recall}"
    yield from over_budget(policy, skill)
    if heard.get("status") == "quarantined":
        yield f"quarantined: {'; '.join(heard['reasons'])}"
    if heard.get("status") == "flagged":
        for reason in heard["reasons"]:
            if reason not in skill.accepted:
                yield f"flagged: {reason}"
    if heard and heard["digest"] != skill.digest:
        yield f"the registry has other files for this version: {heard['digest']}"


def _notes(skill: LockedSkill, heard: Mapping[str, Any]) -> Iterator[str]:
    for reason in skill.accepted:
        yield f"accepted although flagged: {reason}"
    if heard.get("yanked"):
        yield f"yanked: {heard['yanked']['reason']}"
    if heard.get("deprecated"):
        yield f"deprecated: {heard['deprecated']['message']}"
    for gap in heard.get("gaps", ()):
        yield f"when it ran at the registry, it {gap}"


def _heard(client: Client, lock: Lockfile) -> dict[str, Mapping[str, Any]]:
    """What the registry says of each release now; nothing of those that cannot be seen any more."""
    names = sorted(lock.skills)
    found = side_by_side([partial(_release, client, lock.skills[name]) for name in names])
    return {name: document for name, document in zip(names, found, strict=True) if document}


def _release(client: Client, skill: LockedSkill) -> Mapping[str, Any]:
    try:
        return {**client.release(skill.name, skill.version), "gaps": _gaps(client, skill)}
    except ApiError as error:
        if error.status != 404:
            raise
        return {}


def _gaps(client: Client, skill: LockedSkill) -> list[str]:
    """What the release did and did not declare, in words; nothing when nobody can say."""
    try:
        found = client.get_json(f"{release_path(skill.name, skill.version)}/scan")["permissions"]["observed"]
        return [str(gap["text"]) for gap in found["gaps"]] if found else []
    except (ApiError, KeyError, TypeError):
        return []
