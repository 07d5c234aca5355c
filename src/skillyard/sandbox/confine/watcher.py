"""Answers the calls that the filter holds back, from outside, and keeps what they tell of the program.

What it reads of a caller's memory may change under its eyes: that is good enough for a record, and nothing is allowed
because of it. What is refused is refused by the call's number and by counting.
"""

from __future__ import annotations

import errno
import fcntl
import os
import posixpath
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

from skillyard.sandbox.confine.seccomp import NEW_PROCESS
from skillyard.sandbox.confine.syscalls import name_of

# include/uapi/linux/seccomp.h: struct seccomp_notif and seccomp_notif_resp, and the calls that carry them.
_RECEIVE, _ANSWER = 0xC0502100, 0xC0182101
_NOTICE = struct.Struct("=QIIiIQ6Q")
_REPLY = struct.Struct("=QqiI")
_GO_ON = 1
_MAX_PATH = 4096
_CALM = 20_000
MOST_NOTED, MOST_NOTED_CHARS = 300, 400
_AT_FDCWD = -100
_PROXY_PORT, _DNS_PORT = 3128, 53
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

Opened = Callable[[str, bool], None]


class Watcher:
    """`opened` is told each path that is opened and whether for writing. `starts`: how many programs may be started
    before the first that counts, that is our own start of it.
    """

    def __init__(self, listener: int, *, may_start_programs: bool, starts: int, opened: Opened) -> None:
        self._listener = listener
        self._may_start_programs = may_start_programs
        self._starts = starts
        self._opened = opened
        self._seen = 0
        self.programs: set[str] = set()
        self.programs_refused: set[str] = set()
        self.hosts_refused: set[str] = set()
        self.others_refused: set[str] = set()

    def fileno(self) -> int:
        return self._listener

    def answer(self) -> None:
        """Take one call and answer it."""
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, notice)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):  # the caller was killed meanwhile
                return
            raise
        ticket, pid, _, number, _, _, *arguments = _NOTICE.unpack(notice)
        self._slow_down()
        refusal = self._judge(name_of(number), pid, arguments)
        reply = _REPLY.pack(ticket, 0, -refusal, 0) if refusal else _REPLY.pack(ticket, 0, 0, _GO_ON)
        try:
            fcntl.ioctl(self._listener, _ANSWER, reply)
        except OSError as error:
            if error.errno != errno.ENOENT:  # the caller was killed meanwhile
                raise

    def _slow_down(self) -> None:
        """Whoever asks without end must not keep us busy without end."""
        self._seen += 1
        if self._seen > _CALM:
            time.sleep(0.0005)

    def _judge(self, name: str, pid: int, arguments: list[int]) -> int:
        """0 lets the call go on; else the error that it gets."""
        if name in ("open", "openat", "creat"):
            self._note_open(name, pid, arguments)
            return 0
        if name in ("execve", "execveat"):
            return self._judge_start(name, pid, arguments)
        if name in ("connect", "sendto"):
            self._note_address(pid, *(arguments[1:3] if name == "connect" else arguments[4:6]))
            return 0
        if name in NEW_PROCESS and not self._may_start_programs:
            _note(self.programs_refused, "fork")
        else:
            _note(self.others_refused, name)
        return errno.EAFNOSUPPORT if name == "socket" else errno.EPERM

    def _judge_start(self, name: str, pid: int, arguments: list[int]) -> int:
        if self._starts:
            self._starts -= 1
            return 0
        at, folder = (arguments[1], arguments[0]) if name == "execveat" else (arguments[0], None)
        path = self._path(pid, at, folder) or "unknown"
        if not self._may_start_programs:
            _note(self.programs_refused, path)
            return errno.EPERM
        if Path(f"/proc/{pid}/root{path}").exists():
            _note(self.programs, path)
        return 0

    def _note_open(self, name: str, pid: int, arguments: list[int]) -> None:
        at, flags, folder = {
            "openat": (arguments[1], arguments[2], arguments[0]),
            "open": (arguments[0], arguments[1], None),
            "creat": (arguments[0], _WRITES, None),
        }[name]
        if not flags & os.O_DIRECTORY and (path := self._path(pid, at, folder)):
            self._opened(path, bool(flags & _WRITES))

    def _note_address(self, pid: int, at: int, length: int) -> None:
        address = _memory(pid, at, min(length, 128)) if at else b""
        if len(address) < 8:
            return
        family = struct.unpack_from("=H", address)[0]
        if family == socket.AF_INET:
            host, port = socket.inet_ntop(family, address[4:8]), struct.unpack_from(">H", address, 2)[0]
        elif family == socket.AF_INET6 and len(address) >= 24:
            host, port = f"[{socket.inet_ntop(family, address[8:24])}]", struct.unpack_from(">H", address, 2)[0]
        else:
            return
        if not host.startswith(("127.", "[::1]", "[::ffff:127.")):
            _note(self.hosts_refused, f"{host}:{port}")

    def _path(self, pid: int, at: int, folder: int | None) -> str | None:
        raw = _memory(pid, at, _MAX_PATH).split(b"\0", 1)[0]
        path = raw.decode("utf-8", "backslashreplace")
        if not path.startswith("/"):
            number = None if folder is None else struct.unpack("=i", struct.pack("=I", folder & 0xFFFFFFFF))[0]
            base = "cwd" if number in (None, _AT_FDCWD) else f"fd/{number}"
            try:
                path = f"{Path(f'/proc/{pid}/{base}').readlink()}/{path}"
            except OSError:
                return None
        return posixpath.normpath(path) if raw else None


def _note(record: set[str], what: str) -> None:
    if len(record) < MOST_NOTED:
        record.add(what[:MOST_NOTED_CHARS])


def _memory(pid: int, at: int, length: int) -> bytes:
    """Of another process, as much of it as there is."""
    try:
        handle = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(handle, length, at)
    except (OSError, OverflowError):
        return b""
    finally:
        os.close(handle)
