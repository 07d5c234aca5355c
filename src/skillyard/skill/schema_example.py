"""A value to begin with, for people who have to write one that a schema admits. It need not be admitted as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST_DEPTH = 4
_EMPTY: Mapping[str, Any] = {
    "string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}, "null": None
}  # fmt: skip


def example_of(document: object, depth: int = 0) -> Any:
    """Its own example, default or first choice where it names one; else its required properties, empty."""
    if not isinstance(document, Mapping):
        return {}
    if document.get("examples") and isinstance(document["examples"], list):
        return document["examples"][0]
    if "default" in document or "const" in document:
        return document.get("default", document.get("const"))
    if document.get("enum") and isinstance(document["enum"], list):
        return document["enum"][0]
    kind = document.get("type", "object")
    if kind == "object" and depth < _MOST_DEPTH:
        return _example_object(document, depth)
    return _EMPTY.get(kind[0] if isinstance(kind, list) and kind else str(kind), {})


def _example_object(document: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = document.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    wanted = document.get("required") or list(properties)[:3]
    return {str(name): example_of(properties[name], depth + 1) for name in wanted if name in properties}
