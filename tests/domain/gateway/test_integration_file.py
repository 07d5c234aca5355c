"""Files of integrations: read whole, or refused with every fault and its line; and written as they are read."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.lookup import FOLDER, read_shipped, shipped_slugs
from skillyard.domain.gateway.catalog.yaml_text import write_yaml
from skillyard.domain.gateway.catalog.yaml_values import MAX_DEPTH, read_yaml
from skillyard.skill.faults import SkillError
from skillyard.skill.reading import UNREADABLE, Place

SMALL = """\
integration: notes
version: 1
title: Notes
description: Notes of people.
origin: {description: Written by hand, licence: Apache-2.0}
base_url: https://{site}.notes.example/api
variables:
  site: {type: string, pattern: "^[a-z0-9-]+$"}
hosts: [files.notes.example]
headers: {accept: application/json}
ways:
  - kind: oauth2
    authorize_url: https://notes.example/authorize
    token_url: https://notes.example/token
  - {kind: api_key, place: {in: query, name: key, format: "{secret}"}}
identity: {path: /me, id: user.id, label: user.name}
groups:
  notes: Notes
endpoints:
  read_note:
    group: notes
    summary: Read a note
    method: GET
    path: /notes/{note}
    effect: read
    params:
      note: {in: path, required: true, type: string}
      fields: {in: query, style: comma, type: array, items: {type: string}}
  write_note:
    group: notes
    summary: Write a note
    method: PUT
    path: /notes/{note}
    effect: write
    params:
      note: {in: path, required: true, type: string}
      text: {in: body, as: content.text, required: true, type: string}
    fixed: {query: {notify: false}, body: {content.kind: text}}
    examples:
      - {title: Say hello, params: {note: n1, text: Hello}}
