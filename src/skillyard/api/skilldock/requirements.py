"""Dependencies of a release as SkillDock's clients write and read them. Their ranges know `^ ~ >= <= > < = ==` and
versions in full, all of which must hold; ours are npm's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from skillyard.skill.dependencies import read_dependencies
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.ranges import desugar
from skillyard.skill.reading import Place, as_web_address

_UNDERSTOOD = re.compile(r"(\^|~|>=|<=|>|<|=)?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?")
_EQUALS = re.compile(r"(?<![<>=^~])==(?!=)")


def read_said(dependencies: str | None, homepage: str | None) -> tuple[Mapping[str, str] | None, str | None]:
    """What an upload says beside the archive; None where it says nothing. `dependencies`: JSON, an array or a map.

    Raises SkillError with every fault.
    """
    faults: list[Fault] = []
    read = read_dependencies(_from_json(dependencies, faults), Place(faults=faults, keys=("dependencies",)))
    address = as_web_address(homepage or None, Place(faults=faults, keys=("homepage_url",)))
    if any(fault.severity == "error" for fault in faults):
        raise SkillError(faults)
    return read, address


def show_requirement(text: str) -> str:
    """A range of ours in their words. Of several alternatives it is the last one, since they know none."""
    if all(_UNDERSTOOD.fullmatch(part) for part in text.split()) and text:
        return text
    bounds = [f"{operator or '='}{version}" for operator, version in desugar(text)[-1] if version]
    return " ".join(bounds) or "*"


def _from_json(text: str | None, faults: list[Fault]) -> object:
    if not text:
        return None
    try:
        value: object = orjson.loads(text)
    except ValueError:
        value = text
    if isinstance(value, list | dict):
        return [_spelled(item) for item in value] if isinstance(value, list) else _spelled_map(value)
    hint = 'send ["acme/pdf@^1.2.0"] or {"acme/pdf": "^1.2.0"}'
    faults.append(Fault(code="bad_dependencies", message="dependencies is not a JSON array or map", hint=hint))
    return None


def _spelled(item: object) -> object:
    """One dependency with a range as npm would write it."""
    if isinstance(item, str):
        name, at, wanted = item.removeprefix("@").partition("@")
        return f"{name}{at}{_npm(wanted)}"
    if isinstance(item, dict):
        exact = item.get("release_version")
        stated = item.get("version_requirement") or (f"={exact}" if exact and isinstance(exact, str) else None)
        return {**item, "version_requirement": _npm(stated)}
    return item


def _spelled_map(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _npm(stated) for name, stated in wanted.items()}


def _npm(wanted: Any) -> Any:
    return _EQUALS.sub("=", wanted.replace(",", " ")) if isinstance(wanted, str) else wanted
