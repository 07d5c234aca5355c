"""Versions and ranges mean what they mean to npm: compared with npm's own package on many thousand questions."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skillyard.skill.faults import SkillError
from skillyard.skill.versions import Range, Version
from tests.tools import node, npm_install

SEMVER = "7.7.3"
FIXED_VERSIONS = [
    "0.0.0", "0.0.1", "0.0.2", "0.1.0", "0.1.2", "0.2.0", "1.0.0", "1.0.1", "1.2.0", "1.2.3", "1.2.4", "1.3.0",
    "1.9.9", "2.0.0", "2.0.1", "2.1.0", "3.0.0", "10.0.0", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-beta", "1.2.4-0",
    "2.0.0-rc.1", "0.0.1-0", "1.0.0-alpha", "1.2.3+build", "9007199254740991.0.0",
]  # fmt: skip
FIXED_RANGES = [
    "", "*", "x", "1", "1.x", "1.2", "1.2.x", "1.2.3", "=1.2.3", "v1.2.3", "^1.2.3", "^0.1.2", "^0.0.1", "^0", "^0.0",
    "^1", "^1.2.3-alpha", "~1.2.3", "~1.2", "~1", "~0.1", "~>1.2.3", "~1.2.3-beta", ">1", ">=1", "<1", "<=1", ">1.2",
    "<=1.2", ">1.2.3", "<1.2.3", ">=1.2.3 <2.0.0", ">=1.2.3-alpha <1.3", "1.2.3 - 2.0.0", "1.2 - 2", "1 - 2.1",
    "^1 || ^3", "1.2.3 || >=2", "<0.0.0", ">*", "<*", ">=*", ">=0.0.0", ">=0.0.0-0", "^1.2.3 <1.2.4", "> 1.2", "^ 1.2",
    "~ 1.2.3", ">=1.2.3-alpha.1", "1.2.3-alpha - 1.2.3-beta", "x.1.2", "^x", "~*",
]  # fmt: skip
NOT_RANGES = ["latest", "1.2.3.4", ">", "^", "~", "1.2.3 ||| 2", "==1.2.3", "!1", "01.2.3", "1.2.3-01", "a.b.c", ">>1"]
VALID = [
    "1.2.3", "v1.2.3", " 1.2.3", "1.2", "1.2.3.4", "01.2.3", "1.2.3-01", "1.2.3-0a", "1.2.3-a..b", "1.2.3-", "1.2.3+",
    "1.2.3+a.b", "1.2.3-a+b", "9007199254740992.0.0", "9007199254740991.1.1", "1" * 300 + ".0.0", "", "\u0661.2.3",
]  # fmt: skip


def generated(count: int) -> list[tuple[str, str]]:
    chance = random.Random(20)

    def number() -> str:
        return chance.choice(["0", "1", "2", "3", "10", "01", "x", "*", "X"] if chance.random() < 0.3 else list("0123"))

    def part() -> str:
        size = chance.choice([1, 2, 3, 3, 3])
        text = ".".join(number() for _ in range(size))
        if size == 3 and chance.random() < 0.25:
            text += "-" + chance.choice(["alpha", "0", "rc.1", "1", "alpha.2", "a-b", "01"])
        return text + "+b1" if size == 3 and chance.random() < 0.05 else text

    def comparator() -> str:
        odd = ["==", "> =", ">v", "v", "^ ", "~ ", ">= ", "= ", "=v", "^v", "!", "~>"]
        return chance.choice(odd if chance.random() < 0.2 else ["", "^", "~", ">", "<", ">=", "<=", "="]) + part()

    def alternative() -> str:
        if chance.random() < 0.15:
            return part() + chance.choice([" - ", "-", " -  "]) + part()
        return chance.choice([" ", "  "]).join(comparator() for _ in range(chance.choice([1, 1, 2, 2, 3])))

    def version() -> str:
        text = ".".join(str(chance.choice([0, 1, 2, 3, 4, 10])) for _ in range(3))
        return text + "-" + chance.choice(["alpha", "0", "rc.1", "1", "beta"]) if chance.random() < 0.4 else text

    return [
        (chance.choice(["||", " || "]).join(alternative() for _ in range(chance.choice([1, 1, 2, 3]))), version())
        for _ in range(count)
    ]


FIXED_PAIRS = list(itertools.product([*FIXED_RANGES, *NOT_RANGES], FIXED_VERSIONS))
PAIRS = [*FIXED_PAIRS, *generated(8000)]
ORDER = list(itertools.product(FIXED_VERSIONS, FIXED_VERSIONS))
HIGHEST = [(FIXED_VERSIONS, text) for text in FIXED_RANGES]


@pytest.fixture(scope="module")
def npm_says() -> Any:
    folder = npm_install("semver", SEMVER)
    asked = json.dumps({"pairs": PAIRS, "valid": VALID, "order": ORDER, "highest": HIGHEST})
    command = [str(node()), str(Path(__file__).with_name("npm_oracle.js")), str(folder)]
    return json.loads(subprocess.run(command, input=asked, capture_output=True, text=True, check=True).stdout)


def we_say(text: str, version: str) -> list[bool] | None:
    try:
        accepted = Range.parse(text)
    except SkillError:
        return None
    parsed = Version.parse(version)
    return [accepted.contains(parsed), accepted.contains(parsed, include_prerelease=True)]


def test_every_pair_is_matched_as_npm_matches_it(npm_says: Any) -> None:
    assert len(FIXED_PAIRS) >= 1300
    different = [
        (pair, theirs) for pair, theirs in zip(PAIRS, npm_says["pairs"], strict=True) if we_say(*pair) != theirs
    ]
    assert different == []
    matched = sum(bool(answer and answer[0]) for answer in npm_says["pairs"])
    assert matched > 500, "the questions must not all have the same answer"


def test_the_same_texts_are_versions(npm_says: Any) -> None:
    def ours(text: str) -> bool:
        try:
            Version.parse(text)
        except SkillError:
            return False
        return True

    theirs = [answer is not None for answer in npm_says["valid"]]
    # npm trims blanks around a version; a registry that pins exact text refuses them.
    expected = [answer and text == text.strip() for text, answer in zip(VALID, theirs, strict=True)]
    assert [ours(text) for text in VALID] == expected


def test_versions_sort_as_npm_sorts_them(npm_says: Any) -> None:
    for (one, other), theirs in zip(ORDER, npm_says["order"], strict=True):
        first, second = Version.parse(one), Version.parse(other)
        assert (first > second) - (first < second) == theirs, (one, other)


def test_the_highest_match_is_the_one_that_npm_picks(npm_says: Any) -> None:
    for (versions, text), theirs in zip(HIGHEST, npm_says["highest"], strict=True):
        best = Range.parse(text).max_satisfying([Version.parse(version) for version in versions])
        assert (best.text if best else None) == theirs, text
