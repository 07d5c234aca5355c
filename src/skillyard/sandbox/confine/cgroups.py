"""A cgroup per run: memory, processes and processor time of all of it together, in version 1 or 2.

A program is started in it rather than moved into it: moving one makes the kernel wait for every processor.
"""

from __future__ import annotations

import contextlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "skillyard-"
_CPU_PERIOD_US = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run has used; None where this kernel does not count it."""

    memory_peak_bytes: int | None = None
    cpu_ms: int | None = None
    was_out_of_memory: bool = False
    was_out_of_processes: bool = False


class Cgroup(ABC):
    """One run's."""

    @contextlib.contextmanager
    @abstractmethod
    def entered(self) -> Iterator[None]:
        """What this thread starts meanwhile is in it."""

    def adopt(self, process: int) -> None:  # noqa: B027 (only where `entered` cannot be had)
        """Move a process into it that was not started there."""

    @abstractmethod
    def limit(self, *, memory_bytes: int, processes: int) -> None: ...

    @abstractmethod
    def usage(self) -> Usage: ...

    @abstractmethod
    def remove(self) -> bool:
        """After its last process has ended; False while the kernel is not done with that."""


class Cgroups(ABC):
    """Makes them, below the group that this process is in."""

    version: int
    parts: tuple[str, ...]

    def __init__(self) -> None:
        self._leaving: list[Cgroup] = []

    @abstractmethod
    def make(self) -> Cgroup: ...

    def retire(self, group: Cgroup) -> None:
        """Remove it, now or later: a process can be seen for some milliseconds after it has ended."""
        self._leaving.append(group)
        self._leaving = [left for left in self._leaving if not left.remove()]

    def close(self) -> None:
        deadline = time.monotonic() + 1
        while self._leaving and time.monotonic() < deadline:
            time.sleep(0.01)
            self._leaving = [left for left in self._leaving if not left.remove()]


def find() -> tuple[Cgroups | None, str]:
    """What can be had here, tried; or None and why not."""
    why = []
    for kind in (_Version2, _Version1):
        try:
            groups = kind()
            group = groups.make()
            try:
                with group.entered():
                    pass
                group.limit(memory_bytes=64 * 1024 * 1024, processes=16)
            finally:
                groups.retire(group)
            return groups, ""
        except OSError as error:
            why.append(f"version {kind.version}: {error.strerror or error}")
    return None, "; ".join(why)


class _Version1(Cgroups):
    version = 1

    def __init__(self) -> None:
        super().__init__()
        self.own = _own_groups()
        wanted = ("memory", "pids", "cpuacct")
        self.folders = {name: self._folder(name) for name in wanted}
        if not self.folders["memory"].is_dir():
            raise FileNotFoundError(2, "no memory controller")
        self.parts = ("memory", "pids", "cpuacct")
        for folder in set(self.folders.values()):
            _sweep(folder)

    def make(self) -> Cgroup:
        return _Group1(self.folders, f"{_PREFIX}{os.getpid()}-{uuid4().hex[:12]}")

    def _folder(self, controller: str) -> Path:
        for names, path in self.own.items():
            if controller in names.split(","):
                mounted = _ROOT / names if (_ROOT / names).is_dir() else _ROOT / controller
                inside = mounted / path.lstrip("/")
                return inside if inside.is_dir() else mounted
        raise FileNotFoundError(2, f"no {controller} controller")


