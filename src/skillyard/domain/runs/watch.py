"""Beside a run while it is worked on: keeps it ours, hears that it is to stop, writes down its output as it comes."""

from __future__ import annotations

import threading
from collections import defaultdict
from types import TracebackType
from typing import Self

from skillyard.app import App
from skillyard.domain.runs.model import OutputChunk, Run
from skillyard.domain.runs.store import contents, runs
from skillyard.infra.log import Logger
from skillyard.sandbox.model import Result, Stream

LEASE_MS = 15_000
_TICK_S = 0.1
_ASK_EVERY_MS = 500
_RENEW_EVERY_MS = LEASE_MS // 3
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
_log = Logger("skillyard.runs")


class Watch:
    """Use it in a `with`. `take` may be called from any thread."""

    def __init__(self, app: App, run: Run, claim: str) -> None:
        self._app = app
        self._run = run
        self._claim = claim
        self._lock = threading.Lock()
        self._waiting: list[tuple[Stream, int, bytes]] = []
        self._writing = threading.Lock()
        self._is_output_taken = False
        self._unwritten: list[OutputChunk] = []
        self._taken: dict[Stream, int] = defaultdict(int)
        self._position = 0
        self._must_stop = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {run.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def must_stop(self) -> bool:
        """Whether somebody cancelled it, or it is not ours any more, or the server is about to end."""
        return self._must_stop or self._app.sandbox.is_stopping

    def take(self, stream: Stream, data: bytes) -> None:
        """What it wrote, up to its limit."""
        with self._lock:
            room = self._run.task.limits.output_bytes - self._taken[stream]
            if data := data[: max(0, room)]:
                self._taken[stream] += len(data)
                self._waiting.append((stream, self._app.clock.now_ms(), data))

    def rest(self, result: Result) -> list[OutputChunk]:
        """What was not written down yet, so that all together is the output in `result`; from here on it is for the
        caller to write. The run stays ours until the end of the `with`.
        """
        for stream in _STREAMS:
            whole = result.stdout if stream == "stdout" else result.stderr
            self.take(stream, whole[self._taken[stream] :])
        with self._writing:
            self._is_output_taken = True
            return [*self._unwritten, *self._next_chunks()]

    def _watch(self) -> None:
        asked_ms = renewed_ms = self._app.clock.now_ms()
        while not self._over.wait(_TICK_S):
            now_ms = self._app.clock.now_ms()
            try:
                self._write_down()
                if now_ms - asked_ms >= _ASK_EVERY_MS:
                    asked_ms = now_ms
                    self._ask()
                if now_ms - renewed_ms >= _RENEW_EVERY_MS:
                    self._renew(now_ms)
                    renewed_ms = now_ms
            except Exception:  # a database that is away for long makes the run another's, and then it stops
                _log.exception("run could not be looked after", run=self._run.id)

    def _write_down(self) -> None:
        with self._writing:
            if self._is_output_taken:
                return
            self._unwritten += self._next_chunks()
            if self._unwritten:
                with self._app.database.transaction(durable=False) as tx:
                    contents.add_output(tx, self._run.id, self._unwritten)
                self._unwritten = []

    def _ask(self) -> None:
        with self._app.database.reading() as tx:
            self._must_stop |= runs.is_cancel_asked(tx, self._run.id)

    def _renew(self, now_ms: int) -> None:
        with self._app.database.transaction(durable=False) as tx:
            self._must_stop |= not runs.renew(tx, self._run.id, self._claim, until_ms=now_ms + LEASE_MS)

    def _next_chunks(self) -> list[OutputChunk]:
        """Of what waits: neighbours of the same stream together."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        joined: list[tuple[Stream, int, bytearray]] = []
        for stream, at_ms, data in waiting:
            if joined and joined[-1][0] == stream:
                joined[-1][2].extend(data)
            else:
                joined.append((stream, at_ms, bytearray(data)))
        first = self._position + 1
        self._position += len(joined)
        return [
            OutputChunk(position=position, stream=stream, at_ms=at_ms, data=bytes(data))
            for position, (stream, at_ms, data) in enumerate(joined, first)
        ]
