"""Programs in namespaces of their own, made by bubblewrap, behind Landlock, a system call filter and a cgroup."""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skillyard.sandbox import workspace
from skillyard.sandbox.confine import lockdown
from skillyard.sandbox.confine.box import Box
from skillyard.sandbox.confine.command import Command, command_of, environment_of
from skillyard.sandbox.confine.machine import Machine, look_around
from skillyard.sandbox.confine.plan import Plan
from skillyard.sandbox.confine.pool import Pool
from skillyard.sandbox.confine.rules import resource_limits, rules_of
from skillyard.sandbox.confine.running import Ended, Running
from skillyard.sandbox.confine.seen import Seen
from skillyard.sandbox.confine.watcher import Watcher
from skillyard.sandbox.model import Level, Observed, Result, Sandbox, SandboxUnavailable, Task
from skillyard.sandbox.probed import ProbedSandbox
from skillyard.sandbox.proxy import Proxy, Traffic, proxy_for

KIND = "bubblewrap"
PLACE = 1
_NO_TRAFFIC = Traffic((), ())
_WARM, _MOST_WARM = "2", 64
_SPARE_FILES = 10_000
_SPARE_BYTES = 1024 * 1024


def open_kind(options: Mapping[str, str], connect: Callable[..., Any] | None) -> Sandbox:  # noqa: ARG001
    """`warm`: how many sandboxes wait with a Python that is up, from the second Python program on.
    Raises SandboxUnavailable.
    """
    warm = options.get("warm", _WARM)
    if not warm.isdigit() or int(warm) > _MOST_WARM:
        hint = f"say how many sandboxes wait for work: 0 to {_MOST_WARM}"
        raise SandboxUnavailable(f"the option warm of the sandbox is {warm!r}", hint)
    return BubblewrapSandbox(look_around(), warm=int(warm))


class BubblewrapSandbox(ProbedSandbox):
    """Each run gets a sandbox of its own, which is gone afterwards."""

    name = KIND

    def __init__(self, machine: Machine, *, warm: int = 0) -> None:
        super().__init__()
        self._machine = machine
        self._warm = warm
        self._pool = Pool(machine, warm)
        self._python_runs = 0
        self._interpreters = {program.file for program in (machine.python, machine.node) if program}

    def _try(self) -> Level:
        try:
            return self._try_machine()
        except SandboxUnavailable as error:
            if "proc" not in error.why:  # containers hide parts of /proc, and then allow no other
                raise
            self._machine = replace(self._machine, has_proc=False)
            self._pool = Pool(self._machine, self._warm)
            return self._try_machine()

    def _try_machine(self) -> Level:
        level = _level(self._machine)
        with tempfile.TemporaryDirectory() as folder:
            result = self._run(Task(arguments=("sh", "-c", ":"), workspace=Path(folder)), level)
        if result.exit_code != 0:
            said = result.stderr.decode("utf-8", "replace").strip()
            raise SandboxUnavailable(f"a program did not run as it should: {said}", "look at the kernel's log")
        return level

    def run(self, task: Task) -> Result:
        return self._run(task, self._level or self.probe())

    def wait_until_warm(self, seconds: float) -> bool:
        """Whether as many as should wait for work do so within that time."""
        return self._pool.wait_until_full(seconds)

    def close(self) -> None:
        self._pool.close()
        self._machine.forget()

    def _run(self, task: Task, level: Level) -> Result:
        command = command_of(task, self._machine)
        box = self._waiting_box(command) or self._new_box(task, command)
        try:
            return _run_in(box, task, command, level)
        finally:
            box.close()

    def _new_box(self, task: Task, command: Command) -> Box:
        is_python = not self._machine.has_fast_starter
        has_homes = is_python or task.permissions.subprocess or command.program in self._interpreters
        return Box(self._machine, _binds(task), is_python=is_python, has_homes=has_homes)

    def _waiting_box(self, command: Command) -> Box | None:
        """The first Python program may be the only one, and gets none."""
        if command.script is None:
            return None
        self._python_runs += 1
        return self._pool.take() if self._python_runs > 1 else None


