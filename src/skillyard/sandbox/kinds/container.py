"""Programs in containers of an engine on this machine: docker or podman, with gVisor's runtime where it is installed.

The engine is asked through its command line. The container has no network; where hosts are declared, it gets a socket
to our proxy. The image must have Python 3.9 or later, and whatever else skills are to run with.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from skillyard.sandbox.model import Level, Result, Sandbox, SandboxUnavailable, Task
from skillyard.sandbox.parcel import NO_TRAFFIC, Parcel, carrier_program
from skillyard.sandbox.probed import ProbedSandbox
from skillyard.sandbox.proxy import Proxy, proxy_for

KIND = "container"
PLACE = 2
_ENGINES = ("docker", "podman")
_IMAGE = "docker.io/library/python:3-slim"
_GVISOR = "runsc"
_USER = "65534:65534"
_OWN_PROCESSES = 8  # the carrier and its threads
_MIB = 1024 * 1024
_TMP_BYTES = 64 * _MIB
_SKILL_BYTES = 256 * _MIB
_START_S = 60.0  # an engine that is busy takes long
_ANSWER_S = 30.0
_TICK_S = 0.1
_CHUNK = 64 * 1024
_MAX_LINE = 256 * 1024
_FOLDERS = {"work": "/work", "skill": "/skill", "deps": "/deps"}
_PROXY_FOLDER = "/run/skillyard"
_ENFORCED = (
    "no capabilities", "no new privileges", "read-only system", "no network but the proxy",
    "cgroup: memory_bytes, processes",
)  # fmt: skip
_NOT_ENFORCED = (
    "memory_bytes counts together with disk_bytes: the workspace is kept in memory",
    "writing what is not declared fails only afterwards: it does not leave the container",
)


def open_kind(options: Mapping[str, str], connect: Callable[..., Any] | None) -> Sandbox:  # noqa: ARG001
    """Options: `engine` (a command), `image`, `runtime`. Raises SandboxUnavailable."""
    wanted = [options["engine"]] if options.get("engine") else list(_ENGINES)
    found = next(filter(None, map(shutil.which, wanted)), None)
    if found is None:
        raise SandboxUnavailable(f"there is no {' and no '.join(wanted)} here", "install docker or podman")
    return ContainerSandbox(found, image=options.get("image") or _IMAGE, runtime=options.get("runtime"))


class ContainerSandbox(ProbedSandbox):
    """Each run gets a container of its own, which is removed afterwards. `runtime` None: gVisor's, else the usual."""

    name = KIND

    def __init__(self, engine: str, *, image: str, runtime: str | None) -> None:
        super().__init__()
        self._engine = engine
        self._image = image
        self._runtime = runtime

    def run(self, task: Task) -> Result:
        level = self.probe()
        with _proxy(task) as (folder, proxy), self._parcel(task, folder) as parcel:
            return self._carry_out(task, parcel, folder, proxy, level)

    def _try(self) -> Level:
        version = self._ask("version", "--format", "{{.Server.Version}}").strip()
        if self._runtime is None:
            listed = self._ask("info", "--format", "{{json .}}")
            self._runtime = _GVISOR if f'"{_GVISOR}"' in listed else ""
        try:
            self._ask("image", "inspect", self._image)
        except SandboxUnavailable as error:
            hint = f"get it once with: {Path(self._engine).name} pull {self._image}"
            raise SandboxUnavailable(f"the image {self._image} is not here", hint) from error
        with tempfile.TemporaryDirectory() as folder:
            task = Task(arguments=("python", "-c", "print(1)"), workspace=Path(folder))
            with self._parcel(task, None) as parcel:
                result = self._carry_out(task, parcel, None, None, self._level_of(version, ()))
                if result.stdout != b"1\n":
                    raise SandboxUnavailable(
                        f"a program did not run as it should: {parcel.noise}", "see the engine's log"
                    )
                return self._level_of(version, parcel.parts)

    def _level_of(self, version: str, parts: tuple[str, ...]) -> Level:
        engine = Path(self._engine).name
        around = "gvisor" if self._runtime == _GVISOR else "namespaces"
        runtime = f", runtime {self._runtime}" if self._runtime else ""
        enforces_programs = any("landlock" in part for part in parts)
        missing = () if enforces_programs else ("subprocess: a program may still become another one",)
        return Level(
            kind=KIND, version=f"{engine} {version}{runtime}, {self._image}", parts=(around, *_ENFORCED, *parts),
            missing=(*_NOT_ENFORCED, *missing),
        )  # fmt: skip

    def _ask(self, *arguments: str) -> str:
        """What the engine answers. Raises SandboxUnavailable with what it says instead."""
        try:
            asked = subprocess.run(
                [self._engine, *arguments], capture_output=True, text=True, timeout=_ANSWER_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxUnavailable(f"{self._engine} does not answer: {error}", "start the container engine") from None
        if asked.returncode:
            said = " ".join(asked.stderr.split())[:300]
            raise SandboxUnavailable(f"{Path(self._engine).name} refuses: {said}", "start the container engine")
        return asked.stdout

    def _parcel(self, task: Task, proxy_folder: str | None) -> Parcel:
        socket_inside = f"{_PROXY_FOLDER}/proxy" if proxy_folder else None
        return Parcel(task, carried=("skill",), rlimits={"NOFILE": 1024, "MEMLOCK": 65536}, proxy=socket_inside)

    def _carry_out(
        self, task: Task, parcel: Parcel, proxy_folder: str | None, proxy: Proxy | None, level: Level
    ) -> Result:
        name = f"skillyard-{secrets.token_hex(8)}"
        command = [self._engine, *options_of(task, name, self._runtime or "", proxy_folder), self._image, "-I", "-c"]
        began = time.monotonic()
        try:
            process = subprocess.Popen(
                [*command, carrier_program("sys.stdin.buffer", _FOLDERS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
            )  # fmt: skip
            with process:
                limits_hit, is_cancelled = _attend(process, task, parcel)
            if not parcel.has_ended and not is_cancelled and self._ran_out_of_memory(name):
                limits_hit = {*limits_hit, "memory_bytes"}
        finally:
            with contextlib.suppress(SandboxUnavailable):  # what came of the run counts all the same
                self._ask("rm", "--force", name)
        return parcel.result(
            level,
            duration_ms=round((time.monotonic() - began) * 1000),
            traffic=proxy.stop() if proxy else NO_TRAFFIC,
            limits_hit=limits_hit,
            is_cancelled=is_cancelled,
        )

    def _ran_out_of_memory(self, name: str) -> bool:
        try:
            return self._ask("inspect", "--format", "{{.State.OOMKilled}}", name).strip() == "true"
        except SandboxUnavailable:
            return False


def options_of(task: Task, name: str, runtime: str, proxy_folder: str | None) -> list[str]:
    """How an engine is asked for a container that holds a task; the image and its command follow."""
    limits = task.limits
    memory = limits.memory_bytes + limits.disk_bytes
    writable = "rw,exec,nosuid,nodev,mode=1777,size="
    mounts = [
        f"--tmpfs=/work:{writable}{limits.disk_bytes}", f"--tmpfs=/tmp:{writable}{_TMP_BYTES}",
        f"--tmpfs=/skill:{writable}{_SKILL_BYTES}",
        *([f"--mount=type=bind,src={task.layer.resolve()},dst=/deps,readonly"] if task.layer else []),
        *([f"--mount=type=bind,src={proxy_folder},dst={_PROXY_FOLDER},readonly"] if proxy_folder else []),
    ]  # fmt: skip
    return [
        "run", f"--name={name}", "--interactive", "--pull=never", "--log-driver=none",
        *([f"--runtime={runtime}"] if runtime else []),
        "--network=none", *(f"--add-host={host}:127.0.0.1" for host in task.services),
        "--ipc=private", "--hostname=sandbox", f"--user={_USER}", "--read-only", "--cap-drop=ALL",
        "--security-opt=no-new-privileges", f"--memory={memory}b", f"--memory-swap={memory}b",
        f"--pids-limit={limits.processes + _OWN_PROCESSES}", "--ulimit=core=0:0", "--ulimit=nofile=1024:1024",
        "--ulimit=nproc=4096:4096", *mounts, "--workdir=/tmp", "--entrypoint=python3",
    ]  # fmt: skip


@contextlib.contextmanager
def _proxy(task: Task) -> Iterator[tuple[str | None, Proxy | None]]:
    """A folder with the socket of a running proxy, where the task may reach hosts."""
    if not task.has_way_out:
        yield None, None
        return
    with tempfile.TemporaryDirectory(prefix="skillyard-proxy-") as folder:
        path = Path(folder, "proxy")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        Path(folder).chmod(0o755)
        path.chmod(0o666)
        proxy = proxy_for(task, listener)
        proxy.start()
        try:
            yield folder, proxy
        finally:
            proxy.stop()


def _attend(process: subprocess.Popen[bytes], task: Task, parcel: Parcel) -> tuple[set[str], bool]:
    """Hand over the parcel and read what comes back, to the end; the limits that it had to be ended for from here, and
    whether it was cancelled.
    """
    assert process.stdin
    assert process.stdout
    threading.Thread(target=_hand_over, args=(parcel, process.stdin), daemon=True).start()
    last = time.monotonic() + _START_S + task.limits.wall_s + _ANSWER_S
    waiting = bytearray()
    while time.monotonic() < last:
        if task.is_cancelled and task.is_cancelled():
            process.kill()
            return set(), True
        if not select.select([process.stdout], [], [], _TICK_S)[0]:
            continue
        content = os.read(process.stdout.fileno(), _CHUNK)
        *lines, rest = (waiting + content).split(b"\n")
        for line in lines:
            parcel.read(bytes(line))
        waiting = rest[:_MAX_LINE]
        if parcel.has_ended or not content:
            parcel.read(bytes(waiting))
            process.kill()  # only the command line of the engine, which may take its time to end
            return set(), False
    process.kill()
    return {"wall_s"}, False


def _hand_over(parcel: Parcel, stdin: Any) -> None:
    with contextlib.suppress(OSError), stdin:
        parcel.write(stdin)
