"""What a skill says of itself: SKILL.md's front matter, with `tank.json` or `skills.json` beside it, as one Manifest.

The front matter is that of the Agent Skills specification (https://agentskills.io/specification). It has no place for
version, tags, dependencies and homepage: they are text in `metadata`. Permissions, which are nested, are in the JSON
file. Keys of ours at the top level are read too, with a warning, because the reference validator refuses them there.
So is what Tank's skills leave to their JSON file: a name with its scope, or front matter that is not there at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from skillyard.skill.dependencies import read_dependencies
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.fields import (
    MAX_COMPATIBILITY_CHARS,
    MAX_DESCRIPTION_CHARS,
    MAX_LICENSE_CHARS,
    read_credits,
    read_description,
    read_metadata,
    read_tags,
    read_tools,
    read_version,
    read_visibility,
)
from skillyard.skill.files import SKILL_FILE, skill_files
from skillyard.skill.front_matter import FrontMatter, read_front_matter
from skillyard.skill.json_manifest import JsonManifest, ReadableFiles, read_json_manifest, read_scoped_name
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions, permissions_at
from skillyard.skill.reading import (
    UNREADABLE,
    Place,
    as_text,
    as_web_address,
    decode,
    did_you_mean,
    plain_lines,
    quoted,
)

MAX_SKILL_FILE_BYTES = 4 * 1024 * 1024
_SPECIFIED = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
# Keys that Claude Code reads beyond the specification (https://code.claude.com/docs/en/skills).
_OF_AGENTS = frozenset(
    """
    agent argument-hint arguments context disable-model-invocation effort hooks model paths shell user-invocable
    when_to_use
    """.split()  # noqa: SIM905 (a dozen quoted words read worse)
)
_SPELLINGS = {
    "version": 'write it in metadata, as version: "1.2.0"',
    "tags": 'write it in metadata, as tags: "pdf, text"',
    "dependencies": 'write it in metadata, as dependencies: "acme/text-kit@^1.0.0, acme/x@~2.1"',
    "homepage": 'write it in metadata, as homepage: "https://example.com"',
    "permissions": "write it in a skills.json beside SKILL.md",
}
_CREDITS_KEY = "credits-per-run"
_PLAIN_TEXT = re.compile("[A-Za-z][A-Za-z0-9 ,.;()/'+&%!?-]*")
_READ_AS_VALUES = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n"])  # by YAML 1.1

T = TypeVar("T")
Stated = tuple[object, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`dependencies`: ns/slug → range as npm writes them. `body`: SKILL.md's text below the front matter.
    `credits_per_run`: what a run on a registry costs, from `credits-per-run` in the metadata.

    `version` is None when the skill names none. `namespace`, `visibility` and `repository` are what a `tank.json` says.
    """

    name: str
    description: str
    version: str | None = None
    license: str | None = None
    compatibility: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dependencies: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions = NO_PERMISSIONS
    homepage: str | None = None
    repository: str | None = None
    visibility: str | None = None
    namespace: str | None = None
    credits_per_run: int = 0
    body: str = ""

    @classmethod
    def read(cls, files: ReadableFiles) -> Manifest:
        """The manifest of a skill. Raises SkillError with every fault, warnings too."""
        report = read_manifest(files)
        if report.manifest is None:
            raise SkillError(report.faults)
        return report.manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestReport:
    """All errors and warnings, and the manifest if there is no error."""

    manifest: Manifest | None
    faults: tuple[Fault, ...]


def read_manifest(files: ReadableFiles) -> ManifestReport:
    """Read and check all that a skill declares. Raises nothing: what is wrong is in the report."""
    faults: list[Fault] = []
    place = Place(faults=faults, file=SKILL_FILE, lines={(): 1})
    beside = read_json_manifest(files, faults)
    front = _read_skill_file(files, place, beside)
    if front is None:
        _check_alone(beside)
        manifest = None
    else:
        manifest = _Sources(front, replace(place, lines=front.lines, not_text=front.not_text), beside).manifest()
    is_refused = any(fault.severity == "error" for fault in faults)
    return ManifestReport(manifest=None if is_refused else manifest, faults=tuple(sorted(faults, key=_by_place)))


