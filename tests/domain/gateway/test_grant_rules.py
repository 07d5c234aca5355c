"""Which grant decides, and which parameters are within its limits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.gateway.consent.grant import Grant
from skillyard.domain.gateway.consent.grant_errors import ActionNotAcceptable
from skillyard.domain.gateway.consent.grant_rules import decide, first_outside, is_declared, matches, read_action


def a_grant(endpoint: str = "create_issue", digest: str = "one", **more: Any) -> Grant:
    made = {"expires_ms": None, "created_ms": 1, "limits": {}, **more}
    return Grant(
        id="grant_1", owner_id="usr_1", name="ada/bot", version="1.0.0", digest=digest, integration="github",
        endpoint=endpoint, connection_id=None, **made,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("github", ("github", "*")),
        ("github.*", ("github", "*")),
        ("google-drive.list_files", ("google-drive", "list_files")),
    ],
)
def test_an_action_is_an_integration_and_an_endpoint(text: str, read: tuple[str, str]) -> None:
    assert read_action(text) == read


@pytest.mark.parametrize(
    "text", ["", ".x", "github.", "GitHub.x", "github.x.y", "github.create*", "a b.c", "x\n.y", "é"]
)
def test_what_is_no_action_is_refused(text: str) -> None:
    with pytest.raises(ActionNotAcceptable):
        read_action(text)


def test_a_whole_integration_that_is_declared_declares_all_of_it_and_an_endpoint_only_itself() -> None:
    assert is_declared(("github",), "github", "delete_repo")
    assert is_declared(("github",), "github", "*")
    assert is_declared(("github.create_issue",), "github", "create_issue")
    assert not is_declared(("github.create_issue",), "github", "*")
    assert not is_declared(("github.create_issue",), "github", "create_issue_comment")
    assert not is_declared(("git",), "github", "create_issue")


@pytest.mark.parametrize(
    ("grants", "effect", "state"),
    [
        ([], "write", "missing"),
        ([a_grant()], "write", "granted"),
        ([a_grant()], "destructive", "granted"),
        ([a_grant("*")], "write", "granted"),
        ([a_grant("*")], "read", "granted"),
        ([a_grant("*")], "destructive", "missing"),
        ([a_grant("list_issues")], "write", "missing"),
        ([a_grant(digest="two")], "write", "stale"),
        ([a_grant("*", digest="two")], "write", "stale"),
        ([a_grant("*", digest="two")], "destructive", "missing"),
        ([a_grant(digest="two"), a_grant("*")], "write", "granted"),
        ([a_grant(expires_ms=100)], "write", "ended"),
        ([a_grant(expires_ms=101)], "write", "granted"),
        ([a_grant(expires_ms=100), a_grant("*")], "write", "ended"),
        ([a_grant(digest="two", expires_ms=100)], "write", "missing"),
    ],
)
def test_the_grant_that_names_the_endpoint_decides_then_that_for_everything(
    grants: list[Grant], effect: Any, state: str
) -> None:
    assert decide(grants, endpoint="create_issue", effect=effect, digest="one", now_ms=100).state == state


@pytest.mark.parametrize(
    ("limits", "params", "outside"),
    [
        ({}, {"repo": "x/y"}, None),
        ({"repo": ["acme/*"]}, {"repo": "acme/webapp"}, None),
        ({"repo": ["acme/*"]}, {"repo": "evil/acme/webapp"}, "repo"),
        ({"repo": ["acme/*"]}, {"repo": "ACME/webapp"}, "repo"),
        ({"repo": ["acme/*"]}, {}, "repo"),
        ({"repo": ["acme/*"]}, {"repo": None}, "repo"),
        ({"repo": ["acme/a", "acme/b"]}, {"repo": "acme/b"}, None),
        ({"repo": ["acme/*"], "state": ["open"]}, {"repo": "acme/a", "state": "all"}, "state"),
        ({"per_page": ["5"]}, {"per_page": 5}, None),
        ({"per_page": ["5"]}, {"per_page": "5"}, None),
        ({"per_page": ["5"]}, {"per_page": 5.0}, "per_page"),
        ({"draft": ["true"]}, {"draft": True}, None),
        ({"draft": ["true"]}, {"draft": False}, "draft"),
        ({"parent": ["null"]}, {"parent": None}, None),
        ({"labels": ["bug", "q*"]}, {"labels": ["bug", "question"]}, None),
        ({"labels": ["bug"]}, {"labels": ["bug", "urgent"]}, "labels"),
        ({"labels": ["bug"]}, {"labels": []}, "labels"),
        ({"labels": ["bug"]}, {"labels": [["bug"], []]}, "labels"),
        ({"labels": ["bug"]}, {"labels": "bug"}, None),
        ({"fields.project.key": ["WEB"]}, {"fields": {"project": {"key": "WEB"}, "x": 1}}, None),
        ({"fields.project.key": ["WEB"]}, {"fields": {"project": {"key": "OPS"}}}, "fields.project.key"),
        ({"fields.project.key": ["WEB"]}, {"fields": {"project": {"id": "1"}}}, "fields.project.key"),
        ({"fields.project.key": ["WEB"]}, {"fields": {"project": "WEB"}}, "fields.project.key"),
        ({"fields.project.key": ["WEB"]}, {"fields.project.key": "WEB"}, "fields.project.key"),
        ({"fields.project": ["WEB", "1"]}, {"fields": {"project": {"key": "WEB", "id": 1}}}, None),
        ({"fields.project": ["WEB"]}, {"fields": {"project": {"key": "WEB", "id": 1}}}, "fields.project"),
        ({"items.to": ["a"]}, {"items": [{"to": "a"}, {"to": "a"}]}, None),
        ({"items.to": ["a"]}, {"items": [{"to": "a"}, {"to": "b"}]}, "items.to"),
        ({"items.to": ["a"]}, {"items": [{"to": "a"}, {}]}, "items.to"),
        ({"items.to": ["a"]}, {"items": []}, "items.to"),
        ({"x": ["*"]}, {"x": {}}, "x"),
        ({"x": ["*"]}, {"x": ""}, None),
    ],
)
def test_everything_that_stands_at_a_limited_place_must_match(
    limits: dict[str, list[str]], params: dict[str, Any], outside: str | None
) -> None:
    assert first_outside(limits, params) == outside


@given(pattern=st.text("ab*/", max_size=8), text=st.text("ab/\n", max_size=10))
def test_a_pattern_matches_what_it_would_as_a_regular_expression(pattern: str, text: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))


def test_a_pattern_full_of_stars_takes_no_time() -> None:
    assert not matches("*a" * 240 + "b", "a" * 100_000)
