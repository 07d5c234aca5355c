"""What `python -m skillyard.operate` understands, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def _operate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "skillyard.operate", *arguments], capture_output=True, text=True)


def test_a_link_is_printed_as_data(tmp_path: Path) -> None:
    done = _operate("sign-in-link", "--json", f"--data-dir={tmp_path}")
    assert done.returncode == 0
    assert "/sign-in/" in json.loads(done.stdout)["url"]


def test_a_backup_of_what_is_not_there_is_refused_in_one_line_with_a_hint(tmp_path: Path) -> None:
    done = _operate("restore", str(tmp_path / "none"), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wrong", [[], ["fly"], ["serve", "--prt", "1"], ["serve", "--port", "x"], ["backup"]])
def test_what_cannot_be_understood_is_a_matter_of_usage(wrong: list[str]) -> None:
    done = _operate(*wrong)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: skillyard")


def test_a_port_out_of_range_is_a_matter_of_usage_too(tmp_path: Path) -> None:
    done = _operate("serve", "--port", "70000", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "port" in done.stderr
