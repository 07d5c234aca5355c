"""Bounds of a single value: whether what is known of it keeps within what one keyword of a schema asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skillyard.skill.schema_facts import NUMBERS, Given, atoms_of

_Promise = Callable[[Given, Any], bool]
_OBJECT, _ARRAY, _STRING = atoms_of("object"), atoms_of("array"), atoms_of("string")


def is_promised(keyword: str, wanted: Any, given: Given) -> bool:
    """Whether every value that is `given` keeps the bound; true also of keywords that are none."""
    types, keeps = _PROMISES.get(keyword, (frozenset(), _keeps_multiples))
    return not types & given.types or keeps(given, wanted)


def _keeps_multiples(given: Given, wanted: Any) -> bool:
    def is_multiple(promised: Any) -> bool:
        are_whole = isinstance(promised, int) and isinstance(wanted, int)
        return bool(promised == wanted or (are_whole and promised % wanted == 0))

    return (wanted == 1 and given.types & NUMBERS <= {"integer"}) or given.promises("multipleOf", is_multiple)


def _has_few_properties(given: Given, wanted: Any) -> bool:
    return given.other_properties.is_nothing and len(given.names) <= wanted


_PROMISES: Mapping[str, tuple[frozenset[str], _Promise]] = {
    "minimum": (
        NUMBERS,
        lambda given, wanted: (
            given.promises("minimum", lambda low: low >= wanted)
            or given.promises("exclusiveMinimum", lambda low: low >= wanted)
        ),
    ),
    "exclusiveMinimum": (
        NUMBERS,
        lambda given, wanted: (
            given.promises("minimum", lambda low: low > wanted)
            or given.promises("exclusiveMinimum", lambda low: low >= wanted)
        ),
    ),
    "maximum": (
        NUMBERS,
        lambda given, wanted: (
            given.promises("maximum", lambda high: high <= wanted)
            or given.promises("exclusiveMaximum", lambda high: high <= wanted)
        ),
    ),
    "exclusiveMaximum": (
        NUMBERS,
        lambda given, wanted: (
            given.promises("maximum", lambda high: high < wanted)
            or given.promises("exclusiveMaximum", lambda high: high <= wanted)
        ),
    ),
    "multipleOf": (NUMBERS, _keeps_multiples),
    "minLength": (_STRING, lambda given, wanted: wanted == 0 or given.promises("minLength", lambda low: low >= wanted)),
    "maxLength": (_STRING, lambda given, wanted: given.promises("maxLength", lambda high: high <= wanted)),
    "pattern": (_STRING, lambda given, wanted: given.promises("pattern", lambda pattern: pattern == wanted)),
    "minItems": (_ARRAY, lambda given, wanted: wanted == 0 or given.promises("minItems", lambda low: low >= wanted)),
    "maxItems": (_ARRAY, lambda given, wanted: given.promises("maxItems", lambda high: high <= wanted)),
    "uniqueItems": (
        _ARRAY,
        lambda given, wanted: (
            not wanted
            or given.promises("uniqueItems", lambda unique: unique is True)
            or given.promises("maxItems", lambda high: high <= 1)
        ),
    ),
    "minProperties": (
        _OBJECT,
        lambda given, wanted: (
            len(given.required) >= wanted or given.promises("minProperties", lambda low: low >= wanted)
        ),
    ),
    "maxProperties": (
        _OBJECT,
        lambda given, wanted: (
            given.promises("maxProperties", lambda high: high <= wanted) or _has_few_properties(given, wanted)
        ),
    ),
}
