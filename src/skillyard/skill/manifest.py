"""What a skill says of itself: SKILL.md's front matter, with `skills.json` or `tank.json` beside it, as one Manifest.

Fields of the Agent Skills specification (https://agentskills.io/specification): name, description, license,
compatibility, metadata, allowed-tools. Ours (version, tags, dependencies, homepage) live in `metadata` as text;
permissions, which are nested, in the JSON file. Every fault is reported, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.front_matter import FrontMatter, parse_front_matter
from skillyard.skill.json_file import read_json
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions, read_permissions
from skillyard.skill.versions import Range, is_version

SKILL_FILE = "SKILL.md"
JSON_FILES = ("tank.json", "skills.json")  # the first one that is there counts
_SPECIFIED = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
_OURS = ("version", "tags", "dependencies", "homepage")
_MOST = {"description": 1024, "compatibility": 500, "license": 200}
_MOST_TAGS = 20
_MOST_DEPENDENCIES = 100
_TAG = re.compile(r"[a-z0-9](?:[a-z0-9.+-]{0,38}[a-z0-9+])?")


class ReadableFiles(Protocol):
    def read(self, path: str) -> bytes: ...

    def __contains__(self, path: object) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`dependencies`: ns/slug → npm range. `version` is None when the skill names none. `body`: SKILL.md's text."""

    name: str
    description: str
    version: str | None = None
    license: str | None = None
    compatibility: str | None = None
    homepage: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dependencies: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions = NO_PERMISSIONS
    body: str = ""

    @classmethod
    def read(cls, files: ReadableFiles) -> Manifest:
        """The manifest of a skill. Raises SkillError with every fault."""
        report = read_manifest(files)
        if report.manifest is None:
            raise SkillError(report.faults)
        return report.manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestReport:
    """The manifest, None when an error stands against it, with all errors and warnings."""

    manifest: Manifest | None
    faults: tuple[Fault, ...]


def read_manifest(files: ReadableFiles) -> ManifestReport:
    """Read and check everything that a skill declares; never raises for bad content."""
    faults: list[Fault] = []
    try:
        front = parse_front_matter(_text(files, SKILL_FILE))
    except SkillError as error:
        return ManifestReport(manifest=None, faults=error.faults)
    json_file = next((name for name in JSON_FILES if name in files), None)
    beside: Mapping[str, Any] = {}
    if json_file:
        try:
            beside = read_json(_text(files, json_file), file=json_file)
        except SkillError as error:
            faults += error.faults
    if all(name in files for name in JSON_FILES):
        faults.append(
            _warning("two_manifests", f"{JSON_FILES[1]} is ignored", f"{JSON_FILES[0]} counts.", JSON_FILES[1])
        )
    manifest = _Reader(front, beside, json_file or JSON_FILES[1], faults).manifest()
    return ManifestReport(manifest=None if _errors(faults) else manifest, faults=tuple(faults))


def scaffold(name: str, description: str) -> str:
    """A SKILL.md that passes every check, ours and the specification's."""
    quoted = description.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'---\nname: {name}\ndescription: "{quoted}"\nmetadata:\n  version: "0.1.0"\n---\n\n# {name}\n\n'
        "Say when to use this skill, then what to do, step by step. Put programs into `scripts/` and long texts into\n"
        "`references/`, and say here when to run or read them.\n"
    )


