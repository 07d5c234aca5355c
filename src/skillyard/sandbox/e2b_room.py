"""Makes room for one run in a machine that is its own, and runs a carrier there: the part of `e2b` that root does.

It is sent as text, to a Python 3.9 or later that has nothing of ours: so it is one file, of the standard library only.
The carrier gets namespaces, folders that are kept in memory, and a user that owns nothing else. Its frames, and a last
one of this program, go to a file that the run cannot open.
"""

# It is started for every run, and pathlib would take long to load.
# ruff: noqa: PTH103, PTH108, PTH123, PTH208
from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import time
from typing import Any

_TICK_S = 0.05
_CARRIER_S = 60  # for what the carrier does before and after the program
_NEWNS, _NEWUTS, _NEWIPC, _NEWPID, _NEWNET = 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 32, 4096
_REC, _PRIVATE = 16384, 1 << 18
_NO_NEW_PRIVILEGES = 38
_SET_FLAGS, _UP = 0x8914, 1  # of an interface
_HINT = "use a template whose root is not held back"
_FOLDERS = ("/work", "/skill", "/deps", "/tmp")  # noqa: S108 (inside)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 (there, everybody may write)


def main(folder: str, user: int, limits: dict[str, Any]) -> None:
    """`folder` has `carrier.py` and `parcel`, and gets `answer`. `user`: the number of a user that nobody else has.
    `limits`: `disk_bytes`, `memory_bytes`, `wall_s`.
    """
    answer = os.open(folder + "/answer", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    parcel = os.open(folder + "/parcel", os.O_RDONLY)
    os.unlink(folder + "/parcel")
    for source, target in ((parcel, 0), (answer, 1), (answer, 2)):
        os.dup2(source, target)
    libc = ctypes.CDLL(None, use_errno=True)
    limits_hit: list[str] = []
    try:
        check(libc.unshare(_NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET), "namespaces")
        carrier = os.fork()
        if carrier == 0:
            go_inside(libc, folder, user, limits["disk_bytes"])
        limits_hit = watch(carrier, user, limits)
    except OSError as error:
        say("failed", why="there is no room for a run: " + str(error), hint=_HINT)
    finally:
        say("left", limits_hit=limits_hit)


def go_inside(libc: Any, folder: str, user: int, disk_bytes: int) -> None:
    """Become the carrier, as the first process of its namespaces; never returns."""
    try:
        loopback_up()
        check(libc.mount(None, b"/", None, _REC | _PRIVATE, None), "private mounts")
        for path in _FOLDERS:
            os.makedirs(path, exist_ok=True)
        check(libc.mount(None, b"/", None, _REMOUNT | _BIND | _READ_ONLY, None), "read-only system")
        room = f"mode=0700,uid={user},gid={user},size="
        for path in filter(os.path.isdir, [*_FOLDERS, _SHARED_MEMORY]):
            mount(libc, "tmpfs", path, _NO_SETUID | _NO_DEVICES, room + str(disk_bytes))
        mount(libc, "proc", "/proc", _NO_SETUID | _NO_DEVICES | _NO_EXEC, "")
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        check(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
        os.chdir("/")
        for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # as a shell does in the background
            signal.signal(ignored, signal.SIG_DFL)
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        os.execve(sys.executable, [sys.executable, "-I", folder + "/carrier.py"], environment)  # noqa: S606
    except BaseException as error:
        say("failed", why="there is no room for a run: " + str(error), hint=_HINT)
        os._exit(1)


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH22x", b"lo", _UP))


def mount(libc: Any, kind: str, path: str, flags: int, options: str) -> None:
    name = kind.encode()
    check(libc.mount(name, path.encode(), name, flags, options.encode()), path)


def check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))


def watch(carrier: int, user: int, limits: dict[str, Any]) -> list[str]:
    """Wait for the end of the carrier; the limits for which its program was ended from here."""
    last = time.monotonic() + limits["wall_s"] + _CARRIER_S
    hit: set[str] = set()
    while os.waitpid(carrier, os.WNOHANG)[0] == 0:
        used = memory_of(user)
        used.pop(carrier, None)
        if sum(used.values()) > limits["memory_bytes"]:
            hit.add("memory_bytes")
            end(used)
        if time.monotonic() > last:
            hit.add("wall_s")
            end({carrier: 0})
        time.sleep(_TICK_S)
    return sorted(hit)


def memory_of(user: int) -> dict[int, int]:
    """Bytes by process, of what is its own and no file."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError), open(f"/proc/{name}/status") as file:
                lines = dict(line.split(":", 1) for line in file)
                if int(lines["Uid"].split()[0]) == user:
                    found[int(name)] = int(lines["RssAnon"].split()[0]) * 1024
    return found


def end(processes: dict[int, int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def say(kind: str, **fields: Any) -> None:
    os.write(1, json.dumps(dict(fields, frame=kind)).encode() + b"\n")
