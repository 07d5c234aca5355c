"""The commands of the guide to the board, typed as they stand there by a provider and by somebody who looks."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

from tests.docs.test_quoted_commands import EXIT, ROOT, Reader
from tests.journeys.running import a_server

GUIDE = ROOT / "docs" / "guide" / "board.md"
BLOCK = re.compile(r"((?:(?!```).)*)```console\n(.*?)```", re.DOTALL)


def test_the_guide_to_the_board_works_word_by_word(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    with a_server(tmp_path / "server") as server:
        ada, grace = (Reader(tmp_path / name, server, name) for name in ("ada", "grace"))
        ada.type(f"skillyard login --link {shlex.quote(server.link or '')} --username ada")
        link = ada.type("skillyard sign-in-link").strip()
        grace.type(f"skillyard login --link {shlex.quote(link)} --username grace")
        shutil.copytree(ROOT / "examples" / "executable", ada.folder, dirs_exist_ok=True)
        reader, printed = ada, dict[str, str]()
        for said, block in BLOCK.findall(text):
            reader = grace if "As grace" in said else reader
            for command in [line.removeprefix("$ ") for line in block.splitlines()]:
                if "$REQUEST" in command:
                    (request,) = json.loads(grace.type("skillyard wanted --mine --json"))
                    reader.environment["REQUEST"] = request["id"]
                expect = int(found[1]) if (found := EXIT.search(command)) else 0
                printed[command] = reader.type(command, expect=expect)
        ended = json.loads(grace.type("skillyard compositions --json"))
    assert [(one["status"], one["paid"]) for one in ended] == [("completed", 8), ("completed", 8)]
    assert ended[0]["output"] == {"begin": "20:00", "questions": 0}
    suggested = next(out for command, out in printed.items() if "suggest" in command)
    assert "ada/word-count → ada/talk-plan  8 credits" in suggested
    assert len(printed) == 17
