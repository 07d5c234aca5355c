"""An upstream that does what a test tells it: a real HTTP server on loopback, good and bad at its work."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

USER = {"id": 7, "login": "ada"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Says:
    """What is answered. `drip_s`: between one byte and the next; `cut`: so much of the body, then the line is cut."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip_s: float = 0.0
    cut: int | None = None
    hang_up: bool = False


def says(value: Any, status: int = 200, **headers: str) -> Says:
    """JSON, with headers: `retry_after="1"`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Says(status=status, body=orjson.dumps(value), headers={"content-type": "application/json", **named})


@dataclass
class Upstream:
    """`answers` are given one after the other, then `last` for ever; of /user always `user`."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: list[Says] = field(default_factory=list)
    last: Says | Callable[[Asked], Says] = field(default_factory=lambda: says({"ok": True}))
    user: Says = field(default_factory=lambda: says(USER))
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Says:
        if asked.path == "/user":
            return self.user
        self.asked.append(asked)
        if self.answers:
            return self.answers.pop(0)
        return self.last(asked) if callable(self.last) else self.last


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"upstream": made}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # many at once


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: Upstream

    def setup(self) -> None:
        super().setup()
        self.upstream.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = self.upstream.answer(Asked(method=self.command, target=self.path, headers=headers, body=body))
        time.sleep(told.wait_s)
        if told.hang_up:
            self.close_connection = True
            return
        self._say(told)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 (as the base class has it)

    def _say(self, told: Says) -> None:
        head = [f"HTTP/1.1 {told.status} OK", f"content-length: {len(told.body)}"]
        head += [f"{name}: {value}" for name, value in told.headers.items()]
        self.wfile.write("\r\n".join([*head, "", ""]).encode())
        with contextlib.suppress(OSError):
            if told.drip_s:
                for byte in told.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(told.drip_s)
            else:
                self.wfile.write(told.body[: told.cut])
        self.close_connection = self.close_connection or told.cut is not None

    def log_message(self, *_: object) -> None:
        pass
