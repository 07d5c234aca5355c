"""One sandbox around one program: bubblewrap with the starter in it, and the ends of what leads inside."""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import signal
import socket
import struct
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from skillyard.sandbox.confine import lockdown
from skillyard.sandbox.confine.machine import OURS, PYTHON_OPTIONS, Machine
from skillyard.sandbox.confine.plan import FAILED, READY
from skillyard.sandbox.model import SandboxUnavailable
from skillyard.sandbox.programs import system_folders

DEVICES = ("null", "zero", "full", "random", "urandom")
_POWERS = ("SYS_ADMIN", "SETUID", "SETGID", "CHOWN", "NET_BIND_SERVICE", "DAC_OVERRIDE")
_PLACES = ("/skill", "/deps", "/work", "/tmp", lockdown.SCRATCH, "/dev/shm")  # noqa: S108 (inside)
# Where the program has the same user as the first process, that one is hidden from it.
_FIRST_PROCESS = ("--tmpfs", "/proc/1", "--remount-ro", "/proc/1")
_ANSWER_S = 30.0
_CHILD = re.compile(rb'"child-pid": (\d+)')


class Box:
    """Coming up, with nothing to do yet. `binds`: folders of the host by where they are seen; `has_host`: those that
    are known only later are bound then. `is_python`: the starter is a Python that can run a script itself.
    `has_homes`: Python and Node are there, wherever they are.
    """

    def __init__(
        self,
        machine: Machine,
        binds: Mapping[str, Path],
        *,
        is_python: bool,
        has_host: bool = False,
        has_homes: bool = True,
    ) -> None:
        self.machine = machine
        self.is_python = is_python
        self.has_host = has_host
        self.user = machine.next_user()
        self._first_process: int | None = None
        self._received: list[int] = []
        with contextlib.ExitStack() as undo:
            self.cgroup = machine.cgroups.make() if machine.cgroups else None
            undo.callback(self._leave_cgroup)
            self._control, inside = socket.socketpair()
            self._control.settimeout(_ANSWER_S)
            undo.callback(self._control.close)
            with inside:
                self.number_inside = inside.fileno()
                self._told, self.process = self._spawn(_options(machine, binds, has_host=has_host, has_homes=has_homes))
            undo.pop_all()

    def send(self, plans: bytes) -> None:
        """Raises SandboxUnavailable, as all that follows."""
        try:
            self._control.sendall(plans)
        except OSError:
            self.receive(0)

    def receive(self, handles: int) -> list[int]:
        """Wait until the starter has followed a plan to where it sends open files; they are open until `close`."""
        try:
            said, received, _, _ = socket.recv_fds(self._control, len(READY), handles)
        except OSError:
            said, received = b"", []
        self._received += received
        if said != READY or len(received) != handles:
            raise SandboxUnavailable(f"a sandbox did not come up: {self._complaint(said)}", _hint(self.machine))
        if self._first_process is None and (child := _CHILD.search(self._told.read())):
            with contextlib.suppress(ProcessLookupError):
                self._first_process = os.pidfd_open(int(child[1]))
        return received

    def why_not_started(self) -> str | None:
        """Asked when all has ended: what the starter said if it could not become the program."""
        self._control.setblocking(False)
        try:
            said = self._control.recv(64)
        except OSError:
            return None
        return _error(said) if said.startswith(FAILED) else None

    def kill(self) -> None:
        """End everything inside, and wait for it."""
        if self.process.returncode is not None:
            return
        if self._first_process is None:
            os.kill(self.process.pid, signal.SIGKILL)
        else:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_process, signal.SIGKILL)
            _wait_for(self._first_process)  # bubblewrap itself does not wait until all inside is dead
        self.process.wait()

    def close(self) -> None:
        """Give everything back. Kills what still runs."""
        self.kill()
        for handle in (self._first_process, *self._received):
            if handle is not None:
                os.close(handle)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr, self._told, self._control):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._leave_cgroup()

    def _leave_cgroup(self) -> None:
        if self.cgroup and self.machine.cgroups:
            self.machine.cgroups.retire(self.cgroup)

    def _spawn(self, options: list[str]) -> tuple[io.BufferedReader, subprocess.Popen[bytes]]:
        """It reads its options only when we write them: by then it is in its cgroup, with all that it will start."""
        reading, writing = os.pipe()
        told, telling = os.pipe()
        starter = [f"{OURS}/starter"]
        if self.is_python:
            starter = [self.machine.python.file, *PYTHON_OPTIONS, f"{OURS}/starter.py"]
        inside = [*starter, str(self.number_inside), *(["waits"] if self.has_host else [])]
        command = [self.machine.bubblewrap, "--args", str(reading), "--", *inside]
        with open(writing, "wb", buffering=0) as to_it:  # noqa: PTH123
            try:
                with self.cgroup.entered() if self.cgroup else contextlib.nullcontext():
                    process = subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                        cwd="/", env={}, pass_fds=(reading, telling, self.number_inside),
                    )  # fmt: skip
            except BaseException:
                os.close(told)
                raise
            finally:
                os.close(reading)
                os.close(telling)
            if self.cgroup:
                self.cgroup.adopt(process.pid)
            with contextlib.suppress(BrokenPipeError):
                to_it.write(b"".join(f"{option}\0".encode() for option in ("--info-fd", str(telling), *options)))
        return open(told, "rb"), process  # noqa: PTH123

    def _complaint(self, word: bytes) -> str:
        if word and word in FAILED:
            return f"a step of its start failed: {_error(word + self._control.recv(64))}"
        self.kill()
        said = self.process.stderr.read(2000) if self.process.stderr else b""
        return said.decode("utf-8", "replace").strip() or f"bubblewrap ended with {self.process.returncode}"


