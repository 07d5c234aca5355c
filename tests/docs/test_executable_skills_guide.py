"""The commands of the guide on executable skills, typed as they stand there by a provider and a buyer."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.test_quoted_commands import EXIT, ROOT, Reader
from tests.journeys.running import a_server

GUIDE = ROOT / "docs" / "guide" / "executable-skills.md"
EXECUTABLE = ROOT / "examples" / "executable"
BLOCK = re.compile(r"((?:(?!```).)*)```console\n(.*?)```", re.DOTALL)


def test_the_guide_to_executable_skills_works_word_by_word(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    with a_server(tmp_path / "server") as server:
        ada, grace = (Reader(tmp_path / name, server, name) for name in ("ada", "grace"))
        ada.environment["SKILLYARD_DATA_DIR"] = str(tmp_path / "server")
        ada.type(f"skillyard login --link {shlex.quote(server.link or '')} --username ada")
        link = ada.type("skillyard sign-in-link").strip()
        grace.type(f"skillyard login --link {shlex.quote(link)} --username grace")
        shutil.copytree(EXECUTABLE, ada.folder, dirs_exist_ok=True)
        reader, printed = ada, list[tuple[str, str]]()
        for said, block in BLOCK.findall(text):
            if turn := re.findall(r"As (ada|grace)", said):
                reader = {"ada": ada, "grace": grace}[turn[-1]]
            for command in [line.removeprefix("$ ") for line in block.splitlines()]:
                if "$INVOCATION" in command:
                    (*_, first) = json.loads(grace.type("skillyard invocations --json"))
                    reader.environment["INVOCATION"] = first["id"]
                expect = int(found[1]) if (found := EXIT.search(command)) else 0
                printed.append((command, reader.type(command, expect=expect)))
        _check(printed, grace, server.url, text)


def _check(printed: list[tuple[str, str]], grace: Reader, url: str, text: str) -> None:
    assert len(printed) >= 24
    outputs = [json.loads(out) for command, out in printed if command.startswith("skillyard invoke ") and out]
    assert outputs == [{"words": 3, "minutes": 0.0}, {"words": 3, "minutes": 0.0}]
    balances = [out for command, out in printed if command == "skillyard credits"]
    assert balances[0] == balances[1], "what failed costs nothing"
    ended = json.loads(grace.type("skillyard invocations --json"))
    assert ended[0]["output"] == {"headline": "The Cost of the Dog"}
    assert [one["status"] for one in ended] == ["completed", "failed", "completed", "completed"]
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet], env=grace.environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "completed {'words': 3, 'minutes': 0.0}\n", done.stderr
