"""The integrations that are built from published descriptions: what their calls send, and where the next page is."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.policy import SMTP
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from skillyard.domain.gateway.calls.building import Built, build
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.calls.reading import read_answer
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.infra.outbound import Answer

BUILT = ("github", "gmail", "google-calendar", "google-drive", "google-sheets", "stripe")


def sent(slug: str, endpoint: str, **params: Any) -> Built:
    integration = read_shipped(slug)
    found = integration.endpoints[endpoint]
    return build(integration, found, check_params(integration, found, params), {})


def next_page(slug: str, endpoint: str, data: Any, **headers: str) -> Any:
    integration = read_shipped(slug)
    answer = Answer(status=200, headers=headers, body=orjson.dumps(data), url=integration.base_url)
    return read_answer(integration, integration.endpoints[endpoint], {}, answer, secret="s", now_ms=0).page


@pytest.mark.parametrize("slug", BUILT)
def test_each_names_its_source_and_is_small(slug: str) -> None:
    integration = read_shipped(slug)
    assert integration.origin.licence in ("MIT", "Apache-2.0")
    assert integration.origin.version
    assert 10 <= len(integration.endpoints) <= 60
    for endpoint in integration.endpoints.values():
        assert len(orjson.dumps(endpoint.schema)) < 8000
        assert endpoint.examples
        assert len(endpoint.description) < 200


def test_a_repository_is_one_parameter_and_two_parts_of_the_path() -> None:
    built = sent("github", "create_issue", repo="acme/webapp", title="Bug report")
    assert (built.method, built.url) == ("POST", "https://api.github.com/repos/acme/webapp/issues")
    assert orjson.loads(built.body) == {"title": "Bug report"}
    assert built.headers["x-github-api-version"] == "2022-11-28"


@pytest.mark.parametrize(
    "repo", ["webapp", "acme/webapp/issues", "acme/..", "/webapp", "acme/", "../webapp", "a/b%2f.."]
)
def test_what_is_no_repository_is_refused(repo: str) -> None:
    with pytest.raises(ParamsInvalid):
        sent("github", "create_issue", repo=repo, title="Bug report")


def test_branches_and_files_keep_their_slashes_and_labels_do_not() -> None:
    got = sent("github", "get_content", repo="acme/webapp", path="src/a b.py", ref="fix/search").url
    assert got == "https://api.github.com/repos/acme/webapp/contents/src/a%20b.py?ref=fix%2Fsearch"
    deleted = sent("github", "delete_branch", repo="acme/webapp", branch="fix/search")
    assert deleted.url.endswith("/repos/acme/webapp/git/refs/heads/fix/search")
    label = sent("github", "remove_label", repo="acme/webapp", issue_number=1, name="a/b")
    assert label.url.endswith("/issues/1/labels/a%2Fb")


def test_a_mail_is_sent_as_one_message() -> None:
    built = sent("gmail", "send_message", to=["Ada <ada@example.org>"], subject="Grüße", body="Hallo", thread_id="t1")
    assert built.url == "https://gmail.googleapis.com/gmail/v1/users/me/messages/send"
    body = orjson.loads(built.body)
    mail = message_from_bytes(base64.urlsafe_b64decode(body["raw"]), policy=SMTP)
    assert (mail["to"], mail["subject"], body["threadId"]) == ("Ada <ada@example.org>", "Grüße", "t1")
    draft = orjson.loads(sent("gmail", "create_draft", to=["ada@example.org"], subject="x").body)
    assert list(draft) == ["message"]


def test_google_is_asked_in_its_own_words() -> None:
    listed = sent("google-calendar", "list_events", calendar_id="a b@example.org", single_events=True, max_results=5)
    assert listed.url.endswith("/calendars/a%20b%40example.org/events?singleEvents=true&maxResults=5")
    file = sent("google-drive", "download_file", file_id="1Bx")
    assert file.url == "https://www.googleapis.com/drive/v3/files/1Bx?alt=media"
    values = {"range": "A/B!A:B", "value_input_option": "RAW", "values": [[1, None]]}
    cells = sent("google-sheets", "append_values", spreadsheet_id="1Bx", **values)
    assert cells.url == (
        "https://sheets.googleapis.com/v4/spreadsheets/1Bx/values/A%2FB%21A%3AB:append?valueInputOption=RAW"
    )
    assert orjson.loads(cells.body) == {"values": [[1, None]]}


def test_stripe_gets_forms_with_what_is_nested_in_brackets() -> None:
    built = sent(
        "stripe",
        "create_checkout_session",
        mode="payment",
        line_items=[{"price": "price_1", "quantity": 2}],
        metadata={"order": "42"},
    )
    assert parse_qsl(built.body.decode()) == [
        ("mode", "payment"),
        ("line_items[0][price]", "price_1"),
        ("line_items[0][quantity]", "2"),
        ("metadata[order]", "42"),
    ]
    listed = sent("stripe", "list_customers", created={"gte": 1, "lt": 2})
    assert listed.url.endswith("/v1/customers?created%5Bgte%5D=1&created%5Blt%5D=2")


def test_every_write_at_stripe_can_be_repeated() -> None:
    writes = [one for one in read_shipped("stripe").endpoints.values() if one.method == "POST"]
    assert len(writes) > 15
    assert {one.idempotency_header for one in writes} == {"idempotency-key"}


def test_the_next_page_is_found() -> None:
    link = '<https://api.github.com/repositories/1/issues?page=3&per_page=2>; rel="next"'
    assert next_page("github", "list_issues", [], link=link) == {"page": 3}
    assert next_page("gmail", "list_messages", {"nextPageToken": "n"}) == {"page_token": "n"}
    more = {"data": [{"id": "cus_1"}, {"id": "cus_2"}], "has_more": True}
    assert next_page("stripe", "list_customers", more) == {"starting_after": "cus_2"}
    assert next_page("stripe", "list_customers", {**more, "has_more": False}) is None
    assert next_page("stripe", "list_customers", {"data": [], "has_more": True}) is None


@pytest.mark.parametrize("slug", BUILT)
def test_what_cannot_be_undone_is_destructive(slug: str) -> None:
    endpoints = read_shipped(slug).endpoints
    deletes = {name for name, one in endpoints.items() if one.method == "DELETE"} - {"remove_label"}
    assert deletes <= {name for name, one in endpoints.items() if one.effect == "destructive"}
    reads = {name for name, one in endpoints.items() if one.effect == "read"}
    assert reads == {name for name, one in endpoints.items() if one.method == "GET"} | (
        {"find_busy_times"} & set(endpoints)
    )
