"""The value with which people begin to write one."""

from __future__ import annotations

from typing import Any

import pytest

from skillyard.skill.schema_example import example_of


@pytest.mark.parametrize(
    ("document", "example"),
    [
        (True, {}),
        ({}, {}),
        ({"type": "string"}, ""),
        ({"type": ["integer", "null"]}, 0),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"enum": ["fast", "good"]}, "fast"),
        ({"type": "integer", "default": 7}, 7),
        ({"type": "object", "examples": [{"url": "https://example.com"}]}, {"url": "https://example.com"}),
        (
            {
                "type": "object",
                "properties": {"url": {"type": "string"}, "deep": {"properties": {"on": {"type": "boolean"}}}, "x": {}},
                "required": ["url", "deep", "nowhere"],
            },
            {"url": "", "deep": {"on": False}},
        ),
        ({"properties": ["no", "map"], "required": ["no"]}, {}),
    ],
)
def test_an_example_has_what_is_required_and_what_the_schema_itself_shows(document: Any, example: Any) -> None:
    assert example_of(document) == example


def test_a_schema_without_end_has_an_example_with_one() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {}, "required": ["next"]}
    node["properties"]["next"] = node
    assert example_of(node) == {"next": {"next": {"next": {"next": {}}}}}