class _Reader:
    """Gathers the fields from both files, and every fault on the way."""

    def __init__(self, front: FrontMatter, beside: Mapping[str, Any], json_file: str, faults: list[Fault]) -> None:
        self._front = front
        self._beside = beside
        self._json_file = json_file
        self._faults = faults
        self._metadata = self._strings_of("metadata")

    def manifest(self) -> Manifest:
        self._unknown_keys()
        name = self._name()
        return Manifest(
            name=name,
            description=self._description(),
            version=self._version(),
            license=self._short("license"),
            compatibility=self._short("compatibility"),
            homepage=self._homepage(),
            metadata=self._metadata,
            allowed_tools=self._allowed_tools(),
            tags=self._tags(),
            dependencies=self._dependencies(name),
            permissions=self._permissions(),
            body=self._front.body,
        )

    def _name(self) -> str:
        value = self._front.values.get("name")
        if value is None:
            self._error("name_missing", "name is missing", "Add `name: my-skill`.", "name")
            return ""
        self._faults += check_name(value, file=SKILL_FILE, line=self._line("name"))
        given = self._beside.get("name")
        if isinstance(given, str) and given.rpartition("/")[2].strip().lower() != value:
            message = f"name is {value!r} here and {given!r} in {self._json_file}"
            self._error("contradiction", message, "Make them the same.", "name")
        return value if isinstance(value, str) else ""

    def _description(self) -> str:
        value = self._front.values.get("description")
        if not isinstance(value, str) or not value.strip():
            hint = "Say what the skill does and when to use it, in 1 to 1024 characters."
            self._error("description_missing", "description is missing", hint, "description")
            return ""
        self._check_length("description", value)
        return value.strip()

    def _short(self, key: str) -> str | None:
        value = self._front.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self._error("bad_value", f"{key} must be text", "Write it on one line.", key)
            return None
        self._check_length(key, value)
        return value

    def _check_length(self, key: str, value: str) -> None:
        if len(value) > _MOST[key]:
            message = f"{key} has {len(value)} characters; {_MOST[key]} are allowed"
            self._error("too_long", message, "Shorten it; details belong below the front matter.", key)

    def _allowed_tools(self) -> tuple[str, ...]:
        value = self._front.values.get("allowed-tools", "")
        if isinstance(value, str):
            return tuple(value.replace(",", " ").split())
        if isinstance(value, list) and all(isinstance(tool, str) for tool in value):
            return tuple(value)
        self._error("bad_value", "allowed-tools must be names", "Separate them by blanks.", "allowed-tools")
        return ()

    def _strings_of(self, key: str) -> Mapping[str, str]:
        value = self._front.values.get(key, {})
        if not isinstance(value, Mapping):
            if value != "":
                self._error("bad_value", f"{key} must be `key: value` lines", "Indent them below it.", key)
            return {}
        for name, item in value.items():
            if not isinstance(item, str):
                hint = f"The specification allows text only; move it to {JSON_FILES[1]}."
                self._warn("metadata_not_text", f"metadata.{name} is not text", hint, f"metadata.{name}")
        return {name: item for name, item in value.items() if isinstance(item, str)}

    def _places(self, key: str, json_key: str | None = None) -> list[tuple[str, Any]]:
        """Where `key` is given: (place, value) in the order in which they count."""
        inside = self._front.values.get("metadata")
        places = [
            (f"metadata.{key}", inside.get(key) if isinstance(inside, Mapping) else None),
            (key, self._front.values.get(key)),
            (self._json_file, self._beside.get(json_key or key)),
        ]
        return [(place, value) for place, value in places if value not in (None, "")]

    def _agreed(self, key: str, found: list[tuple[str, Any]]) -> Any:
        """The one value that all places give; a fault when they differ."""
        for place, value in found[1:]:
            if value != found[0][1]:
                message = f"{key} is {found[0][1]!r} in {found[0][0]} and {value!r} in {place}"
                self._error("contradiction", message[:300], "Keep one of them.", found[0][0])
        return found[0][1] if found else None

    def _version(self) -> str | None:
        found = [(place, str(value).strip()) for place, value in self._places("version")]
        for place, value in found:
            if not is_version(value):
                hint = "Write a semantic version such as 1.4.0."
                self._error("bad_version", f"version {value[:60]!r} is not a semantic version", hint, place)
        version = self._agreed("version", found)
        return version.removeprefix("v") if version else None

    def _homepage(self) -> str | None:
        found = [(place, value) for place, value in self._places("homepage") if isinstance(value, str)]
        for place, value in found:
            if not re.fullmatch(r"https?://[!-~]{1,2040}", value):
                self._error("bad_homepage", "homepage is not an http address", "Write https://….", place)
        homepage = self._agreed("homepage", found)
        return homepage if isinstance(homepage, str) else None

    def _tags(self) -> tuple[str, ...]:
        found = [(place, self._read_tags(place, value)) for place, value in self._places("tags")]
        return self._agreed("tags", found) or ()

    def _read_tags(self, place: str, value: Any) -> tuple[str, ...]:
        words = value if isinstance(value, list) else re.split(r"[,\s]+", value) if isinstance(value, str) else [value]
        good = []
        for word in words:
            tag = word.strip().lower() if isinstance(word, str) else None
            if tag and _TAG.fullmatch(tag):
                good.append(tag)
            elif tag != "":
                hint = "Use up to 40 letters, digits and hyphens."
                self._warn("bad_tag", f"the tag {str(word)[:60]!r} is ignored", hint, place)
        if len(good) > _MOST_TAGS:
            self._error("too_many_tags", f"more than {_MOST_TAGS} tags", "Keep the ones people search for.", place)
        return tuple(dict.fromkeys(good))

    def _dependencies(self, own_name: str) -> Mapping[str, str]:
        places = [*self._places("dependencies"), *self._places("", json_key="skills")]
        found = [(place, self._read_dependencies(place, value, own_name)) for place, value in places]
        return self._agreed("dependencies", found) or {}

    def _read_dependencies(self, place: str, value: Any, own_name: str) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for name, accepted in self._dependency_pairs(place, value):
            try:
                parsed = SkillName.parse(name)
                Range.parse(accepted)
            except SkillError as error:
                self._faults += [_placed(fault, *self._place(place)) for fault in error.faults]
                continue
            if str(parsed) in wanted:
                self._error("duplicate_dependency", f"{parsed} is named twice", "Keep one of them.", place)
            if self._is_itself(parsed, own_name):
                self._error("depends_on_itself", f"{parsed} depends on itself", "Remove it.", place)
            wanted[str(parsed)] = accepted
        if len(wanted) > _MOST_DEPENDENCIES:
            self._error(
                "too_many_dependencies", f"more than {_MOST_DEPENDENCIES} dependencies", "Split the skill.", place
            )
        return wanted

    def _is_itself(self, dependency: SkillName, own_name: str) -> bool:
        """Only a scoped name in the JSON file says which namespace this is; the server checks the rest."""
        given = self._beside.get("name")
        return isinstance(given, str) and given.strip().lower().removeprefix("@") == str(dependency) and bool(own_name)

    def _dependency_pairs(self, place: str, value: Any) -> list[tuple[str, str]]:
        if isinstance(value, Mapping):
            return [(name, accepted if isinstance(accepted, str) else "") for name, accepted in value.items()]
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        pairs = [_dependency_pair(item) for item in value] if isinstance(value, list) else [None]
        if None in pairs:
            hint = 'Write "acme/pdf@^1.0.0, acme/text@~2.1".'
            self._error("bad_dependencies", "dependencies cannot be read", hint, place)
        return [pair for pair in pairs if pair is not None]

    def _permissions(self) -> Permissions:
        found = []
        for place, value in self._places("permissions"):
            file, line = self._place(place)
            permissions, faults = read_permissions(_with_flags(value), file=file)
            self._faults += [_placed(fault, file, line) for fault in faults]
            found.append((place, permissions))
        return self._agreed("permissions", found) or NO_PERMISSIONS

    def _unknown_keys(self) -> None:
        for key in self._front.values:
            if key in _OURS:
                hint = f"The specification's own validator refuses it here; write it as metadata.{key}."
                self._warn("key_outside_specification", f"{key} is a key of ours", hint, key)
            elif key == "permissions":
                hint = f"The specification's own validator refuses it here; write it in {JSON_FILES[1]}."
                self._warn("key_outside_specification", "permissions is a key of ours", hint, key)
            elif key not in _SPECIFIED:
                hint = "Remove it, or move it into metadata."
                self._warn("unknown_key", f"the key {key[:60]!r} is not known", hint, key)

    def _line(self, key: str) -> int | None:
        return self._front.lines.get(key)

    def _place(self, place: str) -> tuple[str, int | None]:
        return (place, None) if place in JSON_FILES else (SKILL_FILE, self._line(place))

    def _error(self, code: str, message: str, hint: str, place: str) -> None:
        file, line = self._place(place)
        self._faults.append(Fault(code=code, message=message, hint=hint, file=file, line=line or None))

    def _warn(self, code: str, message: str, hint: str, place: str) -> None:
        file, line = self._place(place)
        self._faults.append(_warning(code, message, hint, file, line))


