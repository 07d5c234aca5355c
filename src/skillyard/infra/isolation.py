"""Runs pure functions on hostile input in processes of their own, with bounds on time and memory.

What the input makes of such a process (a crash, a loop, a hoard of memory) ends with it. It is no sandbox: the function
is ours and opens nothing; what runs foreign code needs more.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_SIZE = struct.Struct(">Q")
_CHUNK_BYTES = 1 << 20
_MOST_MEMORY_BYTES = 2 << 30
_CALLS_PER_PROCESS = 100  # caches of patterns grow with what was seen


class Isolated(Exception):
    """The function did not return: `why` says what became of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Process:
    """One process that waits for calls on its standard input and answers on its output."""

    def __init__(self) -> None:
        self.calls = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from skillyard.infra.isolation import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=True,
            env={name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "SYSTEMROOT")},
        )

    def call(self, request: bytes, timeout_s: float) -> bytes:
        """Raises Isolated."""
        self.calls += 1
        deadline = time.monotonic() + timeout_s
        watch = threading.Timer(timeout_s, self.kill)
        watch.daemon = True
        watch.start()
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(_SIZE.pack(len(request)))
            self._process.stdin.write(request)
            self._process.stdin.flush()
            return _read_exactly(self._process.stdout, _SIZE.unpack(_read_exactly(self._process.stdout, _SIZE.size))[0])
        except (OSError, EOFError) as error:
            self.kill()
            if time.monotonic() >= deadline:
                raise Isolated(f"it took longer than {timeout_s:g} s") from error
            raise Isolated("it broke the process that looked at it") from error
        finally:
            watch.cancel()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let it end by itself: nobody will ask again."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()
        self.kill()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None


class Isolation:
    """As many processes as are needed at once, at most `processes`; each is used again, and renewed now and then."""

    def __init__(self, processes: int) -> None:
        self._free = threading.BoundedSemaphore(processes)
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def run(self, function: Callable[P, T], timeout_s: float, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function`, a function of a module, returns for these arguments. Raises Isolated, or what it raised."""
        request = pickle.dumps((function.__module__, function.__qualname__, args, kwargs), pickle.HIGHEST_PROTOCOL)
        with self._free:
            process = self._take()
            try:
                answer = process.call(request, timeout_s)
            finally:
                self._give_back(process)
        ok, value = pickle.loads(answer)  # noqa: S301 (written by our own code; see above)
        if not ok:
            raise value
        result: T = value
        return result

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive:
                    return process
        return _Process()

    def _give_back(self, process: _Process) -> None:
        if not process.is_alive or process.calls >= _CALLS_PER_PROCESS:
            process.close()
            return
        with self._lock:
            self._idle.append(process)


def serve() -> None:
    """The other side: answer calls until nobody asks any more."""
    _limit_memory()
    source, target = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints must not speak in between
    while size := source.read(_SIZE.size):
        module, name, args, kwargs = pickle.loads(_read_exactly(source, _SIZE.unpack(size)[0]))  # noqa: S301
        try:
            answer = (True, getattr(importlib.import_module(module), name)(*args, **kwargs))
        except Exception as error:  # it is raised on the other side
            answer = (False, error)
        data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        target.write(_SIZE.pack(len(data)))
        target.write(data)
        target.flush()


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_exactly(stream: Any, size: int) -> bytes:
    parts = []
    while size:
        part = stream.read(min(size, _CHUNK_BYTES))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
