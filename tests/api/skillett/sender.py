"""Sends anything to Skillett's surface in this process, as one of several people or with a key."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.api.skillett.addresses import MOUNT
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
            key = secret_of(self.people[who]) if who in self.people else who
            sent.setdefault("authorization", f"Bearer {key}")
        return call(self.site, method, f"{MOUNT}{path}", headers=sent, chunks=[data])

    def data(self, who: str | None, method: str, path: str, body: Any = b"", *, status: int = 200) -> Any:
        """What was answered with success."""
        answer = self.send(who, method, path, body)
        assert answer.status == status, (answer.status, answer.body)
        return answer.json()

    def refused(self, who: str | None, method: str, path: str, body: Any = b"", *, status: int) -> dict[str, Any]:
        """What was refused: a word for programs, a sentence for people."""
        return refused(self.send(who, method, path, body), status)

    def key(self, who: str, *integrations: str) -> str:
        """A key of somebody's, for these integrations or for all."""
        body = {"name": "agent", "scopes": list(integrations) or "*"}
        return str(self.data(who, "POST", "/api-keys", body, status=201)["key"])


def refused(answer: Answer, *statuses: int) -> dict[str, Any]:
    assert answer.status in statuses, (answer.status, answer.body)
    error: dict[str, Any] = answer.json()
    assert set(error) >= {"error", "message", "reason_code", "request_id"}
    assert set(error) <= {
        "error",
        "message",
        "reason_code",
        "request_id",
        "action_url",
        "hint",
        "faults",
        "error_description",
    }
    assert answer.headers["x-request-id"] == error["request_id"]
    assert all(isinstance(error[name], str) and error[name] for name in ("error", "message", "reason_code"))
    return error
