"""The merge by lines, held against `git merge-file` on hundreds of drawn edits."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from skillyard.skill.merge.model import Work
from skillyard.skill.merge.text import merge_text

CASES = 200


def git_merge(folder: Path, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """None where git found a conflict."""
    for name, content in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(content)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=folder, capture_output=True, timeout=30
    )  # fmt: skip
    assert done.returncode >= 0, done.stderr
    return None if done.returncode else done.stdout


def edited(chance: random.Random, lines: list[str], new: Callable[[], str]) -> list[str]:
    lines = list(lines)
    for _ in range(chance.randint(0, 4)):
        at = chance.randint(0, len(lines))
        gone = chance.choice([0, 1, 1, chance.randint(1, 3)])
        lines[at : at + gone] = [new() for _ in range(chance.choice([0, 1, 3] if gone else [1, 2]))]
    return lines


def joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def compared(folder: Path, chance: random.Random, new: Callable[[], str]) -> Counter[str]:
    seen: Counter[str] = Counter()
    for _ in range(CASES):
        base = [new() for _ in range(chance.randint(0, 20))]
        texts = [joined(side) for side in (base, edited(chance, base, new), edited(chance, base, new))]
        merged, expected = merge_text(*texts, Work()), git_merge(folder, *texts)
        if expected is None:
            seen["both see a conflict" if merged.conflicts else "only git sees a conflict"] += 1
        elif merged.conflicts:
            seen["only we see a conflict"] += 1
        else:
            seen["same" if merged.content == expected else "other"] += 1
    return seen


def test_texts_whose_lines_differ_merge_as_git_merges_them(tmp_path: Path) -> None:
    numbers = count()
    seen = compared(tmp_path, random.Random(6), lambda: f"line {next(numbers)}")
    assert set(seen) == {"same", "both see a conflict"}, seen
    assert min(seen.values()) > CASES // 5, seen


def test_texts_that_repeat_lines_never_merge_cleanly_into_anything_else(tmp_path: Path) -> None:
    chance = random.Random(7)
    seen = compared(tmp_path, chance, lambda: chance.choice(["a", "b", "c", "{", "}", ""]))
    assert not seen["other"], seen
    assert seen["same"] > CASES // 3, seen
    assert seen["only we see a conflict"] + seen["only git sees a conflict"] < CASES // 20, seen


@pytest.mark.parametrize("swap", [False, True])
def test_the_order_of_the_sides_decides_nothing_but_the_markers(swap: bool) -> None:
    chance, numbers = random.Random(8), count()
    base = [f"line {next(numbers)}" for _ in range(30)]
    for _ in range(100):
        sides = [joined(edited(chance, base, lambda: f"line {next(numbers)}")) for _ in range(2)]
        one = merge_text(joined(base), *sides, Work())
        other = merge_text(joined(base), *(sides[::-1] if swap else sides), Work())
        assert len(one.conflicts) == len(other.conflicts)
        assert one.conflicts or one.content == other.content
