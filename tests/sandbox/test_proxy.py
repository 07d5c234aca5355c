"""The way out of a sandbox, with real sockets: what it lets through, what it refuses, and what it remembers."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.public_addresses import AllowList, read_allow_list
from skillyard.sandbox.proxy import ProxyBounds, public_or
from skillyard.sandbox.proxy_request import BadRequest, read_request
from tests.sandbox.web import LOOPBACK, Door, echo, everything, mirror, raw_server

_NAMES = [b"Host", b"host", b"Content-Length", b"content-length", b"Transfer-Encoding", b"Connection", b"X", b" X", b""]


def _get(target: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", *headers, "", ""]).encode()


def _body(answer: bytes) -> dict[str, object]:
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert isinstance(said, dict)
    return said


def test_a_declared_host_is_reached_by_plain_http() -> None:
    with mirror() as port, Door(f"api.test:{port}") as door:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{LOOPBACK}:{door.port}"}))
        with opener.open(f"http://api.test:{port}/a/b?c=d@e", data=b"hello", timeout=10) as answer:
            said = json.loads(answer.read())
            assert answer.headers["Connection"] == "close"
    assert (said["method"], said["path"], said["body"]) == ("POST", "/a/b?c=d@e", "hello")
    assert door.asked == (f"api.test:{port}",)
    assert door.refused == ()


def test_a_declared_host_is_reached_through_a_tunnel_in_both_directions() -> None:
    with raw_server(echo) as port, Door("*.test") as door:
        status, connection = door.tunnel(f"deep.api.test:{port}")
        with connection:
            assert status == 200
            sent = bytes(range(256)) * 4096
            threading.Thread(target=lambda: (connection.sendall(sent), connection.shutdown(socket.SHUT_WR))).start()
            assert everything(connection) == sent
    assert door.asked == (f"deep.api.test:{port}",)


@pytest.mark.parametrize(
    ("allowed", "target"),
    [
        (("api.test",), "evil.test:443"),
        (("api.test:443",), "api.test:80"),
        (("*.test",), "test:443"),
        (("*.api.test",), "evilapi.test:443"),
        (("api.test",), "api.test.evil.com:443"),
        (("192.0.2.1",), "192.0.2.11:443"),
        ((), "api.test:443"),
    ],
)
def test_what_is_not_declared_is_refused_recorded_and_never_looked_up(allowed: tuple[str, ...], target: str) -> None:
    with Door(*allowed) as door:
        status, connection = door.tunnel(target)
        connection.close()
        assert status == 403
        assert door.status(_get(f"http://{target}/")) == 403
    assert door.looked_up == []
    assert door.refused == (target,)
    assert door.asked == ()


def test_the_refusal_says_what_was_declared() -> None:
    with Door("api.test", "*.example.com:443") as door:
        answer = door.say(_get("http://other.test/"))
    assert b"other.test:80 is not among the declared hosts: api.test, *.example.com:443" in answer


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)  # fmt: skip
def test_a_declared_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    with Door("*", admit=public_or(AllowList()), resolver=lambda host: ["93.184.216.34", address]) as door:
        assert door.status(_get("http://innocent.test/")) == 403
    assert door.refused == ("innocent.test:80",)
    assert door.asked == ()


@pytest.mark.parametrize("host", [LOOPBACK, "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
def test_private_addresses_written_as_such_are_refused_even_where_any_host_is_declared(host: str) -> None:
    with Door("*", admit=public_or(AllowList())) as door:
        status, connection = door.tunnel(f"{host}:22")
        connection.close()
        assert status == 403
    assert door.looked_up == []
    assert len(door.refused) == 1


def test_a_private_host_is_reached_where_it_is_listed_and_never_the_machines_own_metadata() -> None:
    listed = public_or(read_allow_list("index.test 127.0.0.0/8"))
    with mirror() as port, Door("*", admit=listed) as door:
        assert door.status(_get(f"http://index.test:{port}/")) == 200
        assert door.status(_get(f"http://{LOOPBACK}:{port}/")) == 200
    with Door("*", admit=listed, resolver=lambda host: ["169.254.169.254"]) as door:
        assert door.status(_get("http://index.test/")) == 403
    with Door("*", admit=listed, resolver=lambda host: ["10.0.0.1"]) as door:
        assert door.status(_get("http://other.test/")) == 403


def test_a_name_that_changes_its_mind_is_looked_up_once_per_connection_and_never_believed_later() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with (
        mirror() as port,
        Door(
            "rebind.test",
            admit=lambda host, address: address == ip_address(LOOPBACK),
            resolver=lambda host: next(answers),
        ) as door,
    ):
        assert door.status(_get(f"http://rebind.test:{port}/")) == 200
        assert door.looked_up == ["rebind.test"]
        assert door.status(_get(f"http://rebind.test:{port}/")) == 403
    assert door.asked == door.refused == (f"rebind.test:{port}",)


@pytest.mark.parametrize(
    "target",
    [
        "2130706433:80", "0x7f000001:80", "0x7f.1:80", "127.1:80", "0177.0.0.1:80", "127.0.0.1.:0", "api.test",
        "api.test:", "api.test:0", "api.test:65536", "api.test:8a", "user@api.test:80", "*.test:443", "*:443",
        "api..test:80", "-api.test:80", "[::1:80", "[fe80::1%25lo]:80", "::1:80", "caf\u00e9.test:80",
        "api.test:80/path", "http://api.test:80", "api_test:80", "a" * 300 + ":80", "api.test\x00.evil.com:80",
    ],
)  # fmt: skip
def test_a_target_that_is_not_spelled_as_permissions_are_is_refused(target: str) -> None:
    with Door("*") as door:
        assert door.status(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode()) == 400
    assert door.looked_up == []
    assert door.asked == ()


def test_what_was_tried_in_an_odd_spelling_is_recorded_without_repeating_what_is_no_host() -> None:
    with Door("*") as door:
        for target in ("2130706433:80", "0x7f.1:80", "\x1b[31m:80", "secret=abc/def:80"):
            door.status(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    assert door.refused == ("(not a host)", "0x7f.1:80", "2130706433:80")


def test_one_dot_at_the_end_and_capitals_mean_the_same_host() -> None:
    with raw_server(echo) as port, Door("api.test") as door:
        for spelled in ("API.Test", "api.test."):
            status, connection = door.tunnel(f"{spelled}:{port}")
            connection.close()
            assert status == 200
    assert door.asked == (f"api.test:{port}",)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"GET https://api.test/ HTTP/1.1\r\n\r\n",
        b"GET ftp://api.test/ HTTP/1.1\r\n\r\n",
        b"GET http://user:word@api.test/ HTTP/1.1\r\n\r\n",
        b"GET http://api.test\\@evil.test/ HTTP/1.1\r\n\r\n",
        b"GET http://api.test/#part HTTP/1.1\r\n\r\n",
        b"GET http:///x HTTP/1.1\r\n\r\n",
        b"GET http://2130706433/ HTTP/1.1\r\n\r\n",
        b"GET http://0x7f.1/ HTTP/1.1\r\n\r\n",
        b"GET http://api.test:70000/ HTTP/1.1\r\n\r\n",
        b"GET http://*/ HTTP/1.1\r\n\r\n",
        b"GET http://api.test/ HTTP/2.0\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1 \r\n\r\n",
        b"GET  http://api.test/ HTTP/1.1\r\n\r\n",
        b"get http://api.test/ HTTP/1.1\r\n\r\n",
        b"GET http://api.test/\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: 4, 5\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: +4\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST http://api.test/ HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST http://api.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nX : y\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nX: y\r\n folded\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nX: y\nHost: evil.test\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nX: y\rHost: evil.test\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nX: \x00\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nno header\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\n: nameless\r\n\r\n",
    ],
)
def test_a_request_that_two_readers_could_read_differently_is_refused(request_bytes: bytes) -> None:
    with Door("*") as door:
        assert door.status(request_bytes) == 400
    assert door.looked_up == []


@given(
    path=st.binary(max_size=30),
    headers=st.lists(st.tuples(st.sampled_from(_NAMES), st.binary(max_size=12)), max_size=4),
)
def test_whatever_is_accepted_is_passed_on_as_one_request_to_its_own_host(
    path: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    lines = [b"POST http://api.test/" + path + b" HTTP/1.1", *(b": ".join(header) for header in headers)]
    try:
        request = read_request(b"\r\n".join(lines) + b"\r\n\r\n")
    except BadRequest:
        return
    written = request.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    names = [line.partition(b":")[0] for line in written[1:]]
    assert written[0].count(b" ") == 2
    assert b"host: api.test" in written
    assert names.count(b"host") == names.count(b"connection") == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert not any(line[:1] in b" \t" or b"\n" in line or b"\r" in line for line in written)


def test_the_server_is_told_the_host_it_was_found_by_and_nothing_of_the_proxy() -> None:
    with mirror() as port, Door("api.test") as door:
        answer = door.say(
            _get(
                f"http://api.test:{port}/",
                "Host: internal.test",
                "Proxy-Authorization: Basic c2VjcmV0",
                "Proxy-Connection: keep-alive",
                "Connection: X-Drop, Content-Length",
                "X-Drop: 1",
                "X-Keep: 2",
                "Upgrade: websocket",
                "TE: trailers",
            )
        )
    headers = [(name.lower(), value) for name, value in _body(answer)["headers"]]  # type: ignore[attr-defined]
    assert sorted(headers) == [("connection", "close"), ("host", f"api.test:{port}"), ("x-keep", "2")]


def test_bytes_after_the_body_are_no_second_request() -> None:
    seen: list[bytes] = []

    def note(connection: socket.socket) -> None:
        connection.settimeout(0.5)
        try:
            while data := connection.recv(65536):
                seen.append(data)
        except TimeoutError:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    smuggled = b"GET /second HTTP/1.1\r\nHost: hidden.test\r\n\r\n"
    with raw_server(note) as port, Door("api.test") as door:
        target = b"http://api.test:%d/first" % port
        door.say(b"POST %s HTTP/1.1\r\nContent-Length: 2\r\n\r\nab" % target + smuggled)
        door.say(b"POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" % target + smuggled)
    assert b"/first" in b"".join(seen)
    assert b"/second" not in b"".join(seen)


def test_a_chunked_body_arrives_and_a_broken_one_ends_the_call() -> None:
    with mirror() as port, Door("api.test") as door:
        head = b"POST http://api.test:%d/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" % port
        assert _body(door.say(head + b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"))["body"] == "abc0123456789"
        for broken in (b"-1\r\n", b"3;x=y\r\nabc\r\n", b"zz\r\n", b"1\r\nab\r\n0\r\n\r\n", b"f" * 30 + b"\r\n"):
            assert b"200 OK" not in door.say(head + broken)


def test_a_slow_reader_gets_all_of_a_large_answer() -> None:
    def pour(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(20_000_000))

    with raw_server(pour) as port, Door("api.test") as door, door.open() as connection:
        connection.sendall(_get(f"http://api.test:{port}/"))
        time.sleep(0.5)
        assert len(everything(connection).partition(b"\r\n\r\n")[2]) == 20_000_000


def test_an_answer_that_is_not_http_is_not_passed_on() -> None:
    def nonsense(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"SSH-2.0-secret\r\n\r\n")

    with raw_server(nonsense) as port, Door("api.test") as door:
        answer = door.say(_get(f"http://api.test:{port}/"))
    assert b" 502 " in answer
    assert b"SSH" not in answer


def test_interim_answers_come_before_the_real_one() -> None:
    def continuing(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nKeep-Alive: timeout=9\r\n\r\n")

    with raw_server(continuing) as port, Door("api.test") as door:
        answer = door.say(_get(f"http://api.test:{port}/", "Expect: 100-continue"))
    assert answer == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


def test_a_huge_head_is_refused() -> None:
    with Door("*", bounds=ProxyBounds(head_bytes=4096, linger_s=0.2)) as door:
        assert door.status(_get("http://api.test/", "X: " + "a" * 5000)) == 400
        assert door.status(b"G" * 5000) == 400
    assert door.looked_up == []


def test_a_client_that_dawdles_is_sent_away() -> None:
    with Door("*", bounds=ProxyBounds(head_s=0.3, linger_s=0.2)) as door:
        began = time.monotonic()
        assert door.status(b"GET http://api.test/ HTTP/1.1\r\n") == 408
        assert time.monotonic() - began < 8


def test_an_unknown_name_and_a_dead_port_are_bad_gateways() -> None:
    def nowhere(host: str) -> list[str]:
        if host == "none.test":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return ["not an address"] if host == "odd.test" else [LOOPBACK]

    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    with Door("*.test", resolver=nowhere) as door:
        for host in ("none.test", "odd.test", "dead.test"):
            assert door.status(_get(f"http://{host}:{port}/")) == 502
    assert len(door.asked) == 3


def test_a_resolver_that_hangs_costs_only_its_own_connection() -> None:
    release = threading.Event()

    def hanging(host: str) -> list[str]:
        if host == "slow.test":
            release.wait(10)
        return [LOOPBACK]

    with (
        mirror() as port,
        Door("*.test", resolver=hanging, bounds=ProxyBounds(connect_s=0.3, linger_s=0.2)) as door,
    ):
        assert door.status(_get(f"http://slow.test:{port}/")) == 502
        assert door.status(_get(f"http://api.test:{port}/")) == 200
        release.set()


def test_an_endless_answer_ends_where_the_bytes_of_the_run_do() -> None:
    bounds = ProxyBounds(total_bytes=1_000_000, linger_s=0.2)
    with mirror() as port, Door("api.test", bounds=bounds) as door:
        assert len(door.say(_get(f"http://api.test:{port}/endless"))) < 1_100_000
        assert door.status(_get(f"http://api.test:{port}/")) == 429


def test_connections_at_once_are_bounded_and_later_ones_welcome() -> None:
    with raw_server(echo) as port, Door("api.test", bounds=ProxyBounds(connections=3, linger_s=0.2)) as door:
        held = [door.tunnel(f"api.test:{port}") for _ in range(3)]
        status, refused = door.tunnel(f"api.test:{port}")
        refused.close()
        assert [status for status, _ in held] == [200, 200, 200]
        assert status == 429
        for _, connection in held:
            connection.close()
        time.sleep(0.2)
        status, connection = door.tunnel(f"api.test:{port}")
        connection.close()
        assert status == 200


def test_the_record_is_bounded() -> None:
    with Door("nobody.test", bounds=ProxyBounds(recorded=5, linger_s=0.0)) as door:
        for number in range(20):
            door.status(_get(f"http://h{number}.test/"))
    assert len(door.refused) == 5


def test_stopping_ends_open_tunnels_and_gives_the_port_back() -> None:
    with raw_server(echo) as port, Door("api.test") as door:
        status, connection = door.tunnel(f"api.test:{port}")
        assert status == 200
    with connection:
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        door.open()


def test_many_at_once_get_each_their_own_answer() -> None:
    with mirror() as port, Door("*.test") as door:
        answers: dict[int, object] = {}

        def ask(number: int) -> None:
            answers[number] = _body(door.say(_get(f"http://h{number}.test:{port}/{number}")))["path"]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: f"/{number}" for number in range(40)}
    assert len(door.asked) == 40
