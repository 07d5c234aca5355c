"""Scans the folders named on standard input with Cisco's scanner as it is by default: see `engines.py`.

Runs in that scanner's own environment, so it imports nothing of ours. Its rules speak of themselves as critical and
high; those make a skill unsafe.
"""

import json
import sys
import time
from pathlib import Path

from skill_scanner import SkillScanner


def peak_bytes() -> int:
    """The most memory that this process has held; `getrusage` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr
    scanner = SkillScanner()
    for line in sys.stdin:
        started = time.perf_counter()
        result = scanner.scan_skill(Path(line.rstrip("\n")))
        seconds = time.perf_counter() - started
        findings = [
            {
                "rule": found.rule_id,
                "grave": found.severity.value in ("CRITICAL", "HIGH"),
                "severity": found.severity.value.lower(),
                "confidence": 1.0,
                "file": found.file_path or "",
                "line": found.line_number or 0,
                "evidence": found.title,
            }
            for found in result.findings
        ]
        judged = {
            "verdict": "pass" if result.is_safe else "flagged",
            "findings": findings,
            "seconds": seconds,
            "peak_bytes": peak_bytes(),
        }
        print(json.dumps(judged), file=out, flush=True)


if __name__ == "__main__":
    main()
