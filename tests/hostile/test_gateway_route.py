"""Requests that are no calls: whatever comes in by the wire, nothing goes out that was not asked for in full."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.hostile.raw_upstream import RawUpstream, raw_upstream
from tests.journeys.running import Server, User, a_server, sign_in

BODY = b'{"params": {"repo": "acme/webapp", "title": "Hello"}}'
PATH = "/api/v1/calls/github/create_issue"
SKILLETT = "/skillett/v1/github/create_issue"
doors = pytest.mark.parametrize("path", [PATH, SKILLETT], ids=["native", "skillett"])


@pytest.fixture(scope="module")
def github() -> Iterator[RawUpstream]:
    with raw_upstream() as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, github: RawUpstream) -> Iterator[Server]:
    settings = {"integrations__github__base_url": github.url, "outbound_http_loopback": "true"}
    with a_server(tmp_path_factory.mktemp("server"), worker=False, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    user = sign_in(server, tmp_path_factory.mktemp("ada"), "ada")
    user.run("connections", "key", "github", stdin="ghp_a-key-that-nobody-sees-again\n")
    return user


@pytest.fixture(scope="module")
def key(ada: User) -> str:
    return ada.run("tokens", "create", "agent", "--integrations", "github").stdout.strip()


@pytest.fixture(autouse=True)
def _fresh(github: RawUpstream) -> None:
    github.heads.clear()


def _send(server: Server, request: bytes, *, then_leave: bool = False) -> bytes:
    """What comes back until the server closes; `then_leave`: end our side first, as somebody who breaks off."""
    parts = urlsplit(server.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=60) as line:
        line.sendall(request)
        if then_leave:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while more := line.recv(65536):
            answer += more
        return answer


def _request(key: str, body: bytes, *headers: str, path: str = PATH, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [
        f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"authorization: Bearer {key}", "content-type: application/json",
        f"content-length: {size}", "connection: close", *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode("latin-1") + body


def _status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0


@doors
def test_a_whole_request_is_a_call(server: Server, key: str, github: RawUpstream, path: str) -> None:
    assert _status(_send(server, _request(key, BODY, path=path))) == 200
    assert len(github.heads) == 1


@doors
@pytest.mark.parametrize("missing", [1, 200])
@pytest.mark.parametrize("header", ["x-nothing: 1", "idempotency-key: 7"])
def test_a_request_that_breaks_off_is_no_call(
    server: Server, key: str, github: RawUpstream, missing: int, header: str, path: str
) -> None:
    """Even if what arrived reads as one: its sender may have meant something else with the rest."""
    _send(server, _request(key, BODY, header, path=path, length=len(BODY) + missing), then_leave=True)
    assert _status(_send(server, _request(key, BODY))) == 200
    assert len(github.heads) == 1


@doors
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"params": []}', b'{"params": null}', b'{"params": {"repo": 7}}',
        b'{"params": {}, "url": "http://evil.example"}', b'{"connection": 7}', b'{"connection": {}}',
        b"[" * 100_000, b'{"params": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"params": {"repo": "acme/webapp", "title": "x", "labels": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b'{"params": {"repo": "acme/webapp", "title": "x", "host": "evil.example"}}',
        b'{"params": {"repo": "acme/webapp", "title": "x", "__proto__": {}}}',
        b'{"params": {"repo": "acme/webapp", "title": 1e999}}',
        b'{"params": {"repo": "acme/webapp", "title": "\\ud800"}}',
        BODY.replace(b'"Hello"', b'"' + b"x" * 20_000_000 + b'"'),
    ],
    ids=lambda body: repr(body[:60]),
)  # fmt: skip
def test_what_is_no_call_is_refused(server: Server, key: str, github: RawUpstream, body: bytes, path: str) -> None:
    answer = _send(server, _request(key, body, path=path))
    assert _status(answer) in (400, 413, 422), answer[:500]
    assert github.heads == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/calls/github/../../../user", "/api/v1/calls/github/create_issue%00",
        "/api/v1/calls/GITHUB/create_issue", "/api/v1/calls/github/__class__", "/api/v1/calls/..%2fgithub/create_issue",
        "/api/v1/calls/github/create_issue/", "/api/v1/calls//create_issue", "/api/v1/calls/github/%C3%A9",
        "/api/v1/calls/" + "x" * 5000 + "/create_issue",
    ],
)  # fmt: skip
def test_an_address_that_is_not_quite_right_is_no_call(
    server: Server, key: str, github: RawUpstream, path: str
) -> None:
    assert _status(_send(server, _request(key, BODY, path=path))) in (400, 403, 404, 405, 414)
    assert github.heads == []


@doors
@pytest.mark.parametrize("token", ["", "x", "sk_" + "0" * 64, "Bearer", "sky_lease_" + "0" * 40, "\xe9", "a b"])
def test_nobody_calls_without_a_good_token(server: Server, github: RawUpstream, token: str, path: str) -> None:
    assert _status(_send(server, _request(token, BODY, path=path))) == 401
    assert github.heads == []


def test_a_browser_calls_nothing_for_a_page_elsewhere(server: Server, key: str, github: RawUpstream) -> None:
    """A cookie is no token, and a form is no call."""
    cookie = _request(key, BODY, f"cookie: skillyard-session={key}").replace(b"authorization: Bearer", b"x-nothing:")
    assert _status(_send(server, cookie)) == 401
    assert github.heads == []


def test_headers_of_a_caller_do_not_reach_the_service(server: Server, key: str, github: RawUpstream) -> None:
    spoofed = [
        "x-forwarded-host: evil.example",
        "x-api-version: 1",
        "x-github-api-version: 1",
        "cookie: a=b",
        "range: bytes=0-1",
    ]
    assert _status(_send(server, _request(key, BODY, *spoofed))) == 200
    (head,) = github.heads
    assert b"evil.example" not in head
    assert not re.search(rb"(?i)\r\n(cookie|range|x-api-version|x-forwarded-\w+):", head)
    assert key.encode() not in head
    assert head.lower().count(b"\r\nx-github-api-version:") == 1


def test_a_key_reaches_what_it_is_for_and_nothing_else(server: Server, key: str, github: RawUpstream) -> None:
    elsewhere = "/api/v1/calls/slack/list_conversations"
    assert _status(_send(server, _request(key, b"{}", path=elsewhere))) == 403
    for path in (
        "/api/v1/tokens",
        "/api/v1/connections/keys",
        "/api/v1/grants",
        "/api/v1/runs",
        "/api/v1/integrations",
    ):
        assert _status(_send(server, _request(key, b"{}", path=path))) in (403, 404, 405, 422), path
    assert github.heads == []