def _dependency_pair(item: Any) -> tuple[str, str] | None:
    """`"ns/slug@range"`, or `{namespace, slug}` / `{skill}` with `version_requirement` or `release_version`."""
    if isinstance(item, str):
        name, _, accepted = item.strip().removeprefix("@").partition("@")
        return name.strip(), accepted.strip() or "*"
    if isinstance(item, Mapping):
        name = item.get("skill") or f"{item.get('namespace')}/{item.get('slug')}"
        accepted = item.get("version_requirement") or item.get("release_version") or "*"
        return (name, accepted) if isinstance(name, str) and isinstance(accepted, str) else None
    return None


def _with_flags(value: Any) -> Any:
    """In front matter all scalars are text; the one flag of permissions is not."""
    if isinstance(value, Mapping) and value.get("subprocess") in ("true", "false"):
        return {**value, "subprocess": value["subprocess"] == "true"}
    return value


def _text(files: ReadableFiles, path: str) -> str:
    try:
        return files.read(path).decode("utf-8")
    except KeyError as error:
        hint = "Add a SKILL.md at the root of the skill."
        raise SkillError([Fault(code="no_skill_file", message=f"{path} is missing", hint=hint, file=path)]) from error
    except UnicodeDecodeError as error:
        hint = "Save it as UTF-8."
        message = f"{path} is not UTF-8 at byte {error.start}"
        raise SkillError([Fault(code="not_utf8", message=message, hint=hint, file=path)]) from error


def _warning(code: str, message: str, hint: str, file: str, line: int | None = None) -> Fault:
    return Fault(code=code, message=message, hint=hint, file=file, line=line, severity="warning")


def _placed(fault: Fault, file: str, line: int | None) -> Fault:
    return Fault(code=fault.code, message=fault.message, hint=fault.hint, file=file, line=line, severity=fault.severity)


def _errors(faults: list[Fault]) -> bool:
    return any(fault.severity == "error" for fault in faults)
