"""What a range says beyond matching: intersections, refusals, bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import SkillError
from skillyard.skill.versions import Range, Version, is_version

NUMBERS = st.integers(0, 3)
VERSIONS = st.builds(
    lambda a, b, c, pre: Version.parse(f"{a}.{b}.{c}{pre}"),
    NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "", "-0", "-alpha", "-rc.1"]),
)  # fmt: skip
RANGES = st.builds(
    lambda operator, a, b, c: f"{operator}{a}.{b}.{c}",
    st.sampled_from(["", "^", "~", ">", ">=", "<", "<="]), NUMBERS, NUMBERS, NUMBERS,
)  # fmt: skip


@given(RANGES, RANGES, VERSIONS)
def test_an_intersection_admits_what_both_admit(one: str, other: str, version: Version) -> None:
    both = Range.parse(one).intersect(Range.parse(other))
    in_both = Range.parse(one).contains(version) and Range.parse(other).contains(version)
    assert both.contains(version) == in_both
    if both.is_empty:
        assert not in_both


@given(st.text(max_size=300))
def test_any_text_is_a_range_or_a_clear_refusal(text: str) -> None:
    try:
        Range.parse(text)
    except SkillError as error:
        (fault,) = error.faults
        assert fault.code == "bad_range"
        assert fault.hint
        assert len(fault.message) < 300


@given(st.text(max_size=300))
def test_any_text_is_a_version_or_a_clear_refusal(text: str) -> None:
    if is_version(text):
        assert str(Version.parse(text)) == text.removeprefix("v")
    else:
        with pytest.raises(SkillError):
            Version.parse(text)


@pytest.mark.parametrize(
    "text", ["1" * 5000, ">=" * 3000, "^1 " * 2000, "1.2.3-" + "a." * 3000, "||" * 5000, " " * 9000]
)
def test_hostile_text_is_answered_quickly(text: str) -> None:
    began = time.process_time()
    with pytest.raises(SkillError):
        Range.parse(text)
    assert time.process_time() - began < 0.5


def test_parts_of_a_version_can_be_read() -> None:
    version = Version.parse("1.2.3-rc.1+build.5")
    assert (version.major, version.minor, version.patch) == (1, 2, 3)
    assert version.prerelease == ("rc", 1)
    assert version.build == "build.5"
    assert version == Version.parse("1.2.3-rc.1")


def test_a_range_is_compiled_once() -> None:
    assert Range.parse("^1.2.0") is Range.parse("^1.2.0")
