"""Schemas of documents as JSON Schemas: small, without references, and never stricter than the API."""

from __future__ import annotations

from typing import Any

import pytest

from skillyard.skill.reading import Place
from skillyard.skill.schemas import check_value, read_schema
from tests.domain.gateway.openapi.documents_of_tests import a_document, read, schema_of, takes, the_endpoint

TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}


def admits(schema: dict[str, Any], value: object) -> bool:
    admitted = read_schema(schema, Place(faults=[]))
    assert admitted is not None
    return not check_value(admitted, value)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "string", "enum": ["a"], "nullable": True}, [None, "a"], ["b"]),
        ({"type": ["string", "null"]}, [None, "a"], [1]),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"type": "integer", "exclusiveMaximum": 3}, [2], [3]),
        ({"const": "a"}, ["a"], ["b"]),
        ({"type": "string", "pattern": "^[a-z]+$"}, ["ab"], ["1"]),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, [{"a": 1}], [{}, {"a": "x"}]),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, ["a", 1], [[]]),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, [1], ["a"]),
        ({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]},
         [{"a": "", "b": ""}], [{"a": ""}, {"b": ""}]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, [{"x": "y"}], [{"x": 1}]),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}], [{"b": 1}]),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "nullable": True},
         [None, "a", ["a"]], [1]),
    ],
)  # fmt: skip
def test_schemas_mean_what_they_did(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    made = schema_of(schema)
    assert all(admits(made, value) for value in good)
    assert not any(admits(made, value) for value in bad)


def test_what_only_answers_have_is_not_asked_for() -> None:
    made = schema_of(
        {
            "type": "object",
            "required": ["id", "name"],
            "additionalProperties": False,
            "properties": {"id": {"readOnly": True}, "name": {"type": "string"}, "old": {"deprecated": True}},
        }
    )
    assert made["properties"] == {"name": {"type": "string"}}
    assert made["required"] == ["name"]
    assert admits(made, {"name": "x", "id": "no harm"})


def test_a_type_that_is_not_known_is_anything() -> None:
    assert schema_of({"type": "any", "description": "What you like."}) == {"description": "What you like."}


def test_a_schema_that_contains_itself_is_cut() -> None:
    made = schema_of({"$ref": "#/components/schemas/Tree"}, components={"schemas": {"Tree": TREE}})
    assert made["properties"]["children"]["items"] == {"type": "object"}
    assert admits(made, {"name": "root", "children": [{"name": "leaf", "children": []}]})


def test_references_that_lead_in_circles_are_cut() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    assert schema_of({"$ref": "#/components/schemas/A"}, components={"schemas": schemas}) == {}


@pytest.mark.parametrize(
    "reference", ["https://evil.example/x.json", "other.yaml#/a", "#/components/schemas/Gone", "#x"]
)
def test_a_reference_to_elsewhere_is_noted_and_never_followed(reference: str) -> None:
    document = a_document({"/x": {"post": {"operationId": "it", **takes({"$ref": reference})}}})
    integration, notes = read(document)
    assert integration.endpoints["it"].params[0].schema == {}
    assert "anything is taken there" in notes[0]


def test_references_that_multiply_end_with_what_can_be_said() -> None:
    """Each level refers ten times to the next: written out, it would have 10^20 schemas."""
    schemas: dict[str, Any] = {
        f"L{level}": {
            "type": "object",
            "properties": {f"p{number}": {"$ref": f"#/components/schemas/L{level + 1}"} for number in range(10)},
        }
        for level in range(20)
    }
    document = a_document(
        {"/x": {"post": {"operationId": "it", **takes({"$ref": "#/components/schemas/L0"})}}},
        components={"schemas": schemas},
    )
    integration, notes = read(document)
    assert len(str(integration.endpoints["it"].schema)) < 40_000
    assert any("levels deep" in note for note in notes)


@pytest.mark.parametrize("pattern", ["(a+)+$(?=b)", "(?<!x)a", "\\1(a)", "[", "(a{1,1000}){1,1000}", "x" * 10_000])
def test_a_pattern_that_could_not_be_matched_in_time_is_left_out(pattern: str) -> None:
    integration, notes = read(
        a_document({"/x": {"post": {"operationId": "it", **takes({"type": "string", "pattern": pattern})}}})
    )
    assert integration.endpoints["it"].params[0].schema == {"type": "string"}
    assert "pattern" in notes[0]


def test_a_list_of_very_many_values_is_left_out() -> None:
    made = schema_of({"type": "string", "enum": [str(number) for number in range(100_000)]})
    assert made == {"type": "string"}


def test_bounds_that_are_none_are_left_out() -> None:
    odd = {
        "type": "string",
        "minLength": -1,
        "maxLength": "9",
        "maximum": True,
        "multipleOf": 0,
        "enum": "a",
        "required": 3,
    }
    assert schema_of(odd) == {"type": "string"}


def test_a_body_of_very_many_fields_is_left_out() -> None:
    fields = {f"field{number}": {"type": "string"} for number in range(101)}
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object", "properties": fields}}}}
    document = a_document({"/x": {"post": {"operationId": "it", "requestBody": body}}, "/y": {"get": {}}})
    integration, notes = read(document)
    assert list(integration.endpoints) == ["get_y"]
    assert "too many" in notes[0]


def test_forms_say_how_lists_stand_in_them() -> None:
    properties = {
        "tags": {"type": "array", "items": {"type": "string"}},
        "ids": {"type": "array", "items": {"type": "string"}},
        "where": {"type": "object"},
    }
    media = {"schema": {"type": "object", "properties": properties}, "encoding": {"ids": {"explode": False}}}
    it = the_endpoint({"requestBody": {"content": {"application/x-www-form-urlencoded": media}}})
    assert {param.name: param.style for param in it.params} == {"tags": "repeat", "ids": "comma", "where": "brackets"}


def test_names_and_values_that_cannot_be_written_are_left_out() -> None:
    odd = {
        "": {},
        "<<": {},
        "a\x00": {},
        "x" * 101: {},
        "fine": {"type": "string", "enum": ["a\x07"], "default": [[1]]},
    }
    assert schema_of({"type": "object", "properties": odd})["properties"] == {"fine": {"type": "string"}}
