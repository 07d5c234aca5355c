"""Servers on loopback that a proxy leads to, and a proxy that believes names of the test's own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from skillyard.sandbox.proxy import NO_SERVICES, Admit, Proxy, ProxyBounds
from skillyard.sandbox.service import Service

LOOPBACK = "127.0.0.1"
QUICK = ProxyBounds(linger_s=0.2)


class Mirror(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/endless` without end, `/keep` without closing."""

    protocol_version = "HTTP/1.1"

    def do_any(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self._chunks() if self.headers.get("transfer-encoding") else self.rfile.read(length)
        if self.path == "/endless":
            self._endless()
            return
        said = json.dumps(
            {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Keep-Alive", "timeout=5")
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_any  # noqa: N815 (so the library wants it)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(bytes(65536))

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 100


@contextmanager
def mirror() -> Iterator[int]:
    """The port of a mirror."""
    server = _Server((LOOPBACK, 0), Mirror)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does as `talk` says with each connection."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_talk_and_close, args=(talk, connection), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _talk_and_close(talk: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, suppress(OSError):
        talk(connection)


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


class Door:
    """A running proxy with its port. Names ending in `.test` lead to loopback; every look-up is remembered."""

    def __init__(
        self,
        *allowed: str,
        admit: Admit = lambda host, address: True,
        resolver: Callable[[str], Sequence[str]] | None = None,
        bounds: ProxyBounds = QUICK,
        services: Mapping[str, Service] = NO_SERVICES,
    ) -> None:
        self.looked_up: list[str] = []
        self._resolver = resolver or (lambda host: [LOOPBACK])
        listener = socket.create_server((LOOPBACK, 0))
        self.port = listener.getsockname()[1]
        self._proxy = Proxy(
            listener, allowed=allowed, admit=admit, services=services, resolver=self._look_up, bounds=bounds
        )
        self._proxy.start()
        self.asked: tuple[str, ...] = ()
        self.refused: tuple[str, ...] = ()
        self.served: tuple[str, ...] = ()

    def _look_up(self, host: str) -> Sequence[str]:
        self.looked_up.append(host)
        return self._resolver(host)

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self.asked, self.refused, self.served = self._proxy.stop()

    def open(self) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.port), timeout=10)

    def say(self, data: bytes) -> bytes:
        """All that comes back until the proxy closes."""
        with self.open() as connection:
            connection.sendall(data)
            return everything(connection)

    def status(self, data: bytes) -> int:
        return int(self.say(data).split(b" ", 2)[1])

    def tunnel(self, target: str) -> tuple[int, socket.socket]:
        """The status of a CONNECT, and the connection, for the caller to close."""
        connection = self.open()
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(1)):
            head += data
        return int(head.split(b" ", 2)[1]), connection


def exactly(connection: socket.socket, size: int) -> bytes:
    """The next `size` bytes, which may come in parts; less when the other side ends."""
    data = b""
    while len(data) < size and (more := connection.recv(size - len(data))):
        data += more
    return data


def everything(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found
