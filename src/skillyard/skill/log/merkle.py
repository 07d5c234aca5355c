"""Merkle tree hashes and proofs of RFC 9162, section 2.1, over stored hashes of complete subtrees.

A node (level, index) stands for the 2**level leaves from index * 2**level on. A range (start, end) of leaves is one
that the definitions of the RFC split off: `start` is a multiple of the smallest power of two that holds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Node = tuple[int, int]
Range = tuple[int, int]
Read = Callable[[Collection[Node]], Mapping[Node, bytes]]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed_by(position: int, leaf: bytes, read: Read) -> dict[Node, bytes]:
    """The nodes that become complete when the leaf with this hash is added at `position`: itself first."""
    siblings = [(level, (position >> level) - 1) for level in range(_trailing_ones(position))]
    stored = read(siblings)
    made = {(0, position): leaf}
    current = leaf
    for level, index in siblings:
        current = node_hash(stored[level, index], current)
        made[level + 1, (index + 1) >> 1] = current
    return made


def inclusion(position: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that a leaf is in the tree, nearest first (RFC 9162, 2.1.3.1)."""
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if position < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of `old` leaves begins the one of `new` (RFC 9162, 2.1.4.1)."""
    if old == 0:
        return []
    start, end, is_known = 0, new, True
    path = []
    while end != old:
        middle = start + _largest_power_below(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, is_known = middle, False
    if not is_known:
        path.append((start, end))
    return path[::-1]


def hashes_of(ranges: Iterable[Range], read: Read) -> dict[Range, bytes]:
    """The hash of each range; all that is stored is read at once. The root of a tree is that of (0, size)."""
    wanted = {span: _cover(*span) for span in ranges}
    stored = read({node for nodes in wanted.values() for node in nodes})
    return {span: _joined([stored[node] for node in nodes]) for span, nodes in wanted.items()}


def is_included(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the hash of a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size or not _are_hashes((*proof, root, leaf)):
        return False
    index, last, current = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            current = node_hash(sibling, current)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and current == root


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the proof shows that the newer tree only added leaves to the older one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new or not _are_hashes((*proof, old_root, new_root)):
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _cover(start: int, end: int) -> list[Node]:
    """The complete subtrees of a range, from left to right."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _joined(hashes: list[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    current = hashes[-1]
    for left in reversed(hashes[:-1]):
        current = node_hash(left, current)
    return current


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _largest_power_below(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def _trailing_ones(number: int) -> int:
    return ((number + 1) & ~number).bit_length() - 1
