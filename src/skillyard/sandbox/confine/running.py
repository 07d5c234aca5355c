"""One run, from outside: feeds and reads the program, lets its calls be answered, and ends it at its limits."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from skillyard.sandbox.confine.box import Box
from skillyard.sandbox.confine.meter import Meter
from skillyard.sandbox.confine.names import note_question
from skillyard.sandbox.confine.watcher import Watcher
from skillyard.sandbox.model import Stream, Task

_TICK_S = 0.05
_CHUNK = 64 * 1024
_NOT_STARTED, _SIGNALLED = 127, 128
_LAST_WORDS = 2000
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of it, as far as it is seen from outside. `exit_code` and `signal`: one of them is None."""

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    duration_ms: int
    cpu_ms: int
    peak_memory_bytes: int | None
    limits_hit: frozenset[str]
    is_cancelled: bool
    names_asked: frozenset[str]


class Running:
    """Until the program has ended by itself, at one of its limits, or because it was cancelled."""

    def __init__(self, box: Box, task: Task, watcher: Watcher, *, work: int, names: int) -> None:
        process = box.process
        assert process.stdin and process.stdout and process.stderr  # noqa: PT018
        self._box, self._task, self._watcher, self._names = box, task, watcher, names
        self._stdin, self._to_write = process.stdin, memoryview(task.stdin)
        self._sources: dict[Stream, IO[bytes]] = {"stdout": process.stdout, "stderr": process.stderr}
        self._output: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._meter = Meter(box, task.limits, work)
        self._limits_hit = self._meter.limits_hit
        self._is_cancelled = self._was_ended = False
        self._names_asked: set[str] = set()
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], bool]] = {}
        self._began = time.monotonic()
        self._next_look = self._began + _TICK_S

    def run(self) -> Ended:
        """Blocks. Afterwards nothing is alive inside."""
        end = os.pidfd_open(self._box.process.pid)
        try:
            self._handle(end, select.POLLIN, lambda: False)
            self._handle(self._sources["stdout"].fileno(), select.POLLIN, lambda: self._read("stdout"))
            self._handle(self._sources["stderr"].fileno(), select.POLLIN, lambda: self._read("stderr"))
            self._handle(self._watcher.fileno(), select.POLLIN, self._answer)
            self._handle(self._names, select.POLLIN, self._note_question)
            os.set_blocking(self._stdin.fileno(), False)
            self._handle(self._stdin.fileno(), select.POLLOUT, self._write)
            while end in self._handlers:
                self._turn()
            if not self._task.permissions.subprocess and not self._was_ended:
                self._box.process.wait()  # there was only the one
        finally:
            os.close(end)
            self._box.kill()
        duration_ms = round((time.monotonic() - self._began) * 1000)
        self._drain()
        return self._ended(duration_ms)

    def _turn(self) -> None:
        for handle, event in self._poll.poll(_TICK_S * 1000):
            goes_on = bool(event & ~_GONE) and self._handlers[handle]()
            if not goes_on:
                self._forget(handle)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _TICK_S
            self._look(now)

    def _handle(self, handle: int, events: int, handler: Callable[[], bool]) -> None:
        self._handlers[handle] = handler
        self._poll.register(handle, events)

    def _forget(self, handle: int) -> None:
        self._poll.unregister(handle)
        del self._handlers[handle]
        if not self._stdin.closed and handle == self._stdin.fileno():
            self._stdin.close()

    def _read(self, stream: Stream) -> bool:
        content = os.read(self._sources[stream].fileno(), _CHUNK)
        kept = content[: self._task.limits.output_bytes - len(self._output[stream])]
        self._output[stream] += kept
        if kept and self._task.on_output:
            self._task.on_output(stream, kept)
        if len(kept) < len(content):
            self._end_for("output_bytes")
        return bool(content)

    def _write(self) -> bool:
        try:
            written = os.write(self._stdin.fileno(), self._to_write[:_CHUNK])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._to_write = self._to_write[written:]
        return bool(self._to_write)

    def _answer(self) -> bool:
        self._watcher.answer()
        return True

    def _note_question(self) -> bool:
        note_question(self._names, self._names_asked, self._task.services)
        return True

    def _look(self, now: float) -> None:
        if self._task.is_cancelled and self._task.is_cancelled():
            self._is_cancelled = self._was_ended = True
            self._box.kill()
        if now - self._began > self._task.limits.wall_s:
            self._end_for("wall_s")
        if limit := self._meter.look():
            self._end_for(limit)

    def _end_for(self, limit: str) -> None:
        self._limits_hit.add(limit)
        self._was_ended = True
        self._box.kill()

    def _drain(self) -> None:
        """What is still in the pipes."""
        for stream, source in self._sources.items():
            if source.fileno() in self._handlers:
                while self._read(stream):
                    pass

    def _ended(self, duration_ms: int) -> Ended:
        code, said = self._box.process.returncode, bytes(self._output["stderr"])
        if why := self._box.why_not_started():
            code, said = _NOT_STARTED, f"{self._task.arguments[0]} cannot be started: {why}\n".encode()
        number = -code if code < 0 else code - _SIGNALLED if code > _SIGNALLED else None
        if number == signal.SIGXCPU:
            self._limits_hit.add("cpu_s")
        self._meter.look_back(said[-_LAST_WORDS:], is_good=code == 0)
        return Ended(
            exit_code=code if number is None else None,
            signal=number,
            stdout=bytes(self._output["stdout"]),
            stderr=said,
            duration_ms=duration_ms,
            cpu_ms=self._meter.cpu_ms,
            peak_memory_bytes=self._meter.peak_memory_bytes or None,
            limits_hit=frozenset(self._limits_hit),
            is_cancelled=self._is_cancelled,
            names_asked=frozenset(self._names_asked),
        )
