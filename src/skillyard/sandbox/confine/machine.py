"""What this machine offers for shutting programs in, found once; and the small /etc that they get to see."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from skillyard.sandbox.confine import cgroups, landlock
from skillyard.sandbox.confine.syscalls import IS_KNOWN_MACHINE, MACHINE
from skillyard.sandbox.model import SandboxUnavailable
from skillyard.sandbox.programs import Program, find_bubblewrap, find_program

OURS = "/etc/skillyard"
PYTHON_OPTIONS = ("-I", "-S", "-B", "-X", "utf8")
_HERE = Path(__file__).parent
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip
_COMPILE = ("-nostdlib", "-static", "-Os", "-ffreestanding", "-fno-stack-protector", "-fno-asynchronous-unwind-tables")
_PREFIX = "skillyard-sandbox-"
_MOST_USERS = 500
_HIGHEST_USER = 1_999_990_000  # above what systems and containers give out
_SYS_ADMIN = 1 << 21
_ETC = {
    "hosts": "127.0.0.1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Machine:
    """`etc` is a folder that becomes /etc; `users` are whom programs run as on the host, when we are root."""

    bubblewrap: str
    version: str
    python: Program
    node: Program | None
    landlock: int
    cgroups: cgroups.Cgroups | None
    why_no_cgroups: str
    is_root: bool
    users: range
    etc: Path
    has_fast_starter: bool
    has_proc: bool = True
    numbers: itertools.count[int]

    def next_user(self) -> int | None:
        """One that no other run of this process has now."""
        return self.users[next(self.numbers) % len(self.users)] if self.is_root else None

    def forget(self) -> None:
        if self.cgroups:
            self.cgroups.close()
        shutil.rmtree(self.etc.parent, ignore_errors=True)


def look_around() -> Machine:
    """Raises SandboxUnavailable."""
    if not IS_KNOWN_MACHINE or os.name != "posix" or os.uname().sysname != "Linux":
        raise SandboxUnavailable(
            f"programs cannot be isolated on {os.uname().sysname} {MACHINE}", "use Linux on x86_64 or aarch64"
        )
    found = find_bubblewrap()
    python = find_program("python")
    if found is None or python is None:
        raise SandboxUnavailable("bubblewrap is not here", "install it: apt-get install bubblewrap")
    users = _users()
    groups, why = cgroups.find()
    etc, has_fast_starter = _make_etc(users)
    return Machine(
        bubblewrap=found[0],
        version=found[1],
        python=python,
        node=find_program("node"),
        landlock=landlock.version(),
        cgroups=groups,
        why_no_cgroups=why,
        is_root=os.geteuid() == 0,
        users=users,
        etc=etc,
        has_fast_starter=has_fast_starter,
        numbers=itertools.count(os.getpid() * 61),
    )


def _users() -> range:
    """Of those that exist in our user namespace, as high as may be. Raises SandboxUnavailable when we are root and
    could not become anybody else.
    """
    if os.geteuid() != 0:
        return range(0)
    lines = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    end = min(_HIGHEST_USER, max(int(first) + int(count) for first, _, count in lines))
    powers = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    if end <= 2 * _MOST_USERS or not int(powers.split()[1], 16) & _SYS_ADMIN:
        raise SandboxUnavailable(
            "this process is root without the power to become another user in namespaces of its own",
            "start it as an ordinary user, or with CAP_SYS_ADMIN and a range of user ids",
        )
    return range(end - _MOST_USERS - 100, end - 100)


def _make_etc(users: range) -> tuple[Path, bool]:
    _sweep()
    etc = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")) / "etc"
    ours = etc / Path(OURS).name
    ours.mkdir(parents=True)
    for name, text in _ETC.items():
        (etc / name).write_text(text)
    everybody = users or range(1000, 1001)
    (etc / "passwd").write_text("".join(f"skill:x:{user}:{user}::/tmp:/bin/sh\n" for user in everybody))
    (etc / "group").write_text("".join(f"skill:x:{user}:\n" for user in everybody))
    certificates = next(
        (path for path in (os.environ.get("SSL_CERT_FILE"), *_CERTIFICATES) if path and Path(path).is_file()), None
    )
    if certificates:
        (etc / "ssl" / "certs").mkdir(parents=True)
        shutil.copyfile(certificates, etc / "ssl" / "certs" / "ca-certificates.crt")
    for name in ("ld.so.cache", "localtime", "alternatives"):
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, etc / name, symlinks=True, ignore_dangling_symlinks=True)
        elif source.is_file():
            shutil.copyfile(source, etc / name)
    for name in ("starter.py", "python_program.py"):
        shutil.copyfile(_HERE / name, ours / name)
    return etc, _compile_starter(ours / "starter")


def _sweep() -> None:
    """Remove what killed servers left."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        with contextlib.suppress(OSError):  # somebody else sweeps, too
            if owner.isdigit() and not Path("/proc", owner).exists() and left.lstat().st_uid == os.geteuid():
                shutil.rmtree(left, ignore_errors=True)


def _compile_starter(into: Path) -> bool:
    """The fast starter, where there is a C compiler; compiled once per user and kept."""
    source = _HERE / "starter.c"
    digest = hashlib.sha256(source.read_bytes() + MACHINE.encode()).hexdigest()[:16]
    try:
        users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skillyard"
        cache = Path(os.environ.get("SKILLYARD_CACHE_DIR") or users) / f"starter-{digest}"
        if not cache.exists():
            compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
            if compiler is None:
                return False
            cache.parent.mkdir(parents=True, exist_ok=True)
            made = cache.with_name(f"{cache.name}.{os.getpid()}")
            subprocess.run([compiler, *_COMPILE, "-o", made, source], check=True, capture_output=True, timeout=60)
            made.replace(cache)
        shutil.copyfile(cache, into)
        into.chmod(0o755)
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return False
    return True
