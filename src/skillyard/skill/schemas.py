"""JSON Schemas from outside, and values checked against them, within bounds whoever wrote them.

Drafts 7, 2019-09 and 2020-12 (the default), without references to other documents; `format` is a note and not a
check, as the standard has it. Whether the values of one schema suit another is `joins`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_values import check_json, pointer
from skillyard.skill.reading import Place, quoted, shorten
from skillyard.skill.schema_graph import Dialect, Graph, Path, TooMuchWork, build_graph, count_work

MAX_SCHEMA_CHARS = 64 * 1024
MAX_SCHEMA_VALUES = 5000
MAX_SCHEMA_DEPTH = 64
MAX_WORK = 3_000_000
MAX_FAULTS = 20
_WORK_TO_TELL_ALL = 30_000
_WORK_FOR_SMALL = 20_000
_PATTERN_BYTES = 4 << 20  # of all patterns of one schema together, once compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    address: str
    validator: type[jsonschema_rs.Validator]
    dialect: Dialect


_NEWEST = _Draft(
    address="https://json-schema.org/draft/2020-12/schema",
    validator=jsonschema_rs.Draft202012Validator,
    dialect=Dialect(),
)
_DRAFTS = (
    _NEWEST,
    _Draft(
        address="https://json-schema.org/draft/2019-09/schema",
        validator=jsonschema_rs.Draft201909Validator,
        dialect=Dialect(prefix_items=False),
    ),
    _Draft(
        address="http://json-schema.org/draft-07/schema#",
        validator=jsonschema_rs.Draft7Validator,
        dialect=Dialect(prefix_items=False, lone_references=True),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A schema that `read_schema` admitted. `text` is its canonical JSON, by which schemas are equal."""

    text: str
    document: Mapping[str, Any] = field(compare=False, repr=False)


def read_schema(value: object, place: Place) -> Schema | None:
    """The schema in a plain value; None, with faults at `place`, unless it can be evaluated within bounds."""
    if not isinstance(value, Mapping):
        place.refuse_type("a JSON Schema", 'write an object, as {"type": "object"}')
        return None
    within = check_json(
        value, place, max_depth=MAX_SCHEMA_DEPTH, max_values=MAX_SCHEMA_VALUES, max_chars=MAX_SCHEMA_CHARS
    )
    return _read_within_bounds(value, place) if within else None


def stored_schema(text: str) -> Schema:
    """The schema whose `text` was stored."""
    return Schema(text=text, document=json.loads(text))


