"""A sandbox of ours beside bubblewrap alone, runc and runsc, and a Python that waits beside a bare one.

python -m benchmarks.runs
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.kinds.bubblewrap import BubblewrapSandbox
from skillyard.sandbox.model import Sandbox, Task
from skillyard.sandbox.programs import find_bubblewrap

ROUNDS = 41
PROGRAM = "print(6 * 7)"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch, "workspace")
        workspace.mkdir()
        _cold(workspace, Path(scratch))
        _warm(workspace)


def _cold(workspace: Path, scratch: Path) -> None:
    sandbox = open_sandbox("bubblewrap", options={"warm": "0"})
    contestants: dict[str, Callable[[], float]] = {
        "ours, cold": lambda: _timed(lambda: _run(sandbox, workspace, "true")),
        "bubblewrap alone": _command([*_bubblewrap_alone(), "true"]),
    }
    for engine in ("runc", "runsc"):
        if shutil.which(engine):
            bundle = _bundle(scratch / engine)
            contestants[engine] = lambda engine=engine, bundle=bundle: _run_bundle(engine, bundle)
    results = alternate(contestants, unit="ms", rounds=ROUNDS)
    sandbox.close()
    ours = results["ours, cold"]
    targets = {"bubblewrap alone": "<= 1.3", "runc": "< 1", "runsc": "< 1"}
    ratios = {f"/ {name}": (ratio(ours, results[name]), targets[name]) for name in contestants if name in targets}
    report("a sandbox for true", results, ratios)


def _warm(workspace: Path) -> None:
    sandbox = open_sandbox("bubblewrap", options={"warm": "1"})
    assert isinstance(sandbox, BubblewrapSandbox)
    _run(sandbox, workspace, "python", "-c", PROGRAM)
    _run(sandbox, workspace, "python", "-c", PROGRAM)

    def run() -> float:
        assert sandbox.wait_until_warm(60)
        time.sleep(0.01)
        return _timed(lambda: _run(sandbox, workspace, "python", "-c", PROGRAM))

    python = getattr(sys, "_base_executable", sys.executable)
    results = alternate({"ours, warm": run, "bare Python": _command([python, "-c", PROGRAM])}, unit="ms", rounds=ROUNDS)
    sandbox.close()
    value = ratio(results["ours, warm"], results["bare Python"])
    report("a Python program in a sandbox that waits", results, {"/ bare Python": (value, "<= 0.25")})


def _run(sandbox: Sandbox, workspace: Path, *arguments: str) -> None:
    assert sandbox.run(Task(arguments=arguments, workspace=workspace)).is_good


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def _command(command: list[str]) -> Callable[[], float]:
    return lambda: _timed(lambda: subprocess.run(command, check=True, capture_output=True))


def _bubblewrap_alone() -> list[str]:
    """As one would call it: namespaces, the system's folders, and nothing else."""
    found = find_bubblewrap()
    assert found
    links = [word for name in ("bin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    places = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    return [
        found[0],
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--ro-bind",
        "/usr",
        "/usr",
        *links,
        *places,
    ]


def _bundle(folder: Path) -> Path:
    """What an OCI runtime runs: true, in as many namespaces, with the system's folders."""
    (folder / "rootfs").mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (folder / "rootfs" / name).symlink_to(f"usr/{name}")
    for name in ("usr", "proc", "dev", "tmp"):
        (folder / "rootfs" / name).mkdir()
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
    ]
    spaces = [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")]
    process = {"user": {"uid": 0, "gid": 0}, "args": ["/usr/bin/true"], "cwd": "/", "noNewPrivileges": True}
    config = {
        "ociVersion": "1.0.2", "process": process, "root": {"path": "rootfs"}, "mounts": mounts,
        "linux": {"namespaces": spaces},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _run_bundle(engine: str, bundle: Path) -> float:
    command = [engine, "--root", str(bundle / "state"), "run", f"bench-{time.monotonic_ns()}"]
    return _timed(lambda: subprocess.run(command, cwd=bundle, check=True, capture_output=True))


if __name__ == "__main__":
    main()
