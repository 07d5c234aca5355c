"""What came back: the data, whether it is a failure all the same, where the next page is, what is left of a limit."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from skillyard.domain.gateway.calls.call_model import RateState
from skillyard.domain.gateway.catalog.integration import Endpoint, Habits, Integration, Paging
from skillyard.infra.outbound import Answer
from skillyard.infra.redaction import Redactor

_SURELY_SHALLOW = 200  # brackets in all; orjson writes 254 in one another
NOT_JSON = "answer_is_not_json"
TOO_MANY_VALUES = "answer_has_too_many_values"
_COMPOUND = re.compile(rb"\s*[\[{]")
_MOST_VALUES = 500_000  # each takes up to forty times its bytes in memory
_NEXT = re.compile(r'<([^<>]{1,4000})>\s*(?:;[^,<>]{0,500}?)?;\s*rel\s*=\s*"?next"?', re.IGNORECASE)
_TEXT = re.compile(r"text/|application/(xml|x-yaml|yaml|javascript|csv)|[^;]*\+xml")
_INDEX = re.compile(r"-?[0-9]{1,6}")
_MOST_FAILURE_CHARS = 300
_MOST_ID_CHARS = 100
_MOST_NUMBER = 2**53
_LAST_MS = 253_402_300_799_999  # the end of the year 9999: no time can be written after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    status: int
    data: Any
    failure: str | None
    page: Mapping[str, Any] | None
    rate: RateState | None
    upstream_request_id: str | None


def read_answer(
    integration: Integration,
    endpoint: Endpoint,
    params: Mapping[str, Any],
    answer: Answer,
    *,
    secret: str,
    now_ms: int,
) -> Reading:
    """The answer as callers see it. What of it repeats our secret is hidden."""
    redactor = Redactor([secret] if secret else [])
    habits = integration.habits
    data, failure = _data(endpoint, answer, redactor.data(answer.body))
    return Reading(
        status=answer.status,
        data=data,
        failure=failure or failure_of(habits, answer.status, data),
        page=_next_page(endpoint, params, answer, data) if answer.status < 300 else None,
        rate=rate_of(habits, answer, now_ms=now_ms),
        upstream_request_id=_request_id(habits, answer, redactor),
    )


def failure_of(habits: Habits, status: int, data: Any) -> str | None:
    """What the body says went wrong where the status says that nothing did; None: nothing."""
    if status >= 300 or not habits.failed_if:
        return None
    if not any(_has_failed(value_at(data, tuple(path.split("."))), sign) for path, sign in habits.failed_if.items()):
        return None
    said = value_at(data, habits.failure)
    text = said if isinstance(said, str) else orjson.dumps(said).decode()
    return "".join(char if char.isprintable() else " " for char in text[:_MOST_FAILURE_CHARS]) if said else "failed"


def value_at(data: Any, path: Sequence[str]) -> Any:
    """What the path leads to, `("data", "0", "id")`, of a list also from its end, `-1`; None: nothing."""
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and _INDEX.fullmatch(key) and -len(data) <= int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def rate_of(habits: Habits, answer: Answer, *, now_ms: int) -> RateState | None:
    """What its headers say of its own limit."""
    limit, remaining, reset = (
        _number(answer.headers.get(name)) for name in (habits.limit, habits.remaining, habits.reset)
    )
    if limit is None and remaining is None and reset is None:
        return None
    since_ms = now_ms if habits.reset_is == "seconds" else 0
    resets_ms = None if reset is None else min(reset * 1000 + since_ms, _LAST_MS)
    return RateState(limit=limit, remaining=remaining, resets_ms=resets_ms)


def _has_failed(found: Any, sign: Any) -> bool:
    """`sign`: the value that means failure; True also for whatever is there at all, such as a list of errors."""
    return bool(found) if sign is True else found == sign and type(found) is type(sign)


def _data(endpoint: Endpoint, answer: Answer, body: bytes) -> tuple[Any, str | None]:
    """The value, and NOT_JSON where it says it is JSON and is none, or TOO_MANY_VALUES: then it is as it came."""
    kind = answer.headers.get("content-type", "").lower().partition(";")[0].strip()
    if not body:
        return None, None
    if endpoint.answers_bytes and answer.status < 300:
        return _file(body, kind), None
    if _COMPOUND.match(body) and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        return _file(body, kind), TOO_MANY_VALUES
    try:
        return _read_json(body), None
    except (ValueError, TypeError):
        pass
    claims_json = kind == "application/json" or kind.endswith("+json")
    text = _as_text(body, kind)
    return (text if text is not None else _file(body, kind)), NOT_JSON if claims_json else None


def _read_json(body: bytes) -> Any:
    """A value that can be written again, inside of what callers get: more can be read than be written in depth.

    Raises ValueError, TypeError.
    """
    data = orjson.loads(body)
    if body.count(b"[") + body.count(b"{") > _SURELY_SHALLOW:
        orjson.dumps([[[[data]]]])
    return data


def _as_text(body: bytes, kind: str) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace") if _TEXT.match(kind) or "json" in kind else None


def _file(body: bytes, kind: str) -> dict[str, Any]:
    """A text as such where it is one, everything else in base64."""
    about = {"content_type": kind[:100] or "application/octet-stream", "size_bytes": len(body)}
    if _TEXT.match(kind) or kind == "application/json":
        try:
            return {**about, "text": body.decode()}
        except UnicodeDecodeError:
            pass
    return {**about, "base64": base64.b64encode(body).decode()}


def _next_page(endpoint: Endpoint, params: Mapping[str, Any], answer: Answer, data: Any) -> dict[str, Any] | None:
    """What to change in the parameters to get it."""
    paging = endpoint.paging
    if paging is None or (paging.more_at and not value_at(data, paging.more_at)):
        return None
    found = {"link": _in_link, "cursor": _cursor, "page": _number_after, "offset": _offset_after}[paging.kind](
        endpoint, paging, params, answer, data
    )
    return None if found is None else {paging.param: found}


def _in_link(endpoint: Endpoint, paging: Paging, _: Mapping[str, Any], answer: Answer, __: Any) -> Any:
    """In the query of the address that the Link header calls the next one."""
    match = _NEXT.search(answer.headers.get("link", ""))
    param = next((param for param in endpoint.params if param.name == paging.param), None)
    if match is None or param is None:
        return None
    try:
        given = parse_qs(urlsplit(match[1]).query, max_num_fields=50).get(param.name_there)
    except ValueError:
        return None
    if not given:
        return None
    number = _number(given[0]) if param.schema.get("type") == "integer" else None
    return given[0] if number is None else number


def _cursor(_: Endpoint, paging: Paging, __: Mapping[str, Any], ___: Answer, data: Any) -> Any:
    found = value_at(data, paging.next_at)
    return found if isinstance(found, str | int) and found not in ("", False) and found is not True else None


def _number_after(_: Endpoint, paging: Paging, params: Mapping[str, Any], __: Answer, data: Any) -> Any:
    """The next number, where the answer names it, says that there is more, or is a list with something in it."""
    if paging.next_at:
        return _cursor(_, paging, params, __, data)
    has_more = bool(paging.more_at) or _items(paging, data)
    page = params.get(paging.param, 1)
    return page + 1 if has_more and isinstance(page, int) and page < _MOST_NUMBER else None


def _offset_after(_: Endpoint, paging: Paging, params: Mapping[str, Any], __: Answer, data: Any) -> Any:
    """Behind what this page holds, until a page holds nothing."""
    offset, items = params.get(paging.param, 0), _items(paging, data)
    return offset + len(items) if items and isinstance(offset, int) and offset < _MOST_NUMBER else None


def _items(paging: Paging, data: Any) -> list[Any]:
    found = value_at(data, paging.items_at)
    return found if isinstance(found, list) else []


def _request_id(habits: Habits, answer: Answer, redactor: Redactor) -> str | None:
    given = redactor.text(answer.headers.get(habits.request_id, "")) if habits.request_id else ""
    return given[:_MOST_ID_CHARS] if given.isascii() and given.isprintable() and given else None


def _number(text: str | None) -> int | None:
    """Of a header: a whole number, or one with decimals, which are cut off."""
    whole = (text or "").strip().partition(".")[0]
    if not whole.isascii() or not whole.isdigit() or len(whole) > 16:
        return None
    return min(int(whole), _MOST_NUMBER)
