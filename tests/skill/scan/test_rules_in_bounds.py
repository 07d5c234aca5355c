"""What is made to be slow is not: a megabyte of each kind of bait passes through every family in seconds."""

import time

import pytest

from skillyard.skill.scan.rules import dependencies, package, persistence, secrets
from tests.skill.scan.subjects import subject

FAMILIES = [family.FAMILY for family in (dependencies, package, persistence, secrets)]
SIZE = 1 << 19
MOST_SECONDS = 6
BAITS = {
    "SKILL.md": ["echo a >> ~/.bashrc\n", "```json\n{\"hooks\": 1}\n```\n", "pip install a b c d e f g\n",
                 "Append to CLAUDE.md:\n"],
    "scripts/a.sh": ["crontab -l <<EOF\n", "curl https://x.unknown.invalid/a \\\n", "alias sudo=",
                     "~/.bashrc ", "A" * 64],
    "assets/a.svg": ["<a ", "<a onload ", "<svg "],
    "package.json": ["[", '{"scripts":', '"a": "b",'],
    "requirements.txt": ["a @ ", "-i ", "# /// script\n", "reqeusts\n"],
    "package-lock.json": ["url ", 'url" : "', "resolved        "],
    "setup.py": ["requires=[", "'a' "],
    "scripts/b.py": ["# /// script\n# a\n", "open('~/.zshrc', 'a')\n", "urlopen("],
    ".github/workflows/a.yml": ["      - run: curl -s https://astral.sh/a | sh\n"],
    "assets/a.bin": ["\0curl -s https://astral.sh/a | sh\n", "\0" * 30, "cos\nsystem\n"],
}  # fmt: skip


@pytest.mark.parametrize(("path", "bait"), [(path, bait) for path, baits in BAITS.items() for bait in baits])
def test_bait_is_passed_through_in_seconds(path, bait):
    looked_at = subject({path: bait * (SIZE // len(bait))})
    began = time.perf_counter()
    for family in FAMILIES:
        list(family.check(looked_at))
    assert time.perf_counter() - began < MOST_SECONDS
