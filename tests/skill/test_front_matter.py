import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.front_matter import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    FrontMatter,
    parse_front_matter,
    read_front_matter,
)
from skillyard.skill.reading import Place


def refused(text: str) -> tuple[Fault, ...]:
    with pytest.raises(SkillError) as caught:
        parse_front_matter(text)
    return caught.value.faults


def read(text: str) -> tuple[FrontMatter | None, list[Fault]]:
    faults: list[Fault] = []
    return read_front_matter(text, Place(faults=faults, file="SKILL.md", lines={(): 1})), faults


def warned(text: str) -> list[tuple[str, int | None]]:
    front, faults = read(text)
    assert front is not None
    return [(fault.code, fault.line) for fault in faults if fault.severity == "warning"]


def test_values_are_text_as_written():
    front = parse_front_matter("---\na: 1.10\nb: yes\nc: null\nd: 2026-01-01\ne: 0x1f\nf:\ng: ~\nh: 'it''s'\n---\n")
    assert front.values == {
        **{"a": "1.10", "b": "yes", "c": "null", "d": "2026-01-01", "e": "0x1f", "f": "", "g": "~", "h": "it's"}
    }


def test_every_value_has_the_line_of_the_file_it_stands_on():
    front = parse_front_matter(
        "---\n# note\nname: pdf\nmetadata:\n  a: >\n    x\n    y\n  b:\n    - one\n    - two\n---\n"
    )
    assert front.lines == {
        (): 1,
        ("name",): 3,
        ("metadata",): 4,
        ("metadata", "a"): 5,
        ("metadata", "b"): 8,
        ("metadata", "b", 0): 9,
        ("metadata", "b", 1): 10,
    }


def test_what_follows_the_block_is_the_body_also_with_rules_in_it():
    assert parse_front_matter("---\na: b\n---\n\n# Title\n\n---\n\nmore\n").body == "# Title\n\n---\n\nmore"
    assert parse_front_matter("---  \na: b\n---\t").body == ""
    assert parse_front_matter("---\n---\n").values == {}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_all_line_ends_are_the_same(end):
    text = "---\nname: pdf\nmetadata:\n  a: |\n    x\n    y\n---\n\n# Title\n"
    assert parse_front_matter(text.replace("\n", end)) == parse_front_matter(text)


def test_a_byte_order_mark_is_dropped_with_a_warning():
    assert parse_front_matter("\ufeff---\na: b\n---").values == {"a": "b"}
    assert warned("\ufeff---\na: b\n---") == [("byte_order_mark", 1)]


@pytest.mark.parametrize(
    ("text", "code", "line", "hint"),
    [
        ("", "no_front_matter", 1, "begin the file with ---"),
        ("# Title\n---\na: b\n---\n", "no_front_matter", 1, "begin the file with ---"),
        ("\n---\na: b\n---\n", "no_front_matter", 1, "very first line"),
        ("----\na: b\n----\n", "no_front_matter", 1, "very first line"),
        ("---\na: b\n", "open_front_matter", 1, "only ---"),
        ("---\na: b\n--- x\n", "open_front_matter", 1, "only ---"),
        ("---\n- a\n---", "bad_yaml", 2, "name: my-skill"),
        ("---\ntext\n---", "bad_yaml", 2, "name: my-skill"),
        ("---\nname: x\ndescription: Use when: asked\n---", "bad_yaml", 3, "in quotes"),
        ("---\na:\n\t- b\n---", "bad_yaml", 3, "not with tabs"),
        ("---\na: 'b\n---", "bad_yaml", 2, "quote"),
        ('---\na: "\\U00110000"\n---', "bad_yaml", 1, "characters themselves"),
        ("---\na: b\n...\nc: d\n---", "bad_yaml", 4, "indentation"),
        ("---\n? [a, b]\n: c\n---", "bad_key", 2, "words"),
        ("---\n<<: {a: b}\n---", "bad_key", 2, "write out"),
        ("---\n'': b\n---", "bad_key", 2, "write out"),
        ("---\na: b\n\nb: c\na: d\n---", "duplicate_key", 5, "keep one"),
        ("---\na:\n  b: 1\n  b: 2\n---", "duplicate_key", 4, "keep one"),
        ("---\na: &x b\n---", "yaml_alias", 2, "leave the &name out"),
        ("---\na: b\nc: *x\n---", "yaml_alias", 3, "write the value itself"),
        ("---\na: !!python/object:os.system x\n---", "yaml_tag", 2, "leave it out"),
        ("---\na: !own [x]\n---", "yaml_tag", 2, "leave it out"),
        ("---\na: x\x00y\n---", "bad_character", 2, "remove it"),
        ("---\na: b\nc: x\u2028d: y\n---", "bad_character", 3, "remove it"),
        ("---\na: x\x85b: y\n---", "bad_character", 2, "remove it"),
        ('---\na: "\\0"\n---', "bad_character", 2, "remove it"),
        ('---\na:\n  "\\ud800": b\n---', "bad_character", 3, "remove it"),
    ],
)
def test_what_is_not_plain_front_matter_is_refused_with_line_and_remedy(text, code, line, hint):
    fault = refused(text)[0]
    assert (fault.code, fault.file, fault.line) == (code, "SKILL.md", line)
    assert hint in fault.hint


