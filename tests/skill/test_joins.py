import time
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skillyard.skill.covering import why_not_covered
from skillyard.skill.joins import EVERYTHING, Join, Source, deliver, join, pass_on
from skillyard.skill.reading import Place
from skillyard.skill.schema_facts import Given, whole
from skillyard.skill.schemas import Schema, read_schema
from tests.skill.schema_makers import LEAVES, NAMES, SCALARS, SCHEMAS, VALUES

TEXT, WHOLE, MANY = {"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}


def read(document: object) -> Schema:
    faults: list[Any] = []
    schema = read_schema(document, Place(faults=faults))
    assert schema is not None, faults
    return schema


def an_object(required: list[str] | None = None, **properties: object) -> dict[str, Any]:
    always = {"required": sorted(properties) if required is None else required}
    return {"type": "object", "properties": properties, **always}


def joined(output: object, taking: object, first: object | None = None) -> Join:
    sources = [Source(label="output", schema=read(output))]
    if first is not None:
        sources.append(Source(label="input", schema=read(first)))
    return join(sources, read(taking))


def why_not(wanted: object, known: object) -> str | None:
    return why_not_covered(whole(read(wanted)), Given([whole(read(known))]))


def test_properties_are_joined_by_their_names():
    found = joined(an_object(text=TEXT, pages=WHOLE), an_object(text=TEXT))
    assert found.fits
    assert found.mapping == {"text": "output"}
    assert pass_on(found.mapping, {"output": {"text": "a", "pages": 3}}) == {"text": "a"}


def test_what_the_output_lacks_is_taken_from_the_first_input():
    found = joined(an_object(text=TEXT), an_object(text=TEXT, language=TEXT), an_object(language=TEXT, text=TEXT))
    assert found.mapping == {"text": "output", "language": "input"}
    made = pass_on(found.mapping, {"output": {"text": "a"}, "input": {"text": "b", "language": "fr"}})
    assert made == {"text": "a", "language": "fr"}


def test_an_optional_property_is_passed_where_it_suits_and_left_out_where_it_does_not():
    taking = an_object(["text"], text=TEXT, pages=WHOLE)
    assert joined(an_object(text=TEXT, pages=WHOLE), taking).mapping == {"text": "output", "pages": "output"}
    assert joined(an_object(text=TEXT, pages=TEXT), taking).mapping == {"text": "output"}


def test_a_property_that_is_there_only_sometimes_does_not_fill_a_required_one():
    found = joined(an_object([], text=TEXT), an_object(text=TEXT))
    assert found.reasons == ("text: the output has it only sometimes",)


def test_a_schema_that_lists_nothing_as_required_is_taken_at_its_word():
    loose = {"type": "object", "properties": {"text": TEXT}}
    found = joined(loose, an_object(text=TEXT))
    assert found.fits
    assert found.assumed == ("text",)


@pytest.mark.parametrize(
    ("output", "taking", "reason"),
    [
        (an_object(url=TEXT), an_object(text=TEXT), "text: the output does not have it"),
        (an_object(text=WHOLE), an_object(text=TEXT), "does not suit: text is wanted, an integer is given"),
        (an_object(n={"type": "number"}), an_object(n=WHOLE), "an integer is wanted, a number is given"),
        (an_object(a=MANY), an_object(a={"items": WHOLE}), "at /0: an integer is wanted, text is given"),
        (an_object(a=TEXT), an_object(a={"enum": ["x"]}), "only certain values are taken"),
        (an_object(a={"enum": ["x", "y"]}), an_object(a={"enum": ["x"]}), '"y" may be given, and is not taken'),
        (an_object(a=TEXT), an_object(a={"pattern": "^x"}), 'pattern "^x" is wanted, and not promised'),
        (an_object(a={"minimum": 0, **WHOLE}), an_object(a={"minimum": 1}), "minimum 1 is wanted"),
        (TEXT, an_object(a=TEXT), "a: the output does not have it"),
        (TEXT, WHOLE, "the output: an integer is wanted, text is given"),
        (an_object(a=TEXT), {"properties": {"b": TEXT}}, "nothing that is given is taken"),
        (an_object(a=TEXT), {**an_object(a=TEXT), "minProperties": 2}, "minProperties 2 is wanted"),
    ],
)
def test_the_reason_says_what_does_not_fit(output: object, taking: object, reason: str):
    found = joined(output, taking)
    assert not found.fits
    assert reason in found.reasons[0]


def test_every_required_property_that_is_missing_has_its_reason():
    assert len(joined(an_object(a=TEXT), an_object(b=TEXT, c=TEXT)).reasons) == 2


def test_a_skill_that_names_no_properties_is_given_everything():
    found = joined(an_object(a=TEXT), {"type": "object"})
    assert found.mapping == {EVERYTHING: "output"}
    assert pass_on(found.mapping, {"output": {"a": "x"}}) == {"a": "x"}


def test_an_output_delivers_what_is_desired_though_nothing_is_called_required():
    desired = read({"properties": {"json": {"type": "array"}}})
    assert deliver(Source(label="output", schema=read(an_object(json=MANY, rows=WHOLE))), desired).fits
    assert not deliver(Source(label="output", schema=read(an_object(rows=WHOLE))), desired).fits


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        ({}, TEXT),
        ({"type": ["string", "null"]}, {"enum": ["a", None]}),
        ({"type": "number"}, WHOLE),
        ({"enum": [True, False]}, {"type": "boolean"}),
        ({"minimum": 0}, {"exclusiveMinimum": 0, "type": "integer"}),
        ({"multipleOf": 2}, {"multipleOf": 4}),
        ({"anyOf": [TEXT, MANY]}, MANY),
        ({"oneOf": [TEXT, {"type": "null"}]}, TEXT),
        ({"anyOf": [TEXT, WHOLE]}, {"anyOf": [WHOLE, TEXT]}),
        ({"oneOf": [TEXT, {"type": "null"}]}, {"oneOf": [{"type": "null"}, {"maxLength": 3, **TEXT}]}),
        (an_object(a=TEXT), {"allOf": [an_object(a={}), an_object([], a=TEXT)]}),
        (an_object(a=TEXT), {"$ref": "#/$defs/x", "$defs": {"x": an_object(a=TEXT)}}),
        ({"additionalProperties": TEXT}, {"additionalProperties": False, "properties": {"a": {"const": "x"}}}),
        ({"maxProperties": 1}, {"additionalProperties": False, "properties": {"a": {}}, "type": "object"}),
        ({"prefixItems": [TEXT], "items": WHOLE}, {"prefixItems": [TEXT, WHOLE], "items": WHOLE}),
        ({"items": {"$ref": "#"}, "type": "array"}, {"items": {"$ref": "#"}, "type": "array", "minItems": 1}),
        ({"not": TEXT}, {"not": TEXT}),
        ({"if": TEXT, "then": {"maxLength": 5}}, {"type": "string", "maxLength": 3}),
    ],
)
def test_one_schema_covers_another(wanted: object, known: object):
    assert why_not(wanted, known) is None


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        (TEXT, {}),
        (TEXT, {"anyOf": [{}, TEXT]}),
        ({"const": 1}, {"const": True}),
        ({"anyOf": [TEXT, MANY]}, {"type": ["string", "integer"]}),
        ({"oneOf": [TEXT, {"minLength": 1}]}, TEXT),
        ({"minimum": 0}, {"minimum": -1, "type": "integer"}),
        ({"type": "array", "items": {"$ref": "#"}}, {"type": "array", "items": {"anyOf": [{"$ref": "#"}, TEXT]}}),
        ({"unevaluatedProperties": False}, an_object(a=TEXT)),
        ({"additionalProperties": TEXT}, {"patternProperties": {"^x": WHOLE}, "additionalProperties": TEXT}),
        ({"if": TEXT, "else": False}, {"type": ["string", "integer"]}),
        ({"contains": TEXT}, MANY),
        ({"properties": {"a": False}}, an_object([], b=TEXT)),
    ],
)
def test_one_schema_does_not_cover_another(wanted: object, known: object):
    assert why_not(wanted, known)