def _run_in(box: Box, task: Task, command: Command, level: Level) -> Result:
    inside = _let_in(box, task, command)
    seen = Seen(task, inside.brought, tuple(_homes(box.machine)))
    watcher = Watcher(
        inside.notices,
        may_start_programs=task.permissions.subprocess,
        starts=0 if _is_run_inside(box, command) else 1,
        opened=seen.opened,
    )
    proxy = _proxy(inside.proxy, task)
    try:
        ended = Running(box, task, watcher, work=inside.work, names=inside.names).run()
    finally:
        traffic = proxy.stop() if proxy else _NO_TRAFFIC
    leavings = workspace.take_out(task, inside.work, inside.brought)
    return _result(ended, leavings, _observed(watcher, traffic, ended, seen, leavings), level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """Open files that lead into a sandbox, and what was brought into its workspace."""

    work: int
    proxy: int
    names: int
    notices: int
    brought: workspace.Brought


def _let_in(box: Box, task: Task, command: Command) -> _Inside:
    """Have the starter take all its steps, with a stop in between only where files are to be brought in."""
    selection = workspace.select(task)
    plan = Plan(box.number_inside)
    handles = lockdown.open_places(plan, _places(box, task, selection))
    brought: workspace.Brought = {}
    received: list[int] = []
    if selection.sizes or workspace.writable_folders(task):
        plan.send(*handles)
        box.send(plan.encode())
        received = box.receive(len(handles))
        brought = workspace.bring_in(task, selection, received[0], owner=box.user)
        plan, handles = Plan(box.number_inside), ()
    handles = (*handles, lockdown.give_up_power(plan, _power(box, task, command)))
    plan.send(*handles)
    box.send(_becoming(box, task, command, plan))
    work, proxy, names, notices = received + box.receive(len(handles))
    return _Inside(work=work, proxy=proxy, names=names, notices=notices, brought=brought)


def _is_run_inside(box: Box, command: Command) -> bool:
    """Whether a Python that is there already runs the script, so that no program is to be started."""
    return box.is_python and command.script is not None


def _places(box: Box, task: Task, selection: workspace.Selection) -> lockdown.Places:
    return lockdown.Places(
        binds={place: str(source) for place, source in _binds(task).items()} if box.has_host else {},
        has_host=box.has_host,
        user=box.user,
        size_bytes=task.limits.disk_bytes + selection.total_bytes + _SPARE_BYTES,
        most_files=task.limits.files + len(selection.sizes) + _SPARE_FILES,
    )


def _power(box: Box, task: Task, command: Command) -> lockdown.Power:
    if box.cgroup:
        box.cgroup.limit(memory_bytes=task.limits.memory_bytes, processes=task.limits.processes)
    rules, plain_files = rules_of(task, box.machine, command)
    return lockdown.Power(
        user=box.user,
        limits=resource_limits(task, has_cgroup=box.cgroup is not None),
        landlock=box.machine.landlock,
        rules=rules,
        plain_files=plain_files,
        may_start_programs=task.permissions.subprocess,
    )


def _becoming(box: Box, task: Task, command: Command, plan: Plan) -> bytes:
    """The plan with its end, at which the starter becomes the program, or a waiting Python is told what to run."""
    environment = environment_of(task, box.machine)
    if not _is_run_inside(box, command):
        plan.execute(command.program, command.arguments, environment)
        return plan.encode()
    message = json.dumps({"arguments": command.script, "environment": environment}).encode()
    return plan.encode() + Plan(box.number_inside).encode() + struct.pack("=I", len(message)) + message


def _proxy(listener: int, task: Task) -> Proxy | None:
    if not task.has_way_out:
        return None
    proxy = proxy_for(task, socket.socket(fileno=os.dup(listener)))
    proxy.start()
    return proxy


def _binds(task: Task) -> dict[str, Path]:
    folders = {"/skill": task.skill, "/deps": task.layer}
    found = {place: folder.resolve() for place, folder in folders.items() if folder}
    for folder in found.values():
        if os.geteuid() == 0 and folder.stat().st_mode & 0o005 != 0o005:
            raise ValueError(f"{folder} must be readable by everybody (mode 0755): programs do not run as root")
    return found


def _homes(machine: Machine) -> list[str]:
    return [program.home for program in (machine.python, machine.node) if program and program.home]


def _observed(watcher: Watcher, traffic: Traffic, ended: Ended, seen: Seen, leavings: workspace.Leavings) -> Observed:
    names = {f"{name}:53" for name in ended.names_asked}
    return Observed(
        hosts=traffic.asked,
        hosts_refused=_sorted(watcher.hosts_refused | names | set(traffic.refused)),
        programs=_sorted(watcher.programs),
        programs_refused=_sorted(watcher.programs_refused),
        files_read=_sorted(seen.read),
        files_written=leavings.written,
        files_refused=_sorted(seen.refused | set(leavings.refused)),
        other_refused=_sorted(watcher.others_refused),
        services=traffic.services,
        by=("proxy", "seccomp", "workspace") if traffic is not _NO_TRAFFIC else ("seccomp", "workspace"),
    )


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values))


def _result(ended: Ended, leavings: workspace.Leavings, observed: Observed, level: Level) -> Result:
    limits_hit = ended.limits_hit | set(leavings.limits_hit)
    return Result(
        exit_code=ended.exit_code,
        signal=ended.signal,
        stdout=ended.stdout,
        stderr=ended.stderr,
        duration_ms=ended.duration_ms,
        cpu_ms=ended.cpu_ms,
        peak_memory_bytes=ended.peak_memory_bytes,
        limits_hit=_sorted(limits_hit),
        is_cancelled=ended.is_cancelled,
        observed=observed,
        level=level,
    )


def _level(machine: Machine) -> Level:
    parts = ["namespaces: mount, pid, network, ipc, uts, cgroup", "seccomp", "resource limits"]
    missing = []
    if machine.is_root:
        parts.append("a user id of its own")
    else:
        parts.append("user namespace")
    if machine.landlock:
        parts.append(f"landlock {machine.landlock}")
    else:
        missing.append("landlock: this kernel has none, or it is switched off")
    if machine.cgroups:
        parts.append(f"cgroup v{machine.cgroups.version}: {', '.join(machine.cgroups.parts)}")
    else:
        missing.append(f"cgroup: {machine.why_no_cgroups}; memory and processes are counted from outside")
    if not machine.has_proc:
        missing.append("proc: its mounting is not allowed here, so there is none")
    return Level(kind=KIND, version=machine.version, parts=tuple(parts), missing=tuple(missing))
