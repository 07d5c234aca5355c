"""Answers as vendors give them: where the next page is, that a failure is one, and what is left of a limit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from skillyard.domain.gateway.calls.reading import Reading, read_answer
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.infra.outbound import Answer


def read(action: str, data: Any, *, status: int = 200, params: Mapping[str, Any] = {}, **headers: str) -> Reading:
    slug, _, name = action.partition(".")
    integration = read_shipped(slug)
    named = {key.replace("_", "-"): value for key, value in headers.items()} | {"content-type": "application/json"}
    answer = Answer(status=status, headers=named, body=json.dumps(data).encode(), url="https://upstream.example")
    return read_answer(integration, integration.endpoints[name], params, answer, secret="", now_ms=1_000)


SLACK_PAGE = {"ok": True, "messages": [{}], "response_metadata": {"next_cursor": "bmV4dA=="}}
LINEAR_PAGE = {"data": {"issues": {"nodes": [{}], "pageInfo": {"hasNextPage": True, "endCursor": "c-2"}}}}
LINEAR_END = {"data": {"issues": {"nodes": [{}], "pageInfo": {"hasNextPage": False, "endCursor": "c-9"}}}}
NOTION_PAGE = {"object": "list", "results": [{}], "has_more": True, "next_cursor": "n-2"}
JIRA_COMMENTS = {"startAt": 4, "maxResults": 2, "total": 9, "comments": [{}, {}]}
FOUND_BY_SLACK = {"ok": True, "messages": {"matches": [{}], "paging": {"page": 2, "pages": 3}}}


@pytest.mark.parametrize(
    ("action", "params", "data", "page"),
    [
        ("slack.list_messages", {}, SLACK_PAGE, {"cursor": "bmV4dA=="}),
        ("slack.list_messages", {}, {"ok": True, "messages": [], "response_metadata": {"next_cursor": ""}}, None),
        ("slack.search_messages", {"page": 2}, FOUND_BY_SLACK, {"page": 3}),
        ("slack.search_messages", {"page": 4}, {"ok": True, "messages": {"matches": []}}, None),
        ("linear.list_issues", {}, LINEAR_PAGE, {"after": "c-2"}),
        ("linear.list_issues", {}, LINEAR_END, None),
        ("notion.query_data_source", {}, NOTION_PAGE, {"start_cursor": "n-2"}),
        ("notion.query_data_source", {}, {**NOTION_PAGE, "has_more": False, "next_cursor": None}, None),
        ("openai.list_files", {}, {"data": [{}], "last_id": "file-2", "has_more": True}, {"after": "file-2"}),
        ("openai.list_files", {}, {"data": [{}], "last_id": "file-9", "has_more": False}, None),
        ("jira.search_issues", {}, {"issues": [{}], "nextPageToken": "t-2"}, {"next_page_token": "t-2"}),
        ("jira.search_issues", {}, {"issues": [{}], "isLast": True}, None),
        ("jira.list_comments", {"start_at": 4}, JIRA_COMMENTS, {"start_at": 6}),
        ("jira.list_comments", {}, {"startAt": 0, "total": 0, "comments": []}, None),
        ("jira.find_users", {"start_at": 50}, [{}, {}, {}], {"start_at": 53}),
        ("jira.find_users", {"start_at": 53}, [], None),
    ],
)
def test_the_next_page_is_found(action: str, params: dict[str, Any], data: Any, page: dict[str, Any] | None) -> None:
    assert read(action, data, params=params).page == page


def test_gitlab_names_its_next_page_in_a_header() -> None:
    link = (
        '<https://gitlab.com/api/v4/projects/1/issues?page=3&per_page=20>; rel="next", <https://x.example>; rel="last"'
    )
    assert read("gitlab.list_issues", [{}], link=link).page == {"page": 3}
    assert read("gitlab.list_issues", [{}]).page is None


def test_slack_fails_with_a_status_of_200() -> None:
    assert read("slack.post_message", {"ok": False, "error": "channel_not_found"}).failure == "channel_not_found"
    assert read("slack.post_message", {"ok": True, "ts": "1.2"}).failure is None


def test_slack_says_of_itself_which_failures_are_of_the_token() -> None:
    rejected = read_shipped("slack").habits.rejected
    assert {"invalid_auth", "token_expired", "token_revoked"} <= set(rejected)
    assert "channel_not_found" not in rejected


def test_linear_fails_with_a_status_of_200() -> None:
    assert (
        read("linear.get_issue", {"errors": [{"message": "Entity not found"}], "data": None}).failure
        == "Entity not found"
    )
    assert read("linear.get_issue", {"data": {"issue": {"id": "1"}}}).failure is None


def test_what_is_left_of_a_limit_is_shown() -> None:
    left = {"ratelimit_limit": "2000", "ratelimit_remaining": "1999", "ratelimit_reset": "1732190460"}
    rate = read("gitlab.get_project", {}, **left).rate
    assert rate is not None
    assert (rate.limit, rate.remaining, rate.resets_ms) == (2000, 1999, 1_732_190_460_000)
    openai = read("openai.list_models", {}, x_ratelimit_limit_requests="500", x_ratelimit_remaining_requests="499").rate
    assert openai is not None
    assert (openai.limit, openai.remaining) == (500, 499)


@pytest.mark.parametrize(
    ("action", "header"),
    [
        ("gitlab.get_project", "x_request_id"),
        ("notion.get_page", "x_notion_request_id"),
        ("openai.list_models", "x_request_id"),
        ("slack.get_team", "x_slack_req_id"),
        ("jira.get_issue", "x_arequestid"),
    ],
)
def test_the_upstreams_own_name_of_a_request_is_kept(action: str, header: str) -> None:
    assert read(action, {"ok": True}, **{header: "req-7"}).upstream_request_id == "req-7"
