"""Documents made of texts: what Atlassian's published schema demands, and what a reader of Markdown expects."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.building import build
from skillyard.domain.gateway.calls.preparing_jira import document, jira_documents
from skillyard.domain.gateway.catalog.lookup import read_shipped
from tests.tools import npm_install

JIRA = read_shipped("jira")
SITE = {"site": "acme"}
BLOCKS = ["# a", "- b **c**", "* d", "1. e", "2) f", "> g", ">", "```", "```py", "---", "", "  "]
MARKDOWN = st.lists(st.sampled_from([*BLOCKS, "[h](https://i.example/j)", "`k`"]) | st.text(max_size=20), max_size=12)


@pytest.fixture(scope="module")
def format_of_atlassian() -> jsonschema_rs.Validator:
    folder = npm_install("@atlaskit/adf-schema", "57.7.22") / "node_modules" / "@atlaskit" / "adf-schema"
    return jsonschema_rs.validator_for(json.loads((folder / "json-schema" / "v1" / "full.json").read_text()))


def body_of(endpoint: str, **params: Any) -> Any:
    return json.loads(build(JIRA, JIRA.endpoints[endpoint], {"issue": "WEB-1", **params}, SITE).body)


@given(lines=MARKDOWN)
def test_every_text_makes_a_document_that_atlassian_takes(lines: list[str], format_of_atlassian: Any) -> None:
    errors = [error.message for error in format_of_atlassian.iter_errors(document("\n".join(lines)))]
    assert errors == []


def test_what_atlassian_takes_is_not_just_anything(format_of_atlassian: Any) -> None:
    for node in (
        {"type": "text", "text": ""},
        {"type": "heading"},
        {"type": "paragraph", "content": [{"type": "rule"}]},
    ):
        assert not format_of_atlassian.is_valid({"type": "doc", "version": 1, "content": [node]})


@given(words=st.lists(st.text("abc", min_size=1), min_size=1))
def test_no_word_is_lost(words: list[str]) -> None:
    text = "\n".join(("- ", "", "# ", "> ", "3. ")[number % 5] + word for number, word in enumerate(words))
    assert texts_in(document(text)) == words


def test_blocks_are_what_they_look_like() -> None:
    text = "# Title\n\nOne\ntwo\n\n- a\n- b\n1. c\n\n```py\nx = 1\n\ny = 2\n```\n> said\n---"
    kinds = [(node["type"], texts_in(node)) for node in document(text)["content"]]
    assert kinds == [
        ("heading", ["Title"]),
        ("paragraph", ["One", "two"]),
        ("bulletList", ["a", "b"]),
        ("orderedList", ["c"]),
        ("codeBlock", ["x = 1\n\ny = 2"]),
        ("blockquote", ["said"]),
        ("rule", []),
    ]


def test_what_is_in_code_stays_as_it_is() -> None:
    [code, after] = document("```\n# no heading\n- no **list**\n```\n# a heading")["content"]
    assert texts_in(code) == ["# no heading\n- no **list**"]
    assert after["type"] == "heading"


def test_links_are_web_addresses_only() -> None:
    [paragraph] = document("[here](https://example.com/a) [there](javascript:alert)")["content"]
    links = [mark for node in paragraph["content"] for mark in node.get("marks", []) if mark["type"] == "link"]
    assert links == [{"type": "link", "attrs": {"href": "https://example.com/a"}}]
    assert "[there](javascript:alert)" in "".join(texts_in(paragraph))


def test_a_document_that_is_one_already_is_sent_as_it_is() -> None:
    made = {"type": "doc", "version": 1, "content": [{"type": "rule"}]}
    assert body_of("add_comment", body=made) == {"body": made}
    assert body_of("update_issue", description=made)["fields"] == {"description": made}


def test_a_description_can_be_taken_away() -> None:
    assert body_of("update_issue", description=None) == {"fields": {"description": None}}


def test_fields_of_the_site_join_the_others() -> None:
    params = {
        "project": "WEB",
        "issue_type": "Bug",
        "summary": "x",
        "more_fields": {"customfield_1": 3, "summary": "y"},
    }
    made = jira_documents({"fields": {"summary": "x"}, "more_fields": params["more_fields"]})
    assert made == {"fields": {"customfield_1": 3, "summary": "x"}}
    assert body_of("create_issue", **params)["fields"]["customfield_1"] == 3


def test_a_comment_on_the_way_to_another_state_is_a_change() -> None:
    body = body_of("transition_issue", transition="31", comment="Done.", resolution="Done")
    assert body["update"] == {"comment": [{"add": {"body": document("Done.")}}]}
    assert body["transition"] == {"id": "31"}
    assert body["fields"] == {"resolution": {"name": "Done"}}


@pytest.mark.parametrize("piece", ["```", "` ", "**", "[", "[a](https://", "> ", "- \n", "#" * 7, "``` \t", "1. "])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    document(piece * (300_000 // len(piece)))
    document("``` " + " " * 300_000 + "!")
    assert time.process_time() - began < 10


def texts_in(node: Any) -> list[str]:
    if node["type"] == "text":
        return [node["text"]]
    return [text for inner in node.get("content", []) for text in texts_in(inner)]
