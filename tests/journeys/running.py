"""Real processes: servers, workers, and the command line, each with folders of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

OPERATING = frozenset({"serve", "worker", "doctor", "backup", "restore", "sign-in-link"})  # become another program
_FOUND_WITHIN_S = 1.0  # what was published is found by then


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
        """Type `skillyard …` in the project; fails unless it ends as expected.

        In this process, which takes a tenth of the time; but not in a thread, since folder and streams are shared.
        """
        self.project.mkdir(parents=True, exist_ok=True)
        if arguments[0] not in OPERATING and threading.current_thread() is threading.main_thread():
            done = typed(arguments, environment=self.environment, folder=self.project, stdin=stdin or "")
        else:
            done = self._started(arguments, stdin or "")
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def _started(self, arguments: Sequence[str], stdin: str) -> subprocess.CompletedProcess[str]:
        """In a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "skillyard.cli.main", *arguments],
            cwd=self.project,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def data(self, *arguments: str, expect: int = 0) -> Any:
        """What the command prints with --json."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)


def typed(
    arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """What `skillyard …` does with this environment, folder and input, in this process."""
    from skillyard.cli.main import main

    if arguments and arguments[0] in ("search", "discover"):
        time.sleep(_FOUND_WITHIN_S)
    out, err, code = _stream(), _stream(), 0
    with contextlib.ExitStack() as here:
        here.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        here.enter_context(mock.patch.object(sys, "argv", ["skillyard", *arguments]))
        here.enter_context(mock.patch.object(sys, "stdin", _stream(stdin)))
        here.enter_context(contextlib.chdir(folder))
        here.enter_context(contextlib.redirect_stdout(out))
        here.enter_context(contextlib.redirect_stderr(err))
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return subprocess.CompletedProcess(list(arguments), code, _text_of(out), _text_of(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


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
