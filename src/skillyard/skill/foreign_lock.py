"""Lockfiles of other tools, read as far as a project can be moved from them: which skills, in which version."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_file import key_lines, read_json
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.reading import Place, quoted
from skillyard.skill.versions import is_version

_MAX_CHARS = 32 * 1024 * 1024
_HEX = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_SRI = re.compile("sha512-[A-Za-z0-9+/]{86}==")


class ForeignSkill(NamedTuple):
    """`name`: ns/slug, or the slug alone where the tool knows no namespaces. `version`: None when it is not a semantic
    one. `digest`: spelled and made as that tool does, so only comparable with its own.
    """

    name: str
    version: str | None
    digest: str | None


def read_foreign(text: str, filename: str) -> list[ForeignSkill]:
    """Read the text of a lockfile by its file name: Tank's `tank.lock` or older `skills.lock` (digest: sha512 of the
    tarball), SkillDock's `.skilldock.lock.json` (sha256 of the zip), the skills CLI's `skills-lock.json` (a hash of the
    folder). Sorted by name. Raises SkillError with every fault.
    """
    file = re.split(r"[/\\]", filename)[-1]
    kind = _KINDS.get(file)
    if kind is None:
        hint = f"known are {', '.join(_KINDS)}"
        raise SkillError([Fault(code="unknown_lockfile", message=f"{quoted(file)} is not a known lockfile", hint=hint)])
    value = read_json(text, file=file, max_chars=_MAX_CHARS)
    faults: list[Fault] = []
    skills = _read(value, kind, Place(faults=faults, file=file))
    if faults:
        told: list[Fault] = []
        _read(value, kind, Place(faults=told, file=file, lines=key_lines(text)))  # again, now that lines are needed
        raise SkillError(told)
    return sorted(skills)


class _Kind(NamedTuple):
    version_key: str
    versions: tuple[int, ...]
    split: Callable[[str, Mapping[str, Any]], tuple[str, object]]  # key and facts → name and version
    digest_key: str


def _read(value: Mapping[str, Any], kind: _Kind, place: Place) -> list[ForeignSkill]:
    version, skills = value.get(kind.version_key), value.get("skills")
    if type(version) is not int or version not in kind.versions:
        known = " or ".join(map(str, kind.versions))
        message = f"{kind.version_key} is {quoted(version)}, not {known}"
        place.at(kind.version_key).refuse("lockfile_version", message, "write it anew with the tool that it is of")
    elif not isinstance(skills, dict):
        place.at("skills").refuse("bad_lockfile", "skills is missing or not an object", "is it the right file?")
    else:
        read = [_read_skill(key, facts, kind, place.at("skills", key)) for key, facts in skills.items()]
        return [skill for skill in read if skill]
    return []


def _read_skill(key: str, facts: object, kind: _Kind, place: Place) -> ForeignSkill | None:
    if not isinstance(facts, dict):
        place.refuse("bad_lockfile", f"{quoted(key)} is not an object", "take it out")
        return None
    stated, version = kind.split(key, facts)
    name = _read_name(stated)
    digest = facts.get(kind.digest_key)
    if name is None:
        place.refuse("bad_skill_name", f"{quoted(key)} is not the name of a skill", "take it out; install it by itself")
    if digest and not (isinstance(digest, str) and (_HEX.fullmatch(digest) or _SRI.fullmatch(digest))):
        place.at(kind.digest_key).refuse("bad_digest", f"{kind.digest_key} is {quoted(digest)}", "take it out")
    return ForeignSkill(
        name or "", version if isinstance(version, str) and is_version(version) else None, digest or None
    )


def _read_name(text: str) -> str | None:
    if "/" not in text:
        return None if check_name(text) else text
    try:
        return str(SkillName.parse(text))
    except SkillError:
        return None


def _split_tank(key: str, _facts: Mapping[str, Any]) -> tuple[str, object]:
    name, _, version = key.rpartition("@")
    return name, version


def _split_plain(key: str, facts: Mapping[str, Any]) -> tuple[str, object]:
    return key, facts.get("version")


_TANK = _Kind("lockfileVersion", (1, 2), _split_tank, "integrity")
_KINDS = {
    "tank.lock": _TANK,
    "skills.lock": _TANK,
    ".skilldock.lock.json": _Kind("schema_version", (1,), _split_plain, "sha256"),
    "skills-lock.json": _Kind("version", (1,), _split_plain, "computedHash"),
}
