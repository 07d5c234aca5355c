"""The same bytes give the same report, to the byte: in other processes, with other hash seeds, in other zones."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import hashlib, sys
from benchmarks.scan import corpora
from skillyard.skill.files import skill_files
from skillyard.skill.scan.engine import scan
whole = hashlib.sha256()
for sample in [*corpora.hostile("tune")[:40], *corpora.look_alikes()[:20]]:
    whole.update(scan(skill_files(dict(sample.files))).to_bytes())
print(whole.hexdigest())
"""


def test_a_report_does_not_depend_on_the_process_that_makes_it() -> None:
    reports = set()
    for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("random", "America/Lima")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        reports.add(done.stdout.strip())
    assert len(reports) == 1
    assert reports != {hashlib.sha256().hexdigest()}
