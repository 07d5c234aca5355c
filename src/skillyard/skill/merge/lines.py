"""Which lines two texts have in common, in order: after E. W. Myers, "An O(ND) Difference Algorithm" (1986).

Any common subsequence makes a merge safe, a longer one makes it better: so where the search becomes too long, it stops
at the lines that both have exactly once (Bram Cohen's "patience" anchors), and beyond those at nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from skillyard.skill.merge.model import Work

Lines = Sequence[bytes]
Pair = tuple[int, int]

_MOST_EDITS = 1500  # the search keeps the square of it in memory
_MOST_DEPTH = 20


def match_lines(a: Lines, b: Lines, work: Work) -> list[Pair]:
    """Pairs of indexes of equal lines, rising in both."""
    return list(_match(a, b, 0, 0, work, _MOST_DEPTH))


def _match(a: Lines, b: Lines, at_a: int, at_b: int, work: Work, depth: int) -> Iterator[Pair]:
    """As above, for parts of texts that begin at these indexes."""
    start, end = _common_ends(a, b)
    yield from ((at_a + i, at_b + i) for i in range(start))
    inner = a[start : len(a) - end], b[start : len(b) - end]
    yield from _match_inner(*inner, at_a + start, at_b + start, work, depth)
    yield from ((at_a + len(a) - i, at_b + len(b) - i) for i in range(end, 0, -1))


def _common_ends(a: Lines, b: Lines) -> tuple[int, int]:
    """How many lines both begin with, and how many of the others both end with."""
    most = min(len(a), len(b))
    start = next((i for i in range(most) if a[i] != b[i]), most)
    most -= start
    return start, next((i for i in range(most) if a[-1 - i] != b[-1 - i]), most)


def _match_inner(a: Lines, b: Lines, at_a: int, at_b: int, work: Work, depth: int) -> Iterator[Pair]:
    """Only lines that both have can match: the others are left out before the search."""
    in_both = set(a) & set(b)
    kept_a, kept_b = ([i for i, line in enumerate(side) if line in in_both] for side in (a, b))
    found = _shortest_edit([a[i] for i in kept_a], [b[j] for j in kept_b], work)
    if found is not None:
        yield from ((at_a + kept_a[i], at_b + kept_b[j]) for i, j in found)
        return
    next_a = next_b = 0
    anchors = _anchors(a, b)
    for i, j in [*anchors, (len(a), len(b))] if anchors and depth else []:
        yield from _match(a[next_a:i], b[next_b:j], at_a + next_a, at_b + next_b, work, depth - 1)
        if i < len(a):
            yield at_a + i, at_b + j
        next_a, next_b = i + 1, j + 1


def _shortest_edit(a: Lines, b: Lines, work: Work) -> list[Pair] | None:
    """Myers' greedy search, forwards; None when it takes too long.

    A row of the trail has how far into `a` one comes by so many edits, on the diagonals -edits, 2 - edits, … edits.
    """
    trail: list[array[int]] = []
    for edits in range(min(len(a) + len(b), _MOST_EDITS) + 1):
        before, row = (trail[-1] if trail else array("l")), array("l")
        for at in range(edits + 1):
            x = _entered(before, at, edits) if edits else 0
            y = x - (2 * at - edits)
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            row.append(x)
            if x >= len(a) and y >= len(b):
                return _walk_back([*trail, row], at)
        trail.append(row)
        if not work.spend(edits + 1):
            return None
    return None


def _entered(before: array[int], at: int, edits: int) -> int:
    """Where a diagonal is entered: by a line of `b` that `a` has not, or by one of `a` that `b` has not."""
    return before[at] if _is_down(before, at, edits) else before[at - 1] + 1


def _is_down(before: array[int], at: int, edits: int) -> bool:
    return at == 0 or (at != edits and before[at - 1] < before[at])


def _walk_back(trail: list[array[int]], at: int) -> list[Pair]:
    """The lines passed along diagonals on the way to the last point."""
    pairs: list[Pair] = []
    for edits in range(len(trail) - 1, -1, -1):
        x, diagonal = trail[edits][at], 2 * at - edits
        entered = _entered(trail[edits - 1], at, edits) if edits else 0
        pairs.extend((i, i - diagonal) for i in range(x - 1, entered - 1, -1))
        if edits and not _is_down(trail[edits - 1], at, edits):
            at -= 1
    pairs.reverse()
    return pairs


def _anchors(a: Lines, b: Lines) -> list[Pair]:
    """Of the lines that both have exactly once, as many as stand in the same order: the longest rising sequence."""
    times_a, times_b = Counter(a), Counter(b)
    where = {line: j for j, line in enumerate(b) if times_b[line] == 1}
    candidates = [(i, where[line]) for i, line in enumerate(a) if times_a[line] == 1 and line in where]
    last_j: list[int] = []  # of the rising sequences of each length, the one that ends lowest
    last: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(candidates):
        length = bisect_left(last_j, j)
        before.append(last[length - 1] if length else -1)
        last_j[length : length + 1], last[length : length + 1] = [j], [index]
    chain: list[Pair] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(candidates[index])
        index = before[index]
    chain.reverse()
    return chain
