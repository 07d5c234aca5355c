"""Durable commits (fsync, fdatasync) that one publish costs the embedded server, counted by strace.

python -m benchmarks.durability
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Result, report
from benchmarks.peers import debian_program, skillyard
from benchmarks.samples import publish_skill, skill_folder

PUBLISHES = 10


def main() -> None:
    strace = debian_program("strace")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with skillyard(folder / "ours") as ours:
            publish_skill(ours, skill_folder(folder / "warm", "warm"))
            pid = subprocess.run(
                ["pgrep", "-f", "skillyard.operate serve --port 0"], check=True, capture_output=True, text=True
            ).stdout.split()[-1]
            log = folder / "strace.log"
            tracer = subprocess.Popen(
                [strace, "-f", "-p", pid, "-e", "trace=fsync,fdatasync", "-o", str(log)], stderr=subprocess.DEVNULL
            )
            time.sleep(1)
            for number in range(PUBLISHES):
                publish_skill(ours, skill_folder(folder / f"skill-{number}", f"skill-{number}", files=59))
            time.sleep(1)
            tracer.terminate()
            tracer.wait()
            calls = sum("sync(" in line for line in log.read_text().splitlines())
    result = Result("skillyard", "commits per publish", (calls / PUBLISHES,))
    report("durable commits per publish", {"skillyard": result}, {"per publish": (result.median, "<= 6, aim 3")})


if __name__ == "__main__":
    main()
