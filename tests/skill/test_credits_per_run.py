"""`credits-per-run` in the metadata of SKILL.md: whole credits, or a fault that says so."""

from __future__ import annotations

import pytest

from skillyard.skill.archive import skill_files
from skillyard.skill.manifest import ManifestReport, read_manifest


def read(line: str) -> ManifestReport:
    front = f'name: paid\ndescription: "Costs something. Use it in tests."\nmetadata:\n  made-by: tests\n{line}'
    return read_manifest(skill_files({"SKILL.md": f"---\n{front}---\n\n# Text\n".encode()}))


@pytest.mark.parametrize(
    ("line", "credits"),
    [("", 0), ('  credits-per-run: "2"\n', 2), ("  credits-per-run: 2\n", 2), ('  credits-per-run: "0"\n', 0)],
)
def test_whole_numbers_are_taken(line: str, credits: int) -> None:
    manifest = read(line).manifest
    assert manifest is not None
    assert manifest.credits_per_run == credits


@pytest.mark.parametrize("value", ['"-1"', '"1.5"', '"many"', '"1000000"', '"٣"', '"1e3"', '" 2 3"', "[2]", "{a: 2}"])
def test_anything_else_is_refused_with_the_line(value: str) -> None:
    report = read(f"  credits-per-run: {value}\n")
    assert report.manifest is None
    assert next(fault.line for fault in report.faults if fault.severity == "error") == 6
