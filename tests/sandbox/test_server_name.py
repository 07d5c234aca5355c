"""The name in the first message of TLS: as real clients send it, and as nobody should."""

from __future__ import annotations

import contextlib
import ssl
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.sandbox.server_name import HEADER_BYTES, BadHello, record_bytes, server_name
from tests.sandbox.web import Door, echo, everything, exactly, raw_server


def hello(name: str | None) -> bytes:
    """What Python's TLS says first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        talk.do_handshake()
    return outgoing.read()


REAL = hello("api.test")


def test_the_name_is_read_as_clients_send_it() -> None:
    assert record_bytes(REAL[:HEADER_BYTES]) == len(REAL) - HEADER_BYTES
    assert server_name(REAL) == "api.test"
    assert server_name(hello(None)) is None
    assert server_name(hello("127.0.0.1")) is None


@given(at=st.integers(0, len(REAL) - 1), value=st.integers(0, 255))
def test_a_changed_message_is_read_or_refused(at: int, value: int) -> None:
    changed = REAL[:at] + bytes([value]) + REAL[at + 1 :]
    with contextlib.suppress(BadHello):
        record_bytes(changed[:HEADER_BYTES])
        name = server_name(changed)
        assert name is None or name.isascii()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadHello):
        server_name(data)
    with contextlib.suppress(BadHello):
        record_bytes(data[:HEADER_BYTES])


@pytest.mark.parametrize("size", range(HEADER_BYTES, len(REAL), 37))
def test_a_message_that_goes_on_elsewhere_is_refused(size: int) -> None:
    with pytest.raises(BadHello):
        server_name(REAL[:size])


def test_a_tunnel_is_for_its_own_name() -> None:
    with raw_server(echo) as port, Door("api.test", "*.wide.test") as door:
        for target, said in (
            ("api.test", REAL),
            ("API.test.", REAL),
            ("a.wide.test", hello("a.wide.test")),
            ("api.test", hello(None)),
        ):
            _, connection = door.tunnel(f"{target}:{port}")
            with connection:
                connection.sendall(said[:7])
                time.sleep(0.02)
                connection.sendall(said[7:])
                assert exactly(connection, len(said)) == said
    assert door.refused == ()


def test_another_name_in_a_tunnel_ends_it_before_the_server_hears_of_it() -> None:
    heard: list[bytes] = []

    def listen(connection: object) -> None:
        while data := connection.recv(65536):  # type: ignore[attr-defined]
            heard.append(data)

    with raw_server(listen) as port, Door("api.test", "*.wide.test") as door:
        for target, said in (
            ("api.test", hello("evil.test")),
            ("a.wide.test", hello("b.wide.test")),
            ("api.test", REAL[:5] + bytes(len(REAL) - 5)),
        ):
            _, connection = door.tunnel(f"{target}:{port}")
            with connection:
                connection.sendall(said)
                assert everything(connection) == b""
    assert heard == []
    assert door.refused == (f"b.wide.test:{port}", f"evil.test:{port}")


def test_what_is_not_tls_goes_through_a_tunnel_as_it_is() -> None:
    with raw_server(echo) as port, Door("api.test") as door:
        _, connection = door.tunnel(f"api.test:{port}")
        with connection:
            said = b"SSH-2.0-client\r\n"
            connection.sendall(said)
            assert exactly(connection, len(said)) == said
