"""The two plans of a run: the places that it works in, made before its task is known; and the last steps into it."""

from __future__ import annotations

import os
import resource
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from skillyard.sandbox.confine import landlock, seccomp
from skillyard.sandbox.confine.plan import Kept, Plan

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 32, 4096, 16384
_MS_RELATIME = 1 << 21
_MNT_DETACH = 2
_AT_FDCWD = -100
_F_SETFD, _FD_CLOEXEC = 2, 1
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 4, 38, 47, 4
_CAPABILITY_VERSION = 0x20080522
_LOOPBACK = b"\x7f\0\0\x01"
PROXY_PORT, DNS_PORT = 3128, 53

HOST = "/run/host"
SCRATCH = "/run/scratch"
_PLACES = {"work": "/work", "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108 (inside the sandbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the program works: `binds` are folders of the host by where they are to be seen, for a sandbox that could
    not have them from its beginning; `user` whom it is to be on the host, when we are root.
    """

    binds: Mapping[str, str]
    has_host: bool
    user: int | None
    size_bytes: int
    most_files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What the program keeps: `limits` by number of the resource, `rules` of Landlock by path."""

    user: int | None
    limits: Mapping[int, int]
    landlock: int
    rules: Mapping[str, int]
    plain_files: frozenset[str]
    may_start_programs: bool


def open_places(plan: Plan, places: Places) -> tuple[Kept, ...]:
    """Make /work, /tmp and /dev/shm, in memory and of a bounded size together. Keeps what belongs outside: the open
    folder /work, a listener for the proxy, and a socket that gets what is asked of DNS.
    """
    plan.call("fcntl", plan.control, _F_SETFD, _FD_CLOEXEC)
    options = f"size={places.size_bytes},nr_inodes={places.most_files},mode=700"
    plan.call("mount", "tmpfs", SCRATCH, "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    for name, place in _PLACES.items():
        plan.call("mkdirat", _AT_FDCWD, f"{SCRATCH}/{name}", 0o755)
        if places.user is not None:
            plan.call("fchownat", _AT_FDCWD, f"{SCRATCH}/{name}", places.user, places.user, 0)
        plan.call("mount", f"{SCRATCH}/{name}", place, 0, _MS_BIND, 0)
    for place, source in places.binds.items():
        plan.call("mount", f"{HOST}{source}", place, 0, _MS_BIND | _MS_REC, 0)
        read_only = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _kept_flags(source)
        plan.call("mount", 0, place, 0, read_only, 0)
    if places.has_host:
        plan.call("umount2", HOST, _MNT_DETACH)
    work = plan.call("openat", _AT_FDCWD, "/work", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    proxy = _bound(plan, socket.SOCK_STREAM, PROXY_PORT)
    plan.call("listen", proxy, 64)
    plan.call("prlimit64", 0, resource.RLIMIT_FSIZE, struct.pack("=QQ", places.size_bytes, places.size_bytes), 0)
    return work, proxy, _bound(plan, socket.SOCK_DGRAM, DNS_PORT)


def give_up_power(plan: Plan, power: Power) -> Kept:
    """The last steps, after which nobody inside is ours. Keeps the watcher's end."""
    plan.call("chdir", "/work")
    for which, most in power.limits.items():
        hard = most + (which == resource.RLIMIT_CPU)  # first it is told, a second later it is killed
        plan.call("prlimit64", 0, which, struct.pack("=QQ", most, hard), 0)
    if power.user is not None:
        plan.call("setgroups", 0, 0)
        plan.call("setgid", power.user)
        plan.call("setuid", power.user)
    plan.call("prctl", _PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0, may_fail=True)
    plan.call("capset", struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24))
    plan.call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
    plan.call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if power.landlock:
        landlock.restrict(plan, power.rules, abi=power.landlock, files=power.plain_files)
    return seccomp.watch(plan, may_start_programs=power.may_start_programs)


def _kept_flags(folder: str) -> int:
    """How its file system is mounted: in a user namespace, nothing of that may be taken back."""
    flags = os.statvfs(folder).f_flag
    same = flags & (os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    return same | (_MS_RELATIME if flags & os.ST_RELATIME else 0)


def _bound(plan: Plan, kind: socket.SocketKind, port: int) -> Kept:
    opened = plan.call("socket", socket.AF_INET, kind | socket.SOCK_CLOEXEC, 0)
    address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + _LOOPBACK + bytes(8)
    plan.call("bind", opened, address, len(address))
    return opened
