"""The commands of the guide to drives, typed as they stand there, by one person at two machines."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from tests.docs.test_quoted_commands import EXAMPLES, EXIT, ROOT, Reader
from tests.journeys.running import a_server

PAGE = (ROOT / "docs" / "guide" / "drive.md").read_text(encoding="utf-8")


def test_the_guide_to_drives_works_word_by_word(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        yard, laptop, desktop = (Reader(tmp_path / name, server, name) for name in ("yard", "laptop", "desktop"))
        yard.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        shutil.copytree(EXAMPLES / "text-kit", yard.folder / "text-kit")
        yard.type("skillyard publish text-kit")
        link = yard.type("skillyard request POST /admin/sign-in-links --body '{}' | grep -o 'http[^\"]*'").strip()
        laptop.type(f"skillyard login --link {shlex.quote(link)} --username grace")
        token = laptop.type("skillyard tokens create desktop --scope read --scope publish --scope manage").strip()
        desktop.type(f"echo {token} | skillyard login --token")
        laptop.type("skillyard namespaces create acme")
        for machine in (laptop, desktop):
            (machine.folder.parent / ".claude").mkdir()
        typed = follow(yard, laptop, desktop)
        assert len(typed) >= 20
        skills = laptop.folder.parent / ".claude" / "skills"
        assert "Be brief." in (skills / "journal" / "SKILL.md").read_text()
        assert "grace/text-kit" in laptop.type("skillyard drive list")


def follow(yard: Reader, laptop: Reader, desktop: Reader) -> list[str]:
    """What stands before a block of commands says whose turn it is."""
    typed, reader = [], laptop
    for said, block in re.findall(r"((?:(?!```).)*)```console\n(.*?)```", PAGE, re.DOTALL):
        turn = re.findall(r"On the (laptop|desktop)", said)
        if turn:
            reader = desktop if turn[-1] == "desktop" else laptop
        for command in [line.removeprefix("$ ") for line in block.splitlines()]:
            if command == "skillyard drive updates":
                publish_anew(yard)
            reader.type(command, expect=int(found[1]) if (found := EXIT.search(command)) else 0)
            typed.append(command)
    return typed


def publish_anew(yard: Reader) -> None:
    """What happens meanwhile: the author has a new release."""
    skill = yard.folder / "text-kit" / "SKILL.md"
    skill.write_text(re.sub(r'version: "[^"]+"', 'version: "1.9.0"', skill.read_text()))
    yard.type("skillyard publish text-kit")
