"""The verbs that only look: what is installed, whether it is what was published, what is newer, and who needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from skillyard.sdk.advisories import known_recalls, recalls_of, refreshed
from skillyard.sdk.agents import choose_agents, find_agents, targets
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, SdkError
from skillyard.sdk.folders import compare, is_plain_folder
from skillyard.sdk.installed import read_installed
from skillyard.sdk.plan import folder_name, real_targets
from skillyard.sdk.project import LOCK, Project, ProjectFile
from skillyard.sdk.resolving import decide, unknown_skill
from skillyard.sdk.transport import CONNECTIONS
from skillyard.skill.lockfile import LockedSkill, Lockfile

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A skill of the lock. `requested` is what skillyard.json says of it; `folders` are those that have it."""

    name: str
    version: str
    direct: bool
    folders: tuple[Path, ...]
    digest: str
    requested: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCheck:
    """One skill in one folder, every file hashed.

    `caches` are Python's compiled files, which come from running a skill and are not checked. `shared` are changed
    files that are hard links: what they are linked to has changed as well.
    """

    name: str
    version: str
    folder: Path
    status: Literal["ok", "changed", "missing"]
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`recalled`: why a skill of the lock is recalled, by its name."""

    checks: tuple[FolderCheck, ...]
    notes: tuple[str, ...]
    recalled: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(check.status == "ok" for check in self.checks) and not self.recalled

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "ok": self.ok,
            "checks": [_show_check(check) for check in self.checks],
            "recalled": dict(self.recalled),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """`wanted` is the newest version that the ranges allow. `latest` is None when the registry does not tell."""

    name: str
    current: str
    wanted: str
    latest: str | None
    direct: bool
    deprecated: str | None
    yanked: str | None


def list_installed(project: Project) -> list[Installed]:
    """Every skill of the lock, by name."""
    manifest, lock, folders = project.read_manifest(), project.read_lock(), list(_places(project))
    return [
        Installed(
            name=skill.name,
            version=skill.version,
            direct=skill.name in manifest.skills,
            folders=tuple(folder for folder, name in folders if name == skill.name and is_plain_folder(folder)),
            digest=skill.digest,
            requested=manifest.skills.get(skill.name),
        )
        for skill in _skills(lock)
    ]


def verify(project: Project, connect: Callable[[], Client] | None = None) -> Verification:
    """Hash every file of every installed skill and compare with the lock; and hold the lock against the recalls.

    Those are what this machine knows; with `connect`, asked for again when that is old. Raises SdkError without a lock.
    """
    lock = project.read_lock()
    if lock is None:
        raise SdkError(
            f"There is no {LOCK} in {project.folder}.", code="no_lock", hint="Install something first, then verify it."
        )
    checks = tuple(_check(folder, lock.skills[name]) for folder, name in _places(project) if name in lock.skills)
    notes = [
        f"{past.folder} has {past.name} {past.version}, which {LOCK} no longer names; `skillyard install` removes it."
        for past in read_installed(project).values()
        if past.name not in lock.skills and is_plain_folder(past.folder)
    ]
    if any(check.shared for check in checks):
        notes.append(
            "A changed file is a hard link: other projects with the skill may see the same change; verify them too."
        )
    recalls = refreshed(connect, lock.registry) if connect else known_recalls(lock.registry)
    return Verification(checks=checks, notes=tuple(notes), recalled=recalls_of(lock, recalls))


def outdated(project: Project, client: Client) -> list[Outdated]:
    """What has a newer version, is yanked or deprecated. A skill that cannot be looked up is reported as it is."""
    manifest, lock = project.read_manifest(), project.read_lock()
    if lock is None or not lock.skills:
        return []
    found = side_by_side([partial(_look_up, client, skill) for skill in _skills(lock)])
    is_yanked = {skill.name for skill, (_, _, yanked) in zip(_skills(lock), found, strict=True) if yanked}
    best = _best_fitting(client, manifest, lock, is_yanked)
    compared = []
    for skill, (latest, deprecated, yanked) in zip(_skills(lock), found, strict=True):
        wanted = best.get(skill.name, skill.version)
        if wanted != skill.version or latest not in (None, skill.version) or deprecated or yanked:
            compared.append(
                Outdated(
                    name=skill.name,
                    current=skill.version,
                    wanted=wanted,
                    latest=latest,
                    direct=skill.name in manifest.skills,
                    deprecated=deprecated,
                    yanked=yanked,
                )
            )
    return compared


def yanked_in(client: Client, lock: Lockfile) -> set[str]:
    """The skills of the lock whose release is yanked by now."""
    found = side_by_side([partial(_look_up, client, skill) for skill in _skills(lock)])
    return {skill.name for skill, (_, _, yanked) in zip(_skills(lock), found, strict=True) if yanked}


def why(project: Project, name: str) -> list[list[str]]:
    """The shortest path to `name` from each skill of skillyard.json. Raises SdkError when it is not installed."""
    lock = project.read_lock()
    name = name.removeprefix("@")
    if lock is None or name not in lock.skills:
        raise unknown_skill(name, lock.skills if lock else (), where="installed here")
    from skillyard.skill.resolve import Resolution
    from skillyard.skill.resolve import why as paths_to

    resolution = Resolution(
        versions={skill.name: skill.version for skill in _skills(lock)},
        dependencies={skill.name: skill.dependencies for skill in _skills(lock)},
        requested_by={skill.name: _needing(lock, skill.name) for skill in _skills(lock)},
    )
    return paths_to(resolution, lock.requirements, name)


def _skills(lock: Lockfile | None) -> list[LockedSkill]:
    return sorted(lock.skills.values(), key=lambda skill: skill.name) if lock else []


def _needing(lock: Lockfile, name: str) -> tuple[str, ...]:
    return tuple(other.name for other in _skills(lock) if name in other.dependencies)


def _places(project: Project) -> Iterator[tuple[Path, str]]:
    """Each folder that should have a skill, with the skill's name."""
    manifest, lock = project.read_manifest(), project.read_lock()
    noted = read_installed(project)
    agents = find_agents(manifest.agents) or choose_agents(project.base, project.scope, Path.home())
    chosen = real_targets(project, targets(project.base, project.scope, agents))
    wanted = {target.folder / folder_name(skill.name): skill.name for target in chosen for skill in _skills(lock)}
    others = {folder: past.name for folder, past in noted.items() if folder not in wanted and is_plain_folder(folder)}
    yield from {**wanted, **others}.items()


