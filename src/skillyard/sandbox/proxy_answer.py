"""What the proxy itself says to a program: a refusal in words, or what a service answers. Then the connection ends."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus


class Refused(Exception):
    """The program gets `status` and `why` as its answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def refusal(refused: Refused) -> bytes:
    text = f"skillyard: {refused.why}\n".encode()
    return whole_answer(refused.status, text, {"content-type": "text/plain; charset=utf-8"})


def whole_answer(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    written = {**headers, "content-length": str(len(body)), "connection": "close"}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in written.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
