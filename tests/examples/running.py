"""Runs scripts of the example skills the way an agent does: a new process, in some other folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SKILLS = Path(__file__).resolve().parents[2] / "examples" / "skills"


def run(
    skill: str, *arguments: str | Path, cwd: Path, stdin: str | bytes = b"", skills: Path = SKILLS
) -> subprocess.CompletedProcess[str]:
    """Run the skill's main script. Its output is read as UTF-8 whatever the locale says."""
    script = skills / skill / "scripts" / f"{skill.replace('-', '_')}.py"
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=cwd, input=given, capture_output=True, timeout=60, check=False,
        env={**os.environ, "COLUMNS": "200", "LC_ALL": "C"},
    )  # fmt: skip
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def output(skill: str, *arguments: str | Path, cwd: Path, stdin: str | bytes = b"") -> str:
    """What a run printed that must succeed."""
    done = run(skill, *arguments, cwd=cwd, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(skill: str, *arguments: str | Path, cwd: Path, stdin: str | bytes = b"", code: int = 1) -> str:
    """What a run said that must be refused, without a traceback and without output."""
    done = run(skill, *arguments, cwd=cwd, stdin=stdin)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr
