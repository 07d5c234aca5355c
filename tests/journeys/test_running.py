"""Publish a skill, run it on the registry and on one's own machine, keep the receipt, and lose a worker on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.sdk.client import Client
from tests.journeys.running import Server, User, a_server, a_skill, a_worker, sign_in, stop

SCRIPTS = {
    "upper.py": "import pathlib, sys\nsource, target = map(pathlib.Path, sys.argv[1:])\n"
    "target.parent.mkdir(exist_ok=True)\ntarget.write_text(source.read_text().upper())\nprint('done', source)\n",
    "count.py": "import pathlib\nkept = pathlib.Path('out/count.txt')\nkept.parent.mkdir(exist_ok=True)\n"
    "number = int(kept.read_text()) + 1 if kept.exists() else 1\nkept.write_text(str(number))\nprint(number)\n",
    "fail.py": "import sys\nsys.stderr.write('no such page\\n')\nsys.exit(5)\n",
    "slow.py": "import time\nfor number in range(300):\n    print(number, flush=True)\n    time.sleep(0.1)\n",
    "call.py": "import urllib.request\nurllib.request.urlopen('http://collect.example/', timeout=5)\n",
}
PERMISSIONS = {"filesystem": {"read": ["out/**"], "write": ["out/**"]}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "server"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    with a_server(data) as running:
        yield running


@pytest.fixture
def ada(server: Server, tmp_path: Path) -> User:
    return a_publisher(server, tmp_path / "ada")


def a_publisher(server: Server, home: Path) -> User:
    """Ada, with `ada/text` published and a file to work on."""
    user = sign_in(server, home, "ada")
    folder = a_skill(user.project / "text", "text")
    for name, text in SCRIPTS.items():
        (folder / "scripts" / name).write_text(text)
    (folder / "skills.json").write_text(json.dumps({"permissions": PERMISSIONS}))
    user.run("publish", "text")
    (user.project / "in.txt").write_text("hello")
    return user


def test_a_run_from_the_file_in_to_a_receipt_and_the_same_on_ones_own_machine(server: Server, ada: User) -> None:
    done = ada.run("run", "ada/text", "upper.py", "in.txt", "out/loud.txt", "--output", "made")
    assert done.stdout == "done in.txt\n"
    assert "succeeded" in done.stderr
    assert (ada.project / "made/out/loud.txt").read_text() == "HELLO"
    ada.run("run", "ada/text", "upper.py", "in.txt", "out/loud.txt", "--output", "made", expect=1)
    (_, first) = ada.data("runs", "list")
    assert [file["path"] for file in ada.data("runs", "files", first["id"])] == ["out/loud.txt"]
    (ada.project / "receipt.txt").write_text(ada.run("receipt", "show", first["id"]).stdout)
    ada.run("receipt", "verify", "receipt.txt", expect=2)
    ada.run("install", "ada/text", "--agent", "claude-code")
    server.kill()
    facts = ada.data("receipt", "verify", "receipt.txt")["receipt"]
    assert (facts["run_id"], facts["outcome"]["status"]) == (first["id"], "succeeded")
    forged = (ada.project / "receipt.txt").read_text().replace('"exit_code":0', '"exit_code":1')
    (ada.project / "forged.txt").write_text(forged)
    assert "does not hold" in ada.run("receipt", "verify", "forged.txt", expect=1).stderr

    refused = ada.run("run", "ada/text", "upper.py", "in.txt", "out/loud.txt", "--local", expect=4)
    assert "write out/**" in refused.stderr
    done = ada.run("run", "ada/text", "upper.py", "in.txt", "out/loud.txt", "--local", "--yes", "--output", "here")
    assert done.stdout == "done in.txt\n"
    assert (ada.project / "here/out/loud.txt").read_text() == "HELLO"
    answer = ada.data("run", "ada/text", "call.py", "--local", "--yes", expect=1)
    assert (answer["status"], answer["exit_code"]) == ("failed", 1)


def test_failures_findings_sessions_and_runs_that_nobody_waits_for(ada: User) -> None:
    failed = ada.run("run", "ada/text", "fail.py", expect=1)
    assert "no such page" in failed.stderr
    assert "exit code 5" in failed.stderr
    assert "fail.py" in ada.run("run", "ada/text", "none.py", expect=1).stderr
    ada.run("run", "ada/text", "call.py", expect=1)
    found = ada.data("request", "GET", "/skills/ada/text/releases/1.0.0/scan")["permissions"]["observed"]
    assert found["runs"] == 2
    assert found["gaps"]
    assert "tried" in ada.run("info", "ada/text", "--scan").stdout
    ada.run("install", "ada/text", "--agent", "claude-code")
    assert "when it ran at the registry, it tried" in ada.run("audit").stdout

    session = ada.run("sessions", "open").stdout.strip()
    assert [ada.run("run", "ada/text", "count.py", "--session", session).stdout for _ in range(2)] == ["1\n", "2\n"]
    assert "out/count.txt" in ada.run("sessions", "show", session).stdout
    run = ada.run("run", "ada/text", "slow.py", "--detach").stdout.strip()
    assert "cancelled" in ada.run("runs", "cancel", run).stdout
    assert (
        "isolation" in ada.run("runs", "show", run).stdout or "before it began" in ada.data("runs", "show", run)["why"]
    )
    assert "closed" in ada.run("sessions", "close", session).stdout
    ada.run("run", "ada/text", "count.py", "--session", session, expect=1)


def test_a_worker_that_is_killed_loses_no_run_and_repeats_none(data: Path, tmp_path: Path) -> None:
    with a_server(data, worker=False) as server:
        ada = a_publisher(server, tmp_path / "ada")
        with Client(server.url, token_of(ada)) as client:
            begun = client.start_run("ada/text", "slow.py")
            with a_worker(data, runs_at_once="1") as worker:
                wait_until(lambda: client.run_output(begun["id"]).count(b"\n") > 3)
                waiting = client.start_run("ada/text", "count.py")
                worker.kill()
                worker.wait()
            written = client.run_output(begun["id"])
            with a_worker(data):
                over = client.wait_for_run(waiting["id"])
                assert (over["status"], over["stdout"]) == ("succeeded", "1\n")
                wait_until(lambda: client.run(begun["id"])["status"] == "lost", seconds=60)
            assert client.run_output(begun["id"]) == written, "it did not run again"
            assert not client.run(begun["id"])["has_receipt"]


def test_a_server_that_is_stopped_ends_what_runs_and_says_so(data: Path, tmp_path: Path) -> None:
    with a_server(data) as server:
        ada = a_publisher(server, tmp_path / "ada")
        with Client(server.url, token_of(ada)) as client:
            run = client.start_run("ada/text", "slow.py")["id"]
            wait_until(lambda: bool(client.run_output(run)))
        began = time.monotonic()
        stop(server.process)
        assert time.monotonic() - began < 8, "it waits for no program"
    with a_server(data) as server, Client(server.url, token_of(ada)) as client:
        found = client.run(run)
    assert (found["status"], found["why"]) == ("lost", "the server was stopped while it ran")


def token_of(user: User) -> str:
    config: dict[str, Any] = json.loads((user.home / "config" / "config.json").read_text())
    return str(next(iter(config["logins"].values()))["token"])


def wait_until(true: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.3)
