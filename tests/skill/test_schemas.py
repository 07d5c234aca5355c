import json
import threading
import time

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.skill.faults import Fault
from skillyard.skill.reading import Place
from skillyard.skill.schema_graph import unrolled
from skillyard.skill.schemas import Schema, admits_at, check_value, read_schema, stored_schema
from tests.skill.schema_makers import SCHEMAS, VALUES, WILD

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def try_read(value: object) -> tuple[Schema | None, list[Fault]]:
    faults: list[Fault] = []
    return read_schema(value, Place(faults=faults, keys=("input_schema",))), faults


def read(value: object) -> Schema:
    schema, faults = try_read(value)
    assert schema is not None, faults
    assert faults == []
    return schema


def refused(value: object) -> set[str]:
    start = time.thread_time()
    schema, faults = try_read(value)
    assert schema is None
    assert faults
    assert all(fault.hint and "input_schema" in fault.message and len(fault.message) < 500 for fault in faults)
    assert time.thread_time() - start < 1
    return {fault.code for fault in faults}


def messages(schema: object, value: object) -> list[str]:
    return [fault.message for fault in check_value(read(schema), value)]


def doubling(keyword: str, levels: int) -> dict[str, object]:
    """A short schema in which each item is seen in 2 to the power of `levels` ways."""
    ways = {f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**ways, f"d{levels}": {"type": "string"}}, "items": {"$ref": "#/$defs/d0"}}


def nested(levels: int, leaf: object = 1) -> object:
    value = leaf
    for _ in range(levels):
        value = [value]
    return value


def test_each_fault_of_a_value_says_where_it_is_and_what_the_schema_asks():
    schema = {
        "type": "object",
        "properties": {"url": {"type": "string"}, "pages": {"items": {"type": "integer"}}},
        "required": ["language"],
    }
    faults = check_value(read(schema), {"url": 3, "pages": [1, "two"]})
    assert {fault.message for fault in faults} == {
        'at /url: the value is not of type "string"',
        'at /pages/1: the value is not of type "integer"',
        '"language" is a required property',
    }
    assert {fault.hint for fault in faults} >= {"the schema asks for it at /properties/url/type"}


def test_a_value_is_never_repeated_in_what_is_said_of_it():
    schema = {"properties": {"key": {"type": "integer", "enum": [1], "minimum": 5}, "pin": {"const": 1}}}
    said = " ".join(messages(schema, {"key": "s3cret-value", "pin": "s3cret-value"}))
    assert said
    assert "s3cret" not in said


def test_the_pointer_to_a_fault_is_escaped():
    assert messages({"properties": {"a/b~c": {"type": "string"}}}, {"a/b~c": 1})[0].startswith("at /a~1b~0c:")


def test_at_most_twenty_faults_of_a_value_are_told():
    assert len(messages({"items": {"type": "string"}}, [1] * 500)) == 20


def test_a_schema_is_the_same_however_its_keys_are_ordered_and_after_it_was_stored():
    schema = read({"type": "object", "properties": {"a": {}, "b": {}}})
    assert schema == read({"properties": {"b": {}, "a": {}}, "type": "object"})
    assert stored_schema(schema.text) == schema
    assert not check_value(stored_schema(schema.text), {"a": 1})


def test_draft_7_is_read_with_its_own_words():
    schema = {"$schema": DRAFT_7, "definitions": {"a": {"type": "string"}}, "items": [{"$ref": "#/definitions/a"}]}
    assert messages(schema, ["x", 1]) == []
    assert messages(schema, [1])


def test_a_recursive_schema_is_checked_all_the_way_down():
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "value": {"type": "integer"}}}
    assert messages(tree, {"left": {"left": {"value": 1}}}) == []
    assert messages(tree, {"left": {"left": {"value": "x"}}}) == [
        'at /left/left/value: the value is not of type "integer"'
    ]


def test_format_is_a_note_as_the_standard_has_it():
    assert messages({"format": "email"}, "nobody") == []
    assert messages({"$schema": DRAFT_7, "format": "email"}, "nobody") == []


