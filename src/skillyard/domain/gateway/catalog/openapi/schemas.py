"""Schemas of an OpenAPI document (3.0, 3.1, or 2) as small JSON Schemas without references.

What cannot be said is left out, and alternatives are `anyOf`, so that a schema may admit more than the API does, and
hardly ever less: the API looks at it, too. Cycles, and what is nested deeper than asked for, are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from skillyard.domain.gateway.catalog.openapi.choices import Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.words import first_sentence
from skillyard.skill.reading import UNREADABLE, Place
from skillyard.skill.schemas import read_schema

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_FORMATS = (
    "date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "byte", "binary",
    "password",
)  # fmt: skip
_MOST_SUBSCHEMAS = 600
_MOST_CHOICES = 120
_MOST_ALTERNATIVES = 20
_MOST_VALUE_BYTES = 200
_MOST_NAME_CHARS = 100
_DESCRIPTION_CHARS = 200
_INNER_DESCRIPTION_CHARS = 120

Plain = dict[str, Any]


class TooLarge(Exception):
    """A schema is larger than is useful; with fewer levels it may do."""


class Schemas:
    """Reads the schemas of one operation: `levels` deep, and all together of a bounded size.

    `deepest`: how deep they were.
    """

    def __init__(self, references: References, notes: Notes, where: str, *, levels: int) -> None:
        self._references = references
        self._notes = notes
        self._where = where
        self._levels = levels
        self._open: list[str] = []
        self._read = 0
        self.deepest = 0

    def read(self, node: object, level: int = 0) -> Plain:
        """The JSON Schema that a schema is or refers to. Raises TooLarge."""
        self._read += 1
        self.deepest = max(self.deepest, level)
        if self._read > _MOST_SUBSCHEMAS:
            raise TooLarge
        if not isinstance(node, Mapping):
            return {}
        if isinstance(reference := node.get("$ref"), str):
            return self._read_reference(reference, node, level)
        plain = self._own(node, level)
        if level >= self._levels:
            return plain
        self._add_inside(plain, node, level)
        for keyword in ("oneOf", "anyOf"):
            if isinstance(node.get(keyword), list):
                plain = _both(plain, self._alternatives(node[keyword], level))
        if isinstance(node.get("allOf"), list):
            for part in node["allOf"][:_MOST_ALTERNATIVES]:
                plain = _both(plain, self.read(part, level))
        return _or_null(plain) if node.get("nullable") is True else plain

    def _read_reference(self, reference: str, node: Mapping[str, Any], level: int) -> Plain:
        try:
            target = self._references.find(reference)
        except Unsayable as error:
            self._notes.add(self._where, f"{error}, so that anything is taken there")
            return {}
        if reference in self._open:
            return self._own(target, level) if isinstance(target, Mapping) else {}
        self._open.append(reference)
        plain = self.read(target, level)
        self._open.pop()
        own = first_sentence(node.get("description"), most=_INNER_DESCRIPTION_CHARS)
        return {**plain, "description": own} if own else plain

    def _own(self, node: Mapping[str, Any], level: int) -> Plain:
        """What it says of a value itself, not of what is inside."""
        most = _INNER_DESCRIPTION_CHARS if level else _DESCRIPTION_CHARS
        plain: Plain = {"type": _type_of(node), "description": first_sentence(node.get("description"), most=most)}
        plain |= {key: node[key] for key in _COUNTS if _is_count(node.get(key))}
        plain |= _bounds(node)
        plain |= self._pattern(node.get("pattern")) | self._choices(node)
        if isinstance(node.get("format"), str) and node["format"] in _FORMATS:
            plain["format"] = node["format"]
        if "default" in node and _is_small(node["default"]):
            plain["default"] = node["default"]
        return {key: value for key, value in plain.items() if value not in (None, "") or key == "default"}

    def _choices(self, node: Mapping[str, Any]) -> Plain:
        choices = [node["const"]] if "const" in node else node.get("enum")
        if not isinstance(choices, list) or not choices:
            return {}
        if len(choices) > _MOST_CHOICES or not all(_is_small(choice) for choice in choices):
            self._notes.add(self._where, f"a list of {len(choices)} allowed values is too long, so that any is taken")
            return {}
        is_nullable = node.get("nullable") is True and None not in choices
        return {"enum": [*_distinct(choices), None] if is_nullable else _distinct(choices)}

    def _pattern(self, pattern: object) -> Plain:
        if not isinstance(pattern, str):
            return {}
        if not _is_linear(pattern):
            self._notes.add(self._where, "a pattern cannot be matched in linear time, so that any text is taken")
            return {}
        return {"pattern": pattern}

    def _add_inside(self, plain: Plain, node: Mapping[str, Any], level: int) -> None:
        if isinstance(node.get("items"), Mapping):
            plain["items"] = self.read(node["items"], level + 1)
        if isinstance(node.get("properties"), Mapping):
            plain |= self._properties(node, level)
        others = node.get("additionalProperties")
        if isinstance(others, Mapping) and (inner := self.read(others, level + 1)):
            plain["additionalProperties"] = inner

    def _properties(self, node: Mapping[str, Any], level: int) -> Plain:
        """Those that a caller can give: not what only answers have, nor what is no longer to be used."""
        required = [name for name in _listed(node.get("required")) if name in node["properties"]]
        properties, is_whole = {}, True
        for name, inner in node["properties"].items():
            if not _can_be_named(name) or not _is_given(self._peek(inner), name in required):
                is_whole = False
                continue
            properties[name] = self.read(inner, level + 1)
        found: Plain = {"type": "object", "properties": properties}
        if kept := [name for name in required if name in properties]:
            found["required"] = kept
        if node.get("additionalProperties") is False and is_whole:
            found["additionalProperties"] = False
        return found

    def _peek(self, node: object) -> Mapping[str, Any]:
        try:
            return self._references.follow(node)
        except Unsayable:
            return {}

    def _alternatives(self, nodes: list[Any], level: int) -> Plain:
        read = [self.read(node, level) for node in nodes[:_MOST_ALTERNATIVES]]
        if len(nodes) > _MOST_ALTERNATIVES or not all(read):
            return {}  # one of them takes anything
        found = _distinct(read)
        return found[0] if len(found) == 1 else {"anyOf": found}


def _type_of(node: Mapping[str, Any]) -> str | list[str] | None:
    named = node.get("type")
    types = [kind for kind in (named if isinstance(named, list) else [named]) if kind in _TYPES]
    if types and node.get("nullable") is True and "null" not in types:
        types.append("null")
    return types[0] if len(types) == 1 else types or None


def _bounds(node: Mapping[str, Any]) -> Plain:
    """In 3.0 and 2, `exclusiveMinimum: true` says how `minimum` is meant; in 3.1 it is a number of its own."""
    found = {key: node[key] for key in _NUMBERS if _is_number(node.get(key))}
    if found.get("multipleOf", 1) <= 0:
        del found["multipleOf"]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if node.get(exclusive) is True and bound in found:
            found[exclusive] = found.pop(bound)
    return found


def _both(one: Plain, other: Plain) -> Plain:
    """What suits both, as well as can be said: objects become one with the properties of both."""
    if "anyOf" in one and "anyOf" in other:
        return one
    merged = {**other, **one}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**other["properties"], **one["properties"]}
        merged.pop("additionalProperties", None)
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return merged


def _or_null(plain: Plain) -> Plain:
    if "anyOf" in plain and {"type": "null"} not in plain["anyOf"]:
        return {**plain, "anyOf": [*plain["anyOf"], {"type": "null"}]}
    if isinstance(plain.get("type"), str) and plain["type"] != "null":
        return {**plain, "type": [plain["type"], "null"]}
    return plain


def _is_given(node: Mapping[str, Any], is_required: bool) -> bool:
    return node.get("readOnly") is not True and (is_required or node.get("deprecated") is not True)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _can_be_named(name: str) -> bool:
    return bool(name.strip()) and name != "<<" and len(name) <= _MOST_NAME_CHARS and not UNREADABLE.search(name)


def _is_small(value: object) -> bool:
    """Whether it is one value, or a list of some, that can be written down."""
    items = value if isinstance(value, list) else [value]
    is_plain = not any(isinstance(item, dict | list) or UNREADABLE.search(str(item)) for item in items)
    return is_plain and len(orjson.dumps(value)) <= _MOST_VALUE_BYTES


def _listed(value: object) -> list[str]:
    return list(dict.fromkeys(item for item in value if isinstance(item, str))) if isinstance(value, list) else []


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list({orjson.dumps(value, option=orjson.OPT_SORT_KEYS): value for value in values}.values())


@lru_cache(maxsize=1000)
def _is_linear(pattern: str) -> bool:
    is_short = len(pattern) <= _MOST_VALUE_BYTES and not UNREADABLE.search(pattern)
    return is_short and read_schema({"pattern": pattern}, Place(faults=[])) is not None