"""

FAULTS = [
    ("integration: notes", "integration: My Notes", 1, "bad_value", "a-z, 0-9"),
    ("version: 1", "version: one", 2, "bad_value", "version is"),
    ("version: 1", "version: 0", 2, "bad_value", "version is"),
    ("title: Notes\n", "titel: Notes\n", 3, "unknown_key", "write title"),
    ("title: Notes\n", "title: Notes\ntitle: Notes\n", 4, "duplicate_key", "first in line 3"),
    ("title: Notes\n", "title: &a Notes\n", 3, "yaml_alias", "anchor"),
    ("title: Notes\n", "title: !!python/name:os.system Notes\n", 3, "yaml_tag", "tag"),
    ("title: Notes\n", "title: 7\n", 3, "wrong_type", "title is not text"),
    ("title: Notes\n", "title: [Notes\n", 4, "bad_yaml", "not YAML"),
    ("licence: Apache-2.0", "version: '1'", 5, "missing", "origin.licence is missing"),
    ("https://{site}.notes.example/api", "ftp://notes.example", 6, "bad_address", "base_url"),
    ("https://{site}.notes.example/api", "https://user:pw@notes.example", 6, "bad_address", "base_url"),
    ("https://{site}.notes.example/api", "https://{place}.notes.example", 6, "unknown_variable", "{place}"),
    ('{type: string, pattern: "^[a-z0-9-]+$"}', "{type: string}", 8, "open_variable", "anything"),
    ("[files.notes.example]", '["files.notes.example/x"]', 9, "bad_host", "hosts[0]"),
    ("{accept: application/json}", '{accept: "a\\nhost: b"}', 10, "bad_header", "headers.accept"),
    ("{accept: application/json}", "{host: other.example}", 10, "bad_header", "only the connection"),
    ("{accept: application/json}", "{Accept: a}", 10, "bad_header", "lower case"),
    ("kind: oauth2", "kind: magic", 12, "bad_value", "ways[0].kind"),
    ("    token_url: https://notes.example/token\n", "", 12, "missing", "token_url"),
    ('format: "{secret}"', "format: secret", 15, "bad_value", "{secret}"),
    ("kind: api_key, ", "kind: api_key, pkce: true, ", 15, "unknown_key", "pkce"),
    ("label: user.name", "label: user..name", 16, "bad_value", "identity.label"),
    ("  read_note:", "  readNote:", 20, "bad_name", "readNote"),
    ("    group: notes\n    summary: Read", "    group: papers\n    summary: Read", 21, "bad_value", "groups"),
    ("    summary: Read a note\n", "", 20, "missing", "endpoints.read_note.summary"),
    ("method: GET", "method: FETCH", 23, "bad_value", "GET"),
    ("path: /notes/{note}\n    effect: read", "path: /a/../b\n    effect: read", 24, "bad_value", "path"),
    ("path: /notes/{note}\n    effect: read", "path: /notes\n    effect: read", 27, "not_in_path", "{note}"),
    ("path: /notes/{note}\n    effect: read", "path: /{a}/{note}\n    effect: read", 24, "bad_path", "{a}"),
    ("effect: read", "effect: harmless", 25, "bad_value", "destructive"),
    ("note: {in: path, required: true, type: string}\n      fields", "note: {in: path, type: string}\n      fields",
     27, "not_required", "cannot be left out"),
    ("fields: {in: query", "fields: {in: nowhere", 28, "bad_value", "header"),
    ("fields: {in: query", "fields: {in: body", 20, "bad_body", "GET has no body"),
    ("style: comma", "style: commas", 28, "bad_value", "comma"),
    ("type: array, items", "type: aray, items", 28, "schema_not_valid", "fields"),
    ("type: array, items", "typ: array, items", 28, "unknown_key", "typ"),
    ("type: array, items", "type: array, $ref: 'https://other.example/s', items", 28, "schema_reference", "fields"),
    ("type: array, items", 'type: array, pattern: "(a)\\\\1", items', 28, "bad_pattern", "linear"),
    ("body: {content.kind: text}", "path: {x: y}", 38, "unknown_key", "fixed.path"),
    ("query: {notify: false}", "query: {notify: [1]}", 38, "wrong_type", "notify"),
    ("integration: notes", "integration: skills", 1, "bad_value", "has a meaning"),
    ('pattern: "^[a-z0-9-]+$"', 'pattern: "[a-z0-9-]+"', 8, "open_variable", "anything"),
    ('pattern: "^[a-z0-9-]+$"', 'pattern: "^.+$"', 8, "open_variable", "anything"),
    ("{accept: application/json}", "{authorization: Bearer x}", 10, "bad_header", "where the secret does"),
    ("fields: {in: query", "fields: {in: header, as: authorization", 28, "bad_header", "where the secret does"),
    ("fields: {in: query", "fields: {in: header, as: 'a:b'", 28, "bad_header", "no name of a header"),
    ("as: content.text", "as: content.kind", 38, "same_place", "goes where text goes"),
    ("as: content.text", "as: ''", 37, "same_place", "whole body"),
    ("    effect: write\n", "    effect: write\n    body: none\n", 35, "bad_body", "go into it"),
    ("path: /me", "path: https://other.example/me", 16, "bad_address", "among hosts"),
    ("text: Hello}", "txt: Hello}", 40, "unknown_key", "no parameter"),
]  # fmt: skip


def read(text: str) -> list[str]:
    """The faults that its reading raised."""
    with pytest.raises(SkillError) as raised:
        read_integration(text, file="notes.yaml")
    return [f"{fault.line} {fault.code} {fault}" for fault in raised.value.faults]


def test_a_shipped_file_says_what_its_endpoints_take_and_where_it_goes() -> None:
    github = read_shipped("github")
    repo, title, *_ = github.endpoints["create_issue"].params
    assert (repo.where, repo.is_required, title.where) == ("path", True, "body")
    assert github.endpoints["create_issue"].schema["additionalProperties"] is False


def test_a_file_is_read_with_all_that_it_says() -> None:
    notes = read_integration(SMALL, file="notes.yaml")
    note, text, *fixed = notes.endpoints["write_note"].params
    assert (note.where, text.where, text.name_there) == ("path", "body", "content.text")
    assert [(one.where, one.name_there, one.fixed) for one in fixed] == [
        ("query", "notify", False),
        ("body", "content.kind", "text"),
    ]
    assert notes.endpoints["write_note"].body == "json"
    assert notes.endpoints["write_note"].schema == {
        "type": "object",
        "properties": {"note": {"type": "string"}, "text": {"type": "string"}},
        "required": ["note", "text"],
        "additionalProperties": False,
    }
    assert notes.endpoints["read_note"].params[1].style == "comma"
    assert notes.identity is not None
    assert notes.identity.id == ("user", "id")
    assert notes.ways[1].place.where == "query"


@pytest.mark.parametrize(("right", "wrong", "line", "code", "says"), FAULTS, ids=[fault[1][:40] for fault in FAULTS])
def test_a_fault_is_told_with_its_line_and_reason(right: str, wrong: str, line: int, code: str, says: str) -> None:
    assert right in SMALL
    faults = read(SMALL.replace(right, wrong, 1))
    assert any(fault.startswith(f"{line} {code} notes.yaml:{line}: ") and says in fault for fault in faults), faults


def test_all_faults_of_a_file_are_told_at_once() -> None:
    wrong = (
        SMALL.replace("title: Notes\n", "").replace("method: PUT", "method: POT").replace("effect: read", "effect: no")
    )
    assert [fault.split()[0] for fault in read(wrong)] == ["1", "24", "31"]


def test_a_bomb_of_aliases_is_refused_without_unfolding_it() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert any("yaml_alias" in fault for fault in read(bomb))


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "a: b\n---\nc: d", "\ud800", "a: \x00", "\t", "? [a]\n: b", "<<: {a: b}"]
)
def test_what_is_no_map_of_fields_is_refused(text: str) -> None:
    assert read(text)


def test_nesting_without_end_is_refused() -> None:
    for opening in ("[", "{a: ", "- ", "- - - "):
        assert read(opening * 50_000)
    assert MAX_DEPTH < 100


def test_a_file_without_end_is_refused() -> None:
    assert "too_large" in read("# more\n" * 200_000)[0]
    assert "too_large" in read("a: [" + "1, " * 70_000 + "1]")[0]


def test_patterns_that_take_long_to_refuse_do_not_add_up() -> None:
    """Sixty endpoints with ninety of them each would take half a minute."""
    params = "".join(
        f"      p{n}: {{in: query, type: string, pattern: '((a{{1,200}}){{1,200}}){{1,{n + 1}}}'}}\n" for n in range(90)
    )
    one = f"    group: notes\n    summary: S\n    method: GET\n    path: /x\n    effect: read\n    params:\n{params}"
    text = SMALL.partition("endpoints:")[0] + "endpoints:\n" + "".join(f"  e{n}:\n{one}" for n in range(60))
    began = time.process_time()
    assert "unrolls" in read(text)[0]
    assert time.process_time() - began < 8


def test_keys_that_mean_nothing_are_not_all_guessed_at() -> None:
    faults = read("".join(f"key{n}: 1\n" for n in range(20_000)))
    assert len(faults) < 50


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_garbage_raises_anything_but_its_faults(text: str) -> None:
    assert read(text)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(-1e9, 1e9)
    | st.text(max_size=20)
    | st.sampled_from(
        ["/a", "read", "https://a.example", "{x}", "a.b", "n1", "json", "none", "true", "7", "a b", "a,b: c"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_is_refused_with_faults_or_written_as_it_was_read(data: st.DataObject) -> None:
    """One value of a right file is replaced by any other."""
    found = read_yaml(SMALL, Place(faults=[]))
    assert found is not None
    value, lines = found
    *keys, last = data.draw(st.sampled_from(sorted(filter(None, lines), key=str)))
    for key in keys:
        value = value[key]
    value[last] = data.draw(_VALUES)
    root, _ = found
    try:
        read_back = read_integration(write_yaml(root), file="notes.yaml")
    except SkillError as error:
        faults = error.faults
    else:
        faults = ()
        assert read_integration(write_integration(read_back), file="notes.yaml") == read_back
    assert all(fault.message and fault.hint for fault in faults)


_TEXT = st.text(max_size=40).filter(lambda text: not UNREADABLE.search(text) and text not in ("", "<<"))
_WRITTEN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e9, 1e9).map(lambda one: round(one, 3))
    | st.text(max_size=40).filter(lambda text: not UNREADABLE.search(text) and "\r" not in text),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(st.dictionaries(_TEXT, _WRITTEN, min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_as_it_was(value: dict[str, object]) -> None:
    faults: list[object] = []
    found = read_yaml(write_yaml(value), Place(faults=faults))  # type: ignore[arg-type]
    assert not faults
    assert found is not None
    assert found[0] == value


@pytest.mark.parametrize("slug", shipped_slugs())
def test_a_shipped_integration_is_read_from_what_is_written_of_it(slug: str) -> None:
    shipped = read_shipped(slug)
    assert read_integration(write_integration(shipped), file=f"{slug}.yaml") == shipped


def test_words_and_dates_stay_text() -> None:
    found = read_yaml("a: yes\nb: 2022-11-28\nc: 0x1f\nd: 1:30\ne: 1.50\nf: 010\ng: null\nh: ~", Place(faults=[]))
    assert found is not None
    assert found[0] == {
        "a": "yes", "b": "2022-11-28", "c": "0x1f", "d": "1:30", "e": 1.5, "f": "010", "g": None, "h": None,
    }  # fmt: skip


def test_the_layout_in_the_docstring_names_every_key() -> None:
    from skillyard.domain.gateway.catalog import endpoint_fields, integration_file

    layout = integration_file.__doc__ or ""
    for key in (*integration_file.KEYS, *endpoint_fields.KEYS):
        assert re.search(rf"^ +{key}:", layout, re.MULTILINE), key
    assert (FOLDER / "github.yaml").is_file()
