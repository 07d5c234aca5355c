"""Sends anything to SkillzDrive's surface in this process, as one of several people."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.app import App
from tests.api.asgi import Answer, call
from tests.makers import a_person, secret_of


class Sender:
    """`ada` administers, `bob` and `eve` are other people."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.people = {name: a_person(app, name) for name in ("ada", "bob", "eve")}
        self.site = build_asgi(app, Documents(app))

    def send(self, who: str | None, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        """`who`: somebody by name, or a key. `body`: bytes as they are, else JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if data:
            sent.setdefault("content-type", "application/json")
        if who is not None:
            sent.setdefault("authorization", f"Bearer {self.key(who)}")
        return call(self.site, method, f"/skillzdrive{path}", headers=sent, chunks=[data])

    def key(self, who: str) -> str:
        return secret_of(self.people[who]) if who in self.people else who

    def data(self, who: str | None, method: str, path: str, body: Any = b"", *, status: int = 200) -> Any:
        """What was answered with success."""
        answer = self.send(who, method, f"/api/v1{path}", body)
        assert answer.status == status, (answer.status, answer.body)
        content = answer.json()
        assert set(content) == {"data"}
        return content["data"]

    def refused(self, who: str | None, method: str, path: str, body: Any = b"", *, status: int) -> dict[str, Any]:
        """What was refused: a word for programs, a sentence for people."""
        return refused(self.send(who, method, f"/api/v1{path}", body), status)


def refused(answer: Answer, *statuses: int) -> dict[str, Any]:
    assert answer.status in statuses, (answer.status, answer.body)
    content = answer.json()
    assert set(content) == {"error"}
    error: dict[str, Any] = content["error"]
    assert error["code"]
    assert error["message"]
    assert error["details"]["reason_code"]
    return error
