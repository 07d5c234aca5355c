"""Sandboxes of E2B: what is asked for, what stays, and what is refused. The E2B on loopback is held against E2B's own
client, which is installed once, below `.cache/`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from uv import find_uv_bin

from skillyard.infra.outbound import Answer
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.model import SandboxUnavailable, Task
from skillyard.skill.permissions import Permissions
from tests.sandbox.e2b_peer import KEY, Peer, running_e2b
from tests.sandbox.kinds import open_at_e2b

CLIENT = "e2b==2.63.0"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / CLIENT
OWN_CLIENT_AT_WORK = """
from e2b import CommandExitException, FileNotFoundException, Sandbox, SandboxNotRunningException
sandbox = Sandbox.create(template="base", timeout=60, allow_internet_access=False)
sandbox.files.write("/home/user/in.txt", "handed over")
assert sandbox.files.read("/home/user/in.txt") == "handed over"
done = sandbox.commands.run("cat in.txt; echo no >&2", cwd="/home/user", envs={"A": "B"})
assert (done.stdout, done.stderr, done.exit_code) == ("handed over", "no\\n", 0)
assert sandbox.commands.run("id -u; echo $A", user="root", envs={"A": "B"}).stdout == "0\\nB\\n"
for fails, how in (
    (lambda: sandbox.commands.run("exit 3"), CommandExitException),
    (lambda: sandbox.files.read("/home/user/nothing"), FileNotFoundException),
):
    try:
        fails()
    except how:
        continue
    raise SystemExit(f"no {how}")
assert (sandbox.kill(), sandbox.kill()) == (True, False)
try:
    sandbox.commands.run("true")
except SandboxNotRunningException:
    print("as it should")
"""


def _python_with_client() -> Path:
    python = CACHE / "bin" / "python"
    CACHE.parent.mkdir(exist_ok=True)
    with FileLock(f"{CACHE}.lock"):
        if not (CACHE / "done").exists():
            subprocess.run([find_uv_bin(), "venv", "--quiet", "--clear", CACHE], check=True)
            subprocess.run([find_uv_bin(), "pip", "install", "--quiet", "--python", python, CLIENT], check=True)
            (CACHE / "done").touch()
    return python


def _refused(folder: Path, *, key: str = KEY, prepare: Callable[[Peer], object] = id, **broken: bool) -> str:
    with running_e2b(**broken) as peer:
        prepare(peer)
        with pytest.raises(SandboxUnavailable) as caught, open_at_e2b(peer, folder, key=key):
            pass
        assert peer.machines == {}
    return caught.value.why


def test_the_e2b_on_loopback_is_one_for_its_own_client() -> None:
    with running_e2b() as peer:
        there = {"E2B_API_KEY": KEY, "E2B_API_URL": peer.url, "E2B_SANDBOX_URL": peer.url, "E2B_HTTP_VERSION": "1.1"}
        command = [_python_with_client(), "-c", OWN_CLIENT_AT_WORK]
        ran = subprocess.run(command, env=os.environ | there, capture_output=True, text=True, timeout=60, check=False)
        assert (ran.stdout, ran.stderr, ran.returncode) == ("as it should\n", "", 0)
        assert peer.machines == {}


def test_a_sandbox_reaches_nothing_ends_by_itself_and_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with running_e2b() as peer, open_at_e2b(peer, tmp_path, template="own/python:3") as sandbox:
        result = sandbox.run(Task(arguments=("python", "-c", "print(1)"), workspace=tmp_path / "work"))
        assert result.stdout == b"1\n"
        assert peer.machines == {}
        assert peer.wanted[-1] == {
            "templateID": "own/python:3",
            "timeout": 180,
            "autoPause": False,
            "allow_internet_access": False,
            "metadata": {"app": "skillyard-run"},
        }


def test_a_program_is_nobody_and_reaches_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    code = """
import os, socket
def tried(what):
    try:
        return what()
    except OSError:
        return 'no'
