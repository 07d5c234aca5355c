"""Scans the folders named on standard input with our engine, one line of JSON for each: see `engines.py`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from skillyard.skill.files import skill_files
from skillyard.skill.scan.engine import scan
from skillyard.skill.scan.report import Report
from skillyard.skill.scan.verdict import Verdict, decide_verdict

BAD = (Verdict.FLAGGED, Verdict.FAIL)


def judge(report: Report) -> dict[str, Any]:
    """The verdict, and every finding with whether it alone would have flagged the skill."""
    return {
        "verdict": report.verdict.value,
        "findings": [
            {
                "rule": finding.rule.id,
                "grave": decide_verdict([finding]) in BAD,
                "severity": finding.severity.value,
                "confidence": finding.confidence,
                "file": finding.file,
                "line": finding.line,
                "evidence": finding.evidence,
            }
            for finding in report.findings
        ],
    }


def peak_bytes() -> int:
    """The most memory that this process has held; `getrusage` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    scan(skill_files({"SKILL.md": b"---\nname: first\ndescription: Loads the rules.\n---\n"}))
    for line in sys.stdin:
        folder = Path(line.rstrip("\n"))
        started = time.perf_counter()
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        report = scan(skill_files(files))
        seconds = time.perf_counter() - started
        print(json.dumps(judge(report) | {"seconds": seconds, "peak_bytes": peak_bytes()}), flush=True)


if __name__ == "__main__":
    main()
