"""What a newcomer sees first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.journeys.running import clean_environment


def test_the_demonstration_works_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = clean_environment() | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "skillyard.cli.main", "demo", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = json.loads(done.stdout)["steps"]
    commands = [step["command"] for step in steps]
    assert sum(command.startswith("skillyard publish") for command in commands) >= 6
    assert any(command.startswith("skillyard search") for command in commands)
    assert [step["exit_code"] for step in steps if step["command"] == "skillyard verify"] == [0, 1]
    assert [step["exit_code"] for step in steps if step["command"] == "skillyard publish helper"] == [1]
    assert list(tmp_path.iterdir()) == []