class _Group1(Cgroup):
    def __init__(self, folders: dict[str, Path], name: str) -> None:
        self._parents = tuple(dict.fromkeys(map(str, folders.values())))
        self._folders = tuple(f"{parent}/{name}" for parent in self._parents)
        self._memory, self._pids, self._cpu = (f"{folders[which]}/{name}" for which in ("memory", "pids", "cpuacct"))
        for folder in self._folders:
            os.mkdir(folder)  # noqa: PTH102 (measured)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        try:
            for folder in self._folders:
                _write(f"{folder}/tasks", "0")
            yield
        finally:
            for folder in self._parents:
                _write(f"{folder}/tasks", "0")

    def limit(self, *, memory_bytes: int, processes: int) -> None:
        _write(f"{self._memory}/memory.limit_in_bytes", str(memory_bytes))
        with contextlib.suppress(OSError):  # only where swapping is counted
            _write(f"{self._memory}/memory.memsw.limit_in_bytes", str(memory_bytes))
        _write(f"{self._pids}/pids.max", str(processes))

    def usage(self) -> Usage:
        return Usage(
            memory_peak_bytes=_number(f"{self._memory}/memory.max_usage_in_bytes"),
            cpu_ms=_number(f"{self._cpu}/cpuacct.usage") // 1_000_000,
            was_out_of_memory=_field(f"{self._memory}/memory.oom_control", "oom_kill") > 0,
            was_out_of_processes=_field(f"{self._pids}/pids.events", "max") > 0,
        )

    def remove(self) -> bool:
        return all(_remove(folder) for folder in self._folders)


class _Version2(Cgroups):
    version = 2

    def __init__(self) -> None:
        super().__init__()
        path = _own_groups().get("")
        if path is None or not (_ROOT / "cgroup.controllers").exists():
            raise FileNotFoundError(2, "not mounted")
        self.home = self._home(_ROOT / path.lstrip("/"))
        self.parts = ("memory", "pids")
        _sweep(self.home)

    def make(self) -> Cgroup:
        return _Group2(self.home, f"{_PREFIX}{os.getpid()}-{uuid4().hex[:12]}")

    @staticmethod
    def _home(own: Path) -> Path:
        """A group whose children may have limits: the own one when it was handed over to us, else the topmost."""
        for folder in (own, own.parent, _ROOT):
            with contextlib.suppress(OSError):
                _write(f"{folder}/cgroup.subtree_control", "+memory +pids")
                return folder
        raise PermissionError(13, "no group here may have limited children")


class _Group2(Cgroup):
    def __init__(self, home: Path, name: str) -> None:
        self._folder = f"{home}/{name}"
        os.mkdir(self._folder)  # noqa: PTH102 (measured)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        yield

    def adopt(self, process: int) -> None:
        _write(f"{self._folder}/cgroup.procs", str(process))

    def limit(self, *, memory_bytes: int, processes: int) -> None:
        _write(f"{self._folder}/memory.max", str(memory_bytes))
        with contextlib.suppress(OSError):
            _write(f"{self._folder}/memory.swap.max", "0")
            _write(f"{self._folder}/memory.oom.group", "1")
        _write(f"{self._folder}/pids.max", str(processes))

    def usage(self) -> Usage:
        peak = f"{self._folder}/memory.peak"
        return Usage(
            memory_peak_bytes=_number(peak) if Path(peak).exists() else None,
            cpu_ms=_field(f"{self._folder}/cpu.stat", "usage_usec") // 1000,
            was_out_of_memory=_field(f"{self._folder}/memory.events", "oom_kill") > 0,
            was_out_of_processes=_field(f"{self._folder}/pids.events", "max") > 0,
        )

    def remove(self) -> bool:
        return _remove(self._folder)


def _own_groups() -> dict[str, str]:
    """The group of this process by its controllers, as the kernel names them; "" is version 2."""
    lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    return {names: path for _, names, path in lines}


def _sweep(folder: Path) -> None:
    """Remove what killed servers left."""
    for left in folder.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _remove(folder: str) -> bool:
    try:
        os.rmdir(folder)  # noqa: PTH106 (measured)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _write(file: str, value: str) -> None:
    handle = os.open(file, os.O_WRONLY)
    try:
        os.write(handle, value.encode())
    finally:
        os.close(handle)


def _read(file: str) -> str:
    handle = os.open(file, os.O_RDONLY)
    try:
        return os.read(handle, 4096).decode()
    finally:
        os.close(handle)


def _number(file: str) -> int:
    return int(_read(file))


def _field(file: str, name: str) -> int:
    for line in _read(file).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