def schema_of_value(value: object) -> Schema:
    """The schema that admits this value alone, which is known to be JSON; of an object, each property by itself."""
    document: dict[str, Any] = {"const": value}
    if isinstance(value, Mapping):
        properties = {name: {"const": item} for name, item in value.items()}
        document = {
            "type": "object",
            "properties": properties,
            "required": sorted(value),
            "additionalProperties": False,
        }
    return stored_schema(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def admits_at(schema: Schema, path: Path, value: object) -> bool:
    """Whether the subschema that `path` leads to admits a small value; false also where that takes too long to tell."""
    try:
        count_work(_compile(schema.text).graph.nodes[path], value, most=_WORK_FOR_SMALL)
    except TooMuchWork:
        return False
    return _subschema(schema.text, path).is_valid(value)


def check_value(schema: Schema, value: object) -> list[Fault]:
    """What is wrong with a value, each message with the JSON pointer to it: 20 faults at most, none when it is fine."""
    faults: list[Fault] = []
    place = Place(faults=faults, keys=("the value",))
    if not check_json(value, place):
        return faults
    compiled = _compile(schema.text)
    try:
        work = count_work(compiled.graph.root, value, most=MAX_WORK)
    except TooMuchWork:
        place.refuse(
            "too_much_work",
            "the value is too large to be checked against this schema",
            "send less at once, or simplify what the schema repeats for the same part of the value",
        )
        return faults
    errors = _errors(compiled.validator, value, at_once=work <= _WORK_TO_TELL_ALL)
    return [_fault(error) for error in errors[:MAX_FAULTS]]


def _errors(
    validator: jsonschema_rs.Validator, value: object, *, at_once: bool
) -> Sequence[jsonschema_rs.ValidationError]:
    """All that is wrong, or the first of it: the validator makes every error there is before it gives the first."""
    if at_once:
        return list(validator.iter_errors(value))
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    validator: jsonschema_rs.Validator
    graph: Graph


@lru_cache(maxsize=64)
def _compile(text: str) -> _Compiled:
    faults: list[Fault] = []
    compiled = _try_compile(json.loads(text), Place(faults=faults))
    if compiled is None:
        raise SkillError(faults)
    return compiled


@lru_cache(maxsize=64)
def _subschema(text: str, path: Path) -> jsonschema_rs.Validator:
    """One that looks into the document as it is, so that its references lead where they did."""
    document = json.loads(text)
    draft = _find_draft(document) or _NEWEST
    whole = {**document, "$id": "urn:skillyard:whole"}
    return draft.validator(
        {"$ref": f"urn:skillyard:whole#{quote(pointer(path))}", "definitions": {"whole": whole}},
        validate_formats=False,
        offline=True,
        pattern_options=_pattern_options(len(_compile(text).graph.patterns)),
    )


def _read_within_bounds(document: Mapping[str, Any], place: Place) -> Schema | None:
    if _find_draft(document) is None:
        at = place.at("$schema")
        at.refuse("schema_draft", f"{at} is not a draft that is read here", f"leave it out, or write {_NEWEST.address}")
        return None
    if not _suits_draft(document, place) or _try_compile(document, place) is None:
        return None
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return stored_schema(text)


def _find_draft(document: Mapping[str, Any]) -> _Draft | None:
    named = str(document.get("$schema", _NEWEST.address)).replace("http://", "https://").rstrip("#")
    return next((draft for draft in _DRAFTS if draft.address.replace("http://", "https://").rstrip("#") == named), None)


def _suits_draft(document: Mapping[str, Any], place: Place) -> bool:
    errors = list(_meta_schema(_find_draft(document) or _NEWEST).iter_errors(document))
    said = dict.fromkeys((tuple(error.instance_path), _words(error)) for error in errors)
    for path, words in list(said)[:MAX_FAULTS]:
        at = place.at(*path)
        at.refuse("schema_not_valid", f"{at}: {words}", "write it as JSON Schema has it")
    return not errors


@cache
def _meta_schema(draft: _Draft) -> jsonschema_rs.Validator:
    return draft.validator({"$ref": draft.address}, offline=True, mask="this")


def _try_compile(document: Mapping[str, Any], place: Place) -> _Compiled | None:
    draft = _find_draft(document) or _NEWEST
    graph = build_graph(document, place, draft.dialect)
    if graph is None or not _are_linear(graph.patterns, place):
        return None
    try:
        validator = draft.validator(
            dict(document),
            validate_formats=False,
            offline=True,
            mask="the value",
            pattern_options=_pattern_options(len(graph.patterns)),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        place.refuse("schema_not_valid", f"{place}: {shorten(str(error), 200)}", "write it as JSON Schema has it")
        return None
    return _Compiled(validator=validator, graph=graph)


def _are_linear(patterns: frozenset[str], place: Place) -> bool:
    """Whether all patterns can be matched in linear time: no look-around, no back-references, no large repetition."""
    options = _pattern_options(len(patterns))
    for pattern in sorted(patterns):
        try:
            jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True, pattern_options=options)
        except ValueError:
            message = f"{place}: the pattern {quoted(pattern)} is not one, or cannot be matched in linear time"
            place.refuse("bad_pattern", message, "leave out look-around, back-references and large repetitions")
            return False
    return True


def _pattern_options(patterns: int) -> jsonschema_rs.RegexOptions:
    size_bytes = _PATTERN_BYTES // max(1, patterns)
    return jsonschema_rs.RegexOptions(size_limit=size_bytes, dfa_size_limit=min(size_bytes, 1 << 20))


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    where = f"at {pointer(error.instance_path)}: " if error.instance_path else ""
    return Fault(
        code="not_as_schema",
        message=f"{where}{_words(error)}",
        hint=f"the schema asks for it at {pointer(error.schema_path)}",
    )


def _words(error: jsonschema_rs.ValidationError) -> str:
    return shorten(error.message, 200)
