"""`skillyard.lock`: the whole graph that was installed, pinned by digest down to each file; and other tools' locks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from skillyard.skill.digest import FileEntry, tree_digest
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_file import read_json
from skillyard.skill.names import SkillName
from skillyard.skill.versions import is_version

LOCKFILE_VERSION = 1
_FILE = "skillyard.lock"
_MOST_CHARS = 32 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TREE = re.compile(r"sha256:[0-9a-f]{64}")
_SHA512 = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSkill:
    """One release. `digest` is that of its files; `sha256`, `sha512` and `size_bytes` are of its archive, which
    `resolved` is the address of."""

    name: str
    version: str
    digest: str
    sha256: str
    sha512: str
    size_bytes: int
    resolved: str
    dependencies: Mapping[str, str]
    files: tuple[FileEntry, ...]
    registry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """`requirements`: what the project asked for when the lock was made; `skills`: by name, with all they need."""

    registry: str
    requirements: Mapping[str, str]
    skills: Mapping[str, LockedSkill]
    lockfile_version: int = LOCKFILE_VERSION

    @classmethod
    def read(cls, text: str) -> Lockfile:
        """Read and check a lockfile. Raises SkillError with what is wrong in which skill."""
        return _read(text)

    def show(self) -> str:
        """The text of the file: the same for the same lock on every machine."""
        value = {
            "lockfile_version": self.lockfile_version,
            "registry": _without_secrets(self.registry),
            "requirements": dict(sorted(self.requirements.items())),
            "skills": {name: _show_skill(skill) for name, skill in sorted(self.skills.items())},
        }
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _show_skill(skill: LockedSkill) -> dict[str, Any]:
    return {
        "version": skill.version,
        "digest": skill.digest,
        "archive": {
            "url": _without_secrets(skill.resolved),
            "sha256": skill.sha256,
            "sha512": skill.sha512,
            "size_bytes": skill.size_bytes,
        },
        "registry": _without_secrets(skill.registry),
        "dependencies": dict(sorted(skill.dependencies.items())),
        "files": {file.path: _show_file(file) for file in sorted(skill.files, key=lambda file: file.path)},
    }


def _show_file(file: FileEntry) -> dict[str, Any]:
    shown: dict[str, Any] = {"sha256": file.sha256, "size_bytes": file.size_bytes}
    return {**shown, "executable": True} if file.executable else shown


def _without_secrets(url: str) -> str:
    """The address without user, password, query and fragment, in any of which a secret may travel."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _read(text: str) -> Lockfile:
    value = read_json(text, file=_FILE, most_chars=_MOST_CHARS)
    if value.get("lockfile_version") != LOCKFILE_VERSION:
        found = str(value.get("lockfile_version"))[:20]
        message = f"the lockfile has version {found}, this program reads version {LOCKFILE_VERSION}"
        raise SkillError([_fault("lockfile_version", message, "Use a newer program, or make the lock anew.")])
    faults: list[Fault] = []
    requirements = _strings(value.get("requirements"), "requirements", faults)
    skills: dict[str, LockedSkill] = {}
    entries = value.get("skills")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        skill = _read_skill(name, entry, faults)
        if skill:
            skills[name] = skill
    if not isinstance(entries, dict) or not isinstance(value.get("registry"), str):
        faults.append(_fault("bad_lockfile", "registry or skills is missing", "Make the lock anew with an install."))
    if faults:
        raise SkillError(faults)
    return Lockfile(registry=value["registry"], requirements=requirements, skills=skills)