def test_all_faults_of_a_schema_are_told_at_once():
    schema, faults = try_read({"type": "strin", "required": "url", "properties": {"a": {"minimum": "1"}}})
    assert schema is None
    places = {fault.message.split(":")[0] for fault in faults}
    assert places >= {"input_schema.type", "input_schema.required", "input_schema.properties.a.minimum"}


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ("object", "wrong_type"),
        (True, "wrong_type"),
        ({"$ref": "http://127.0.0.1:1/schema"}, "schema_reference"),
        ({"$ref": "file:///etc/passwd"}, "schema_reference"),
        ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "schema_reference"),
        ({"$ref": "#/$defs/none"}, "schema_reference"),
        ({"$ref": "#/example", "example": {"pattern": 5}}, "schema_reference"),
        ({"properties": {"a": {"$id": "http://a.example", "$ref": "#"}}}, "schema_keyword"),
        ({"properties": {"a": {"$schema": DRAFT_7}}}, "schema_keyword"),
        ({"$dynamicRef": "#a"}, "schema_keyword"),
        ({"$anchor": "a"}, "schema_keyword"),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "schema_draft"),
        ({"$schema": 7}, "schema_draft"),
        ({"$schema": DRAFT_7, "$ref": "#/definitions/a", "minimum": 1, "definitions": {"a": {}}}, "schema_keyword"),
        ({"$schema": DRAFT_7, "prefixItems": [{}]}, "schema_keyword"),
        ({"$ref": "#"}, "schema_recursion"),
        ({"allOf": [{"not": {"$ref": "#"}}, {"$ref": "#"}, {"$ref": "#"}]}, "schema_recursion"),
        (doubling("anyOf", 40), "schema_recursion"),
        ({"pattern": "("}, "bad_pattern"),
        ({"pattern": "(?=a)b"}, "bad_pattern"),
        ({"pattern": r"(a)\1"}, "bad_pattern"),
        ({"patternProperties": {"(?<!x)y": {}}}, "bad_pattern"),
        ({"pattern": "(a{100}){100}"}, "pattern_too_large"),
        ({"pattern": "((((a{9}){9}){9}){9}){9}"}, "pattern_too_large"),
        ({"pattern": "a{1,9999999999999}"}, "pattern_too_large"),
        ({"additionalItems": {"pattern": 5}, "$ref": "#/additionalItems"}, "schema_not_valid"),
        ({"enum": list(range(6000))}, "too_large"),
        ({"description": "x" * 70_000}, "too_large"),
        ({"minimum": 10**400}, "not_json"),
        ({"minimum": float("nan")}, "not_json"),
        ({"title": "\ud800"}, "not_json"),
        ({1: "a"}, "not_json"),
        ({"default": nested(100)}, "too_deep"),
        ({"default": nested(100_000)}, "too_deep"),
        ({"properties": {str(n): {} for n in range(1500)}}, "schema_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_a_hostile_schema_is_refused_at_once_with_the_reason(schema: object, code: str):
    assert code in refused(schema)


@pytest.mark.parametrize(
    "pattern",
    [r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", r"^\w{1,64}$", r"^\p{L}{1,50}$", r"[\]{9999}](?:ab){2,}"],
)
def test_usual_patterns_are_allowed(pattern: str):
    read({"pattern": pattern})


def test_counted_repetitions_are_written_out_when_a_pattern_is_measured():
    assert unrolled("abc") < unrolled("a{10}") < unrolled("(a{10}){10}")
    assert unrolled("(ab){1,500}") >= 1000
    assert unrolled(r"\(a\){2}[({9999}]") < 20


@pytest.mark.parametrize(
    ("schema", "value", "code"),
    [
        (doubling("allOf", 7), [0] * 50_000, "too_much_work"),
        (doubling("anyOf", 7), [0] * 50_000, "too_much_work"),
        ({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}], "type": "array"}, nested(28), "too_much_work"),
        ({"pattern": "(a|b)*a(a|b){400}c"}, "ab" * 100_000, "too_much_work"),
        (
            {"patternProperties": {f"a{n}(x|y)*z": {} for n in range(900)}},
            {"a" * 99 + str(n): 1 for n in range(999)},
            "too_much_work",
        ),
        ({"items": {"enum": list(range(4000))}}, [-1] * 50_000, "too_much_work"),
        ({}, nested(40), "too_deep"),
        ({}, nested(100_000), "too_deep"),
        ({}, [0] * 200_000, "too_large"),
        ({}, "x" * 2_000_000, "too_large"),
        ({}, {"x" * 2_000_000: 1}, "too_large"),
        ({}, 10**400, "not_json"),
        ({}, [float("inf")], "not_json"),
        ({}, "\udfff", "not_json"),
        ({}, {("a",): 1}, "not_json"),
        ({}, {"a": object()}, "not_json"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_a_hostile_value_is_refused_within_a_second(schema: object, value: object, code: str):
    admitted = read(schema)
    start = time.thread_time()
    assert code in {fault.code for fault in check_value(admitted, value)}
    assert time.thread_time() - start < 1


def test_catastrophic_patterns_take_linear_time():
    schema = read({"pattern": "^(a+)+$", "maxLength": 30_000})
    start = time.thread_time()
    assert check_value(schema, "a" * 20_000 + "b")
    assert time.thread_time() - start < 1


def test_what_is_within_bounds_takes_less_than_two_seconds():
    allowed = read({"items": {"allOf": [{"minimum": n} for n in range(10)]}, "uniqueItems": True})
    start = time.thread_time()
    assert check_value(allowed, list(range(40, 40_000))) == []
    assert time.thread_time() - start < 2


def test_the_deepest_value_that_is_allowed_fits_the_stack_of_a_thread():
    deep: dict[str, object] = {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(14)}}
    deep = {"$defs": {**deep["$defs"], "d14": {"items": {"$ref": "#/$defs/d0"}}}, "$ref": "#/$defs/d0"}  # type: ignore[dict-item]
    schema, found = read(deep), []
    thread = threading.Thread(target=lambda: found.append(check_value(schema, nested(31))))
    thread.start()
    thread.join(10)
    assert found == [[]]


@given(WILD)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_read_or_refused_with_reasons(value: object):
    schema, faults = try_read(value)
    assert (schema is None) == bool(faults)


@given(WILD, VALUES)
@settings(max_examples=200, deadline=None)
def test_whatever_schema_is_admitted_can_be_asked_about_any_value(wild: object, value: object):
    schema, _ = try_read(wild)
    if schema is not None:
        assert isinstance(check_value(schema, value), list)


@given(SCHEMAS, VALUES)
@settings(max_examples=500, deadline=None)
def test_values_are_judged_as_by_the_reference_implementation(document: dict[str, object], value: object):
    schema, faults = try_read(document)
    assert schema is not None, faults
    assert (check_value(schema, value) == []) == jsonschema.Draft202012Validator(document).is_valid(value)


@given(SCHEMAS, st.text(max_size=20))
@settings(max_examples=50)
def test_a_stored_schema_judges_as_the_one_that_was_read(document: dict[str, object], value: str):
    schema = read(document)
    assert check_value(stored_schema(json.loads(json.dumps(schema.text))), value) == check_value(schema, value)


@pytest.mark.parametrize("draft", [{}, {"$schema": DRAFT_7}, {"$id": "http://a.example/b"}])
def test_a_value_can_be_held_against_a_part_of_a_schema(draft: dict[str, str]):
    parts = {"a/b c": {"$ref": "#/definitions/d"}, "type": {"items": {"$ref": "#"}}}
    schema = read({**draft, "type": "object", "properties": parts, "definitions": {"d": {"enum": ["x"]}}})
    assert admits_at(schema, ("properties", "a/b c"), "x")
    assert not admits_at(schema, ("properties", "a/b c"), "y")
    assert admits_at(schema, ("properties", "type"), [{"a/b c": "x"}])
    assert not admits_at(schema, ("properties", "type"), [{"a/b c": "y"}])
    assert not admits_at(schema, (), "x")
