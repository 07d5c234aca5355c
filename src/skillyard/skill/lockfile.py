"""`skillyard.lock`: the whole graph that was decided, pinned by digest down to each file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.skill.digest import FileEntry, tree_digest
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import SKILL_FILE
from skillyard.skill.foreign_lock import ForeignSkill as ForeignSkill
from skillyard.skill.foreign_lock import read_foreign as read_foreign
from skillyard.skill.json_file import key_lines, read_json
from skillyard.skill.limits import DEFAULT_LIMITS
from skillyard.skill.names import SkillName
from skillyard.skill.paths import Tree, check_path, shown
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions, permissions_at
from skillyard.skill.reading import Place, is_web_address, quoted
from skillyard.skill.versions import Range, is_version

LOCKFILE_VERSION = 1
MAX_CHARS = 32 * 1024 * 1024
_FILE = "skillyard.lock"
_MAKE_ANEW = "take it from version control again, or delete it and install anew"
_SHA256 = re.compile("[0-9a-f]{64}")
_TREE_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_SHA512 = re.compile("sha512-[A-Za-z0-9+/]{86}==")
_CHANNEL = re.compile("[a-z][a-z0-9-]{0,63}")
_USER_INFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_LOCK_KEYS = frozenset({"lockfile_version", "registry", "requirements", "skills"})
_SKILL_KEYS = frozenset(
    {"version", "digest", "log_position", "archive", "registry", "dependencies", "permissions", "accepted", "files"}
)
_MAX_ACCEPTED = 50
_MAX_REASON_CHARS = 2000
_ARCHIVE_KEYS = frozenset({"url", "sha256", "sha512", "size_bytes"})
_FILE_KEYS = frozenset({"sha256", "size_bytes", "executable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSkill:
    """One release. `digest` is that of its `files`; `sha256`, `sha512` and `size_bytes` are of its archive, which is
    at `resolved`. `dependencies`: ns/slug → range, each of them in the same lock. `permissions`: what the release
    declares. `accepted`: for what it was flagged when somebody agreed to have it all the same. `log_position`: of the
    entry in the registry's public log that tells of its publication.
    """

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
    permissions: Permissions = NO_PERMISSIONS
    accepted: tuple[str, ...] = ()
    log_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """`requirements`: what the project asked for when it was decided (ranges or channels); `skills`: by name, with all
    that they need.
    """

    registry: str
    requirements: Mapping[str, str]
    skills: Mapping[str, LockedSkill]
    lockfile_version: int = LOCKFILE_VERSION

    @classmethod
    def read(cls, text: str) -> Lockfile:
        """Read the text that `show` writes. Raises SkillError with every fault and its line."""
        value = read_json(text, file=_FILE, max_chars=MAX_CHARS)
        faults: list[Fault] = []
        lock = _read(value, Place(faults=faults, file=_FILE))
        if faults or lock is None:
            told: list[Fault] = []
            _read(value, Place(faults=told, file=_FILE, lines=key_lines(text)))  # again, now that lines are needed
            raise SkillError(told)
        return lock

    def show(self) -> str:
        """The text of the file: the same for the same lock on every machine, with a line for each fact.

        User names, passwords and queries are left out of addresses: a lock is shared, they are not.
        """
        value = {
            "lockfile_version": self.lockfile_version,
            "registry": without_secrets(self.registry),
            "requirements": dict(sorted(self.requirements.items())),
            "skills": {name: _show_skill(skill) for name, skill in sorted(self.skills.items())},
        }
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def without_secrets(address: str) -> str:
    """The address without user name and password, query and fragment, in any of which a secret may travel."""
    return _USER_INFO.sub(r"\1", re.split("[?#]", address, maxsplit=1)[0])


def _show_skill(skill: LockedSkill) -> dict[str, Any]:
    return {
        "version": skill.version,
        "digest": skill.digest,
        **({"log_position": skill.log_position} if skill.log_position is not None else {}),
        "archive": {
            "url": without_secrets(skill.resolved),
            "sha256": skill.sha256,
            "sha512": skill.sha512,
            "size_bytes": skill.size_bytes,
        },
        "registry": without_secrets(skill.registry),
        "dependencies": dict(sorted(skill.dependencies.items())),
        **({"permissions": skill.permissions.show()} if skill.permissions != NO_PERMISSIONS else {}),
        **({"accepted": list(skill.accepted)} if skill.accepted else {}),
        "files": {file.path: _show_file(file) for file in sorted(skill.files, key=lambda file: file.path)},
    }


def _show_file(file: FileEntry) -> dict[str, Any]:
    shown: dict[str, Any] = {"sha256": file.sha256, "size_bytes": file.size_bytes}
    return {**shown, "executable": True} if file.executable else shown


def _read(value: Mapping[str, Any], place: Place) -> Lockfile | None:
    version = value.get("lockfile_version")
    if type(version) is not int or version != LOCKFILE_VERSION:
        message = f"the lockfile has version {quoted(version)}, this program reads {LOCKFILE_VERSION}"
        place.at("lockfile_version").refuse(
            "lockfile_version", message, "use the program that wrote it, or a newer one"
        )
        return None
    _check_keys(value, _LOCK_KEYS, place)
    registry = value.get("registry")
    entries = _map(value.get("skills"), place.at("skills"))
    skills = [_read_skill(name, entry, place.at("skills", name)) for name, entry in entries.items()]
    return Lockfile(
        registry="" if registry == "" else _read_address(registry, place.at("registry")),
        requirements=_read_ranges(value.get("requirements"), place.at("requirements"), may_be_channel=True),
        skills={skill.name: skill for skill in skills if skill},
    )


def _read_skill(name: str, entry: object, place: Place) -> LockedSkill | None:
    """What can be read of one entry; it is only used when nothing was refused."""
    before = len(place.faults)
    _check_name(name, place)
    archive = entry.get("archive") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(archive, dict):
        place.refuse("bad_lockfile", f"{quoted(name)} is not an object with an archive in it", _MAKE_ANEW)
        return None
    _check_keys(entry, _SKILL_KEYS, place)
    _check_keys(archive, _ARCHIVE_KEYS, place.at("archive"))
    skill = LockedSkill(
        name=name,
        version=_read_text(entry, "version", place, is_version),
        digest=_read_text(entry, "digest", place, _TREE_DIGEST.fullmatch),
        sha256=_read_text(archive, "sha256", place.at("archive"), _SHA256.fullmatch),
        sha512=_read_text(archive, "sha512", place.at("archive"), _SHA512.fullmatch),
        size_bytes=_read_size(archive.get("size_bytes"), place.at("archive", "size_bytes"), least=1),
        resolved=_read_address(archive.get("url"), place.at("archive", "url")),
        dependencies=_read_ranges(entry.get("dependencies"), place.at("dependencies")),
        files=_read_files(_map(entry.get("files"), place.at("files")), place.at("files")),
        registry=_read_address(entry.get("registry"), place.at("registry")),
        permissions=permissions_at(entry.get("permissions"), place.at("permissions")) or NO_PERMISSIONS,
        accepted=_read_accepted(entry.get("accepted", []), place.at("accepted")),
        log_position=_read_size(entry["log_position"], place.at("log_position"), least=0)
        if "log_position" in entry
        else None,
    )
    if len(place.faults) == before and tree_digest(skill.files) != skill.digest:
        hint = f"do not trust this entry: {_MAKE_ANEW}"
        place.at("digest").refuse("digest_mismatch", f"the files of {name} do not have the digest of {name}", hint)
    return skill


def _read_accepted(value: object, place: Place) -> tuple[str, ...]:
    if isinstance(value, list) and len(value) <= _MAX_ACCEPTED:
        reasons = tuple(one for one in value if isinstance(one, str) and one and len(one) <= _MAX_REASON_CHARS)
        if len(reasons) == len(value):
            return reasons
    place.refuse("bad_lockfile", f"{place} is not a list of texts", _MAKE_ANEW)
    return ()


def _read_files(entries: Mapping[str, Any], place: Place) -> tuple[FileEntry, ...]:
    tree = Tree()
    files = []
    for path, facts in entries.items():
        faults = [*check_path(path, limits=DEFAULT_LIMITS), *tree.add_file(path)]
        for fault in faults:
            place.at(path).refuse("unsafe_path", f"{fault.message}: {shown(path)}", _MAKE_ANEW)
        if file := _read_file(path, facts):
            files.append(file)
        else:
            message = f"{shown(path)} has no sha256 and size_bytes that can be used"
            place.at(path).refuse("bad_lockfile", message, _MAKE_ANEW)
    if SKILL_FILE not in entries:
        place.refuse("bad_lockfile", f"there is no {SKILL_FILE} among the files", _MAKE_ANEW)
    return tuple(sorted(files, key=lambda file: file.path))


def _read_file(path: str, facts: object) -> FileEntry | None:
    if not isinstance(facts, dict) or facts.keys() - _FILE_KEYS:
        return None
    sha256, executable = facts.get("sha256"), facts.get("executable", False)
    size_bytes = facts.get("size_bytes")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256) or type(executable) is not bool:
        return None
    if not isinstance(size_bytes, int) or not _is_size(size_bytes):
        return None
    return FileEntry(path=path, size_bytes=size_bytes, sha256=sha256, executable=executable)


def _read_ranges(value: object, place: Place, *, may_be_channel: bool = False) -> dict[str, str]:
    ranges = _map(value, place)
    for name, text in ranges.items():
        _check_name(name, place.at(name))
        if not isinstance(text, str):
            place.at(name).refuse_type("text", _MAKE_ANEW)
        elif not (may_be_channel and _CHANNEL.fullmatch(text)):
            try:
                Range.parse(text)
            except SkillError as error:
                place.at(name).refuse_for(error)
    return dict(ranges)


def _check_name(name: str, place: Place) -> None:
    try:
        is_plain = str(SkillName.parse(name)) == name
    except SkillError:
        is_plain = False
    if not is_plain:
        place.refuse("bad_skill_name", f"{quoted(name)} is not the name of a skill", _MAKE_ANEW)


def _read_text(entry: Mapping[str, Any], key: str, place: Place, is_good: Callable[[str], object]) -> str:
    value = entry.get(key)
    if isinstance(value, str) and is_good(value):
        return value
    place.at(key).refuse(f"bad_{key}", f"{key} is {quoted(value)}", _MAKE_ANEW)
    return ""


def _read_size(value: object, place: Place, *, least: int) -> int:
    if isinstance(value, int) and _is_size(value) and value >= least:
        return value
    place.refuse("bad_size", f"{place} is {quoted(value)}", _MAKE_ANEW)
    return 0


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _read_address(value: object, place: Place) -> str:
    if not isinstance(value, str) or not is_web_address(value):
        place.refuse("bad_address", f"{place} is not an http or https address", _MAKE_ANEW)
        return ""
    if without_secrets(value) != value:
        hint = "take it out of the address, and change it if others have seen the file"
        place.refuse("secret_in_address", f"{place} has a user name, password, query or fragment", hint)
    return value


def _map(value: object, place: Place) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    place.refuse("bad_lockfile", f"{place} is missing or not an object", _MAKE_ANEW)
    return {}


def _check_keys(entry: Mapping[str, Any], known: frozenset[str], place: Place) -> None:
    for key in sorted(entry.keys() - known):
        place.at(key).refuse("unknown_key", f"the key {quoted(key)} is not known", _MAKE_ANEW)
