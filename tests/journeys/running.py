"""Real processes: servers, workers, and the command line, each with folders of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Server:
    """A running server. `link` signs its first administrator in."""

    url: str
    link: str | None
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class User:
    """Somebody at a machine: a home of their own, and a project in it."""

    home: Path
    registry: str

    @property
    def project(self) -> Path:
        return self.home / "project"

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "HOME": str(self.home),
            "SKILLYARD_REGISTRY": self.registry,
            "SKILLYARD_CONFIG_DIR": str(self.home / "config"),
            "SKILLYARD_CACHE_DIR": str(self.home / "cache"),
            "DO_NOT_TRACK": "1",
        }

    def run(self, *arguments: str, expect: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `skillyard …` in the project; fails unless it ends as expected."""
        self.project.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "skillyard.cli.main", *arguments],
            cwd=self.project,
            env=self.environment,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def data(self, *arguments: str, expect: int = 0) -> Any:
        """What the command prints with --json."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)


@contextlib.contextmanager
def a_server(folder: Path, *, worker: bool = True, **settings: str) -> Iterator[Server]:
    """`skillyard serve` on a free port, stopped at the end."""
    command = [sys.executable, "-m", "skillyard.operate", "serve", "--port", "0", "--json"]
    process = start_process([*command] if worker else [*command, "--no-worker"], folder, settings)
    try:
        announced = _announcement(process)
        yield Server(url=announced["address"], link=announced["sign_in_link"], process=process)
    finally:
        stop(process)


@contextlib.contextmanager
def a_worker(folder: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`skillyard worker`, stopped at the end."""
    process = start_process([sys.executable, "-m", "skillyard.operate", "worker"], folder, settings)
    try:
        yield process
    finally:
        stop(process)


def start_process(command: list[str], folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[str]:
    environment = clean_environment() | {"SKILLYARD_DATA_DIR": str(folder)}
    environment |= {f"SKILLYARD_{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def sign_in(server: Server, home: Path, username: str) -> User:
    """The server's first administrator, on a machine of their own."""
    assert server.link is not None
    user = User(home=home, registry=server.url)
    user.run("login", "--link", server.link, "--username", username)
    return user


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SKILLYARD_")}


def _announcement(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        with contextlib.suppress(ValueError):
            announced: dict[str, Any] = json.loads(text)
            return announced
    raise AssertionError("the server did not start; its errors are above")


def a_skill(
    folder: Path, name: str, version: str = "1.0.0", *, text: str = "", dependencies: str = "", files: int = 1
) -> Path:
    """A skill folder that passes every check. `dependencies` as in metadata: "ada/x@^1.0.0, …"."""
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    wanted = f'  dependencies: "{dependencies}"\n' if dependencies else ""
    (folder / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: Does what {name} does. Use it in tests.\nlicense: Apache-2.0\n"
        f'metadata:\n  version: "{version}"\n  tags: "testing"\n{wanted}---\n\n# {name}\n\n{text}\n'
    )
    for number in range(files):
        (folder / "scripts" / f"run_{number}.py").write_text(f"print('{name} {version} {number}')\n")
    return folder
