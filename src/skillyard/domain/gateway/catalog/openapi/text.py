"""The text of an OpenAPI document, JSON or YAML, as plain values within bounds, whoever wrote it."""

from __future__ import annotations

import math
import re
from typing import Any

import orjson
import yaml

from skillyard.domain.gateway.catalog.openapi.choices import DocumentRefused

MAX_BYTES = 32 << 20
MAX_YAML_BYTES = 12 << 20
MAX_YAML_ENTRIES = 500_000
MAX_VALUES = 2_000_000
MAX_DEPTH = 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_YAML = "tag:yaml.org,2002:"


def read_document(data: bytes) -> dict[str, Any]:
    """The document as JSON would have it. Raises DocumentRefused."""
    data = data.removeprefix(_BYTE_ORDER_MARK).strip()
    if len(data) > MAX_BYTES:
        raise _too_large(f"it has more than {MAX_BYTES >> 20} MiB")
    value = _read_json(data) if data.startswith(b"{") else _read_yaml(data)
    try:
        _measure(value, 0, {})
    except UnicodeEncodeError:
        raise DocumentRefused("a text in it has half of a surrogate pair", "Correct it, and add it again.") from None
    if not isinstance(value, dict):
        raise DocumentRefused("it is no object", "An OpenAPI document begins with `openapi:` or `swagger:`.")
    return value


def _read_json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError as error:
        raise DocumentRefused(f"it is not JSON: {str(error)[:200]}", "Check that the whole of it was saved.") from None


def _read_yaml(data: bytes) -> Any:
    if len(data) > MAX_YAML_BYTES:
        raise _too_large(f"it has more than {MAX_YAML_BYTES >> 20} MiB of YAML")
    if data.count(b"\n") + data.count(b",") > MAX_YAML_ENTRIES:  # each entry ends with one; reading them takes long
        raise _too_large(f"it has more than {MAX_YAML_ENTRIES} lines and commas")
    try:
        return yaml.load(data, Loader=_Loader)  # noqa: S506 (a safe one that knows less than the safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        why = "it is neither JSON nor YAML" if line is None else f"it is not YAML: look at line {line + 1}"
        raise DocumentRefused(why, "Check that it is the OpenAPI document itself, and not a page about it.") from None


class _Loader(yaml.CSafeLoader):
    """Takes for numbers, true, false and nothing what YAML 1.2 does (core schema, 10.3.2), keeps dates as texts, and
    knows no merging of maps; keys are texts, as those of responses by their status have to be.
    """

    yaml_implicit_resolvers: dict[str, list[Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {self._key(key): self.construct_object(value, deep=deep) for key, value in node.value}

    def _key(self, key: yaml.Node) -> str:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
        return str(key.value)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]{0,17})", "-0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(_YAML + _tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def _measure(value: object, depth: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values it has, and how many levels. What YAML's aliases repeat counts each time, but is counted once."""
    if isinstance(value, str):
        value.isascii() or value.encode()
        return 1, 0
    if not isinstance(value, dict | list):
        _check_scalar(value)
        return 1, 0
    if id(value) not in known:
        known[id(value)] = _measure_inside(value, depth, known)
    if depth + known[id(value)][1] > MAX_DEPTH:
        raise _too_deep()
    return known[id(value)]


def _measure_inside(
    value: dict[str, Any] | list[Any], depth: int, known: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    if depth >= MAX_DEPTH:
        raise _too_deep()
    size, levels = 1, 0
    for item in value.values() if isinstance(value, dict) else value:
        inner_size, inner_levels = _measure(item, depth + 1, known)
        size, levels = size + inner_size, max(levels, inner_levels)
        if size > MAX_VALUES:
            raise _too_large(f"it has more than {MAX_VALUES} values")
    return size, levels + 1


def _check_scalar(value: object) -> None:
    is_json = value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if not is_json:
        raise DocumentRefused("it has values that JSON does not know", "Write dates and numbers as JSON has them.")


def _too_large(why: str) -> DocumentRefused:
    return DocumentRefused(why, "Cut it down to the paths that are needed, and add that.")


def _too_deep() -> DocumentRefused:
    return DocumentRefused(f"it is nested more than {MAX_DEPTH} levels deep", "Name what is nested in `components`.")
