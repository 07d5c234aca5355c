"""The one door for HTTP: limits, ids, and what happens when a surface breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.api.entrance import Door, Entrance, foreign_door, no_hot_reads
from skillyard.app import App
from tests.api.asgi import call
from tests.makers import make_app

MIB = 1024 * 1024


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """A surface that answers with what it was told, and with how much body came."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    body = f"{scope['state']['client_address']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("a bug with the secret sky_at_0123456789abcdef")


async def hot(scope: Any, receive: Any, send: Any) -> bool:
    if scope["path"] != "/hot":
        return False
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"rendered before"})
    return True


ECHO = Door(surface=echo, prefix="", hot=hot)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, reads_per_minute=50, writes_per_minute=3, max_archive_mb=1)
    yield app
    app.close()


@pytest.fixture
def entrance(app: App) -> Entrance:
    return Entrance(app, [ECHO, Door(surface=broken, prefix="/broken")])


def test_every_answer_has_a_request_id_and_the_rate_limit(entrance: Entrance) -> None:
    answer = call(entrance, "GET", "/x")
    assert answer.headers["x-request-id"].startswith("req_")
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("50", "49")
    assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("é", False)])
def test_a_clean_request_id_of_the_client_is_kept(entrance: Entrance, given: str, kept: bool) -> None:
    answer = call(entrance, "GET", "/x", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


def test_reads_may_be_answered_before_any_surface(entrance: Entrance) -> None:
    assert call(entrance, "GET", "/hot").body == b"rendered before"
    assert call(entrance, "POST", "/hot").body == b"192.0.2.1 0"


def test_too_many_writes_are_refused_with_when_to_come_back(entrance: Entrance) -> None:
    answers = [call(entrance, "POST", "/x") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert call(entrance, "POST", "/x", client="192.0.2.2").status == 200


def test_a_declared_body_above_the_limit_is_refused_unread(entrance: Entrance) -> None:
    answer = call(entrance, "PUT", "/x", headers={"content-length": str(3 * MIB)})
    assert answer.status == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_a_body_that_lies_about_its_size_is_cut_off(entrance: Entrance) -> None:
    answer = call(entrance, "PUT", "/x", headers={"content-length": "1"}, chunks=[bytes(MIB)] * 3)
    assert answer.status == 413
    assert call(entrance, "PUT", "/x", chunks=[bytes(MIB)] * 2).status == 200


def test_no_surface_sees_a_null_character_in_a_path(app: App) -> None:
    seen: list[str] = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await echo(scope, receive, send)

    assert call(Entrance(app, [Door(surface=note, prefix="")]), "GET", "/invoices/inv_%00").status == 200
    assert seen == ["/invoices/inv_\ufffd"]


def test_a_bug_is_answered_without_its_text(entrance: Entrance) -> None:
    answer = call(entrance, "GET", "/broken")
    assert answer.status == 500
    error = answer.json()["error"]
    assert error["code"] == "internal"
    assert answer.headers["x-request-id"] in error["message"]
    assert b"secret" not in answer.body


def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(app: App, tmp_path: Path) -> None:
    forged = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    assert call(Entrance(app, [ECHO]), "GET", "/x", headers=forged).body == b"192.0.2.1 0"
    behind = make_app(tmp_path / "behind", trusted_proxies=1)
    assert call(Entrance(behind, [ECHO]), "GET", "/x", headers=forged).body == b"198.51.100.7 0"
    behind.close()


def test_an_ipv6_client_counts_as_its_network(entrance: Entrance) -> None:
    assert call(entrance, "GET", "/x", client="2001:db8::1:2:3:4").body == b"2001:db8:: 0"


async def hidden(scope: Any, receive: Any, send: Any) -> None:
    """A surface that answers with the path that it sees."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"foreign " + scope["raw_path"]})


def spelled(code: str, message: str, hint: str, request_id: str) -> bytes:
    return f"refused: {code}".encode()


@pytest.mark.parametrize(
    ("host", "port", "path", "answer"),
    [
        ("skills.example", 80, "/a%2Fb", b"192.0.2.1 0"),
        ("skills.example", 80, "/foreign/a%2Fb", b"foreign /a%2Fb"),
        ("skills.example", 80, "/foreigner/a", b"192.0.2.1 0"),
        ("Foreign.Example:8443", 80, "/a", b"foreign /a"),
        ("other.example", 80, "/a", b"foreign /a"),
        ("other.example", 80, "/foreign/a", b"foreign /a"),
        ("skills.example", 9000, "/a", b"foreign /a"),
        ("not-other.example", 80, "/a", b"192.0.2.1 0"),
    ],
)
def test_a_foreign_surface_is_reached_by_path_host_and_port(
    app: App, host: str, port: int, path: str, answer: bytes
) -> None:
    door = foreign_door(hidden, "/foreign", "foreign.example, other.example", 9000, no_hot_reads, spelled)
    entrance = Entrance(app, [ECHO, door])
    assert call(entrance, "GET", path, headers={"host": host}, port=port).body == answer


def test_what_is_refused_at_the_entrance_is_spelled_as_the_surface_does(app: App) -> None:
    door = foreign_door(broken, "/foreign", "", 0, no_hot_reads, spelled)
    assert call(Entrance(app, [ECHO, door]), "GET", "/foreign/x").body == b"refused: internal"
