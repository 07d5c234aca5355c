"""What every family of rules must do: its rules are well described, and its own samples come out as they say."""

from __future__ import annotations

import base64
import tomllib
from importlib import resources
from typing import Any

import pytest

from skillyard.skill.files import skill_files
from skillyard.skill.scan import rules as rules_package
from skillyard.skill.scan.engine import OWN_RULES, scan
from skillyard.skill.scan.family import families, rules

SAMPLES = resources.files(rules_package) / "samples"
SKILL = "---\nname: sample\ndescription: Helps with everyday project chores.\n---\n\n# Sample\n\nDoes a chore.\n"


def samples_of(family: str) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = tomllib.loads((SAMPLES / f"{family}.toml").read_text())["sample"]
    return samples


ALL = [
    pytest.param(sample, id=f"{sample['rule']}-{sample['expect']}-{number}")
    for family in families()
    for number, sample in enumerate(samples_of(family.name))
]


def content(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


@pytest.mark.parametrize("sample", ALL)
def test_a_sample_comes_out_as_it_says(sample: dict[str, Any]) -> None:
    files = {"SKILL.md": SKILL} | sample["files"]
    report = scan(skill_files({path: content(value) for path, value in files.items()}))
    found = {finding.rule.id for finding in report.findings}
    assert sample["rule"] in rules()
    assert sample["expect"] in ("found", "absent")
    assert (sample["rule"] in found) == (sample["expect"] == "found"), sorted(found)
    if "verdict" in sample:
        assert report.verdict == sample["verdict"], sorted(found)


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_every_rule_has_good_and_bad_samples(family: Any) -> None:
    samples = samples_of(family.name)
    for rule in family.rules:
        expected = [sample["expect"] for sample in samples if sample["rule"] == rule.id]
        assert expected.count("found") >= 2, rule.id
        assert expected.count("absent") >= 2, rule.id


def test_rules_are_described_for_people() -> None:
    described = [*rules().values(), *OWN_RULES]
    assert len({rule.id for rule in described}) == len(described)
    for family in families():
        for rule in family.rules:
            assert rule.id.startswith(f"{family.name}."), rule.id
            assert rule.why.endswith("."), rule.id
            assert rule.advice.endswith("."), rule.id
            assert 0 < rule.confidence <= 1, rule.id