def test_all_that_is_wrong_is_said_at_once():
    faults = refused("---\na: &x 1\nb: *x\nc: !!int 3\na: 4\n---")
    assert [(fault.code, fault.line) for fault in faults] == [
        ("yaml_alias", 2),
        ("yaml_alias", 3),
        ("yaml_tag", 4),
        ("duplicate_key", 5),
    ]


def test_a_key_given_twice_says_where_it_was_first():
    assert "metadata.version is given twice, first in line 3" in str(
        refused("---\nmetadata:\n  version: 1\n  version: 2\n---")[0]
    )


def test_what_the_reference_validator_stumbles_over_is_warned_of():
    assert warned("---\na: [x, y]\n---") == [("flow_style", 2)]
    assert warned("---\na: {}\n---") == [("flow_style", 2)]
    assert warned("---\na: b\nc: x --- y\n---") == [("inner_fence", 3)]
    assert warned("---\na:\n  - x\n---\n[a]\n") == []


def test_billion_laughs_stay_small():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert {fault.code for fault in refused(f"---\nl0: &l0 lol\n{levels}---\n")} == {"yaml_alias"}


def test_depth_size_and_number_of_values_are_bounded():
    fits = "".join(f"{'  ' * level}k:\n" for level in range(MAX_DEPTH))
    assert parse_front_matter(f"---\n{fits}---")
    assert refused(f"---\n{fits}{'  ' * MAX_DEPTH}k:\n---")[0].code == "too_deep"
    assert refused(f"---\na: {'x' * MAX_BYTES}\n---")[0].code == "too_large"
    assert refused("---\na: " + "\u20ac" * (MAX_BYTES // 3) + "\n---")[0].code == "too_large"
    entries = "".join(f"k{n}: v\n" for n in range(MAX_NODES))
    assert refused(f"---\n{entries}---")[0].code == "too_large"


ROOM = MAX_BYTES - 16
HOSTILE = {
    "open lists": "[" * ROOM,
    "open maps": "{" * ROOM,
    "nested entries": "- " * (ROOM // 2),
    "complex keys": "? " * (ROOM // 2),
    "colons": ":" * ROOM,
    "anchors": "&" * ROOM,
    "one plain text": f"a: {'x ' * (ROOM // 2)}",
    "many lines of one text": "a: " + "x\n " * (ROOM // 3),
    "one quoted text": 'a: "' + "x " * (ROOM // 2) + '"',
    "escapes": 'a: "' + "\\x41" * (ROOM // 4) + '"',
    "blank lines": "\n" * ROOM,
    "comments": "#\n" * (ROOM // 2),
    "a folded text": "a: >\n" + "  x\n\n" * (ROOM // 6),
    "keys in a row": "{" + "a: b, " * (ROOM // 6) + "}",
    "a long key": f"{'x' * ROOM}: y",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_shape_of_input_takes_long(name):
    started = time.process_time()
    _, faults = read(f"---\n{HOSTILE[name]}\n---\n")
    assert all(fault.line for fault in faults)
    assert time.process_time() - started < 2


def test_a_long_body_costs_next_to_nothing():
    started = time.process_time()
    assert len(parse_front_matter("---\na: b\n---\n" + "-- --\n" * 500_000).body) > 2_000_000
    assert time.process_time() - started < 1


PIECES = (
    *("a", "b: ", "- ", "  ", "\n", "[", "]", "{", "}", ",", "'", '"', "|\n", ">\n", "#", "&x ", "*x", "!!int ", "? "),
    *("<<: ", "---", "...", "\\", "\t", "%", "@", "`", "\u00e9", "\x85", "\ufeff", "1.10", "\r", "\ud800", "\\ud800"),
)
yaml_like = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(st.one_of(st.text(), yaml_like))
def test_any_text_is_read_or_refused_with_lines(block):
    text = f"---\n{block}\n---\n"
    front, faults = read(text)
    assert front is not None or any(fault.severity == "error" for fault in faults)
    assert all(fault.line and fault.hint and len(fault.message) < 400 for fault in faults)
    if front is not None:
        assert {(key,) for key in front.values} <= front.lines.keys()
        assert all(isinstance(key, str) for key in front.values)


@given(st.text(max_size=60))
def test_any_text_in_front_of_it_is_no_front_matter(text):
    if not text.lstrip("\ufeff").startswith("---"):
        assert refused(text)[0].code == "no_front_matter"


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,8}", fullmatch=True), st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
    )
)
def test_quoted_text_comes_back_as_it_was(values):
    quoted = "".join("{}: '{}'\n".format(key, text.replace("'", "''")) for key, text in values.items())
    assert parse_front_matter(f"---\n{quoted}---\n").values == values
