"""What a program asks of the proxy: the head of one HTTP request, read strictly and written anew. Pure decisions.

RFC 9112 (3.2 forms of targets, 6.3 framing, 11.2 smuggling) and RFC 9110 (7.6 what a proxy passes on).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from skillyard.sandbox.service import ServiceRequest
from skillyard.skill.reach import BadPatternError, read_host

_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) ([!-~]{1,8000}) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_ABSOLUTE = re.compile(r"http://([^/?#@]*)(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE)
_ORIGIN = re.compile(r"(/[^?#]*)(\?[^#]*)?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+?)\.?(?::([0-9]{1,5}))?")
_SPELLING = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")
# They speak of this connection only, never of the next one (RFC 9110 7.6.1).
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade", b"host", b"content-length",
}  # fmt: skip
_MAX_PORT = 65535
_MAX_BODY_DIGITS = 15
NOT_A_HOST = "(not a host)"

Header = tuple[bytes, bytes]


class BadRequest(Exception):
    """The request cannot be understood in one way only. `tried`: the `host:port` it seems to mean, if any."""

    def __init__(self, why: str, tried: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.tried = tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host in the spelling of `read_host`, without its port; an IPv6 address in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRequest:
    """`head` is what the server gets, empty for a tunnel; `body` its length in bytes, or `chunked`."""

    target: Target
    is_tunnel: bool
    head: bytes = b""
    body: int | Literal["chunked"] = 0


def read_request(head: bytes, *, services: Collection[str] = ()) -> ProxyRequest:
    """From the bytes up to and with the empty line. Only hosts of `services` may be asked as a server is, without
    being named in the first line. Raises BadRequest.
    """
    first, headers = _lines(head)
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise BadRequest("its first line is not one of HTTP/1.1")
    method, text = match[1], match[2].decode("ascii")
    if method == b"CONNECT":
        return ProxyRequest(target=_read_authority(text, default_port=None), is_tunnel=True)
    target, path = _read_target(text, headers, services)
    body = _framing(headers, is_http_1_1=match[3] == b"1", target=target)
    lines = [b"%s %s HTTP/1.1" % (method, path.encode()), *_written(headers), b"host: " + _host_header(target)]
    if body == "chunked":
        lines.append(b"transfer-encoding: chunked")
    elif body or _values(headers, b"content-length"):
        lines.append(b"content-length: %d" % body)
    return ProxyRequest(target=target, is_tunnel=False, head=_head([*lines, b"connection: close"]), body=body)


def service_request(request: ProxyRequest, body: bytes) -> ServiceRequest:
    """The same for a service. Of headers that are there twice, the values stand in one (RFC 9110, 5.3)."""
    first, pairs = _lines(request.head)
    method, path, _ = first.decode("ascii").split(" ")
    headers: dict[str, str] = {}
    for name, value in ((name.decode("ascii"), value.decode("latin-1")) for name, value in pairs):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return ServiceRequest(method=method, path=path, headers=headers, body=body)


def rewrite_response(head: bytes) -> tuple[int, bytes]:
    """The status of a server's answer, and its head as the program gets it: this connection ends after it.
    Raises BadRequest.
    """
    first, headers = _lines(head)
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise BadRequest("its answer is not one of HTTP/1.1")
    framing = [b": ".join(header) for header in headers if header[0] in (b"content-length", b"transfer-encoding")]
    lines = [first, *_written(headers), *framing]
    return int(match[1]), _head(lines if match[1][:1] == b"1" else [*lines, b"connection: close"])


def _read_target(text: str, headers: list[Header], services: Collection[str]) -> tuple[Target, str]:
    """With the path and the query."""
    if absolute := _ABSOLUTE.fullmatch(text):
        return _read_authority(absolute[1], default_port=80), (absolute[2] or "/") + (absolute[3] or "")
    hosts = _values(headers, b"host")
    if (origin := _ORIGIN.fullmatch(text)) and hosts and services:
        target = _read_authority(hosts[0].decode("latin-1"), default_port=80)
        if target.host in services:
            return target, origin[1] + (origin[2] or "")
    raise BadRequest("its target is not http://host/path; https is asked for with CONNECT host:port")


def _lines(head: bytes) -> tuple[bytes, list[Header]]:
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    matches = [_HEADER.fullmatch(line) for line in rest]
    if None in matches:
        raise BadRequest("one of its headers is folded, nameless, or has characters that no header has")
    return first, [(match[1].lower(), match[2].rstrip()) for match in matches if match]


def _written(headers: list[Header]) -> list[bytes]:
    """What belongs to the message itself; how its body is framed and where it goes is written by us."""
    named = {name.strip().lower() for value in _values(headers, b"connection") for name in value.split(b",")}
    return [b": ".join(header) for header in headers if header[0] not in _HOP_BY_HOP | named]


def _values(headers: list[Header], name: bytes) -> list[bytes]:
    return [value for found, value in headers if found == name]


def _head(lines: list[bytes]) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _framing(headers: list[Header], *, is_http_1_1: bool, target: Target) -> int | Literal["chunked"]:
    """How long the body is, where no two readers can differ about it."""
    codings, lengths = _values(headers, b"transfer-encoding"), _values(headers, b"content-length")
    if len(_values(headers, b"host")) > 1 or len(codings) + len(lengths) > 1:
        raise BadRequest("it names its host or the length of its body more than once", str(target))
    if codings:
        if codings[0].lower() != b"chunked" or not is_http_1_1:
            raise BadRequest("its body has another coding than chunked", str(target))
        return "chunked"
    if lengths and not (lengths[0].isdigit() and len(lengths[0]) <= _MAX_BODY_DIGITS):
        raise BadRequest("the length of its body is not a number", str(target))
    return int(lengths[0]) if lengths else 0


def _host_header(target: Target) -> bytes:
    return (target.host if target.port == 80 else str(target)).encode()


def _read_authority(text: str, *, default_port: int | None) -> Target:
    """`host:port`, in the one spelling that permissions are written in: 127.1, 0x7f000001 and 2130706433 are none."""
    match = _AUTHORITY.fullmatch(text)
    port = int(match[2] or default_port or 0) if match else 0
    if match is None or not 0 < port <= _MAX_PORT:
        raise BadRequest("its target is not host:port", _tried(text))
    try:
        host = read_host(match[1])
    except BadPatternError as error:
        raise BadRequest(f"its host {error.why}", _tried(f"{match[1]}:{port}")) from None
    return Target(host=host, port=port)


def _tried(text: str) -> str:
    """For the record: as it was spelled where that can be a host at all, for it came from outside."""
    host, colon, port = text.lower().rpartition(":")
    if not (colon and port.isdigit() and len(port) <= len(str(_MAX_PORT))):
        host, port = text.lower(), ""
    if not _SPELLING.fullmatch(host):
        return NOT_A_HOST
    return f"{host}:{port}" if port else host
