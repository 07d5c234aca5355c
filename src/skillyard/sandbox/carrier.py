"""Runs one program where something else isolates it, a container engine or another machine: the part over there.

It is sent as text, to a Python 3.9 or later that has nothing of ours: so it is one file, of the standard library only.
It reads a parcel, keeps the program to its limits, and answers with frames; `parcel` is their other end. What cannot be
had over there is missing from the parts that it names. It is to be the first process there, and not root.
"""

# It is started for every run, and pathlib would take long to load.
# ruff: noqa: PTH101, PTH103, PTH113, PTH114, PTH117, PTH118, PTH120, PTH122, PTH123
from __future__ import annotations

import base64
import contextlib
import ctypes
import io
import json
import os
import platform
import re
import resource
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

PROXY_PORT = 3128
_TICK_S = 0.05
_FRAME_BYTES = 8 * 1024  # some who carry frames cut longer lines
_CHUNK = 64 * 1024
_MAX_ENTRIES = 100_000
_RUNNERS = {".py": "python", ".js": "node", ".mjs": "node", ".cjs": "node", ".sh": "sh"}
_LOADER = re.compile(rb"/lib[\w./-]*/ld-[\w.-]+")
_DUMPABLE, _SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 4, 22, 2, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _MAY_EXECUTE = 444, 445, 446, 1
_KILL, _ALLOW, _REFUSE, _UNKNOWN = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050026
_CLONE_THREAD, _CLONE3, _X32 = 0x00010000, 435, 0x40000000
# By machine: its name for seccomp, and its numbers of clone, and of fork and vfork where it has them.
_CALLS = {"x86_64": (0xC000003E, 56, (57, 58)), "aarch64": (0xC00000B7, 220, ())}
_CGROUP = "/sys/fs/cgroup"
_ENDING = {"wall_s", "cpu_s", "output_bytes"}  # limits for which a program is ended from outside

Mark = tuple[int, int]


