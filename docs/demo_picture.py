"""Draws docs/demo.svg: a real run of the demonstration, shortened to what a first glance needs.

make picture
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

MOST_LINES = 4
LEFT_OUT = ("info", "why", "publish examples/skills/git-changelog", "publish examples/skills/license-notes",
            "publish examples/skills/link-check", "python ")  # fmt: skip


def main() -> None:
    """Run the demonstration, keep the first lines of each step, and write the picture."""
    run = [sys.executable, "-m", "skillyard.cli.main", "demo"]
    output = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    console = Console(record=True, width=104, file=io.StringIO())
    for step in re.split(r"\n(?=\$ )", output):
        draw(console, step.splitlines())
    picture = console.export_svg(title="make demo")
    picture = re.sub(r"@font-face {.*?}", "", picture, flags=re.DOTALL)  # no fonts from elsewhere
    Path(__file__).with_name("demo.svg").write_text(re.sub(r"<!--.*?-->", "", picture, flags=re.DOTALL))


def draw(console: Console, lines: list[str]) -> None:
    command = lines[0].removeprefix("$ ").removeprefix("skillyard ")
    if command.startswith(LEFT_OUT):
        return
    told, done = re.fullmatch(r"(.*?)(  [\d.]+ s)?", lines[0]).groups() if lines[0].startswith("$") else (lines[0], "")
    console.print(Text(shorten(told), style="bold cyan" if done else ""), Text(done or "", style="dim"), sep="")
    result = [line for line in lines[1:] if line.strip() and not line.startswith("#")]
    changed = [line for line in result if "changed" in line]
    for line in (changed or result)[:MOST_LINES]:
        console.print(Text(shorten(line), style="red" if "changed" in line else "green" if "ok " in line else ""))
    if len(result) > MOST_LINES and not changed:
        console.print(Text(f"  … {len(result) - MOST_LINES} more", style="dim"))
    if any(line.startswith("All of it") for line in result):
        console.print(Text(result[-1], style="bold green"))


def shorten(line: str) -> str:
    line = re.sub(r"sky_link_\w+", "sky_link_…", line)
    line = re.sub(r"(sha256:\w{12})\w+", r"\1…", line)
    return line if len(line) <= 102 else f"{line[:101]}…"


if __name__ == "__main__":
    main()
