"""HTTP for the client: one pool, retries, redirects, the token for its own origin only. Knows nothing of skills."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from skillyard import __version__
from skillyard.sdk.addresses import is_downgrade, origin_of
from skillyard.sdk.errors import TRY_AGAIN_STATUSES, ApiError, NetworkError, SdkError
from skillyard.sdk.http_cache import HttpCache

if TYPE_CHECKING:
    import urllib3

MAX_BODY_BYTES = 64 << 20
MAX_REDIRECTS = 5
MAX_WAIT_S = 30.0
CONNECTIONS = 8
_FIRST_WAIT_S = 0.2
_CHUNK_BYTES = 256 << 10
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    from_cache: bool = False

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def is_json(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")

    def json(self) -> Any:
        """The body as JSON. Raises NetworkError when it is none: something other than the registry answered."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise NetworkError(
                f"The answer of {self.url} is not JSON.",
                code="bad_answer",
                hint="Check the address of the registry; something else may be listening there.",
                request_id=self.request_id,
            ) from None

    def check(self) -> Response:
        """Itself, or the registry's refusal as ApiError."""
        if self.status < 400:
            return self
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        raise ApiError.read(self.status, document, request_id=self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `open_body` is called once per attempt, so that a stream starts anew."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    open_body: Callable[[], bytes | BinaryIO | None] = lambda: None


class Transport:
    """`token` goes to `origin` and nowhere else. `sleep` is called with seconds between attempts."""

    def __init__(
        self,
        *,
        origin: str,
        token: str | None = None,
        cache: HttpCache | None = None,
        timeout_s: float = 30.0,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.origin = origin
        self.token = token
        self._cache = cache
        self._timeout_s = timeout_s
        self._attempts = max(1, attempts)
        self._sleep = sleep
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._proxies: dict[str, str] = {}

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """GET a document through the cache."""
        token = self._token_for(url)
        kept = self._cache.find(url, token) if self._cache else None
        conditional = {"If-None-Match": kept.etag} if kept else {}
        answer = self.send(Request(method="GET", url=url, headers={**(headers or {}), **conditional}))
        if answer.status == 304 and kept:
            return Response(
                status=200, headers={**kept.headers, **answer.headers}, body=kept.body, url=url, from_cache=True
            )
        if answer.status == 200 and answer.url == url and self._cache:
            self._cache.keep(url, token, answer.headers, answer.body)
        return answer

    def send(self, request: Request) -> Response:
        """One answer, after as many attempts as it takes. Raises NetworkError when there is none.

        Only what may be repeated is: reads, and writes that carry an Idempotency-Key.
        """
        repeatable = request.method in ("GET", "HEAD") or "Idempotency-Key" in request.headers
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts or not repeatable
            try:
                with self.open(request) as answer:
                    response = _read(answer, request)
            except NetworkError:
                if last:
                    raise
                self.back_off(attempt)
                continue
            wait_s = _wait_before_retry(response, attempt)
            if last or wait_s is None:
                return response
            self._sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def back_off(self, attempt: int) -> None:
        self._sleep(_jittered(attempt))

    @contextmanager
    def open(self, request: Request) -> Iterator[urllib3.BaseHTTPResponse]:
        """One attempt, redirects followed; the body is still to be read. Every lost connection is a NetworkError."""
        import urllib3

        answer: urllib3.BaseHTTPResponse | None = None
        try:
            answer = self._follow(request)
            yield answer
        except urllib3.exceptions.HTTPError as error:
            raise _lost(request, error) from error
        except (ConnectionError, TimeoutError) as error:
            raise _lost(request, error) from error
        finally:
            if answer is not None:
                answer.close()  # once read to its end, the connection is back in the pool already

    def _follow(self, request: Request) -> urllib3.BaseHTTPResponse:
        url = request.url
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._send_once(request, url)
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                answer.url = url
                return answer
            _leave(answer)
            url = _checked_redirect(request, url, urljoin(url, target))
        raise SdkError(
            f"{_without_query(request.url)} leads from one address to the next without end.",
            code="too_many_redirects",
            hint="Check the address of the registry.",
        )

    def _send_once(self, request: Request, url: str) -> urllib3.BaseHTTPResponse:
        import urllib3

        headers = {"User-Agent": f"skillyard/{__version__}", "Accept-Encoding": "gzip", **request.headers}
        if token := self._token_for(url):
            headers["Authorization"] = f"Bearer {token}"
        return self._pool_for(url).request(
            request.method,
            url,
            body=request.open_body(),
            headers=headers,
            timeout=urllib3.Timeout(connect=min(10.0, self._timeout_s), read=self._timeout_s),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _token_for(self, url: str) -> str | None:
        return self.token if self.token and origin_of(url) == self.origin else None

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        origin = origin_of(url)
        if origin not in self._proxies:
            self._proxies[origin] = _proxy_for(url)
        proxy = self._proxies[origin]
        if proxy not in self._pools:
            import urllib3

            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=CONNECTIONS) if proxy else urllib3.PoolManager(maxsize=CONNECTIONS)
            )
        return self._pools[proxy]


def _read(answer: urllib3.BaseHTTPResponse, request: Request) -> Response:
    body = bytearray()
    for chunk in answer.stream(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise SdkError(
                f"The answer of {_without_query(request.url)} is larger than {MAX_BODY_BYTES >> 20} MiB.",
                code="answer_too_large",
                hint="Use `download` for archives.",
            )
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(status=answer.status, url=answer.url or request.url, headers=headers, body=bytes(body))


def _wait_before_retry(response: Response, attempt: int) -> float | None:
    """Seconds to wait before the same request may work, or None when the answer stands."""
    in_progress = response.status == 409 and b'"idempotency_in_progress"' in response.body
    if not in_progress and response.status not in TRY_AGAIN_STATUSES and response.status != 500:
        return None
    asked_s = _retry_after_s(response.headers.get("retry-after", ""))
    if asked_s is None:
        return _jittered(attempt)
    return asked_s + random.uniform(0, _FIRST_WAIT_S) if asked_s <= MAX_WAIT_S else None  # noqa: S311


def _retry_after_s(value: str) -> float | None:
    """Seconds or a date (RFC 9110, 10.2.3)."""
    if value.strip().isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _jittered(attempt: int) -> float:
    """Between half and all of 0.2, 0.4, 0.8 … seconds."""
    return _FIRST_WAIT_S * float(2 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311


def _checked_redirect(request: Request, url: str, target: str) -> str:
    if request.method not in ("GET", "HEAD"):
        raise SdkError(
            f"{_without_query(url)} has moved to {_without_query(target)}; nothing was sent there.",
            code="moved",
            hint="Use the new address of the registry.",
        )
    if is_downgrade(url, target):
        raise SdkError(
            f"{_without_query(url)} leads to the unencrypted {_without_query(target)}.",
            code="insecure_redirect",
            hint="Tell the operator of the registry; nothing was fetched.",
        )
    return target


def _proxy_for(url: str) -> str:
    """The proxy that the environment, or the system's settings, name for this address, or nothing."""
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme, "")
    return "" if not proxy or host in _LOOPBACK or proxy_bypass(host) else proxy


def _lost(request: Request, error: Exception) -> NetworkError:
    what = type(error).__name__
    return NetworkError(
        f"The connection to {origin_of(request.url)} failed ({what}).",
        code="connection_failed",
        hint="Check that the registry runs and that its address is right, then try again.",
        facts={"origin": origin_of(request.url)},
    )


def _leave(answer: urllib3.BaseHTTPResponse) -> None:
    """Read a short rest, to keep the connection; a long one costs more than a new connection."""
    length = answer.headers.get("content-length", "")
    if length.isdigit() and int(length) < _CHUNK_BYTES:
        answer.drain_conn()
    else:
        answer.close()


def _without_query(url: str) -> str:
    """For messages: a query may carry a signature."""
    return url.partition("?")[0]