print(os.getuid() >= 100_000, os.getgroups(), os.getresuid() == (os.getuid(),) * 3)
print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNewPrivs'))])
print(tried(lambda: open('/run/skillyard/answer')), tried(lambda: open('/run/skillyard/answer', 'a')))
print(tried(lambda: open('/proc/1/fd/1', 'a')), tried(lambda: open('/new', 'w')))
print([name for name in os.listdir('/proc') if name.isdigit()], socket.if_nameindex(), tried(lambda: os.setuid(0)))
"""
    with running_e2b() as peer, open_at_e2b(peer, tmp_path) as sandbox:
        result = sandbox.run(Task(arguments=("python", "-c", code), workspace=tmp_path / "work"))
    own, rights, answer, elsewhere, around = result.stdout.decode().splitlines()
    assert own == "True [] True"
    assert rights == "['0000000000000000', '1']"
    assert answer == elsewhere == "no no"
    assert around == "['1', '2'] [(1, 'lo')] no"


def test_what_passes_by_itself_is_waited_for_and_nothing_is_done_twice(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with running_e2b() as peer, open_at_e2b(peer, tmp_path) as sandbox:
        peer.passing = [429, 503]
        before = len(peer.wanted)
        result = sandbox.run(Task(arguments=("python", "-c", "print(1)"), workspace=tmp_path / "work"))
        assert result.is_good
        assert len(peer.wanted) == before + 1
        assert peer.machines == {}


def test_a_cancelled_run_is_gone_at_once(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with running_e2b() as peer, open_at_e2b(peer, tmp_path) as sandbox:
        began = time.monotonic()
        sleeping = ("python", "-c", "import time; time.sleep(60)")
        result = sandbox.run(Task(arguments=sleeping, workspace=tmp_path / "work", is_cancelled=lambda: True))
        assert result.is_cancelled
        assert time.monotonic() - began < 10
        assert peer.machines == {}


def test_a_machine_whose_root_may_nothing_is_refused(tmp_path: Path) -> None:
    assert "there is no room for a run" in _refused(tmp_path, is_held_back=True)


def test_a_wrong_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = _refused(tmp_path, key="e2b_wrong-secret")
    assert "Invalid API key" in said
    assert "wrong-secret" not in said


def test_a_service_that_stays_busy_is_refused(tmp_path: Path) -> None:
    assert "try again" in _refused(tmp_path, prepare=lambda peer: peer.passing.extend([503] * 4))


@pytest.mark.parametrize(
    "options",
    [
        {"api_key_file": "/nowhere"},
        {"api_key_file": os.devnull},
        {"api_key_file": ""},
        {"domain": "e2b.app/@evil"},
        {"template": "../base"},
        {"api_url": "ftp://x"},
        {"sandbox_url": "file:///etc"},
    ],
)
def test_options_that_lead_nowhere_are_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with running_e2b() as peer:
        with pytest.raises(SandboxUnavailable), open_at_e2b(peer, tmp_path, **options):
            pass
        assert peer.asked == []


def test_what_cannot_be_held_to_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "noise").write_bytes(os.urandom(33 * 1024 * 1024))
    with running_e2b() as peer, open_at_e2b(peer, tmp_path) as sandbox:
        before = len(peer.asked)
        declared = Permissions(network_outbound=("api.example.com",))
        with pytest.raises(SandboxUnavailable, match="cannot be held to the hosts"):
            sandbox.run(Task(arguments=("true",), workspace=tmp_path, permissions=declared))
        with pytest.raises(SandboxUnavailable, match="bytes packed"):
            sandbox.run(Task(arguments=("true",), workspace=tmp_path / "work", inputs=("noise",)))
        assert len(peer.asked) == before


MADE = {"sandboxID": "i1", "envdVersion": "0.6.7", "envdAccessToken": "token-of-the-machine"}


@pytest.mark.parametrize(
    ("made", "piece", "why"),
    [
        ({"sandboxID": "../../other"}, b"", "without a usable name"),
        ({"sandboxID": None}, b"", "without a usable name"),
        ({"domain": "evil.example/@"}, b"", "cannot be asked safely"),
        ({"envdAccessToken": None}, b"", "cannot be asked safely"),
        ({"envdAccessToken": "a\r\nb: c"}, b"", "cannot be asked safely"),
        ({}, b"x" * (4 * 1024 * 1024 + 1), "does not send the piece"),
        ({}, b'not a frame\n{"frame": "left", "limits_hit": 7}\n', "broke off: not a frame"),
        ({}, b'{"frame": "failed", "why": "no", "hint": "ask"}\n', "no"),
    ],
)
def test_a_service_is_not_believed(tmp_path: Path, made: dict[str, object], piece: bytes, why: str) -> None:
    asked: list[tuple[str, str]] = []

    def answer(method: str, url: str, **_: object) -> Answer:
        asked.append((method, url))
        body = piece
        if url == "https://api.e2b.app/v2/sandboxes":
            body = json.dumps(MADE | made).encode()
        elif url.endswith("/process.Process/Start"):
            message = json.dumps({"event": {"end": {"exited": True}}}).encode()
            body = b"\0" + len(message).to_bytes(4, "big") + message
        return Answer(status=200, headers={}, body=body, url=url)

    (tmp_path / "key").write_text(KEY)
    with pytest.raises(SandboxUnavailable, match=why):
        open_sandbox("e2b", options={"api_key_file": str(tmp_path / "key")}, connect=answer)
    if "usable name" not in why:
        assert asked[-1] == ("DELETE", "https://api.e2b.app/sandboxes/i1")
    assert all(url.startswith(("https://api.e2b.app/", "https://49983-i1.e2b.app/")) for _, url in asked)