def _wait_for(process: int) -> None:
    ending = select.poll()
    ending.register(process, select.POLLIN)
    ending.poll()


def _options(machine: Machine, binds: Mapping[str, Path], *, has_host: bool, has_homes: bool) -> list[str]:
    return [
        "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        *([] if machine.is_root else ["--unshare-user", "--uid", "1000", "--gid", "1000"]),
        "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--cap-drop", "ALL", *_each("--cap-add", (f"CAP_{power}" for power in _POWERS)),
        *_system(), *(_homes(machine) if has_homes else ()),
        "--ro-bind", str(machine.etc), "/etc",
        *(word for place, source in binds.items() for word in ("--ro-bind", str(source), place)),
        *_each("--dir", (place for place in _PLACES if place not in binds)),
        *(["--bind", "/", lockdown.HOST] if has_host else []),
        *(("--proc", "/proc") if machine.has_proc else ("--dir", "/proc")),
        *(word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        "--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/proc/self/fd/0", "/dev/stdin",
        "--symlink", "/proc/self/fd/1", "/dev/stdout", "--symlink", "/proc/self/fd/2", "/dev/stderr",
        *(() if machine.is_root else _FIRST_PROCESS if machine.has_proc else ()),
        *(() if machine.is_root else ("--remount-ro", "/")),
    ]  # fmt: skip


@cache
def _system() -> tuple[str, ...]:
    links = {folder: Path(folder).readlink() if Path(folder).is_symlink() else None for folder in system_folders()}
    words = [("--symlink", str(to), folder) if to else ("--ro-bind", folder, folder) for folder, to in links.items()]
    return tuple(word for option in words for word in option)


@cache
def _homes(machine: Machine) -> tuple[str, ...]:
    words: list[str] = []
    for program in (machine.python, machine.node):
        if program and program.home:
            for above in reversed(Path(program.home).parents[:-1]):
                words += ["--perms", "0755", "--dir", str(above)]
            words += ["--ro-bind", program.home, program.home]
    return tuple(words)


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _error(said: bytes) -> str:
    """Of the starter's report: `FAIL`, the number of the call, and the error."""
    return os.strerror(struct.unpack("=ii", said[4:12])[1]) if len(said) == 12 else "it went away"


def _hint(machine: Machine) -> str:
    if machine.is_root:
        return "the server may not make namespaces here: give it CAP_SYS_ADMIN, or use another kind of sandbox"
    return "allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)"
