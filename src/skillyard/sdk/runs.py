"""Runs for Python programs: start scripts of skills on the registry, follow them, take what they made."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import ApiError, NetworkError
from skillyard.sdk.paths import segment, without_none
from skillyard.sdk.transport import Request

Document = dict[str, Any]
OnOutput = Callable[[str, bytes], None]

UNDER_WAY = frozenset({"queued", "running"})
MOST_WAIT_S = 25  # an answer that takes longer counts as lost
_ATTEMPTS = 5
_MOST_LINE_BYTES = 64 << 20


class RunCalls(ApiCalls):
    """What one does with runs."""

    def start_run(
        self,
        name: str,
        script: str,
        arguments: Sequence[str] = (),
        *,
        version: str | None = None,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        files: Mapping[str, bytes | Path] | None = None,
        session_id: str | None = None,
        limits: Mapping[str, float] | None = None,
        max_credits: int | None = None,
        wait_s: int = 0,
    ) -> Document:
        """A run of a script of a skill, queued; or with `wait_s` (at most 25) as it is then, over in most cases.

        `files`: by their paths in its workspace. `limits`: less than the registry allows: `{"seconds": 10}`.
        `max_credits`: refuse it (`run_costs_more`) if it costs more; None: whatever the release says.
        """
        run = {
            "name": name,
            "version": version,
            "script": script,
            "arguments": list(arguments),
            "environment": dict(environment or {}),
            "session_id": session_id,
            "limits": dict(limits or {}),
            "max_credits": max_credits,
        }
        parts: dict[str, bytes | Path] = {f"files/{path}": content for path, content in (files or {}).items()}
        if stdin:
            parts["stdin"] = stdin
        query = {"wait": min(wait_s, MOST_WAIT_S)}
        if not parts:
            answer = self.request("POST", "/runs", params=query, json=without_none(run)).json()
        else:
            answer = self.send_form(
                "/runs/with-files", params=query, fields={"run": json.dumps(without_none(run))}, files=parts, headers={}
            )
        return cast(Document, answer)

    def runs(self, session_id: str | None = None) -> list[Document]:
        """Yours, the newest first."""
        return self.all_items("/runs", session_id=session_id)

    def run(self, run_id: str, *, wait_s: int = 0) -> Document:
        """As it is now, or with `wait_s` (at most 25) when it is over, if it is by then."""
        return cast(Document, self.get_json(_path(run_id), wait=min(wait_s, MOST_WAIT_S) or None))

    def wait_for_run(self, run_id: str) -> Document:
        """The run, once it is over."""
        while (found := self.run(run_id, wait_s=MOST_WAIT_S))["status"] in UNDER_WAY:
            pass
        return found

    def follow_run(self, run_id: str, on_output: OnOutput) -> Document:
        """The run, once it is over; until then `on_output` gets each piece that it writes, as `("stdout", b"…")`.

        A lost connection is taken up again where it broke off. Raises NetworkError when it stays lost.
        """
        seen, lost = 0, 0
        while True:
            try:
                for kind, position, data in self._events(run_id, seen):
                    lost, seen = 0, position
                    if kind == "run":
                        return data
                    on_output(str(data["stream"]), base64.b64decode(data["data"]))
                self.transport.back_off(1)
            except NetworkError:
                lost += 1
                if lost >= _ATTEMPTS:
                    raise
                self.transport.back_off(lost)

    def cancel_run(self, run_id: str) -> Document:
        return cast(Document, self.send_json("POST", f"{_path(run_id)}/cancel"))

    def run_output(self, run_id: str, stream: str = "stdout") -> bytes:
        """All that it wrote there."""
        return self.request("GET", f"{_path(run_id)}/output/{segment(stream)}").body

    def run_file(self, run_id: str, path: str) -> bytes:
        """A file that it left in its workspace."""
        return self.request("GET", f"{_path(run_id)}/files/{quote(path)}").body

    def receipt(self, run_id: str) -> str:
        """What the registry swears of it, signed: `skillyard.sdk.receipts` checks it."""
        return self.request("GET", f"{_path(run_id)}/receipt").body.decode()

    def log_key(self) -> str:
        """The key that receipts are signed with, as the registry states it."""
        return self.request("GET", "/log/key").body.decode().strip()

    def open_session(self) -> Document:
        """A workspace for several runs."""
        return cast(Document, self.send_json("POST", "/run-sessions"))

    def sessions(self) -> list[Document]:
        return self.all_items("/run-sessions")

    def session(self, session_id: str) -> Document:
        """With the files in its workspace."""
        return cast(Document, self.get_json(f"/run-sessions/{segment(session_id)}"))

    def close_session(self, session_id: str) -> Document:
        return cast(Document, self.send_json("DELETE", f"/run-sessions/{segment(session_id)}"))

    def _events(self, run_id: str, after: int) -> Iterator[tuple[str, int, Document]]:
        """Kind, position and data of each server-sent event; ends where the connection does."""
        request = Request(
            method="GET",
            url=self._address(f"{_path(run_id)}/events"),
            headers={"Accept-Encoding": "identity", "Last-Event-ID": str(after)},
        )
        with self.transport.open(request) as answer:
            if answer.status >= 400:
                document = None
                with suppress(ValueError):
                    document = answer.json()
                raise ApiError.read(answer.status, document, request_id=answer.headers.get("x-request-id"))
            yield from _read_events(answer.stream(1 << 16, decode_content=False))


def _read_events(chunks: Iterator[bytes]) -> Iterator[tuple[str, int, Document]]:
    """As in https://html.spec.whatwg.org/multipage/server-sent-events.html, of which we use three fields."""
    fields: dict[str, str] = {}
    for line in _lines(chunks):
        if line.startswith(b":"):
            continue
        if line:
            name, _, value = line.partition(b": ")
            fields[name.decode("ascii", "replace")] = value.decode("utf-8", "replace")
        elif fields:
            try:
                yield fields["event"], int(fields["id"]), json.loads(fields["data"])
            except (KeyError, ValueError):
                hint = "Something between you and the registry changes its answers."
                raise NetworkError("The events cannot be read.", code="bad_answer", hint=hint) from None
            fields = {}


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _MOST_LINE_BYTES:
            raise NetworkError("An event has no end.", code="bad_answer", hint="Tell the operator of the registry.")


def _path(run_id: str) -> str:
    return f"/runs/{segment(run_id)}"
