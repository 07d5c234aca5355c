"""An upstream that takes hardly any time: HTTP/1.1 with kept connections, one issue of GitHub as every answer.

python -m benchmarks.gateway_upstream PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import uvloop

_ISSUE = json.dumps(
    {"number": 7, "title": "The search finds nothing", "state": "open", "user": {"login": "ada", "id": 7}}
    | {"body": "Five seconds. " * 60, "labels": [{"name": "bug", "color": "d73a4a"}], "id": 583231, "login": "octocat"}
).encode()
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nx-github-request-id: E7A1:2F33\r\n"
    b"x-ratelimit-limit: 5000\r\nx-ratelimit-remaining: 4999\r\nx-ratelimit-reset: 1800000000\r\n"
)
ANSWER = _HEAD + b"content-length: %d\r\n\r\n" % len(_ISSUE) + _ISSUE


class _Answers(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._waiting = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end].lower()
            _, named, rest = head.partition(b"content-length:")
            whole = end + 4 + (int(rest.partition(b"\r\n")[0]) if named else 0)
            if len(self._waiting) < whole:
                return
            self._waiting = self._waiting[whole:]
            self._transport.write(ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Answers, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
