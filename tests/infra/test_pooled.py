"""Connections that are kept: what is sent once, what may be sent again, and where a name leads meanwhile."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.infra import pooled
from skillyard.infra.outbound import AddressNotAllowed, Answer, AnswerTooLarge, Bounds, CallFailed, Outbound, unpacked
from skillyard.public_addresses import read_allow_list

SHORT = Bounds(total_s=3.0, phase_s=2.0, max_bytes=10_000)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Peer:
    """Takes connections and does with each what `script` says of its number; notes what it was sent."""

    def __init__(self, script: Callable[[int, socket.socket, Peer], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._serve, args=(number, connection), daemon=True).start()

    def _serve(self, number: int, connection: socket.socket) -> None:
        with connection:
            try:
                self._script(number, connection, self)
            except OSError:
                return

    def read(self, connection: socket.socket) -> bool:
        """One request; False when there is none."""
        data = b""
        while not data.endswith((b"\r\n\r\n", b"END")):
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        self.requests.append(data)
        return True

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def peer() -> Iterator[Callable[[Callable[[int, socket.socket, Peer], None]], Peer]]:
    made: list[Peer] = []

    def make(script: Callable[[int, socket.socket, Peer], None]) -> Peer:
        made.append(Peer(script))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    made = Outbound(http_loopback=True, bounds=SHORT)
    yield made
    made.close()


def always(_: int, connection: socket.socket, peer: Peer) -> None:
    while peer.read(connection):
        connection.sendall(OK)


def answers_once_then_hangs_up(number: int, connection: socket.socket, peer: Peer) -> None:
    """The second request on a connection is read, and never answered."""
    peer.read(connection)
    connection.sendall(OK)
    if number == 0:
        peer.read(connection)


def read(outbound: Outbound, url: str, **how: object) -> Answer:
    return outbound.pooled("GET", url, headers={}, may_repeat=True, **how)  # type: ignore[arg-type]


def write(outbound: Outbound, url: str) -> Answer:
    return outbound.pooled("POST", url, headers={}, body=b"END")


def test_a_connection_is_kept_and_many_at_once_have_their_own(peer: Callable[..., Peer], outbound: Outbound) -> None:
    other = peer(always)
    for _ in range(3):
        assert read(outbound, other.url).body == b"{}"
    assert other.connections == 1
    with ThreadPoolExecutor(8) as pool:
        assert all(answer.status == 200 for answer in pool.map(lambda _: read(outbound, other.url), range(80)))
    assert other.connections <= 8


def test_what_only_reads_is_asked_anew_when_a_kept_connection_ends(
    peer: Callable[..., Peer], outbound: Outbound
) -> None:
    other = peer(answers_once_then_hangs_up)
    read(outbound, other.url)
    assert read(outbound, other.url).status == 200
    assert (len(other.requests), other.connections) == (3, 2)


def test_what_changes_something_is_never_sent_twice(peer: Callable[..., Peer], outbound: Outbound) -> None:
    other = peer(answers_once_then_hangs_up)
    write(outbound, other.url)
    with pytest.raises(CallFailed) as failed:
        write(outbound, other.url)
    assert failed.value.was_sent
    assert len(other.requests) == 2


def test_a_connection_that_was_closed_meanwhile_is_not_written_to(
    peer: Callable[..., Peer], outbound: Outbound
) -> None:
    def one_answer(_: int, connection: socket.socket, peer: Peer) -> None:
        peer.read(connection)
        connection.sendall(OK)

    other = peer(one_answer)
    for _ in range(5):
        assert write(outbound, other.url).status == 200
        threading.Event().wait(0.05)  # the end of the connection arrives
    assert (len(other.requests), other.connections) == (5, 5)


def test_a_write_trusts_no_connection_that_has_been_idle(
    peer: Callable[..., Peer], outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = peer(always)
    write(outbound, other.url)
    monkeypatch.setattr(pooled, "_SURELY_OPEN_S", 0.0)
    write(outbound, other.url)
    assert other.connections == 2


def test_nothing_is_sent_where_nobody_listens(outbound: Outbound) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(CallFailed) as failed:
        write(outbound, f"http://127.0.0.1:{port}/")
    assert not failed.value.was_sent


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        b"SSH-2.0-nothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
    ],
)
def test_answers_that_are_none_fail_and_their_connection_is_not_kept(
    peer: Callable[..., Peer], outbound: Outbound, answer: bytes
) -> None:
    def wrong(number: int, connection: socket.socket, peer: Peer) -> None:
        peer.read(connection)
        connection.sendall(OK if number else answer)

    other = peer(wrong)
    with pytest.raises(CallFailed):
        read(outbound, other.url)
    assert read(outbound, other.url).body == b"{}"
    assert other.connections == 2


def test_bytes_after_an_answer_are_no_answer_to_the_next_call(peer: Callable[..., Peer], outbound: Outbound) -> None:
    def smuggles(number: int, connection: socket.socket, peer: Peer) -> None:
        while peer.read(connection):
            connection.sendall(OK if number else OK + OK.replace(b"200 OK", b"200 NO").replace(b"{}", b"[]"))

    other = peer(smuggles)
    bodies = []
    for _ in range(3):
        bodies.append(read(outbound, other.url).body)
        threading.Event().wait(0.05)
    assert bodies == [b"{}"] * 3


def test_an_answer_beyond_the_bounds_is_cut_off(peer: Callable[..., Peer], outbound: Outbound) -> None:
    def huge(_: int, connection: socket.socket, peer: Peer) -> None:
        peer.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000)

    with pytest.raises(AnswerTooLarge):
        read(outbound, peer(huge).url)


def packed(content: bytes) -> bytes:
    body = gzip.compress(content)
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def saying(answer: bytes) -> Callable[[int, socket.socket, Peer], None]:
    def say(_: int, connection: socket.socket, peer: Peer) -> None:
        while peer.read(connection):
            connection.sendall(answer)

    return say


def test_what_comes_packed_unasked_is_unpacked(peer: Callable[..., Peer], outbound: Outbound) -> None:
    other = peer(saying(packed(b'{"a": 1}')))
    assert [read(outbound, other.url).body for _ in range(2)] == [b'{"a": 1}'] * 2
    assert other.connections == 1
    empty = peer(saying(b"HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n"))
    assert read(outbound, empty.url).body == b""


def test_what_would_become_gigabytes_is_cut_off(peer: Callable[..., Peer], outbound: Outbound) -> None:
    with pytest.raises(AnswerTooLarge):
        read(outbound, peer(saying(packed(b"\0" * 50_000_000))).url)


@pytest.mark.parametrize(
    "harm", [lambda data: data[:-4] + b"0000", lambda data: data[:-8], lambda data: data + b"more"]
)
def test_what_is_packed_wrongly_fails(harm: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match=r"packed|missing|behind"):
        list(unpacked([harm(gzip.compress(b"x" * 1000))]))


def test_each_call_has_its_own_deadline(peer: Callable[..., Peer], outbound: Outbound) -> None:
    """Also on a connection that an earlier one with much time has opened, and for bytes that drip."""

    def slower(_: int, connection: socket.socket, peer: Peer) -> None:
        peer.read(connection)
        connection.sendall(OK)
        peer.read(connection)
        for byte in OK * 50:
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.1)

    other = peer(slower)
    read(outbound, other.url, bounds=Bounds(total_s=60, phase_s=60))
    with pytest.raises(CallFailed) as failed:
        outbound.pooled("POST", other.url, headers={}, body=b"END", bounds=Bounds(total_s=0.5, phase_s=0.5))
    assert failed.value.timed_out
    assert failed.value.was_sent


def test_a_name_that_leads_elsewhere_meanwhile_is_not_followed_there(peer: Callable[..., Peer]) -> None:
    """Each new connection goes to an address that was checked for it, whatever the name says a moment later."""
    other, leads_to = peer(answers_once_then_hangs_up), ["10.7.7.7"]
    looked_up = []

    def resolver(host: str) -> list[str]:
        looked_up.append(host)
        return list(leads_to)

    outbound = Outbound(resolver=resolver, allow=read_allow_list("127.0.0.1"), http_loopback=True, bounds=SHORT)
    url = f"http://rebinds.example:{other.port}/"
    with pytest.raises(AddressNotAllowed):
        read(outbound, url)
    leads_to[:] = ["127.0.0.1"]
    assert read(outbound, url).status == 200
    leads_to[:] = ["169.254.169.254"]
    with pytest.raises(AddressNotAllowed):  # the kept connection is over, and a new one would go there
        read(outbound, url)
    assert looked_up == ["rebinds.example"] * 3
    outbound.close()


def test_no_more_connections_are_kept_than_the_bound(
    peer: Callable[..., Peer], outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooled, "_MOST_KEPT", 3)
    others = [peer(always) for _ in range(5)]
    for other in others:
        read(outbound, other.url)
    for other in reversed(others):
        read(outbound, other.url)
    assert [other.connections for other in others] == [2, 2, 1, 1, 1]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\0b", " ", "ü"])
def test_headers_with_line_breaks_are_not_sent(peer: Callable[..., Peer], outbound: Outbound, value: str) -> None:
    other = peer(always)
    with pytest.raises((CallFailed, ValueError)):
        outbound.pooled("GET", other.url, headers={"x-probe": value})
    assert other.requests == []
