"""Cold and warm install of 50 dependencies beside npm with verdaccio; whole processes on both sides.

python -m benchmarks.install
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from benchmarks.peers import Peer, skillyard, verdaccio
from benchmarks.samples import publish_npm, publish_skill, skill_folder
from tests.tools import npm

COUNT = 50


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with skillyard(folder / "ours") as ours, verdaccio(folder / "verdaccio") as theirs:
            _publish_all(ours, theirs, folder)
            for kind in ("cold", "warm"):
                cold = kind == "cold"
                results = alternate(
                    {
                        "skillyard": _ours(ours, folder, cold=cold),
                        "npm + verdaccio": _theirs(theirs, folder, cold=cold),
                    },
                    unit="s",
                )
                value = ratio(results["skillyard"], results["npm + verdaccio"])
                report(f"{kind} install, {COUNT} dependencies", results, {"/ npm": (value, "<= 0.5, aim 0.2")})


def _publish_all(ours: Peer, theirs: Peer, folder: Path) -> None:
    """A chain seven deep with wide levels: p0 … p49, and an app that needs the last seven."""
    for number in range(COUNT):
        below = [f"p{other}" for other in range(max(0, number - 14), number - 6)] if number >= 7 else []
        wanted = dict.fromkeys(below[-3:], "^1.0.0")
        skill = skill_folder(folder / "skills" / f"p{number}", f"p{number}", dependencies=wanted)
        publish_skill(ours, skill)
        publish_npm(theirs, f"p{number}", "1.0.0", folder=skill, dependencies=wanted)
    top = {f"p{number}": "^1.0.0" for number in range(COUNT)}
    publish_skill(ours, skill_folder(folder / "skills" / "app", "app", dependencies=top))
    publish_npm(theirs, "app", "1.0.0", dependencies=top)


def _ours(peer: Peer, folder: Path, *, cold: bool) -> Callable[[], float]:
    def run() -> float:
        project = _fresh(folder / "our-project")
        if cold:
            shutil.rmtree(folder / "ours" / "cache", ignore_errors=True)
        command = [sys.executable, "-m", "skillyard.cli.main", "install", "bench/app", "--agent", "agents", "--yes"]
        return _timed(command, project, peer.environment, project / ".agents" / "skills" / "p0" / "SKILL.md")

    return run


def _theirs(peer: Peer, folder: Path, *, cold: bool) -> Callable[[], float]:
    def run() -> float:
        project = _fresh(folder / "npm-project")
        cache = folder / "npm-cache"
        if cold:
            shutil.rmtree(cache, ignore_errors=True)
        (project / "package.json").write_text(json.dumps({"name": "project", "version": "1.0.0"}))
        command = [*npm(), "install", "app", "--registry", peer.url, "--cache", str(cache), "--no-audit", "--no-fund"]
        return _timed(command, project, dict(os.environ), project / "node_modules" / "p0" / "package.json")

    return run


def _timed(command: list[str], project: Path, environment: dict[str, str], expected: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=project, env=environment, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    seconds = time.perf_counter() - began
    if not expected.is_file():
        raise RuntimeError(f"{expected} was not installed")
    return seconds


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
