"""The scanner on the skills that were written for `benchmarks/scan`: what it found once, it goes on finding."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from benchmarks.scan import corpora
from benchmarks.scan.corpora import Sample
from skillyard.skill.scan.engine import scan
from skillyard.skill.scan.verdict import Verdict

BAD = (Verdict.FLAGGED, Verdict.FAIL)


def flagged(samples: Iterable[Sample]) -> dict[str, bool]:
    """By name, whether the scanner warns."""
    return {sample.name: scan(sample.skill()).verdict in BAD for sample in samples}


@pytest.mark.parametrize(("use", "least"), [("tune", 0.95), ("held_out", 0.70)])
def test_most_hostile_skills_are_flagged(use: str, least: float) -> None:
    found = flagged(corpora.hostile(use))
    missed = sorted(name for name, is_flagged in found.items() if not is_flagged)
    assert len(found) >= 100
    assert sum(found.values()) >= least * len(found), missed


def test_look_alikes_are_hardly_ever_flagged() -> None:
    found = flagged(corpora.look_alikes())
    wrongly = sorted(name for name, is_flagged in found.items() if is_flagged)
    assert len(found) >= 60
    assert len(wrongly) <= 0.04 * len(found), wrongly


def test_no_look_alike_fails() -> None:
    assert [sample.name for sample in corpora.look_alikes() if scan(sample.skill()).verdict is Verdict.FAIL] == []
