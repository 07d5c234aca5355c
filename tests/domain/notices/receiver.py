"""A receiver of webhooks on loopback that loses, delays, repeats and refuses; it keeps every request that it got."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Behaviour = Literal["ok", "lose_answer", "break", "delay", "refuse", "gone", "redirect", "huge", "packed"]
DELAY_S = 6.0
"""Longer than the server waits."""


@dataclass
class Message:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """`orders`: what happens to the next requests, one each; then all is well."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    orders: list[Behaviour] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def of(self, event: str) -> list[Message]:
        return [message for message in self.messages if message.json["event"] == event]

    @property
    def events(self) -> list[str]:
        return [message.json["event"] for message in self.messages]

    def next_behaviour(self) -> Behaviour:
        return self.orders.pop(0) if self.orders else "ok"


@contextlib.contextmanager
def a_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.messages.append(Message(path=self.path, headers=headers, body=body))
            with contextlib.suppress(OSError):
                getattr(self, f"_{receiver.next_behaviour()}")()

        def do_GET(self) -> None:
            self.do_POST()

        def _ok(self) -> None:
            self._answer(200, b"thanks")

        def _lose_answer(self) -> None:
            """It has the message, and its answer is lost on the way."""
            self.close_connection = True

        def _break(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True

        def _delay(self) -> None:
            receiver.over.wait(DELAY_S)
            self._answer(200, b"late")

        def _refuse(self) -> None:
            self._answer(503, b"try \x1b[31mlater\x00 <script>alert(1)</script>" + b"x" * 5000)

        def _gone(self) -> None:
            self._answer(410, b"gone")

        def _redirect(self) -> None:
            self._answer(307, b"", ("Location", f"{receiver.url}/elsewhere"))

        def _huge(self) -> None:
            self._answer(200, b"x" * 1_000_000)

        def _packed(self) -> None:
            self._answer(200, b"x", ("Content-Encoding", "gzip"))

        def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
