"""What a publisher says of a skill before its archive is there: the values of a `tank.json`, read field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.skill.dependencies import read_dependencies
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.fields import read_version, read_visibility
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions, permissions_at
from skillyard.skill.reading import Place, as_text, as_web_address

MAX_NAME_CHARS = 214


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """`name` and `version` are None where they are missing or wrong; `faults` says so, by field."""

    name: SkillName | None
    version: str | None
    visibility: str | None
    permissions: Permissions
    faults: Mapping[str, tuple[Fault, ...]]


def read_announced(values: Mapping[str, Any]) -> Announced:
    """Raises nothing: what is wrong is in `faults`. A name in capitals, or with blanks around it, is mended."""
    faults: dict[str, list[Fault]] = {}

    def place(field: str) -> Place:
        return Place(faults=faults.setdefault(field, []), keys=(field,))

    name = _read_name(values.get("name"), place("name"))
    version = read_version(values.get("version"), place("version"))
    if version is None and not faults["version"]:
        place("version").refuse("version_missing", "version is missing", "name a semantic version such as 1.0.0")
    visibility = read_visibility(values.get("visibility"), place("visibility"))
    permissions = permissions_at(values.get("permissions"), place("permissions")) or NO_PERMISSIONS
    as_text(values.get("description"), place("description"), most_chars=1024)
    as_web_address(values.get("repository"), place("repository"))
    read_dependencies(values.get("skills"), place("skills"))
    return Announced(
        name=name,
        version=version,
        visibility=visibility,
        permissions=permissions,
        faults={field: tuple(found) for field, found in faults.items() if found},
    )


def _read_name(value: object, place: Place) -> SkillName | None:
    text = as_text(value, place, most_chars=MAX_NAME_CHARS)
    if text is None:
        if not place.faults:
            place.refuse("name_missing", "name is missing", "name the skill as @scope/name")
        return None
    try:
        return SkillName.parse(text.strip().lower())
    except SkillError as error:
        place.refuse_for(error)
        return None
