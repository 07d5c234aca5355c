"""The near end of `carrier`: a task packed for elsewhere, and what came of it, read from the frames that come back.

A parcel is a tar of `task.json` and of files below `work/`, `skill/` and `deps/`. A frame is a line of JSON; its
`frame` is `started`, `stdout`, `stderr`, `files` (a piece of a tar), `removed`, `ended`, or `failed`.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Literal

from skillyard.sandbox import carrier, workspace
from skillyard.sandbox.model import Level, Observed, Result, SandboxUnavailable, Stream, Task
from skillyard.sandbox.proxy import Traffic

PROXY = f"http://127.0.0.1:{carrier.PROXY_PORT}"
NO_TRAFFIC = Traffic((), ())
_OVERHEAD_BYTES = 64 * 1024 * 1024  # of a tar over the files in it
_KEPT_IN_MEMORY = 1024 * 1024
_NOISE_CHARS = 500
_PATHS = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108 (inside)
_PYTHON = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}

Part = Literal["skill", "layer"]


def carrier_program(parcel: str, folders: Mapping[str, str]) -> str:
    """The text of a Python program that carries out a parcel. `parcel` is an expression for its stream."""
    return f"{Path(carrier.__file__).read_text()}\n\nmain({parcel}, {dict(folders)!r})\n"


class Parcel:
    """Closed, it leaves nothing behind. `carried`: what of the task goes in it besides the workspace.
    `rlimits` are limits of each process, by the names that POSIX gives them. `proxy`: where a socket to one is, there.
    """

    def __init__(
        self, task: Task, *, carried: Iterable[Part], rlimits: Mapping[str, int], proxy: str | None = None
    ) -> None:
        self._task = task
        self._carried = tuple(carried)
        self._rlimits = dict(rlimits)
        self._proxy = proxy
        self._folder = tempfile.TemporaryDirectory(prefix="skillyard-parcel-")
        self._staging = os.open(self._folder.name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._brought = workspace.bring_in(task, workspace.select(task), self._staging, owner=None)
        self._files = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY)  # noqa: SIM115 (closed with the parcel)
        self._room = task.limits.disk_bytes + _OVERHEAD_BYTES
        self._output: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._removed: list[str] = []
        self._ended: dict[str, Any] | None = None
        self.parts: tuple[str, ...] = ()
        self.noise = ""

    def __enter__(self) -> Parcel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._staging)
        self._files.close()
        self._folder.cleanup()

    @property
    def has_ended(self) -> bool:
        return self._ended is not None

    def write(self, stream: BinaryIO, *, packing: Literal["w|", "w|gz"] = "w|") -> None:
        """Raises OSError when nobody reads it any more."""
        with tarfile.open(fileobj=stream, mode=packing, format=tarfile.PAX_FORMAT) as archive:
            _add_bytes(archive, "task.json", json.dumps(self._described()).encode())
            _add_folder(archive, "work", Path(self._folder.name))
            if self._task.skill and "skill" in self._carried:
                _add_folder(archive, "skill", self._task.skill)
            if self._task.layer and "layer" in self._carried:
                _add_folder(archive, "deps", self._task.layer)

    def read(self, line: bytes) -> None:
        """Take one line of what comes back; what is no frame is kept as noise. Raises SandboxUnavailable."""
        try:
            frame = json.loads(line)
            kind = frame["frame"]
            self._take(kind, frame)
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
            self.noise = (self.noise + line.decode("utf-8", "replace"))[-_NOISE_CHARS:]

    def result(
        self,
        level: Level,
        *,
        duration_ms: int,
        traffic: Traffic = NO_TRAFFIC,
        limits_hit: Iterable[str] = (),
        is_cancelled: bool = False,
    ) -> Result:
        """What came of it, with the files it left in the workspace. Without a last frame it was ended from outside, for
        `limits_hit` or because it was cancelled. Raises SandboxUnavailable when it was neither.
        """
        limits = set(limits_hit)
        if self._ended is None and not limits and not is_cancelled:
            raise SandboxUnavailable(f"the run broke off: {self.noise.strip() or 'nothing was said'}", "try again")
        ended = _Ended(self._ended or {})
        leavings = self._leave_files() if self._ended else workspace.Leavings(written=(), refused=(), limits_hit=())
        return Result(
            exit_code=ended.whole("exit_code"),
            signal=ended.whole("signal") if self._ended else 9,
            stdout=bytes(self._output["stdout"]),
            stderr=bytes(self._output["stderr"]),
            duration_ms=ended.whole("wall_ms") or duration_ms,
            cpu_ms=ended.whole("cpu_ms") or 0,
            peak_memory_bytes=ended.whole("peak_memory_bytes"),
            limits_hit=tuple(sorted(limits.union(ended.texts("limits_hit"), leavings.limits_hit))),
            is_cancelled=is_cancelled,
            observed=Observed(
                hosts=traffic.asked,
                hosts_refused=traffic.refused,
                files_written=leavings.written,
                files_refused=tuple(sorted({*leavings.refused, *ended.texts("refused")})),
                services=traffic.services,
                by=("proxy", "workspace") if self._proxy else ("workspace",),
            ),
            level=level,
        )

    def _described(self) -> dict[str, Any]:
        task = self._task
        return {
            "arguments": task.arguments,
            "environment": self._environment(),
            "stdin": base64.b64encode(task.stdin).decode(),
            "folders": workspace.writable_folders(task),
            "may_start_programs": task.permissions.subprocess,
            "rlimits": {"CORE": 0, "CPU": task.limits.cpu_s, "FSIZE": task.limits.disk_bytes, **self._rlimits},
            "proxy": self._proxy,
            "limits": {
                "wall_s": task.limits.wall_s,
                "cpu_s": task.limits.cpu_s,
                "output_bytes": task.limits.output_bytes,
                "disk_bytes": task.limits.disk_bytes,
            },
        }

    def _environment(self) -> dict[str, str]:
        ours = _PATHS | _PYTHON
        if self._task.layer:
            ours |= {"PYTHONPATH": "/deps/python", "NODE_PATH": "/deps/node_modules"}
        if self._proxy:
            names = ("http_proxy", "https_proxy", "all_proxy")
            ours |= {name: PROXY for lower in names for name in (lower, lower.upper())} | {"NODE_USE_ENV_PROXY": "1"}
        return ours | dict(self._task.environment)

    def _take(self, kind: object, frame: Mapping[str, Any]) -> None:
        if kind == "stdout" or kind == "stderr":
            self._take_output(kind, base64.b64decode(frame["data"], validate=True))
        elif kind == "files":
            piece = base64.b64decode(frame["data"], validate=True)
            self._room -= len(piece)
            if self._room < 0:
                raise SandboxUnavailable("more files came back than the run may leave", "try again")
            self._files.write(piece)
        elif kind == "started":
            self.parts = tuple(str(part) for part in frame["parts"])
        elif kind == "removed":
            self._removed = [str(path) for path in frame["paths"]]
        elif kind == "ended":
            self._ended = dict(frame)
        elif kind == "failed":
            raise SandboxUnavailable(str(frame["why"])[:_NOISE_CHARS], str(frame["hint"])[:_NOISE_CHARS])

    def _take_output(self, stream: Stream, content: bytes) -> None:
        kept = content[: max(0, self._task.limits.output_bytes - len(self._output[stream]))]
        self._output[stream] += kept
        if kept and self._task.on_output:
            self._task.on_output(stream, kept)

    def _leave_files(self) -> workspace.Leavings:
        """Bring the copies of the files up to date, and take out of them what may leave."""
        staging = Path(self._folder.name)
        self._files.seek(0)
        try:
            with tarfile.open(fileobj=self._files, mode="r|") as archive:
                for entry in archive:
                    content = archive.extractfile(entry) if entry.isreg() and _is_plain(entry.name) else None
                    if content is not None:
                        _write(staging / entry.name, content.read())
        except (tarfile.TarError, EOFError):
            raise SandboxUnavailable("the files of the run did not come back whole", "try again") from None
        for path in self._removed:
            if path in self._brought:
                (staging / path).unlink(missing_ok=True)
        return workspace.take_out(self._task, self._staging, self._brought)


class _Ended:
    """The last frame, of which nothing is believed but the types that it should have."""

    def __init__(self, frame: Mapping[str, Any]) -> None:
        self._frame = frame

    def whole(self, name: str) -> int | None:
        value = self._frame.get(name)
        return value if isinstance(value, int) else None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._frame.get(name)
        return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _add_folder(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    """Plain files only; nobody's names and times go along."""
    for here, _, files in os.walk(folder):
        for file in sorted(files):
            path = Path(here) / file
            if path.is_symlink() or not path.is_file():
                continue
            entry = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
            found = path.stat()
            entry.size, entry.mode = found.st_size, 0o755 if found.st_mode & 0o100 else 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)


def _is_plain(path: str) -> bool:
    names = PurePosixPath(path).parts
    return bool(names) and not path.startswith("/") and ".." not in names and path.isprintable()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
