"""The commands of the guide to running, typed as they stand there, by one person in one shell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.test_quoted_commands import EXAMPLES, ROOT, Reader, commands
from tests.journeys.running import a_server

PAGE = "docs/guide/run.md"
SETS = re.compile(r"^([A-Z]+)=\$\((.*)\)$")


def test_the_guide_to_running_works_word_by_word(tmp_path: Path) -> None:
    with a_server(tmp_path / "server") as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        shutil.copytree(EXAMPLES / "text-kit", reader.folder / "text-kit")
        reader.type("skillyard publish text-kit")
        (reader.folder / "notes.md").write_text("Some  words,\r\nand more.  \n")
        typed = {command: _type(reader, command) for command in commands(PAGE)}
        assert len(typed) >= 18
        said = {command.partition(" -- ")[0]: text for command, text in typed.items()}
        assert said['skillyard run yard/text-kit text_kit.py slugify "Größe & Gewicht"'] == "grosse-gewicht\n"
        assert said["cat cleaned/clean.md"] == "Some  words,\nand more.\n"
        assert (reader.folder / "again").is_dir()
        assert said["skillyard receipt verify receipt.txt"].startswith("ok run ")
        (code,) = re.findall(r"```python\n(.*?)```", (ROOT / PAGE).read_text(encoding="utf-8"), re.DOTALL)
        done = subprocess.run(
            [sys.executable, "-c", code], env=reader.environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.startswith("succeeded"), done.stderr


def _type(reader: Reader, command: str) -> str:
    """A variable that a command sets is there for the next ones."""
    sets = SETS.match(command)
    said = reader.type(sets[2] if sets else command)
    if sets:
        reader.environment[sets[1]] = said.strip()
    return said