def scaffold(name: str, description: str) -> str:
    """A SKILL.md to begin with, without a fault for us or the reference validator. Raises SkillError for a bad name
    or a description that is empty or too long.
    """
    said = re.sub("-{3,}", "--", " ".join(UNREADABLE.sub(" ", description).split()))
    text = (
        f"---\nname: {_as_yaml(name)}\ndescription: {_as_yaml(said)}\n"
        'metadata:\n  version: "0.1.0"\n---\n\n'
        f"# {name.replace('-', ' ').capitalize()}\n\n"
        "Agents read this text when the description fits their task: say what they cannot know, step by step.\n\n"
        "## Steps\n\n"
        "1. Say what to look at first, and how to tell that it is the right thing.\n"
        "2. Say what to do. Put programs into `scripts/` and name the command that runs them.\n"
        "3. Say how to check the result. Put long texts into `references/` and say when to read them.\n"
    )
    Manifest.read(skill_files({SKILL_FILE: text.encode()}))
    return text


def _by_place(fault: Fault) -> tuple[bool, str, int]:
    return fault.file != SKILL_FILE, fault.file or "", fault.line or 0


def _as_yaml(text: str) -> str:
    is_plain = _PLAIN_TEXT.fullmatch(text) and text.lower() not in _READ_AS_VALUES
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _read_skill_file(files: ReadableFiles, place: Place, beside: JsonManifest) -> FrontMatter | None:
    if SKILL_FILE not in files:
        missing = replace(place, lines={})
        missing.refuse("no_skill_file", f"there is no {SKILL_FILE}", f"add a {SKILL_FILE} at the root")
        return None
    text = decode(files.read(SKILL_FILE), place, most_bytes=MAX_SKILL_FILE_BYTES)
    if text is not None and beside.values.get("name") and not text.removeprefix("\ufeff").lstrip().startswith("---"):
        message = f"the file has no front matter; what it should say is taken from {beside.place.file}"
        place.warn("no_front_matter", message, "begin it with name and description: agents read nothing else")
        return FrontMatter(values={}, lines={}, body=plain_lines(text, place).strip("\n"))
    return None if text is None else read_front_matter(text, place)


def _check_alone(beside: JsonManifest) -> None:
    """Note what is wrong in the JSON file of a skill whose SKILL.md cannot be read."""
    read_scoped_name(beside)
    readers: Mapping[str, Callable[[object, Place], object]] = {
        "version": read_version,
        "skills": read_dependencies,
        "permissions": permissions_at,
        "homepage": as_web_address,
        "repository": as_web_address,
        "visibility": read_visibility,
    }
    for key, read in readers.items():
        _agreed(beside.stated(key), read)


class _Sources:
    """The files that state fields of one manifest; puts together what they say, and notes where they disagree."""

    def __init__(self, front: FrontMatter, place: Place, beside: JsonManifest) -> None:
        self._front = front
        self._place = place
        self._beside = beside

    def manifest(self) -> Manifest:
        _warn_of_keys(self._front.values, self._place)
        namespace, name = self._names()
        return Manifest(
            name=name,
            namespace=namespace,
            description=self._description(),
            license=self._text("license", MAX_LICENSE_CHARS),
            compatibility=self._text("compatibility", MAX_COMPATIBILITY_CHARS),
            metadata=read_metadata(self._front.values.get("metadata"), self._place.at("metadata")),
            allowed_tools=read_tools(self._front.values.get("allowed-tools"), self._place.at("allowed-tools")),
            version=_agreed(self._stated("version"), read_version),
            tags=_agreed(self._stated("tags"), read_tags) or (),
            dependencies=self._dependencies(f"{namespace}/{name}"),
            permissions=_agreed(self._stated("permissions"), permissions_at) or NO_PERMISSIONS,
            homepage=_agreed(self._stated("homepage"), as_web_address),
            repository=_agreed(self._beside.stated("repository"), as_web_address),
            visibility=_agreed(self._beside.stated("visibility"), read_visibility),
            credits_per_run=self._credits(),
            body=self._front.body,
        )

    def _stated(self, key: str, *, json_key: str | None = None) -> Iterator[Stated]:
        """What each place says of a field that is not in the specification, the recommended place first."""
        metadata = self._front.values.get("metadata")
        if isinstance(metadata, Mapping) and key in metadata:
            yield metadata[key], self._place.at("metadata", key)
        if key in self._front.values:
            yield self._front.values[key], self._place.at(key)
        yield from self._beside.stated(json_key or key)

    def _names(self) -> tuple[str | None, str]:
        value, place = self._front.values.get("name"), self._place.at("name")
        scoped = read_scoped_name(self._beside)
        if value is None and scoped:
            message = f"the skill's name stands in {self._beside.place.file} only"
            place.warn("name_missing", message, f"write name: {scoped.slug} here too: agents read nothing else")
            return scoped.namespace, scoped.slug
        namespace, name = _read_name(value, place)
        if scoped and name and (scoped.slug != name or namespace not in (None, scoped.namespace)):
            ours = f"{namespace}/{name}" if namespace else name
            theirs = str(scoped) if namespace else scoped.slug
            _refuse_contradiction((theirs, self._beside.place.at("name")), (ours, place))
        return scoped.namespace if scoped else namespace, name

    def _description(self) -> str:
        stated = [text for text, _ in self._beside.stated("description")]
        if stated and self._front.values.get("description") is None:
            return read_description(stated[0], self._beside.place.at("description"))
        description = read_description(self._front.values.get("description"), self._place.at("description"))
        for value, place in self._beside.stated("description"):
            if as_text(value, place, most_chars=MAX_DESCRIPTION_CHARS) != description:
                message = f"{place} is not the one in {SKILL_FILE}, which is shown"
                place.warn("description_differs", message, "make them the same, or leave this one out")
        return description

    def _text(self, key: str, most_chars: int) -> str | None:
        return as_text(self._front.values.get(key), self._place.at(key), most_chars=most_chars)

    def _credits(self) -> int:
        metadata = self._front.values.get("metadata")
        stated = metadata.get(_CREDITS_KEY) if isinstance(metadata, Mapping) else None
        return read_credits(stated, self._place.at("metadata", _CREDITS_KEY)) or 0

    def _dependencies(self, own_name: str) -> Mapping[str, str]:
        stated = list(self._stated("dependencies", json_key="skills"))
        dependencies = _agreed(stated, read_dependencies) or {}
        if own_name in dependencies:
            place = stated[0][1]
            place.refuse("depends_on_itself", f"{own_name} depends on itself", "take it out of the dependencies")
        return dependencies


