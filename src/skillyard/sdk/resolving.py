"""From what is asked for to a lock: specs, one question to the registry, and its answer held to its own promises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import ApiError, NetworkError, SdkError, UsageError
from skillyard.sdk.project import ProjectFile, check_range, is_channel
from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.lockfile import LockedSkill, Lockfile
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import Permissions, read_permissions
from skillyard.skill.versions import Range, Version

if TYPE_CHECKING:
    from skillyard.sdk.client import Client

DEFAULT_CHANNEL = "latest"
_MOST_REASONS = 20
_MOST_REASON_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A skill as a person names it: `acme/pdf`, `acme/pdf@^1.2`, `@acme/pdf@next`."""

    name: str
    wanted: str | None


def parse_specs(texts: Iterable[str]) -> list[Spec]:
    """Raises UsageError with the faults of all of them."""
    specs: list[Spec] = []
    faults: list[Fault] = []
    for text in texts:
        name, at, wanted = text.removeprefix("@").partition("@")
        try:
            specs.append(Spec(name=str(SkillName.parse(name)), wanted=wanted or None))
        except SkillError as error:
            faults += error.faults
        if at:
            faults += check_range(wanted)
    if faults:
        raise UsageError(
            "That names no skill.", code="bad_spec", hint="Write it as acme/pdf or acme/pdf@^1.2.", faults=faults
        )
    return specs


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the registry says of a release beside its content: `reasons` tell why `status` is not "listed"."""

    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The lock, the version of each skill that was asked for, and how each release stands."""

    lock: Lockfile
    roots: Mapping[str, str]
    standings: Mapping[str, Standing]


def decide(
    client: Client,
    manifest: ProjectFile,
    lock: Lockfile | None,
    *,
    asked: Mapping[str, str] | None = None,
    unlocked: Collection[str] = (),
    min_age_s: int = 0,
) -> Decision:
    """The lock for all that `manifest` and `asked` want.

    What is locked stays as it is where that is allowed, except for the skills in `unlocked`. Releases younger than
    `min_age_s` are passed over.
    """
    wanted = {**manifest.skills, **(asked or {})}
    locked = {name: skill.version for name, skill in lock.skills.items() if name not in unlocked} if lock else {}
    sent = {
        name: locked[name] if is_channel(text) and name in locked and name not in (asked or {}) else text
        for name, text in wanted.items()
    }
    answer = client.resolve(sent, locked, min_age_s=min_age_s)
    try:
        standings = {str(document["name"]): _read_standing(document) for document in answer["packages"]}
        skills = [_read_package(document, client.base_url) for document in answer["packages"]]
        roots = {str(name): str(version) for name, version in answer["roots"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad_answer(f"{type(error).__name__} {error}") from error
    found = Lockfile(registry=client.base_url, requirements=wanted, skills={skill.name: skill for skill in skills})
    try:
        decided = Lockfile.read(found.show())  # what we write must pass what we ask of every lock
    except (SkillError, ValueError) as error:
        _ask_log(client, skills)
        raise _bad_answer(str(error)) from error
    missing = [f"{name} is missing" for name in sorted(wanted.keys() - roots.keys())]
    if problems := missing or lock_problems(decided):
        raise _bad_answer(problems[0])
    return Decision(lock=decided, roots=roots, standings=standings)


def ask_standings(client: Client, exact: Mapping[str, str]) -> dict[str, Standing]:
    """How these releases stand with the registry, by name. Raises ApiError when one of them is not there."""
    answer = client.resolve(exact, exact)
    try:
        return {str(document["name"]): _read_standing(document) for document in answer["packages"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad_answer(f"{type(error).__name__} {error}") from error


def lock_problems(lock: Lockfile) -> list[str]:
    """Why a lock is not one whole set: something that is needed is missing, or has a version that does not fit."""
    problems = []
    needs = [("the project", name, text) for name, text in lock.requirements.items()]
    needs += [(skill.name, name, text) for skill in lock.skills.values() for name, text in skill.dependencies.items()]
    for who, name, text in needs:
        skill = lock.skills.get(name)
        if skill is None:
            problems.append(f"{who} needs {name} {text}, which the lock does not have")
        elif not is_channel(text) and not fits(skill.version, text):
            problems.append(f"{who} needs {name} {text}, the lock has {skill.version}")
    return problems


def fits(version: str, text: str) -> bool:
    """Whether a locked version is in a range; one that was locked on purpose may be a pre-release."""
    return Range.parse(text).contains(Version.parse(version), include_prerelease=True)


def pruned(lock: Lockfile, requirements: Mapping[str, str]) -> Lockfile:
    """The lock with only what `requirements` still lead to, every version as it was."""
    waiting, needed = list(requirements), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in needed and name in lock.skills:
            needed.add(name)
            waiting += lock.skills[name].dependencies
    skills = {name: skill for name, skill in lock.skills.items() if name in needed}
    return Lockfile(registry=lock.registry, requirements=dict(requirements), skills=skills)


def saved_range(wanted: str | None, version: str) -> str:
    """What goes into skillyard.json: what was asked for, or all that is compatible with what was found."""
    return wanted or f"^{version}"


def unknown_skill(name: str, known: Iterable[str], *, where: str) -> SdkError:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "See what is there with `skillyard list`."
    return SdkError(f"{name} is not {where}.", code="not_installed", hint=hint, facts={"suggestions": near})


def _read_standing(document: Mapping[str, Any]) -> Standing:
    reasons = tuple(str(reason)[:_MOST_REASON_CHARS] for reason in document.get("reasons", []))
    return Standing(status=str(document.get("status", "listed")), reasons=reasons[:_MOST_REASONS])


def _read_package(document: Mapping[str, Any], registry: str) -> LockedSkill:
    """One release of the answer; what its values must be is left to the lockfile."""
    archive = document["archive"]
    files = tuple(
        FileEntry(
            path=str(file["path"]),
            size_bytes=int(file["size_bytes"]),
            sha256=str(file["sha256"]),
            executable=bool(file.get("executable")),
        )
        for file in document["files"]
    )
    return LockedSkill(
        name=str(document["name"]),
        version=str(document["version"]),
        digest=str(document["digest"]),
        sha256=str(archive["sha256"]),
        sha512=str(archive["sha512"]),
        size_bytes=int(archive["size_bytes"]),
        resolved=str(archive["url"]),
        dependencies={str(other): str(text) for other, text in document["dependencies"].items()},
        files=files,
        registry=registry,
        permissions=_read_permissions(document.get("permissions")),
    )


def _read_permissions(value: object) -> Permissions:
    permissions, faults = read_permissions(value)
    if faults:
        raise ValueError(faults[0].message)
    return permissions


def _ask_log(client: Client, skills: Iterable[LockedSkill]) -> None:
    """Refuse what contradicts the public log by naming the entry; what cannot be asked adds nothing."""
    from skillyard.sdk.log import check_releases

    with suppress(NetworkError, ApiError):
        check_releases(client, skills)


def _bad_answer(why: str) -> SdkError:
    return SdkError(
        f"The registry's answer cannot be used: {why}.",
        code="bad_answer",
        hint="Nothing was changed. Tell the operator of the registry.",
        faults=[Fault(code="bad_answer", message=why, hint="")],
    )
