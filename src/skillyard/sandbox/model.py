"""What is to be run, within which bounds, and what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skillyard.public_addresses import AllowList
from skillyard.sandbox.service import Service
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions

Stream = Literal["stdout", "stderr"]
_MIB = 1024 * 1024
NO_PRIVATE_HOSTS = AllowList()


class SandboxUnavailable(Exception):
    """Isolation cannot be had here; nothing was run. `hint`: what to do about it."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run. `wall_s` counts from the start of the program, `cpu_s` over all its processes;
    `disk_bytes` and `files` are of what it leaves in its workspace, which is kept in memory while it runs and counts
    there, too; `output_bytes` of stdout and of stderr each.
    """

    wall_s: float = 60.0
    cpu_s: int = 60
    memory_bytes: int = 512 * _MIB
    processes: int = 64
    disk_bytes: int = 256 * _MIB
    files: int = 1000
    output_bytes: int = _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One program with all it gets.

    Inside, `skill` is /skill and `layer` is /deps, both read-only; `workspace` is /work, the folder it starts in.
    `arguments[0]` is a program: `python`, `node`, `sh`, or a file below /skill. `inputs` are files of the workspace
    that were handed over by name, readable whatever is declared; the rest of it as `permissions` say. `environment`
    holds only what was declared or belongs to us. `skill` and `layer` must be readable by everybody, since no program
    runs as root. `private_hosts`: the declared hosts that may have private addresses. `services`: what the server
    answers itself, by the name of a host that is in the sandbox only, in lower case; asked by plain HTTP, through the
    proxy or at its port.
    """

    arguments: tuple[str, ...]
    workspace: Path
    skill: Path | None = None
    layer: Path | None = None
    inputs: tuple[str, ...] = ()
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions = NO_PERMISSIONS
    private_hosts: AllowList = NO_PRIVATE_HOSTS
    services: Mapping[str, Service] = field(default_factory=dict)
    limits: Limits = Limits()
    on_output: Callable[[Stream, bytes], None] | None = None
    is_cancelled: Callable[[], bool] | None = None

    @property
    def has_way_out(self) -> bool:
        """Whether it needs the proxy."""
        return bool(self.permissions.network_outbound or self.services)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What it did, and what it tried in vain. Hosts as `host:port`, with port 53 for a name that was asked of DNS;
    programs as paths inside, and `fork`; files relative to the workspace, others with their whole path; the rest by
    the names of system calls; `services` those of the task's that it asked. `by`: the witnesses: `proxy`, `seccomp`,
    `workspace`.
    """

    hosts: tuple[str, ...] = ()
    hosts_refused: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    programs_refused: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    files_refused: tuple[str, ...] = ()
    other_refused: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How a program is isolated: `kind` is the plugin, `parts` what of it is in force, in words, such as
    `namespaces`, `seccomp`, `landlock 7`, `cgroup v1: memory, pids`; `missing` what is not, and why.
    """

    kind: str
    version: str
    parts: tuple[str, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`exit_code` is None when a signal or a limit ended it. `limits_hit`: names of fields of `Limits`."""

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    duration_ms: int
    cpu_ms: int
    peak_memory_bytes: int | None
    limits_hit: tuple[str, ...]
    is_cancelled: bool
    observed: Observed
    level: Level

    @property
    def is_good(self) -> bool:
        return self.exit_code == 0 and not self.limits_hit and not self.is_cancelled


class Sandbox(ABC):
    """A way to isolate programs. Found by its file in `kinds/`, which has a `KIND`."""

    name: str

    @abstractmethod
    def probe(self) -> Level:
        """The level that is reached here, tried and not assumed; remembered. Raises SandboxUnavailable."""

    @abstractmethod
    def run(self, task: Task) -> Result:
        """Run it to its end. Raises SandboxUnavailable when it was not run."""

    def close(self) -> None:  # noqa: B027 (most have nothing to give back)
        """End whatever waits for work."""