def test_schemas_made_to_be_hard_to_compare_are_given_up_within_a_second():
    deep = {"$defs": {f"d{n}": {"anyOf": [{"items": {"$ref": f"#/$defs/d{n + 1}"}}] * 3} for n in range(40)}}
    hostile = {**deep, "$defs": {**deep["$defs"], "d40": TEXT}, "$ref": "#/$defs/d0"}
    many = {"allOf": [{"anyOf": [{"minimum": n}, {"maximum": -n}]} for n in range(60)], "type": "integer"}
    parts = {"allOf": [{"properties": {"a": {"minLength": n}}} for n in range(450)], "required": ["a"]}
    for one, other in [
        (hostile, {**hostile, "title": "x"}),
        (many, {**many, "title": "x"}),
        (hostile, many),
        (parts, {**parts, "title": "x"}),
    ]:
        start = time.thread_time()
        why_not(one, other)
        assert time.thread_time() - start < 1


@given(SCHEMAS, SCHEMAS, VALUES)
@settings(max_examples=300, deadline=None)
def test_what_is_proved_holds_for_every_value(wanted: dict[str, Any], known: dict[str, Any], value: object):
    assume(jsonschema.Draft202012Validator(known).is_valid(value))
    if why_not(wanted, known) is None:
        assert jsonschema.Draft202012Validator(wanted).is_valid(value)


PROPERTIES = st.dictionaries(NAMES, LEAVES.filter(lambda leaf: "$ref" not in str(leaf)), min_size=1, max_size=3)
ENDS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": PROPERTIES},
    optional={
        "required": st.lists(NAMES, unique=True, max_size=2),
        "additionalProperties": st.booleans(),
        "minProperties": st.integers(0, 2),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
        "propertyNames": st.just({"minLength": 2}),
    },
)
OBJECTS = st.dictionaries(NAMES, SCALARS)


@given(ENDS, ENDS, ENDS, OBJECTS, OBJECTS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_whatever_a_join_puts_together_is_admitted(
    output: dict[str, Any], first: dict[str, Any], taking: dict[str, Any], delivered: object, given_first: object
):
    found = joined(output, taking, first)
    assume(found.fits)
    assume(jsonschema.Draft202012Validator(output).is_valid(delivered))
    assume(jsonschema.Draft202012Validator(first).is_valid(given_first))
    made = pass_on(found.mapping, {"output": delivered, "input": given_first})
    if all(name in made for name in found.assumed):
        assert jsonschema.Draft202012Validator(taking).is_valid(made)
