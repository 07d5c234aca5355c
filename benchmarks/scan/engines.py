"""Runs a scanner in a process of its own over skills on disk, so that both are measured alike."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scan.corpora import Sample
from benchmarks.scan.packages import python

CISCO = "2.3.2"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a scanner said of a sample. `findings` are dictionaries as the workers print them."""

    sample: Sample
    verdict: str
    findings: tuple[dict[str, Any], ...]
    seconds: float
    peak_bytes: int

    @property
    def is_alarm(self) -> bool:
        return self.verdict in ("flagged", "fail")

    @property
    def rules(self) -> set[str]:
        """The rules that called for the alarm."""
        return {finding["rule"] for finding in self.findings if finding["grave"]}


def ours(samples: Iterable[Sample]) -> list[Judgement]:
    return _run([sys.executable, "-m", "benchmarks.scan.ours_worker"], samples)


def cisco(samples: Iterable[Sample]) -> list[Judgement]:
    """Default policy, no model, nothing online; installed into an environment of its own when it is not there yet."""
    worker = Path(__file__).with_name("cisco_worker.py")
    wanted = f"cisco-ai-skill-scanner=={CISCO}"
    subprocess.run([str(python() / "pip"), "install", "-q", wanted], check=True, stderr=subprocess.DEVNULL)
    return _run([str(python() / "python"), str(worker)], samples)


def _run(command: list[str], samples: Iterable[Sample]) -> list[Judgement]:
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        judgements = []
        for sample, folder in _on_disk(samples):
            process.stdin.write(f"{folder}\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command} ended at {sample.name}")
            said = json.loads(line)
            judgements.append(Judgement(sample=sample, **said | {"findings": tuple(said["findings"])}))
        process.stdin.close()
    return judgements


def _on_disk(samples: Iterable[Sample]) -> Iterator[tuple[Sample, Path]]:
    """Each sample in a folder of its own that has its name, as far as a folder can."""
    for sample in samples:
        with tempfile.TemporaryDirectory(prefix="scan-") as room:
            folder = Path(room) / sample.name.rpartition("/")[2]
            for path, data in sample.files.items():
                place = folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            yield sample, folder
