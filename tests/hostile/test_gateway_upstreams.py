"""Upstreams that mean harm: whatever they answer, a call ends soon, takes little memory, and betrays nobody."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.native.wire.calls import write_result
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import CallRequest, CallResult, call
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import SkillyardError
from skillyard.settings import IntegrationSettings
from tests.hostile.raw_upstream import RawUpstream, http, raw_upstream
from tests.makers import a_person, make_app

KEY = "ghp_a-key-that-nobody-sees-again"
SOON_S = 20
OTHER = "169.254.169.254/latest/meta-data"


@pytest.fixture
def github() -> Iterator[RawUpstream]:
    with raw_upstream() as made:
        yield made


@pytest.fixture
def elsewhere() -> Iterator[RawUpstream]:
    with raw_upstream() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, github: RawUpstream) -> Iterator[App]:
    integrations = {"github": IntegrationSettings(base_url=github.url)}
    limits = {"gateway_call_seconds": 3, "gateway_answer_mb": 1}
    made = make_app(tmp_path, integrations=integrations, outbound_http_loopback=True, **limits)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return _connected(app, "ada")


def _connected(app: App, name: str) -> Caller:
    person = a_person(app, name)
    add_key(app, person, integration="github", secrets={"secret": Secret(f"{KEY}-of-{name}")}, variables={})
    return person


def _ask(app: App, caller: Caller, endpoint: str = "list_issues", **params: Any) -> CallResult:
    wanted = {"repo": "acme/webapp", **params}
    began = time.monotonic()
    try:
        return call(app, caller, CallRequest(integration="github", endpoint=endpoint, params=wanted, request_id="r1"))
    finally:
        assert time.monotonic() - began < SOON_S


def _refused(app: App, caller: Caller, endpoint: str = "list_issues", **params: Any) -> SkillyardError:
    with pytest.raises(SkillyardError) as refused:
        _ask(app, caller, endpoint, **params)
    assert KEY not in f"{refused.value.message} {refused.value.facts}"
    return refused.value


def _drip(piece: bytes, *, first: bytes = b"") -> Iterable[bytes]:
    """Never silent for long, and never done."""
    yield first
    for _ in range(10_000):
        time.sleep(0.05)
        yield piece


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n[", b"HTTP/1.1 200 OK\r\nx-a: ", b"HTTP/1.1 "],
    ids=["body", "header", "status"],
)
def test_bytes_that_drip_are_waited_for_only_so_long(app: App, ada: Caller, github: RawUpstream, first: bytes) -> None:
    github.script = lambda head: _drip(b" ", first=first)
    assert _refused(app, ada).code == "upstream_timed_out"


def test_an_answer_without_end_is_given_up_before_it_fills_the_memory(
    app: App, ada: Caller, github: RawUpstream
) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    github.script = lambda head: [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *(chunk for _ in range(500))
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert _refused(app, ada).code == "upstream_answer_too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\x01\x02 this is not HTTP\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: y\r\n z\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: y\r\n" * 200_000 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        b"",
    ],
    ids=[
        "noise", "status", "negative length", "two lengths", "endless chunk", "transfer", "packed", "nul", "headers",
        "switch", "cut off", "nothing",
    ],
)  # fmt: skip
def test_what_is_not_http_as_we_asked_for_is_a_failure(
    app: App, ada: Caller, github: RawUpstream, answer: bytes
) -> None:
    github.says(answer, b"")
    assert _refused(app, ada).code in ("upstream_unavailable", "upstream_timed_out")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1',
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 600 + b"]" * 600,
        b'{"a":' * 250 + b"1" + b"}" * 250,
        b"[" * 254 + b"]" * 254,
        b"\xff\xfe\x00",
        b"NaN",
        b"1e999999999",
        b'"\\ud800"',
        b"<html>",
        b'{"a":1}{"b":2}',
        b"",
        b"9" * 100_000,
    ],
    ids=[
        "cut", "deep", "deep and whole", "deep maps", "600 lists", "250 maps", "254 lists", "bytes",
        "nan", "infinite", "half a character", "html", "two",
        "nothing", "long number",
    ],
)  # fmt: skip
def test_whatever_the_body_is_the_answer_can_be_passed_on(
    app: App, ada: Caller, github: RawUpstream, body: bytes
) -> None:
    github.says(http(body))
    result = _ask(app, ada)
    assert result.status == 200
    write_result(result)


def test_an_answer_of_very_many_values_is_passed_on_as_it_came(app: App, ada: Caller, github: RawUpstream) -> None:
    """A megabyte of empty lists would take twenty-five in memory; and there may be many such calls at once."""
    body = b"[" + b"[]," * 300_000 + b"[]]"
    github.says(http(body))
    result = _ask(app, ada)
    assert (result.status, result.meta.failure) == (200, "answer_has_too_many_values")
    assert result.data == {"content_type": "application/json", "size_bytes": len(body), "text": body.decode()}


@pytest.mark.parametrize(
    "headers",
    [
        ["x-ratelimit-remaining: " + "9" * 5000, "x-ratelimit-limit: -1", "x-ratelimit-reset: 1e400"],
        ["x-ratelimit-remaining: 0", "x-ratelimit-reset: " + "9" * 16],
        ["retry-after: " + "9" * 400],
        ["retry-after: Fri, 31 Dec 99999 23:59:59 GMT"],
        ["x-github-request-id: " + "\xe9\x80" * 50],
        ["x-github-request-id: a\tb"],
        ["link: " + "<" * 30_000],
        ["link: " + "<a>;" + ' rel="nex' * 3_000],
        ['link: <https://evil.example/steal?page=' + "9" * 4300 + '>; rel="next"'],
        ['link: <http://[::1/?page=2>; rel="next"'],
        ['link: <?page=%ff%00%0d%0a>; rel="next"'],
        ["set-cookie: a=b; domain=.example"],
        ["strict-transport-security: max-age=0"],
    ],
    ids=lambda headers: headers[0][:40],
)  # fmt: skip
@pytest.mark.parametrize("status", ["200 OK", "429 Too Many Requests", "403 Forbidden"])
def test_headers_that_lie_do_no_harm(
    app: App, ada: Caller, github: RawUpstream, headers: list[str], status: str
) -> None:
    github.says(http(b"[]", *headers, status=status))
    result = _ask(app, ada)
    assert result.status == int(status[:3])
    write_result(result)
    assert len(orjson.dumps({"rate": str(result.meta.rate), "page": result.meta.page})) < 10_000
    assert b"cookie" not in b"".join(github.heads).lower()


def test_a_secret_that_is_thrown_back_is_hidden(app: App, ada: Caller, github: RawUpstream) -> None:
    body = orjson.dumps({"your": f"{KEY}-of-ada", f"{KEY}-of-ada": 1, "list": [f"Bearer {KEY}-of-ada"]})
    github.says(http(body, f"x-github-request-id: {KEY}-of-ada"))
    result = _ask(app, ada)
    assert KEY not in f"{result}"
    assert "***" in f"{result.data}"


@pytest.mark.parametrize(
    "target",
    [
        f"http://{OTHER}", f"https://{OTHER}", f"//{OTHER}", "http://localhost:1/", "http://[::ffff:127.0.0.1]:1/",
        "http://0x7f000001:1/", "http://2130706433:1/", "http://127.1:1/", "http://0177.0.0.1:1/", "http://0:1/",
        "http://[::1]:1/", "http://[::]:1/", "http://①②⑦.⓪.⓪.①:1/", "https://api.github.com@127.0.0.1:1/",
        "https://127.0.0.1:1\\@api.github.com/", "file:///etc/passwd", "gopher://127.0.0.1:1/_x", "ftp://127.0.0.1/",
        "data:application/json,{}", "javascript:1", "https://evil.example/", "http://127.0.0.1:1/\r\nx: y", "\\\\evil",
        "https://[", "//[x", "http://127.0.0.1:99999/", "http://127.0.0.1:x/",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(app: App, ada: Caller, github: RawUpstream, target: str) -> None:
    github.says(http(b"", f"location: {target}".encode().decode("latin-1"), status="302 Found"))
    assert _refused(app, ada).code in ("upstream_unavailable", "upstream_timed_out", "address_not_allowed")
    assert len(github.heads) <= 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_another_port_of_the_same_machine_is_elsewhere(
    app: App, ada: Caller, github: RawUpstream, elsewhere: RawUpstream, status: int
) -> None:
    github.says(http(b"", f"location: {elsewhere.url}/repos", status=f"{status} Found"))
    _refused(app, ada)
    assert elsewhere.heads == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_what_changes_something_is_sent_where_it_was_meant_or_nowhere(
    app: App, ada: Caller, github: RawUpstream, status: int
) -> None:
    github.says(http(b"", f"location: {github.url}/repos/acme/other/issues", status=f"{status} Found"))
    _refused(app, ada, "create_issue", title="Hello")
    assert len(github.heads) == 1


def test_a_circle_of_redirects_ends(app: App, ada: Caller, github: RawUpstream) -> None:
    github.says(http(b"", "location: /again", status="302 Found"))
    _refused(app, ada)
    assert len(github.heads) < 20


def test_an_answer_that_was_not_asked_for_reaches_nobody(app: App, ada: Caller, github: RawUpstream) -> None:
    """Two answers to one request: the second must not become that of the next call, which may be somebody else's."""
    bob = _connected(app, "bob")
    github.says(http(b'["for ada"]') + http(b'["nobody asked for this"]'))
    assert _ask(app, ada).data == ["for ada"]
    github.says(http(b'["for bob"]'))
    assert _ask(app, bob).data == ["for bob"]


