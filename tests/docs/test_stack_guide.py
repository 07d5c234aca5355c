"""The guide for STACK's SDK: its programs run as they stand there, and its list of calls is the one that is served."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from skillyard.api.stack.routes import every_route
from tests.docs.test_quoted_commands import ROOT, Reader, commands
from tests.journeys.running import a_server

GUIDE = "docs/guide/stack.md"


def test_the_stack_guide_works_word_by_word(tmp_path: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", (ROOT / GUIDE).read_text(), re.DOTALL)
    assert len(programs) == 3
    with a_server(tmp_path / "server") as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        (command,) = commands(GUIDE)
        environment = {**reader.environment, "STACK_API_KEY": reader.type(command).strip()}
        said = []
        for program in programs:
            text = program.replace("http://127.0.0.1:8400", server.url)
            done = subprocess.run(
                [sys.executable, "-c", text], env={**os.environ, **environment}, cwd=reader.folder,
                capture_output=True, text=True, check=False, timeout=90,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            said.append(done.stdout)
    assert re.match(r"skl_\w+ active", said[0])
    assert said[1].strip() == "{'words': 4}"
    assert said[2].strip() == "1"


def test_the_guide_lists_every_call_that_is_served_and_no_other() -> None:
    listed = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", (ROOT / GUIDE).read_text(), re.MULTILINE))
    served = {
        f"{method} {route.path}" for route in every_route() if route.include_in_schema for method in route.methods or ()
    }
    assert listed == served
