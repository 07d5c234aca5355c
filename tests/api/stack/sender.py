"""Sends anything to STACK's surface in this process, as one of several people."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.app import App
from tests.api.asgi import Answer, call
from tests.makers import a_person, secret_of


class Sender:
    """`ada` administers, `sal` sells, `bob` buys."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.people = {name: a_person(app, name) for name in ("ada", "sal", "bob")}
        self.site = build_asgi(app, Documents(app))

    def send(self, who: str | None, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        """`body`: bytes as they are, else JSON. The content type is JSON also without one, as the SDK sends it."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("content-type", "application/json")
        if who is not None:
            sent.setdefault("authorization", f"Bearer {secret_of(self.people[who])}")
        return call(self.site, method, f"/stack{path}", headers=sent, chunks=[data])

    def publish(self, body: dict[str, Any]) -> dict[str, Any]:
        """As `sal`; the skill."""
        answer = self.send("sal", "POST", "/v1/skills", body)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json()
        return made


def refused(answer: Answer, *statuses: int) -> dict[str, Any]:
    """What was refused with one of these; a word for programs, a sentence for people, and details."""
    assert answer.status in statuses, (answer.status, answer.body)
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"].isupper()
    assert error["message"]
    assert error["details"]["reason_code"]
    return error