def main(parcel: BinaryIO, folders: dict[str, str]) -> None:
    """`folders` say where the parts of the parcel go: `work`, `skill`, `deps`."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)  # so that a program of the same user cannot reach into this process
    task = unpack(parcel, folders)
    before = {path: mark(found) for path, found in files_below(folders["work"], set())}
    command = command_of(task["arguments"], folders["skill"])
    confinement = Confinement(libc, task, command[0])
    if task["proxy"]:
        relay(task["proxy"])
    running = Running(task, confinement)
    send("started", parts=confinement.parts)
    running.run(command, folders["work"])
    refused = send_files(folders["work"], before, running)
    running.send_end(refused)


def unpack(parcel: BinaryIO, folders: dict[str, str]) -> dict[str, Any]:
    task: dict[str, Any] = {}
    with tarfile.open(fileobj=parcel, mode="r|*") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is None:
                continue
            if entry.name == "task.json":
                task = json.loads(content.read())
                continue
            kind, _, path = entry.name.partition("/")
            target = os.path.join(folders[kind], path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content.read())
            os.chmod(target, entry.mode & 0o777)
    for folder in [""] + task["folders"]:
        os.makedirs(os.path.join(folders["work"], folder), exist_ok=True)
    return task


def command_of(arguments: list[str], skill: str) -> list[str]:
    """With the whole path of the program, and before a script of the skill what its ending stands for."""
    name, rest = arguments[0], arguments[1:]
    script = os.path.join(skill, name)
    if os.path.isfile(script) and (os.path.isabs(name) or not name.startswith(".")):
        runner = _RUNNERS.get(os.path.splitext(script)[1].lower())
        name, rest = (runner, [script, *rest]) if runner else (script, rest)
    if name in ("python", "python3"):
        return [os.path.realpath(sys.executable), *rest]
    if "/" in name:
        return [name, *rest]
    for folder in os.environ.get("PATH", os.defpath).split(":"):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return [path, *rest]
    send("failed", why=name + " is not there", hint="use an image that has " + name)
    sys.exit(1)


class Confinement:
    """What is put on the program itself, between the fork and its start. `parts`: what of it can be had."""

    def __init__(self, libc: Any, task: dict[str, Any], program: str) -> None:
        self.parts = ["limits: wall_s, cpu_s, output_bytes, disk_bytes"]
        self._libc = libc
        self._limits = task["rlimits"]
        self._filter: Any | None = None
        self._ruleset = -1
        if not task["may_start_programs"]:
            self._filter = self._no_processes()
            self._ruleset = self._only(program)

    def __call__(self) -> None:
        self._libc.prctl(_DUMPABLE, 1, 0, 0, 0)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # when memory is short, the program goes first
        for name, value in self._limits.items():
            which = getattr(resource, "RLIMIT_" + name)
            most = resource.getrlimit(which)[1]
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            later = (
                value + 1 if name == "CPU" and most == resource.RLIM_INFINITY else value
            )  # first a signal that tells why
            resource.setrlimit(which, (value, later))
        self._libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if self._ruleset >= 0 and self._libc.syscall(_RESTRICT_SELF, self._ruleset, 0):
            raise OSError("landlock")
        if self._filter is not None and self._libc.prctl(_SECCOMP, _FILTER, self._filter, 0, 0):
            raise OSError("seccomp")

    def _no_processes(self) -> Any | None:
        """A filter that lets threads be made, and no processes."""
        if platform.machine() not in _CALLS:
            return None
        name, clone, forks = _CALLS[platform.machine()]
        steps = [(0x20, 0, 0, 4), (0x15, 1, 0, name), (0x06, 0, 0, _KILL), (0x20, 0, 0, 0)]
        steps += [(0x35, 0, 1, _X32), (0x06, 0, 0, _KILL), (0x15, 0, 1, _CLONE3), (0x06, 0, 0, _UNKNOWN)]
        for number in forks:
            steps += [(0x15, 0, 1, number), (0x06, 0, 0, _REFUSE)]
        steps += [(0x15, 0, 3, clone), (0x20, 0, 0, 16), (0x45, 1, 0, _CLONE_THREAD), (0x06, 0, 0, _REFUSE)]
        steps += [(0x06, 0, 0, _ALLOW)]
        code = b"".join(struct.pack("=HBBI", *step) for step in steps)
        self._code = ctypes.create_string_buffer(code, len(code))
        self.parts.append("seccomp: no processes")
        header = struct.pack("=H6xQ", len(steps), ctypes.addressof(self._code))
        return ctypes.create_string_buffer(header, len(header))

    def _only(self, program: str) -> int:
        """Rules of Landlock by which nothing but this program, with what loads it, is started."""
        handled = ctypes.create_string_buffer(struct.pack("=Q", _MAY_EXECUTE), 8)
        ruleset = int(self._libc.syscall(_CREATE_RULESET, handled, 8, 0))
        if ruleset < 0 or not os.path.isfile(program):
            return ruleset
        with open(program, "rb") as file:
            head = file.read(_CHUNK)
        loader = _LOADER.search(head) if head.startswith(b"\x7fELF") else None
        for path in [program] + ([loader[0].decode()] if loader else []):
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = ctypes.create_string_buffer(struct.pack("=Qi", _MAY_EXECUTE, opened), 12)
            self._libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
            os.close(opened)
        self.parts.append("landlock: no other programs")
        return ruleset


class Running:
    """The program, from its start to the end of the last process that it left."""

    def __init__(self, task: dict[str, Any], confinement: Confinement) -> None:
        self.task = task
        self.confinement = confinement
        self.limits: dict[str, Any] = task["limits"]
        self.limits_hit: set[str] = set()
        self.sent = {"stdout": 0, "stderr": 0}
        self.began = 0.0
        self.wall_ms = 0
        self.code = 0
        self._counted = {what: count(what) for what in ("cpu", "memory", "pids")}

    def run(self, command: list[str], work: str) -> None:
        self.began = time.monotonic()
        try:
            process = self._start(command, work)
        except OSError as error:
            self.code = 127
            said = f"{command[0]}: {error.strerror}\n".encode()
            send("stderr", data=base64.b64encode(said).decode())
            return
        self._attend(process, work)
        self.code = process.returncode

    def _start(self, command: list[str], work: str) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as stdin:
            stdin.write(base64.b64decode(self.task["stdin"]))
            stdin.seek(0)
            return subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work,
                env=self.task["environment"], preexec_fn=self.confinement, start_new_session=True, bufsize=0,
            )  # fmt: skip

    def _attend(self, process: subprocess.Popen[bytes], work: str) -> None:
        assert process.stdout
        assert process.stderr
        streams = {process.stdout.fileno(): "stdout", process.stderr.fileno(): "stderr"}
        poll = select.poll()
        for handle in streams:
            poll.register(handle, select.POLLIN)
        while process.poll() is None:
            for handle, _ in poll.poll(_TICK_S * 1000):
                if not self._read(handle, streams[handle]):
                    poll.unregister(handle)
            self._look_at_limits(work)
            if self.limits_hit & _ENDING:
                end_all(process.pid)
        self.wall_ms = round((time.monotonic() - self.began) * 1000)
        end_all(process.pid)
        for handle, name in streams.items():
            while self._read(handle, name):
                pass

    def send_end(self, refused: set[str]) -> None:
        """The last frame; a limit that was hit counts before the signal that followed from it."""
        if count("memory") > self._counted["memory"]:
            self.limits_hit.add("memory_bytes")
        if count("pids") > self._counted["pids"]:
            self.limits_hit.add("processes")
        code = self.code
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if code == -signal.SIGXCPU:
            self.limits_hit.add("cpu_s")
        send(
            "ended",
            exit_code=code if code >= 0 and not self.limits_hit & _ENDING else None,
            signal=-code if code < 0 else None,
            wall_ms=self.wall_ms,
            cpu_ms=round((used.ru_utime + used.ru_stime) * 1000),
            peak_memory_bytes=used.ru_maxrss * 1024,
            limits_hit=sorted(self.limits_hit),
            refused=sorted(refused),
        )

    def _read(self, handle: int, name: str) -> bool:
        content = os.read(handle, _FRAME_BYTES)
        room = self.limits["output_bytes"] - self.sent[name]
        if content[:room]:
            self.sent[name] += len(content[:room])
            send(name, data=base64.b64encode(content[:room]).decode())
        if len(content) > room:
            self.limits_hit.add("output_bytes")
        return bool(content)

    def _look_at_limits(self, work: str) -> None:
        if time.monotonic() - self.began > self.limits["wall_s"]:
            self.limits_hit.add("wall_s")
        if count("cpu") - self._counted["cpu"] > self.limits["cpu_s"] * 1_000_000:
            self.limits_hit.add("cpu_s")
        if os.statvfs(work).f_bavail == 0:
            self.limits_hit.add("disk_bytes")


def end_all(group: int) -> None:
    """End every process of the program; for the first process there, also those that left its group."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1 if os.getpid() == 1 else -group, signal.SIGKILL)


