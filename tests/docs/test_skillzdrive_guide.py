"""The guide for SkillzDrive's clients: its commands work as they stand there, its lists are what is served."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

from skillyard.api.native.application import operation_id
from skillyard.api.skillzdrive.mcp_tools import GET_STARTED, TOOLS
from skillyard.api.skillzdrive.routes import every_route
from tests.docs.test_quoted_commands import EXAMPLES, ROOT, Reader, commands
from tests.journeys.running import a_server

GUIDE = "docs/guide/skillzdrive.md"


def test_the_skillzdrive_guide_works_word_by_word(tmp_path: Path) -> None:
    search, make_token, *others = commands(GUIDE)
    with a_server(tmp_path / "server") as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        shutil.copytree(EXAMPLES / "text-kit", reader.folder / "text-kit")
        reader.type("skillyard publish text-kit")
        token = reader.type(make_token).strip()
        reader.environment |= {"DRIVE": f"{server.url}/skillzdrive", "KEY": token}
        _have_uuidgen(reader, tmp_path / "bin")
        answers = [json.loads(reader.type(command)) for command in (search, *others)]
    assert len(answers) == 6
    assert all(set(answer) == {"data"} for answer in answers), answers
    found, _, collection, drive, updates, run = (answer["data"] for answer in answers)
    assert found["skills"][0]["slug"] == "text-kit"
    assert collection["api_key"].startswith("sk_live_")
    assert [skill["slug"] for skill in drive["skills"]] == ["text-kit"]
    assert updates == {"updates": []}
    assert run["stdout"] == "so-far-so-good\n"


def test_the_guide_lists_every_request_that_is_served_and_no_other() -> None:
    served = {
        f"{method} {route.path}": operation_id(route)
        for route in every_route()
        if route.include_in_schema
        for method in route.methods or ()
    }
    text = (ROOT / GUIDE).read_text()
    assert set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", text, re.MULTILINE)) == set(served)
    tools = dict(re.findall(r"^\| `(skills_\w+)` \| `([A-Z]+ /\S+)` \|$", text, re.MULTILINE))
    assert {name: served[request] for name, request in tools.items()} == dict(TOOLS)
    assert f"| `{GET_STARTED}` |" in text


def _have_uuidgen(reader: Reader, folder: Path) -> None:
    """It is not on every machine."""
    folder.mkdir()
    (folder / "uuidgen").write_text("#!/bin/sh\ncat /proc/sys/kernel/random/uuid\n")
    (folder / "uuidgen").chmod(0o755)
    reader.environment["PATH"] = f"{reader.environment['PATH']}:{folder}"