def test_an_answer_that_comes_late_reaches_nobody(app: App, ada: Caller, github: RawUpstream) -> None:
    bob = _connected(app, "bob")
    github.script = lambda head: _late(http(b'["for ada, too late"]'))
    assert _refused(app, ada, "create_issue", title="Hello").code == "upstream_timed_out"
    github.says(http(b'["for bob"]'))
    time.sleep(1.5)
    assert _ask(app, bob).data == ["for bob"]


def _late(answer: bytes) -> Iterable[bytes]:
    time.sleep(4)
    yield answer


def test_people_at_once_get_their_own_answers_with_their_own_keys(app: App, github: RawUpstream) -> None:
    people = {name: _connected(app, name) for name in ("ada", "bob", "eve")}
    github.script = lambda head: [http(orjson.dumps(head.decode("latin-1")))]
    got: list[tuple[str, str]] = []

    def asks(name: str) -> None:
        for number in range(10):
            got.append((name, str(_ask(app, people[name], labels=f"{name}-{number}").data)))

    threads = [threading.Thread(target=asks, args=(name,)) for name in people for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 60
    assert all(f"labels={name}-" in said for name, said in got)
    keys = [head.lower().partition(b"authorization: ")[2].partition(b"\r\n")[0].decode() for head in github.heads]
    assert sorted(keys) == sorted(f"bearer {KEY}-of-{name}" for name in people for _ in range(20))
