"""Answers of every habit: failures in the body, next pages, files, limits, and bodies that are not what they claim."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.call_model import RateState
from skillyard.domain.gateway.calls.reading import Reading, read_answer
from skillyard.domain.gateway.catalog.integration import Endpoint, Habits, Integration, Origin, Paging, Param
from skillyard.infra.outbound import Answer

SLACK = Habits(failed_if={"ok": False}, failure=("error",), rejected=("invalid_auth",))
LINEAR = Habits(failed_if={"errors": True}, failure=("errors", "0", "message"))
NOW = 1_800_000_000_000


def reading(
    body: Any,
    *,
    habits: Habits = Habits(),  # noqa: B008 (a frozen value)
    paging: Paging | None = None,
    params: dict[str, Any] | None = None,
    status: int = 200,
    answers_bytes: bool = False,
    secret: str = "",
    **headers: str,
) -> Reading:
    page = Param(name="page", where="query", schema={"type": "integer"}, name_there="p")
    endpoint = Endpoint(
        name="go", group="all", summary="", method="GET", path="/", effect="read", params=(page,), schema={},
        paging=paging, answers_bytes=answers_bytes,
    )  # fmt: skip
    integration = Integration(
        slug="acme", version=1, title="", description="", base_url="https://api.example.com", ways=(), groups={},
        origin=Origin(description="", version="", licence=""), endpoints={"go": endpoint}, habits=habits,
    )  # fmt: skip
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    answer = Answer(status=status, headers=named, body=data, url="https://api.example.com/")
    return read_answer(integration, endpoint, params or {}, answer, secret=secret, now_ms=NOW)


def test_a_failure_in_the_body_is_told_in_the_words_of_the_other_side() -> None:
    assert reading({"ok": False, "error": "channel_not_found"}, habits=SLACK).failure == "channel_not_found"
    assert reading({"ok": True, "error": "x"}, habits=SLACK).failure is None
    assert reading({"ok": 0, "error": "x"}, habits=SLACK).failure is None
    assert reading({"errors": [{"message": "no such\nteam\x00"}]}, habits=LINEAR).failure == "no such team "
    assert reading({"data": {}, "errors": []}, habits=LINEAR).failure is None
    assert reading({"ok": False}, habits=SLACK).failure == "failed"
    assert reading({"ok": False, "error": {"code": 7}}, habits=SLACK).failure == '{"code":7}'
    assert len(reading({"ok": False, "error": "x" * 9999}, habits=SLACK).failure or "") == 300
    assert reading({"ok": False, "error": "x"}, habits=SLACK, status=404).failure is None


NEXT = Paging(kind="cursor", param="after", next_at=("meta", "next"))
LAST_ID = Paging(kind="cursor", param="starting_after", next_at=("data", "0", "id"))
IF_MORE = Paging(kind="cursor", param="after", next_at=("end",), more_at=("more",))
PAGES = Paging(kind="page", param="page")
OFFSETS = Paging(kind="offset", param="page")
PAGES_IF_MORE = Paging(kind="page", param="page", more_at=("more",))
NAMED_PAGES = Paging(kind="page", param="page", next_at=("next",))
LINK = Paging(kind="link", param="page")


@pytest.mark.parametrize(
    ("paging", "body", "now", "link", "page"),
    [
        (NEXT, {"meta": {"next": "abc"}}, {}, "", {"after": "abc"}),
        (NEXT, {"meta": {"next": ""}}, {}, "", None),
        (NEXT, {"meta": {"next": {"x": 1}}}, {}, "", None),
        (NEXT, {"meta": "x"}, {}, "", None),
        (IF_MORE, {"end": "x", "more": True}, {}, "", {"after": "x"}),
        (IF_MORE, {"end": "x", "more": False}, {}, "", None),
        (LAST_ID, {"data": [{"id": 7}]}, {}, "", {"starting_after": 7}),
        (PAGES, [1, 2], {}, "", {"page": 2}),
        (PAGES, [1, 2], {"page": 4}, "", {"page": 5}),
        (PAGES, [], {"page": 4}, "", None),
        (PAGES, [1], {"page": 2**64 - 1}, "", None),
        (OFFSETS, [1, 2], {"page": 4}, "", {"page": 6}),
        (OFFSETS, [1, 2], {"page": 2**64 - 1}, "", None),
        (PAGES_IF_MORE, {"more": True}, {"page": 4}, "", {"page": 5}),
        (NAMED_PAGES, {"next": 9}, {"page": 4}, "", {"page": 9}),
        (LINK, [], {}, '<https://x/?p=3>; rel="next"', {"page": 3}),
        (LINK, [], {}, "</?q=1&p=3>; title=x; rel=next", {"page": 3}),
        (LINK, [], {}, '<https://x/?p=3>; rel="prev"', None),
        (LINK, [], {}, '<https://x/?other=3>; rel="next"', None),
        (LINK, [], {}, "<" * 5000, None),
    ],
)
def test_the_next_page_is_what_to_change_in_the_parameters(
    paging: Paging, body: Any, now: dict[str, Any], link: str, page: Any
) -> None:
    assert reading(body, paging=paging, params=now, link=link).page == page
    assert reading(body, paging=paging, params=now, link=link, status=404).page is None


def test_what_is_left_of_a_limit() -> None:
    habits = Habits(limit="x-limit", remaining="x-left", reset="x-reset")
    assert reading({}, habits=habits).rate is None
    found = reading({}, habits=habits, x_limit="50", x_left="0", x_reset="1800000007").rate
    assert found == RateState(limit=50, remaining=0, resets_ms=1_800_000_007_000)
    seconds = Habits(reset="x-reset", reset_is="seconds")
    assert reading({}, habits=seconds, x_reset="7.5").rate == RateState(resets_ms=NOW + 7000)
    for wrong in ("-1", "soon", "9" * 30, "²", ""):
        assert reading({}, habits=habits, x_left=wrong).rate is None


def test_files_come_as_text_or_in_base64() -> None:
    text = reading(b"a,b\n1,2", answers_bytes=True, content_type="text/csv; charset=utf-8").data
    assert text == {"content_type": "text/csv", "size_bytes": 7, "text": "a,b\n1,2"}
    image = reading(b"\x89PNG", answers_bytes=True, content_type="image/png").data
    assert (image["content_type"], b64decode(image["base64"])) == ("image/png", b"\x89PNG")
    assert reading(b'{"a": 1}', answers_bytes=True, content_type="application/json").data["text"] == '{"a": 1}'
    assert reading({"error": "gone"}, answers_bytes=True, status=404).data == {"error": "gone"}


@given(
    st.binary(max_size=200), st.sampled_from(["application/json", "text/html", "", "image/png", "x" * 500, "a/b;;;="])
)
def test_whatever_comes_is_read_and_can_be_passed_on(body: bytes, kind: str) -> None:
    for answers_bytes in (True, False):
        found = reading(body, content_type=kind, answers_bytes=answers_bytes)
        orjson.dumps(found.data)


def test_json_that_is_too_deep_is_told_as_a_failure() -> None:
    found = reading(b"[" * 100_000)
    assert found.failure == "answer_is_not_json"
    assert isinstance(found.data, str)


def test_a_secret_is_hidden_in_every_spelling() -> None:
    secret = "ghp_0123456789abcdef"
    found = reading({"plain": f"Bearer {secret}", "hex": secret.encode().hex()}, secret=secret)
    assert found.data == {"plain": "Bearer ***", "hex": "***"}


def test_an_id_of_the_other_side_is_one_short_line() -> None:
    habits = Habits(request_id="x-id")
    assert reading({}, habits=habits, x_id="abc").upstream_request_id == "abc"
    assert len(reading({}, habits=habits, x_id="a" * 500).upstream_request_id or "") == 100
    assert reading({}, habits=habits, x_id="a\x00b").upstream_request_id is None