def _read_skill(name: str, entry: Any, faults: list[Fault]) -> LockedSkill | None:
    def wrong(what: str) -> None:
        faults.append(_fault("bad_lockfile", f"{name[:80]}: {what}", "Make the lock anew with an install."))

    before = len(faults)
    try:
        SkillName.parse(name)
    except SkillError:
        wrong("is not the name of a skill")
    if not isinstance(entry, dict) or not isinstance(entry.get("archive"), dict):
        wrong("is not whole")
        return None
    archive = entry["archive"]
    checks: list[tuple[str, Any, Callable[[Any], bool]]] = [
        ("version", entry.get("version"), is_version),
        ("digest", entry.get("digest"), _matches(_TREE)),
        ("archive.sha256", archive.get("sha256"), _matches(_SHA256)),
        ("archive.sha512", archive.get("sha512"), _matches(_SHA512)),
        ("archive.size_bytes", archive.get("size_bytes"), _is_size),
        ("archive.url", archive.get("url"), _is_address),
        ("registry", entry.get("registry"), _is_address),
        ("files", entry.get("files"), lambda files: isinstance(files, dict)),
    ]
    for key, found, is_good in checks:
        if not is_good(found):
            wrong(f"{key} is {str(found)[:80]!r}")
    dependencies = _strings(entry.get("dependencies"), f"{name[:80]}: dependencies", faults)
    if len(faults) > before:
        return None
    files = _read_files(entry["files"], wrong)
    if len(faults) == before and tree_digest(files) != entry["digest"]:
        wrong("its files do not have its digest")
    return None if len(faults) > before else LockedSkill(
        name=name, version=entry["version"], digest=entry["digest"], sha256=archive["sha256"],
        sha512=archive["sha512"], size_bytes=archive["size_bytes"], resolved=archive["url"],
        dependencies=dependencies, files=files, registry=entry["registry"],
    )  # fmt: skip


def _read_files(entries: Mapping[str, Any], wrong: Callable[[str], None]) -> tuple[FileEntry, ...]:
    files = []
    for path, facts in entries.items():
        if not _is_safe(path):
            wrong(f"{path[:80]!r} is not a path inside a skill")
        elif (
            not isinstance(facts, dict)
            or not _matches(_SHA256)(facts.get("sha256"))
            or not _is_size(facts.get("size_bytes"))
        ):
            wrong(f"{path[:80]!r} has no usable digest and size")
        else:
            executable = facts.get("executable") is True
            files.append(
                FileEntry(path=path, size_bytes=facts["size_bytes"], sha256=facts["sha256"], executable=executable)
            )
    return tuple(sorted(files, key=lambda file: file.path))


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and ":" not in path and not {"", ".", ".."} & set(parts)


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"https?://[^\s/]", value) is not None


def _strings(value: Any, what: str, faults: list[Fault]) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        faults.append(_fault("bad_lockfile", f"{what} is not a map of text", "Make the lock anew with an install."))
        return {}
    return value


def _fault(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint, file=_FILE)


@dataclass(frozen=True, slots=True)
class ForeignSkill:
    """What another tool's lockfile says of one skill: its name as written there, version and digest if any."""

    name: str
    version: str | None
    digest: str | None


def read_foreign(text: str, filename: str) -> list[ForeignSkill]:
    """Read `tank.lock`, `skills.lock`, `.skilldock.lock.json` or `skills-lock.json`. Raises SkillError."""
    value = read_json(text, file=filename, most_chars=_MOST_CHARS)
    reader = _FOREIGN.get(filename.rpartition("/")[2])
    skills = value.get("skills")
    if reader is None or not isinstance(skills, dict):
        hint = f"Known are {', '.join(_FOREIGN)}."
        raise SkillError([Fault(code="unknown_lockfile", message=f"{filename} is not known", hint=hint, file=filename)])
    return list(reader(skills))


def _read_tank(skills: Mapping[str, Any]) -> Iterator[ForeignSkill]:
    """`"@org/name@1.0.1": {integrity, …}`, the same in versions 1 and 2."""
    for key, facts in skills.items():
        name, _, version = key.removeprefix("@").rpartition("@")
        yield ForeignSkill(name, version, _text_of(facts, "integrity"))


def _read_skilldock(skills: Mapping[str, Any]) -> Iterator[ForeignSkill]:
    for name, facts in skills.items():
        yield ForeignSkill(name, _text_of(facts, "version"), _text_of(facts, "sha256"))


def _read_skills_cli(skills: Mapping[str, Any]) -> Iterator[ForeignSkill]:
    for name, facts in skills.items():
        yield ForeignSkill(
            name, _text_of(facts, "version"), _text_of(facts, "digest") or _text_of(facts, "computedHash")
        )


def _text_of(facts: Any, key: str) -> str | None:
    value = facts.get(key) if isinstance(facts, dict) else None
    return value if isinstance(value, str) else None


_FOREIGN: Mapping[str, Callable[[Mapping[str, Any]], Iterator[ForeignSkill]]] = {
    "tank.lock": _read_tank,
    "skills.lock": _read_tank,
    ".skilldock.lock.json": _read_skilldock,
    "skills-lock.json": _read_skills_cli,
}
