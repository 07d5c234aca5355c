"""A client of the native surface in this process, with the headers and JSON that a real one would use."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.api.entrance import Door, Entrance
from skillyard.api.native.application import PREFIX, build_native
from skillyard.api.native.idempotent import Idempotent
from skillyard.app import App
from tests.api.asgi import Answer, call


class Api:
    """`token`: whom it speaks for; None: nobody."""

    def __init__(self, app: App, token: str | None = None) -> None:
        self._site = Entrance(app, [Door(surface=Idempotent(app, build_native(app)), prefix=PREFIX)])
        self.token = token

    def as_(self, token: str | None) -> Api:
        """The same server, asked by somebody else."""
        other = Api.__new__(Api)
        other._site, other.token = self._site, token
        return other

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Header names with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["authorization"] = f"Bearer {self.token}"
        data = b"" if body is None else orjson.dumps(body)
        if data:
            sent["content-type"] = "application/json"
        return call(self._site, method, PREFIX + path, headers=sent, chunks=[data])