def _read_name(value: object, place: Place) -> tuple[str | None, str]:
    """The name in SKILL.md, empty when it is none; with the namespace where it is `@scope/name`, as Tank's skills write
    it.
    """
    if value is None:
        place.refuse("name_missing", "the skill has no name", "add name: my-skill, as its folder is called")
    elif isinstance(value, str) and value.startswith("@"):
        try:
            parsed = SkillName.parse(value)
        except SkillError as error:
            place.refuse_for(error)
            return None, ""
        message = f"the reference validator of Agent Skills refuses the name {quoted(value)}"
        place.warn("scoped_name", message, f"write name: {parsed.slug}, and the scope in the JSON file only")
        return parsed.namespace, parsed.slug
    else:
        place.faults.extend(check_name(value, what="skill name", file=place.file, line=place.line))
    return None, value if isinstance(value, str) else ""


def _agreed(stated: Iterable[Stated], read: Callable[[object, Place], T | None]) -> T | None:
    """The value that all places give which give one; an error when two differ."""
    found = [(value, place) for raw, place in stated if (value := read(raw, place)) is not None]
    for other in found[1:]:
        if other[0] != found[0][0]:
            _refuse_contradiction(other, found[0])
    return found[0][0] if found else None


def _refuse_contradiction(one: tuple[object, Place], other: tuple[object, Place]) -> None:
    (value, place), (other_value, other_place) = one, other
    where = f"{other_place} in {other_place.file}" + (f", line {other_place.line}," if other_place.line else "")
    message = f"{place} is {_shown(value)}, but {where} is {_shown(other_value)}"
    place.refuse("contradiction", message, "make them the same, or leave one out")


def _shown(value: object) -> str:
    if isinstance(value, Permissions):
        return quoted("; ".join(value.describe()) or "nothing")
    if isinstance(value, Mapping):
        return quoted(", ".join(f"{name}@{wanted}" for name, wanted in value.items()))
    return quoted(", ".join(value) if isinstance(value, tuple) else value)


def _warn_of_keys(values: Mapping[str, object], place: Place) -> None:
    """The reference validator refuses every key that is not in the specification."""
    for key in values:
        if key in _SPECIFIED:
            continue
        if key in _SPELLINGS:
            message = f"the reference validator of Agent Skills refuses the key {key} here"
            place.at(key).warn("key_outside_specification", message, _SPELLINGS[key])
        elif key in _OF_AGENTS:
            message = f"only some agents know the key {key}; the reference validator of Agent Skills refuses it"
            place.at(key).warn("key_of_agents", message, "leave it out if the skill works without it")
        else:
            meant = did_you_mean(key, (*_SPECIFIED, *_SPELLINGS))
            hint = f"did you mean {meant}?" if meant else "leave it out, or move it into metadata as text"
            place.at(key).warn("unknown_key", f"the key {quoted(key)} is not known", hint)
