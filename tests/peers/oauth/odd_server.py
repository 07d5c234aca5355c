"""A service with an OAuth server on loopback that counts what it is asked, and misbehaves as a test tells it to.

Its refresh tokens rotate: one that was used is good for nothing, nor is the access token beside it, as at the strictest
of real ones.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CLIENT_ID = "the-registry"
CLIENT_SECRET = "oddly secret: 100 % & more"
CODE = "a-code-that-the-browser-brought"


@dataclass(frozen=True, kw_only=True)
class Says:
    """An answer: `body` as JSON, or the bytes as they are."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Odd:
    """`asked`: the forms that came to /token and /revoke. `token_answer`: what /token says in place of the usual.
    `life_s`: of tokens made from now on; None: it does not say. `delay_s`: before each answer of /token. `on_token`: is
    called once /token did its work, before it answers.
    """

    address: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    token_answer: Callable[[dict[str, str]], Says] | None = None
    life_s: int | None = 3600
    delay_s: float = 0.0
    on_token: Callable[[], None] | None = None
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    user: Says = field(default_factory=lambda: Says(body={"id": 7, "login": "ada"}))
    revoke_status: int = 200

    def settings(self) -> dict[str, str]:
        """For the integration `github`."""
        paths = {"authorize_url": "/authorize", "token_url": "/token", "revoke_url": "/revoke"}
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "base_url": self.address}
        return client | {name: f"{self.address}{path}" for name, path in paths.items()}

    def grants(self, kind: str) -> int:
        """How often it was asked for tokens with such a grant."""
        return sum(1 for path, form in self.asked if path.endswith("/token") and form.get("grant_type") == kind)

    def end_access(self) -> None:
        self.access.clear()

    def end_all(self) -> None:
        self.access.clear()
        self.refresh.clear()


_numbers = count(1)
_lock = threading.Lock()


@contextlib.contextmanager
def odd_server() -> Iterator[Odd]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads, server.request_queue_size = True, 100
    odd = Odd(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            form = self._form()
            says = _answer(odd, self.command, urlsplit(self.path).path, form, self.headers.get("authorization", ""))
            with contextlib.suppress(OSError):
                self._send(says)

        do_POST = do_DELETE = do_GET  # noqa: N815 (the names that the server looks for)

        def _form(self) -> dict[str, str]:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            if body.startswith("{"):
                return dict(json.loads(body))
            return {name: values[0] for name, values in parse_qs(body).items()}

        def _send(self, says: Says) -> None:
            self.send_response(says.status)
            for name, value in {"content-type": "application/json", **says.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(says.data)))
            self.end_headers()
            self.wfile.write(says.data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server.RequestHandlerClass = Handler
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield odd
    finally:
        server.shutdown()
        server.server_close()


def _answer(odd: Odd, method: str, path: str, form: dict[str, str], authorization: str) -> Says:
    if path.endswith("/user"):
        return odd.user if authorization.partition(" ")[2] in odd.access else Says(status=401, body={"message": "no"})
    with _lock:
        odd.asked.append((path, form))
    if path.endswith("/token") and method == "POST":
        says = _tokens(odd, form, authorization)
        if odd.on_token:
            odd.on_token()
        time.sleep(odd.delay_s)
        return says
    if path == "/revoke" or (method == "DELETE" and path == f"/applications/{CLIENT_ID}/token"):
        token = form.get("token") or form.get("access_token", "")
        odd.access.discard(token)
        odd.refresh.discard(token)
        return Says(status=odd.revoke_status, body={})
    return Says(status=404, body={})


def _tokens(odd: Odd, form: dict[str, str], authorization: str) -> Says:
    if odd.token_answer is not None:
        return odd.token_answer(form)
    if not _is_client(form, authorization):
        return Says(status=401, body={"error": "invalid_client"})
    kind, old = form.get("grant_type"), form.get("refresh_token", "")
    with _lock:
        if kind == "authorization_code" and form.get("code") != CODE:
            return Says(status=400, body={"error": "invalid_grant"})
        if kind == "refresh_token":
            if old not in odd.refresh:
                return Says(status=400, body={"error": "invalid_grant"})
            odd.refresh.discard(old)
            odd.access.discard(_access(old.partition("-")[2].partition("-")[0]))
        number = next(_numbers)
        new = {"access_token": _access(f"{number:06}"), "token_type": "Bearer", "scope": "repo"}
        new |= {"refresh_token": f"refresh-{number:06}-rrrrrrrr"} if kind != "client_credentials" else {}
        odd.access.add(new["access_token"])
        odd.refresh.add(new.get("refresh_token", ""))
    return Says(body=new | ({} if odd.life_s is None else {"expires_in": odd.life_s}))


def _access(number: str) -> str:
    return f"access-{number}-aaaaaaaa"


def _is_client(form: dict[str, str], authorization: str) -> bool:
    given = (form.get("client_id"), form.get("client_secret"))
    if authorization.startswith("Basic "):
        pair = base64.b64decode(authorization[6:]).decode().partition(":")
        given = (unquote(pair[0]), unquote(pair[2]))
    return given == (CLIENT_ID, CLIENT_SECRET)
