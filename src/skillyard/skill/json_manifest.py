"""`tank.json` or the older `skills.json` beside SKILL.md: Tank's manifest, with two kinds of permission more.

Tank itself refuses keys that it does not know; here they are warned of, since others write such files too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_file import MAX_CHARS, key_lines, read_json
from skillyard.skill.names import SkillName
from skillyard.skill.reading import Place, as_text, decode, did_you_mean, quoted

JSON_FILES = ("tank.json", "skills.json")  # the first one that is there counts
_USED = ("name", "version", "description", "skills", "permissions", "repository", "homepage", "visibility")
_WITHOUT_EFFECT = frozenset({"$schema"})
_TANKS_OWN = frozenset({"audit", "mcp_server", "atoms", "includes", "publish"})


class ReadableFiles(Protocol):
    """The files of a skill by their path below SKILL.md's folder, as `SkillFiles` has them."""

    def read(self, path: str) -> bytes: ...

    def __contains__(self, path: object) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonManifest:
    """The plain values of the file, and the place of the whole."""

    values: Mapping[str, Any]
    place: Place

    def stated(self, key: str) -> Iterator[tuple[object, Place]]:
        if self.values.get(key) is not None:
            yield self.values[key], self.place.at(key)


def read_json_manifest(files: ReadableFiles, faults: list[Fault]) -> JsonManifest:
    """The file that counts; without values when there is none, or when it cannot be read."""
    present = [file for file in JSON_FILES if file in files]
    file = present[0] if present else JSON_FILES[-1]
    place = Place(faults=faults, file=file, lines={(): 1})
    for ignored in present[1:]:
        message = f"{ignored} is not read, because {file} is there too"
        Place(faults=faults, file=ignored).warn("two_manifests", message, "delete one of them")
    values: dict[str, Any] = {}
    text = decode(files.read(file), place, most_bytes=MAX_CHARS) if present else None
    if text is not None:
        try:
            values = read_json(text, file=file)
            place = Place(faults=faults, file=file, lines=key_lines(text))
        except SkillError as error:
            faults.extend(error.faults)
    _warn_of_unused_keys(values, place)
    return JsonManifest(values=values, place=place)


def read_scoped_name(stated: JsonManifest) -> SkillName | None:
    """Tank's `@scope/name`."""
    for value, place in stated.stated("name"):
        text = as_text(value, place, most_chars=214)
        try:
            return SkillName.parse(text) if text else None
        except SkillError as error:
            place.refuse_for(error)
    return None


def _warn_of_unused_keys(values: Mapping[str, Any], place: Place) -> None:
    for key in values:
        if key in _USED or key in _WITHOUT_EFFECT:
            continue
        if key in _TANKS_OWN:
            place.at(key).warn("unused_key", f"{key} has no effect here", "keep it if Tank needs it")
        else:
            meant = "skills" if key == "dependencies" else did_you_mean(key, _USED)
            hint = f"did you mean {meant}?" if meant else "leave it out"
            place.at(key).warn("unknown_key", f"the key {quoted(key)} is not known", hint)
