import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_file import MAX_CHARS, MAX_DEPTH, key_lines, read_json


def refused(text: str) -> tuple[Fault, ...]:
    with pytest.raises(SkillError) as caught:
        read_json(text, file="tank.json")
    return caught.value.faults


def test_an_object_is_read_also_with_crlf_and_a_byte_order_mark():
    assert read_json('\ufeff{\r\n "a": [1, "\u00e9", null, true]\r\n}', file="tank.json") == {
        "a": [1, "\u00e9", None, True]
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "bad_json", 1),
        ("{", "bad_json", 1),
        ('{\n "a": 1,\n}', "bad_json", 3),
        ("[]", "bad_json", 1),
        ('"x"', "bad_json", 1),
        ('{"a": NaN}', "bad_json", 1),
        ('{"a": -Infinity}', "bad_json", 1),
        (f'{{"a": {"1" * 5000}}}', "bad_json", 1),
        ('{\n"a": 1,\n"b": 2,\n"a": 3}', "duplicate_key", 4),
        ('{"x": [{"a": 1},\n{"b": 1,\n"b": 2}]}', "duplicate_key", 3),
        ('{\n"a": "\\ud800"}', "bad_character", 2),
        ('{"a": 1,\n\n"\\u0000": 1}', "bad_character", 3),
        ('{"a": "\u2028"}', "bad_character", 1),
        ("[" * 100_000, "too_large", 1),
        ('{"a":' + "[" * 50_000, "too_deep", 1),
        ('{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "too_deep", 1),
        (" " * MAX_CHARS + "{}", "too_large", 1),
        ('{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n}', "merge_conflict", 2),
    ],
)
def test_everything_else_is_refused_where_it_is_wrong(text, code, line):
    fault = refused(text)[0]
    assert (fault.code, fault.file, fault.line) == (code, "tank.json", line)
    assert fault.hint


def test_nesting_is_allowed_up_to_the_limit():
    inner = MAX_DEPTH - 1
    assert read_json('{"a":' + "[" * inner + "]" * inner + "}", file="tank.json")


def test_every_key_given_twice_is_said():
    faults = refused('{"a": 1, "a": 2,\n"b": {"c": 1, "c": 2}}')
    assert [fault.message for fault in faults] == [
        "a is given twice, first in line 1",
        "b.c is given twice, first in line 2",
    ]


def test_lines_are_known_for_keys_and_entries_of_lists():
    text = '{\n"a": {"b": [1,\n"]", {"c":\n2}]},\n"d": []}'
    assert key_lines(text) == {
        (): 1,
        ("a",): 2,
        ("a", "b"): 2,
        ("a", "b", 0): 2,
        ("a", "b", 1): 3,
        ("a", "b", 2): 3,
        ("a", "b", 2, "c"): 3,
        ("d",): 5,
    }


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def places(value, keys=()):
    yield keys
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*keys, key))


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_every_value_of_any_object_has_a_line(value):
    text = json.dumps(value, indent=1)
    lines = key_lines(text)
    assert set(lines) == set(places(value))
    assert sorted(lines.values()) == list(lines.values())
    assert max(lines.values()) <= text.count("\n") + 1


@given(st.one_of(st.text(), st.dictionaries(st.text(max_size=5), values, max_size=4).map(json.dumps)))
def test_any_text_is_an_object_or_refused(text):
    try:
        value = read_json(text, file="x.json")
    except SkillError as error:
        value, faults = None, error.faults
    else:
        faults = ()
    assert faults or value == json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