def count(what: str) -> int:
    """From the cgroup, of either version: microseconds of CPU, kills for memory, processes that were refused."""
    names = {
        "cpu": (("cpu.stat", "usage_usec"), ("cpuacct/cpuacct.usage", "")),
        "memory": (("memory.events", "oom_kill"), ("memory/memory.oom_control", "oom_kill")),
        "pids": (("pids.events", "max"), ("pids/pids.events", "max")),
    }
    for path, key in names[what]:
        try:
            with open(os.path.join(_CGROUP, path)) as file:
                lines = [line.split() for line in file]
        except OSError:
            continue
        if not key:
            return int(lines[0][0]) // 1000
        return next((int(line[1]) for line in lines if line[0] == key), 0)
    return 0


def relay(path: str) -> None:
    """Have the proxy, which listens at a socket in the file system, at the port that programs know."""
    listener = socket.create_server(("127.0.0.1", PROXY_PORT))

    def serve() -> None:
        while True:
            inside, _ = listener.accept()
            outside = socket.socket(socket.AF_UNIX)
            try:
                outside.connect(path)
            except OSError:
                inside.close()
                continue
            for source, target in ((inside, outside), (outside, inside)):
                threading.Thread(target=pass_on, args=(source, target), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while True:
            data = source.recv(_CHUNK)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def files_below(folder: str, odd: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Plain files, by their paths; `odd` gets what is neither file nor folder."""
    left = _MAX_ENTRIES
    for here, folders, names in os.walk(folder):
        for name in sorted(names) + [name for name in folders if os.path.islink(os.path.join(here, name))]:
            left -= 1
            if left < 0:
                return
            path = os.path.join(here, name)
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode) and path.isprintable():
                yield os.path.relpath(path, folder), found
            else:
                odd.add(os.path.relpath(path, folder).encode("utf-8", "backslashreplace").decode())


def mark(found: os.stat_result) -> Mark:
    """Changes whenever the file does; a program can set all its other times."""
    return found.st_ino, found.st_ctime_ns


def send_files(work: str, before: dict[str, Mark], running: Running) -> set[str]:
    """All files that are new or changed, and the names of those that are gone; returns what cannot be sent."""
    refused: set[str] = set()
    left = running.limits["disk_bytes"]
    with tarfile.open(fileobj=Frames(), mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path, found in files_below(work, refused):
            if before.pop(path, None) == mark(found):
                continue
            if found.st_size > left:
                running.limits_hit.add("disk_bytes")
                refused.add(path)
                continue
            left -= found.st_size
            entry = tarfile.TarInfo(path)
            entry.size = found.st_size
            with open(os.path.join(work, path), "rb") as file:
                archive.addfile(entry, file)
    if left == 0:
        running.limits_hit.add("disk_bytes")
    send("removed", paths=sorted(before))
    return refused


class Frames(io.RawIOBase):
    """A file that is sent as it is written; a tar is written in pieces of 10 KiB."""

    def write(self, data: Any) -> int:
        send("files", data=base64.b64encode(data).decode())
        return len(data)


def send(kind: str, **fields: Any) -> None:
    sys.stdout.buffer.write(json.dumps(dict(fields, frame=kind)).encode() + b"\n")
    sys.stdout.buffer.flush()
