"""Texts: who changed what, how lines end, and what the longest ones cost."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.merge.lines import match_lines
from skillyard.skill.merge.model import Work
from skillyard.skill.merge.text import merge_text

TEXTS = st.lists(st.sampled_from([b"a", b"b", b"", b"\r", b"c\r"]), max_size=12).map(b"\n".join)


def merged(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """The content of a merge without conflicts."""
    found = merge_text(base, ours, theirs, Work())
    assert not found.conflicts
    return found.content


@given(base=TEXTS, changed=TEXTS)
def test_what_one_side_changed_is_the_result_to_the_byte(base: bytes, changed: bytes) -> None:
    assert merged(base, base, changed) == merged(base, changed, base) == merged(base, changed, changed) == changed


@given(base=TEXTS, ours=TEXTS, theirs=TEXTS)
def test_a_merge_has_every_line_that_either_side_added(base: bytes, ours: bytes, theirs: bytes) -> None:
    found = merge_text(base, ours, theirs, Work())
    there = set(found.content.split())
    assert (set(ours.split()) | set(theirs.split())) - set(base.split()) <= there


@given(a=TEXTS, b=TEXTS, steps=st.sampled_from([1, 5, 1000]))
def test_matched_lines_are_the_same_and_rise_whatever_the_search_may_cost(a: bytes, b: bytes, steps: int) -> None:
    ours, theirs = a.split(b"\n"), b.split(b"\n")
    pairs = match_lines(ours, theirs, Work(steps))
    assert all(ours[i] == theirs[j] for i, j in pairs)
    assert all(x < p and y < q for (x, y), (p, q) in pairwise(pairs))


def test_changes_in_different_places_both_stay() -> None:
    assert merged(b"1\n2\n3\n4\n5\n", b"one\n2\n3\n4\n5\n", b"1\n2\n3\n4\nfive\n") == b"one\n2\n3\n4\nfive\n"


def test_changes_of_the_same_line_are_shown_between_markers() -> None:
    found = merge_text(b"1\n2\n3\n", b"1\nours\n3\n", b"1\ntheirs\n3\n", Work())
    assert found.content == b"1\n<<<<<<< here\nours\n=======\ntheirs\n>>>>>>> drive\n3\n"
    assert found.conflicts == (None,)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (b"a\nb\nc\n", b"a\r\nb\r\nc\r\n", b"a\nb\nC\n", b"a\r\nb\r\nC\r\n"),
        (b"a\r\nb\r\nc\r\n", b"a\r\nb\r\nC\r\n", b"a\nb\nc\n", b"a\nb\nC\n"),
        (b"a\r\nb\r\nc", b"A\r\nb\r\nc", b"a\r\nb\r\nc\r\n", b"A\r\nb\r\nc\r\n"),
        (b"a\nb\nc", b"A\nb\nc", b"a\nb\nC", b"A\nb\nC"),
        (b"a\nb\nc\n", b"a\nb\nc", b"A\nb\nc\n", b"A\nb\nc"),
        (b"a", b"a\r\nb\r\n", b"a", b"a\r\nb\r\n"),
        (b"a\r\nb\nc\nd\n", b"A\r\nb\nc\nd\n", b"a\r\nb\nc\nD\n", b"A\r\nb\nc\nD\n"),
    ],
)
def test_how_lines_end_is_merged_by_itself(base: bytes, ours: bytes, theirs: bytes, expected: bytes) -> None:
    assert merged(base, ours, theirs) == merged(base, theirs, ours) == expected


def test_texts_made_to_be_slow_are_merged_in_bounded_time() -> None:
    chance = random.Random(9)
    of_few_lines = [b"".join(chance.choices([b"a\n", b"b\n", b"\n"], k=100_000)) for _ in range(3)]
    lines = [b"line %d\n" % number for number in range(100_000)]
    shuffled, work = chance.sample(lines, k=len(lines)), Work(500_000)
    began = time.monotonic()
    assert merge_text(*of_few_lines, work).conflicts
    assert work.left <= 0
    found = merge_text(b"".join(lines), b"".join(shuffled), b"".join(reversed(lines)), work)
    assert set(found.content.split(b"\n")) >= {line.rstrip() for line in lines}
    assert time.monotonic() - began < 60


def test_coarse_comparisons_yield_conflicts_and_never_another_result() -> None:
    chance = random.Random(10)
    for _ in range(200):
        base = chance.choices([b"a", b"b", b"c", b"d"], k=30)
        sides = [list(base), list(base)]
        for side in sides:
            side[chance.randrange(30)] = b"%d" % chance.randrange(1000)
        texts = [b"".join(line + b"\n" for line in side) for side in (base, *sides)]
        fine, coarse = merge_text(*texts, Work()), merge_text(*texts, Work(1))
        assert coarse.conflicts or coarse.content == fine.content
