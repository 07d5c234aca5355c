"""An upstream that writes whatever bytes it likes, which no library for servers would let it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import orjson

Script = Callable[[bytes], Iterable[bytes]]


@dataclass
class RawUpstream:
    """`script`: from the head of a request to what is written, piece by piece. Of /user it says whose account it is."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    script: Script = lambda head: [http(b"{}")]
    stops: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *pieces: bytes) -> None:
        """From now on, whatever it is asked."""
        self.script = lambda head: pieces

    def pieces(self, head: bytes, body: bytes) -> Iterable[bytes]:
        if head.startswith(b"GET /user "):
            return [http(orjson.dumps({"id": 7, "login": "ada"}))]
        self.heads.append(head)
        self.bodies.append(body)
        return self.script(head)


def http(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """An answer as it should be, but for what is given."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", f"content-type: {kind}", *headers, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


@contextlib.contextmanager
def raw_upstream() -> Iterator[RawUpstream]:
    made = RawUpstream()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.port = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, made), daemon=True).start()
        yield made
        made.stops.set()


def _accept(listener: socket.socket, made: RawUpstream) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_talk, args=(connection, made), daemon=True).start()


def _talk(connection: socket.socket, made: RawUpstream) -> None:
    """Until the other side leaves; an empty piece hangs up."""
    with connection, contextlib.suppress(OSError):
        while request := _read_request(connection):
            for piece in made.pieces(*request):
                if not piece or made.stops.is_set():
                    return
                connection.sendall(piece)


def _read_request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body; None when there is no other request."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head, body
