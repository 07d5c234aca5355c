"""When something goes wrong: one line and a hint, JSON where it was asked for, and nothing that steers the terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.journeys.running import User

CLEAR, TITLE, C1, OVERRIDE = "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\u202e"
HOSTILE = f"a{CLEAR}b{TITLE}c{C1}d{OVERRIDE}e\rf\bg"


class Hostile(BaseHTTPRequestHandler):
    """A registry that answers with text which would steer a terminal."""

    def do_GET(self) -> None:
        status, document = self._answer()
        body = json.dumps(document).encode() if isinstance(document, dict) else document
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if isinstance(document, dict) else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> tuple[int, dict[str, object] | bytes]:
        if self.path.startswith("/api/v1/skills?"):
            skill = {"name": f"ada/{HOSTILE}", "latest_version": HOSTILE, "description": HOSTILE, "score": 1.0}
            return 200, {"items": [{**skill, "tags": [], "deprecated": None}], "next_cursor": None, "total": 1}
        if self.path == "/api/v1/me/namespaces?limit=100":
            space = {"slug": "ada\nx\ty", "kind": HOSTILE, "role": "owner"}
            return 200, {"items": [space] * 3, "next_cursor": None}
        if self.path == "/api/v1/raw":
            return 200, HOSTILE.encode()
        error = {"code": "no", "message": f"No{HOSTILE}", "hint": HOSTILE, "facts": {}, "faults": []}
        return 404, {"error": error}

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def user(registry: str, tmp_path: Path) -> User:
    return User(home=tmp_path / "home", registry=registry)


def on_a_terminal(user: User, *arguments: str) -> str:
    """What a person would see: stdout and stderr are a terminal."""
    user.project.mkdir(parents=True, exist_ok=True)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "skillyard.cli.main", *arguments]
    environment = user.environment | {"TERM": "xterm", "COLUMNS": "300", "NO_COLOR": "1"}
    process = subprocess.Popen(command, cwd=user.project, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    process.wait(timeout=30)
    return seen.decode()


def assert_harmless(text: str) -> None:
    assert "owned" in text, text
    plain = text.replace("\r\n", "\n")
    for steering in (CLEAR, TITLE, "\x07", "\x9b", OVERRIDE, "\r", "\b"):
        assert steering not in plain, f"{steering!r} in {text!r}"


def test_a_bug_is_told_in_one_line_with_a_hint(user: User) -> None:
    (user.home / "config" / "config.json").mkdir(parents=True)  # a folder where nobody expects one
    done = user.run("whoami", expect=1)
    assert done.stdout == ""
    first, *others = done.stderr.splitlines()
    assert first.startswith("error: unexpected IsADirectoryError")
    assert "SKILLYARD_DEBUG=1" in others[0]
    assert "Traceback" not in done.stderr
    error = user.data("whoami", expect=1)["error"]
    assert error["code"] == "unexpected"
    assert error["hint"]


def test_a_bug_shows_its_traceback_to_who_asks_for_it(user: User) -> None:
    (user.home / "config" / "config.json").mkdir(parents=True)
    user.project.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "skillyard.cli.main", "whoami"], cwd=user.project, check=False, text=True,
        env=user.environment | {"SKILLYARD_DEBUG": "1"}, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["install", "--bogus"], ["nonsense"], ["yank"], ["publish", "--visibility", "secret"],
        ["tokens", "create", "x"], ["tokens", "nonsense"], ["config", "set", "registry"], ["trust", "add"],
    ],
)  # fmt: skip
def test_a_command_that_is_typed_wrongly_is_told_as_every_other_error_is(user: User, arguments: list[str]) -> None:
    done = user.run(*arguments, "--json", expect=2)
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"code", "message", "hint", "facts", "faults", "request_id"}
    assert error["code"] == "usage"
    assert "--help`" in error["hint"]
    plain = user.run(*arguments, expect=2)
    assert plain.stdout == ""
    assert plain.stderr.startswith("error: ")
    assert "hint: See `skillyard" in plain.stderr


@pytest.mark.parametrize("arguments", ["namespaces list --json", "namespaces list", "--version", "ops --help"])
def test_a_reader_who_goes_away_is_no_error(user: User, arguments: str) -> None:
    user.project.mkdir(parents=True)
    command = f"{sys.executable} -m skillyard.cli.main {arguments} | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=user.project, env=user.environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""


def test_the_first_line_of_much_json_can_be_taken(user: User) -> None:
    user.project.mkdir(parents=True)
    command = f"{sys.executable} -m skillyard.cli.main namespaces list --json | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=user.project, env=user.environment, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[\n", "")


@pytest.mark.parametrize(
    "arguments", [["search", "x"], ["info", "ada/x"], ["namespaces", "list"], ["request", "GET", "/raw"]]
)
def test_nothing_that_a_registry_says_steers_the_terminal(user: User, arguments: list[str]) -> None:
    assert_harmless(on_a_terminal(user, *arguments))


@pytest.mark.parametrize("arguments", [["search", "x"], ["namespaces", "list"]])
def test_json_steers_no_terminal_either_and_means_the_same(user: User, arguments: list[str]) -> None:
    done = user.run(*arguments, "--json")
    assert_harmless(done.stdout)
    assert any(HOSTILE in item.values() for item in _items(json.loads(done.stdout)))


def test_a_value_does_not_end_its_row(user: User) -> None:
    rows = user.run("namespaces", "list").stdout.splitlines()
    assert len(rows) == 3
    assert all(row.count("\t") == 2 for row in rows)
    assert rows[0].startswith("ada\\nx\\ty\t")


def _items(document: object) -> list[dict[str, object]]:
    found = document["items"] if isinstance(document, dict) else document
    assert isinstance(found, list)
    return found
