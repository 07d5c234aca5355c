"""The one door for requests that the server makes: to public addresses over HTTPS, bounded in time and size.

Names are resolved here, every address is checked, and the connection is made to the checked address (OWASP, Server Side
Request Forgery Prevention). Nothing of the environment is used: no proxy, no cookies, no netrc.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

import orjson

from skillyard import __version__
from skillyard.infra.errors import Invalid, Upstream
from skillyard.public_addresses import Address, AllowList, all_loopback, reach_of

if TYPE_CHECKING:  # a server that calls nobody yet starts without it
    import httpcore

    from skillyard.infra.pooled import Pool
    from skillyard.infra.timed_network import Deadline

Resolver = Callable[[str], Sequence[str]]

MAX_URL_CHARS = 2000
MAX_POOLED_URL_CHARS = 20_000
_LATE = "it did not answer in time"
_REDIRECTS = (301, 302, 303, 307, 308)
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+")
_opening = threading.Lock()
# More than the calls that any setting lets one person have under way: slow names of theirs keep nobody else waiting.
_PIECE_BYTES = 64 * 1024
_look_ups = ThreadPoolExecutor(max_workers=512, thread_name_prefix="look-up")


class AddressNotAllowed(Invalid):
    code = "address_not_allowed"
    text = "The server does not call {address}: {why}."
    hint = "Use an https:// address that is public; the operator can list others in SKILLYARD_OUTBOUND_ALLOW."


class CallFailed(Upstream):
    """`was_sent`: the other side may have got it. `timed_out`: it had no answer in time."""

    code = "call_failed"
    text = "A call to {host} failed: {why}."
    hint = "Try again in a moment; if it stays, check that the address is right and that its service is up."

    def __init__(self, *, host: str, why: str, was_sent: bool = True, timed_out: bool = False, **facts: Any) -> None:
        super().__init__(host=host, why=why, **facts)
        self.was_sent = was_sent
        self.timed_out = timed_out


class AnswerTooLarge(CallFailed):
    code = "call_answer_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long and how large a call may become; `phase_s` bounds each wait for the other side, `total_s` all of it."""

    total_s: float = 10.0
    phase_s: float = 5.0
    max_bytes: int = 1024 * 1024
    max_redirects: int = 0


