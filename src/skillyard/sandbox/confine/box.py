"""One sandbox around one program: bubblewrap with the starter in it, and the ends of what leads inside."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from skillyard.sandbox.confine import lockdown
from skillyard.sandbox.confine.cgroups import Usage
from skillyard.sandbox.confine.machine import OURS, PYTHON_OPTIONS, Machine
from skillyard.sandbox.model import SandboxUnavailable
from skillyard.sandbox.programs import system_folders

_POWERS = ("SYS_ADMIN", "SETUID", "SETGID", "CHOWN", "NET_BIND_SERVICE", "DAC_OVERRIDE")
DEVICES = ("null", "zero", "full", "random", "urandom")
_ANSWER_S = 30.0
_CHILD = re.compile(rb'"child-pid": (\d+)')


class Box:
    """Started, with nothing to do yet. `binds`: folders of the host by where they are seen; `has_host`: those that are
    known only later are bound then. `is_python`: the starter is a Python that can run a script itself.
    Raises SandboxUnavailable.
    """

    def __init__(self, machine: Machine, binds: Mapping[str, Path], *, is_python: bool, has_host: bool = False) -> None:
        self.machine = machine
        self.is_python = is_python
        self.has_host = has_host
        self.user = machine.next_user()
        self.work: int | None = None
        self.proxy: socket.socket | None = None
        self.names: socket.socket | None = None
        self.used = Usage()
        self._first_process: int | None = None
        with contextlib.ExitStack() as undo:
            self.cgroup = machine.cgroups.make() if machine.cgroups else None
            if self.cgroup:
                undo.callback(self.cgroup.remove)
            self.control, inside = socket.socketpair()
            self.control.settimeout(_ANSWER_S)
            undo.callback(self.control.close)
            with inside:
                self.number_inside = inside.fileno()
                self.process = self._spawn(self._options(binds), inside.fileno())
            undo.callback(self.kill)
            undo.pop_all()

    def follow(self, plan: bytes, word: bytes, handles: int = 0) -> list[int]:
        """Have the starter follow a plan to where it sends that word; the open files that came along with it.
        Raises SandboxUnavailable.
        """
        try:
            self.control.sendall(plan)
            said, received, _, _ = socket.recv_fds(self.control, len(word) if handles else 64, handles)
        except OSError:
            said, received = b"", []
        if said != word or len(received) != handles:
            raise SandboxUnavailable(f"a sandbox did not come up: {self._complaint(said)}", _hint(self.machine))
        return received

    def open_places(self, places: lockdown.Places) -> int:
        """The open folder that is /work."""
        work, *others = self.follow(lockdown.open_places(self.number_inside, places), b"PLACES", 3)
        self.work = work
        self.proxy, self.names = (socket.socket(fileno=handle) for handle in others)
        return work

    def why_not_started(self) -> str | None:
        """Asked when all has ended: what the starter said if it could not become the program."""
        self.control.setblocking(False)
        try:
            said = self.control.recv(64)
        except OSError:
            return None
        return os.strerror(struct.unpack("=ii", said[4:12])[1]) if said.startswith(b"FAIL") else None

    def kill(self) -> None:
        """End everything inside, and wait for it."""
        if self.process.returncode is None:
            if self._first_process is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._first_process, signal.SIGKILL)
            else:
                self.process.kill()
            self._wait()

    def _wait(self) -> None:
        """As Popen does it, and keep what it and all inside have used."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        cpu_ms = round((usage.ru_utime + usage.ru_stime) * 1000)
        self.used = Usage(cpu_ms=cpu_ms, memory_peak_bytes=usage.ru_maxrss * 1024)

    def close(self) -> None:
        """Give everything back. Kills what still runs."""
        self.kill()
        if self._first_process is not None:
            os.close(self._first_process)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        if self.work is not None:
            os.close(self.work)
        for ours in (self.control, self.proxy, self.names):
            if ours is not None:
                ours.close()
        if self.cgroup:
            self.cgroup.remove()

    def _spawn(self, options: list[str], inside: int) -> subprocess.Popen[bytes]:
        """It reads its options only when we write them: by then it is in its cgroup, with all that it will start."""
        reading, writing = os.pipe()
        told, telling = os.pipe()
        starter = [f"{OURS}/starter"]
        if self.is_python:
            starter = [self.machine.python.file, *PYTHON_OPTIONS, f"{OURS}/starter.py"]
        command = [self.machine.bubblewrap, "--args", str(reading), "--", *starter, str(inside)]
        with open(told, "rb") as told_to_us, open(writing, "wb") as to_it:  # noqa: PTH123
            try:
                with self.cgroup.entered() if self.cgroup else contextlib.nullcontext():
                    process = subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                        cwd="/", env={}, pass_fds=(reading, telling, inside),
                    )  # fmt: skip
            finally:
                os.close(reading)
                os.close(telling)
            if self.cgroup:
                self.cgroup.adopt(process.pid)
            with contextlib.suppress(BrokenPipeError):
                to_it.write(b"".join(f"{option}\0".encode() for option in ("--info-fd", str(telling), *options)))
                to_it.close()
            child = _CHILD.search(told_to_us.read())
        if child:
            with contextlib.suppress(ProcessLookupError):
                self._first_process = os.pidfd_open(int(child[1]))
        return process

    def _options(self, binds: Mapping[str, Path]) -> list[str]:
        return [
            "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
            *([] if self.machine.is_root else ["--unshare-user", "--uid", "1000", "--gid", "1000"]),
            "--die-with-parent", "--new-session", "--hostname", "sandbox",
            "--cap-drop", "ALL", *_each("--cap-add", (f"CAP_{power}" for power in _POWERS)),
            *self._system(),
            "--ro-bind", str(self.machine.etc), "/etc",
            *(word for place, source in binds.items() for word in ("--ro-bind", str(source), place)),
            *_each("--dir", {"/skill", "/deps", "/work", "/tmp", lockdown.SCRATCH, "/dev/shm"} - set(binds)),  # noqa: S108
            *(["--bind", "/", lockdown.HOST] if self.has_host else []),
            "--proc", "/proc", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1",
            *(word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
            *("--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/proc/self/fd/0", "/dev/stdin"),
            *("--symlink", "/proc/self/fd/1", "/dev/stdout", "--symlink", "/proc/self/fd/2", "/dev/stderr"),
            "--remount-ro", "/", "--chdir", "/",
        ]  # fmt: skip

    def _system(self) -> Iterator[str]:
        for folder in system_folders():
            if Path(folder).is_symlink():
                yield from ("--symlink", str(Path(folder).readlink()), folder)
            else:
                yield from ("--ro-bind", folder, folder)
        for program in (self.machine.python, self.machine.node):
            if program and program.home:
                for above in reversed(Path(program.home).parents[:-1]):
                    yield from ("--perms", "0755", "--dir", str(above))
                yield from ("--ro-bind", program.home, program.home)

    def _complaint(self, word: bytes) -> str:
        if word.startswith(b"FAIL"):
            index, code = struct.unpack("=ii", word[4:12])
            return f"step {index} of its start failed: {os.strerror(code)}"
        self.kill()
        said = self.process.stderr.read(2000) if self.process.stderr else b""
        return said.decode("utf-8", "replace").strip() or f"bubblewrap ended with {self.process.returncode}"


def _each(option: str, values: Iterator[str] | set[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _hint(machine: Machine) -> str:
    if machine.is_root:
        return "the server may not make namespaces here: give it CAP_SYS_ADMIN, or use another kind of sandbox"
    return "allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)"
