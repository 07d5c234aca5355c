"""The name that a program asks for when it begins to speak TLS: the server name of its first message, read strictly.

RFC 8446 (4.1.2 ClientHello, 5.1 records) and RFC 6066 (3. server_name). Pure decisions.
"""

from __future__ import annotations

from collections.abc import Iterator

HANDSHAKE = b"\x16"
HEADER_BYTES = 5
_CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 1, 0, 0
_MAX_RECORD = 16 * 1024
_BEFORE_SESSION = 2 + 32  # version, random


class BadHello(ValueError):
    """It begins as TLS does, and is none."""


def record_bytes(header: bytes) -> int:
    """How many bytes follow the header of a first record. Raises BadHello."""
    length = int.from_bytes(header[3:HEADER_BYTES], "big")
    if header[:2] != HANDSHAKE + b"\x03" or not 0 < length <= _MAX_RECORD:
        raise BadHello("its first record is not one of TLS")
    return length


def server_name(record: bytes) -> str | None:
    """The name in a first record, in lower case; None when it asks for none. Raises BadHello, also for a message that
    goes on in a second record: no client needs that, and a name could hide in it.
    """
    message = record[HEADER_BYTES:]
    if message[:1] != bytes([_CLIENT_HELLO]) or int.from_bytes(message[1:4], "big") != len(message) - 4:
        raise BadHello("its first message is not a whole ClientHello")
    rest = message[4 + _BEFORE_SESSION :]
    for width in (1, 2, 1):  # session, ciphers, compressions
        _, rest = _split(rest, width)
    if not rest:
        return None
    names = [body for kind, body in _extensions(rest) if kind == _SERVER_NAME]
    if len(names) > 1:
        raise BadHello("it asks for a server name twice")
    return _host_name(names[0]) if names else None


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    extensions, after = _split(data, 2)
    if after:
        raise BadHello("its first message goes on behind its end")
    while extensions:
        body, rest = _split(extensions[2:], 2)
        yield int.from_bytes(extensions[:2], "big"), body
        extensions = rest


def _host_name(body: bytes) -> str:
    entries, after = _split(body, 2)
    name, more = _split(entries[1:], 2)
    if after or more or entries[:1] != bytes([_HOST_NAME]) or not name.isascii():
        raise BadHello("the server name that it asks for cannot be read")
    return name.decode("ascii").lower()


def _split(data: bytes, width: int) -> tuple[bytes, bytes]:
    """What a length of `width` bytes counts, and what follows."""
    end = width + int.from_bytes(data[:width], "big")
    if len(data) < max(width, end):
        raise BadHello("its first message is cut off")
    return data[width:end], data[end:]