def look_up(host: str) -> Sequence[str]:
    """The addresses of a host, as the system's resolver knows them. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Outbound:
    """`http_loopback`: for development, also plain HTTP to this machine. `resolver` gives a host's addresses."""

    def __init__(
        self,
        *,
        allow: AllowList = AllowList(),  # noqa: B008 (a frozen value)
        http_loopback: bool = False,
        resolver: Resolver = look_up,
        tls: ssl.SSLContext | None = None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._allow = allow
        self._http_loopback = http_loopback
        self._resolver = resolver
        self._tls = tls
        self._bounds = bounds
        self._pool: Pool | None = None

    def get_json(self, url: str, *, bounds: Bounds | None = None) -> Any:
        """The JSON value at an address. Raises AddressNotAllowed, CallFailed."""
        answer = self.request("GET", url, headers={"accept": "application/json"}, bounds=bounds)
        host = str(urlsplit(url).hostname)
        if answer.status != 200:
            raise CallFailed(host=host, why=f"it answered with status {answer.status}")
        try:
            return orjson.loads(answer.body)
        except ValueError:
            raise CallFailed(host=host, why="its answer is not JSON") from None

    def check(self, url: str, *, bounds: Bounds | None = None) -> None:
        """Whether it may be called; nothing is sent. Raises AddressNotAllowed, CallFailed (there is no such host)."""
        from skillyard.infra.timed_network import Deadline

        bounds = bounds or self._bounds
        self._checked(_read_url(url), Deadline(time.monotonic() + bounds.total_s, bounds.phase_s))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        bounds: Bounds | None = None,
    ) -> Answer:
        """One answer, of whatever status. Every hop of a redirect is checked as the first address was; headers that
        authorize go to the first origin only. Raises AddressNotAllowed, CallFailed.
        """
        from skillyard.infra.timed_network import Deadline

        bounds = bounds or self._bounds
        deadline = Deadline(time.monotonic() + bounds.total_s, bounds.phase_s)
        sent, origin = dict(headers or {}), _read_url(url)[:2]
        for _ in range(bounds.max_redirects + 1):
            answer = self._hop(method, url, sent, body, bounds, deadline)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            if method not in ("GET", "HEAD"):
                break
            url = _joined(url, answer.headers["location"])
            if urlsplit(url)[:2] != origin:
                sent = {name: value for name, value in sent.items() if name.lower() not in ("authorization", "cookie")}
        raise CallFailed(host=str(urlsplit(answer.url).hostname), why="it sends us elsewhere")

    def pooled(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        bounds: Bounds | None = None,
        may_repeat: bool = False,
    ) -> Answer:
        """One answer, of whatever status, on a connection that is kept for the next call. No redirect is followed. An
        answer that comes packed although nobody asked for that, as some services do, is unpacked within the bounds.

        What must not reach the other side twice is sent once, unless surely not a byte of it went out (`may_repeat`: it
        may). Raises AddressNotAllowed, CallFailed.
        """
        import httpcore

        from skillyard.infra.pooled import Broken, origin_of, request_of
        from skillyard.infra.timed_network import Deadline

        bounds = bounds or self._bounds
        deadline = Deadline(time.monotonic() + bounds.total_s, bounds.phase_s)
        parts = _read_url(url, most_chars=MAX_POOLED_URL_CHARS)
        host = str(parts.hostname)
        try:
            return self._open_pool().exchange(
                request_of(method, url, self._with_ours(headers, parts), body),
                origin_of(parts),
                deadline,
                find=lambda: self._checked(parts, deadline),
                read=lambda response: _read(response, host, url, bounds, unpacks=True),
                may_repeat=may_repeat,
            )
        except Broken as broken:
            raise _failed(host, broken.why, was_sent=broken.was_sent) from None
        except (httpcore.TimeoutException, httpcore.NetworkError, OSError, ValueError) as error:
            raise _failed(host, error, was_sent=False) from None

    def close(self) -> None:
        """The connections that are kept."""
        if self._pool is not None:
            self._pool.close()

    def _open_pool(self) -> Pool:
        if self._pool is None:
            from skillyard.infra.pooled import Pool

            with _opening:
                self._pool = self._pool or Pool(self._context)
        return self._pool

    @staticmethod
    def _with_ours(headers: Mapping[str, str], parts: SplitResult) -> dict[str, str]:
        own = {"host": parts.netloc, "user-agent": f"skillyard/{__version__}", "accept-encoding": "identity"}
        return {**{name.lower(): value for name, value in headers.items()}, **own}

    def _hop(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, bounds: Bounds, deadline: Deadline
    ) -> Answer:
        import httpcore

        from skillyard.infra.timed_network import TimedNetwork

        parts = _read_url(url)
        host = str(parts.hostname)
        addresses = self._checked(parts, deadline)
        sent = self._with_ours(headers, parts)
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._context(), network_backend=TimedNetwork(addresses, deadline)
                ) as pool,
                pool.stream(method, url, headers=list(sent.items()), content=body or None) as response,
            ):
                return _read(response, host, url, bounds)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            raise _failed(host, error, was_sent=True) from None

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            import httpcore

            self._tls = httpcore.default_ssl_context()
        return self._tls

    def _checked(self, parts: SplitResult, deadline: Deadline) -> list[Address]:
        """The addresses of the host. Raises AddressNotAllowed when one of them is not for us to call."""
        host = str(parts.hostname)
        found = self._addresses(host, deadline)
        if parts.scheme == "http" or all_loopback(found):
            if self._http_loopback and all_loopback(found):
                return found
            if parts.scheme == "http":
                raise AddressNotAllowed(address=host, why="it is not an https:// address")
        for address in found:
            if reach_of(address) != "public" and not self._allow.admits(host.rstrip("."), address):
                raise AddressNotAllowed(address=host, why="it is not a public address, or leads to one that is not")
        return found

    def _addresses(self, host: str, deadline: Deadline) -> list[Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        try:
            found = _look_ups.submit(self._resolver, host).result(timeout=deadline.wait_s())
            addresses = [ip_address(text) for text in found]
        except TimeoutError:
            why = "its name could not be looked up in time"
            raise CallFailed(host=host, why=why, was_sent=False, timed_out=True) from None
        except (OSError, ValueError):
            addresses = []
        if not addresses:
            raise CallFailed(host=host, why="there is no such host", was_sent=False)
        return addresses


def _joined(url: str, location: str) -> str:
    """Raises CallFailed for what leads to no address."""
    try:
        joined = urljoin(url, location)
        urlsplit(joined)
    except ValueError:
        raise CallFailed(host=str(urlsplit(url).hostname), why="it sends us to what is no address") from None
    return joined


def _read_url(url: str, *, most_chars: int = MAX_URL_CHARS) -> SplitResult:
    """Its parts. Raises AddressNotAllowed for what is no plain http(s) address."""
    shown = url.partition("?")[0][:100] if url.isascii() and url.isprintable() else "this address"
    if len(url) > most_chars or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise AddressNotAllowed(address=shown, why="it is too long, or has characters that no address has")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressNotAllowed(address=shown, why="it cannot be read as an address") from None
    if parts.scheme not in ("https", "http"):
        raise AddressNotAllowed(address=shown, why="it is not an https:// address")
    if "@" in parts.netloc or not host or not _HOST.fullmatch(host):
        raise AddressNotAllowed(address="this address", why="it names no plain host")
    return parts


def _read(response: httpcore.Response, host: str, url: str, bounds: Bounds, *, unpacks: bool = False) -> Answer:
    """The body, within its bounds: a few packed bytes could become gigabytes."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    chunks, encoding = response.iter_stream(), headers.get("content-encoding", "identity").lower()
    if unpacks and encoding in ("gzip", "x-gzip"):
        chunks = unpacked(chunks)
    elif encoding != "identity":
        raise CallFailed(host=host, why="it sends its answer packed, which we did not ask for")
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > bounds.max_bytes:
            why = f"its answer is larger than {bounds.max_bytes} bytes"
            raise AnswerTooLarge(host=host, why=why, most_bytes=bounds.max_bytes)
    return Answer(status=response.status, headers=headers, body=bytes(body), url=url)


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What was packed with gzip (RFC 1952), in small pieces. Raises ValueError for what is not, or not whole."""
    inflater, has_begun = zlib.decompressobj(wbits=31), False
    for chunk in chunks:
        has_begun = True
        while chunk:
            try:
                yield inflater.decompress(chunk, _PIECE_BYTES)
            except zlib.error as error:
                raise ValueError("it is not packed as it says") from error
            if inflater.unused_data:
                raise ValueError("something stands behind it")
            chunk = inflater.unconsumed_tail
    if has_begun and not inflater.eof:
        raise ValueError("its end is missing")


def _failed(host: str, error: Exception, *, was_sent: bool) -> CallFailed:
    import httpcore

    timed_out = isinstance(error, httpcore.TimeoutException)
    return CallFailed(host=host, why=_LATE if timed_out else _reason(error), was_sent=was_sent, timed_out=timed_out)


def _reason(error: Exception) -> str:
    import httpcore

    if "CERTIFICATE" in str(error).upper():
        return "its certificate is not valid for this name"
    if isinstance(error, httpcore.ConnectError):
        return "it cannot be reached"
    return "it broke off, or does not speak HTTP"