def _check(folder: Path, skill: LockedSkill) -> FolderCheck:
    if not is_plain_folder(folder):
        return FolderCheck(name=skill.name, version=skill.version, folder=folder, status="missing")
    found = compare(folder, skill.files)
    return FolderCheck(
        name=skill.name,
        version=skill.version,
        folder=folder,
        status="ok" if found.none else "changed",
        changed=found.changed,
        missing=found.missing,
        extra=found.extra,
        caches=found.caches,
        shared=found.shared,
    )


def _best_fitting(client: Client, manifest: ProjectFile, lock: Lockfile, yanked: set[str]) -> dict[str, str]:
    """The newest versions that go together; the yanked ones stay as they are if nothing replaces them."""
    for kept in (set[str](), yanked):
        try:
            decided = decide(client, manifest, lock, unlocked=lock.skills.keys() - kept).lock
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        else:
            return {name: skill.version for name, skill in decided.skills.items()}
    return {}


def _look_up(client: Client, skill: LockedSkill) -> tuple[str | None, str | None, str | None]:
    """The latest version, and what the registry warns of in the installed one. Nothing if it cannot be seen."""
    try:
        document, release = client.skill(skill.name), client.release(skill.name, skill.version)
    except ApiError as error:
        if error.status != 404:
            raise
        return None, None, None
    deprecated = release.get("deprecated") or document.get("deprecated")
    yanked = release.get("yanked")
    return (
        document["latest_version"],
        deprecated["message"] if deprecated else None,
        yanked["reason"] if yanked else None,
    )


def side_by_side(tasks: list[Callable[[], T]]) -> list[T]:
    """What each returns, with as many at once as there are connections."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def _show_check(check: FolderCheck) -> dict[str, Any]:
    return {
        "name": check.name,
        "version": check.version,
        "folder": str(check.folder),
        "status": check.status,
        "changed": list(check.changed),
        "missing": list(check.missing),
        "extra": list(check.extra),
        "caches": list(check.caches),
        "shared": list(check.shared),
    }
