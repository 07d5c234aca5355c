"""Hashes and proofs against RFC 9162 by recursion, and every one-bit change refused."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.log import merkle
from skillyard.skill.log.merkle import Node
from tests.skill.log import naive

# The leaves and roots that implementations of RFC 6962 and 9162 have in common.
KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Stored:
    """A tree as the database keeps it, counting what is read."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[Node, bytes] = {}
        self.reads = 0
        for position, leaf in enumerate(leaves):
            self.nodes |= merkle.completed_by(position, merkle.leaf_hash(leaf), self.read)
        self.reads = 0

    def read(self, nodes: Collection[Node]) -> dict[Node, bytes]:
        self.reads += len(nodes)
        return {node: self.nodes[node] for node in nodes}

    def hashes(self, spans: list[merkle.Range]) -> list[bytes]:
        found = merkle.hashes_of(spans, self.read)
        return [found[span] for span in spans]


def some_leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_that_others_compute(size: int) -> None:
    assert Stored(KNOWN_LEAVES[:size]).hashes([(0, size)])[0].hex() == KNOWN_ROOTS[size]
    assert naive.root(KNOWN_LEAVES[:size]).hex() == KNOWN_ROOTS[size]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 16, 21, 40])
def test_inclusion_proofs_are_those_of_the_definition(size: int) -> None:
    leaves = some_leaves(size)
    stored, root = Stored(leaves), naive.root(leaves)
    for position in range(size):
        proof = stored.hashes(merkle.inclusion(position, size))
        assert proof == naive.path(position, leaves)
        assert merkle.is_included(merkle.leaf_hash(leaves[position]), position, size, proof, root)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 16, 21, 40])
def test_consistency_proofs_are_those_of_the_definition(size: int) -> None:
    leaves = some_leaves(size)
    stored, root = Stored(leaves), naive.root(leaves)
    for old in range(size + 1):
        proof = stored.hashes(merkle.consistency(old, size))
        assert proof == naive.proof(old, leaves)
        assert merkle.is_consistent(old, size, proof, naive.root(leaves[:old]), root)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, 70))
    return draw(st.integers(0, size - 1)), size


@given(sizes(), st.data())
def test_an_inclusion_proof_bears_no_change(sized: tuple[int, int], data: st.DataObject) -> None:
    position, size = sized
    leaves = some_leaves(size)
    stored, root = Stored(leaves), naive.root(leaves)
    leaf, proof = merkle.leaf_hash(leaves[position]), stored.hashes(merkle.inclusion(position, size))
    parts = [leaf, root, *proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    assert not merkle.is_included(parts[0], position, size, parts[2:], parts[1])
    assert not merkle.is_included(leaf, position, size, [*proof, root], root)
    assert not proof or not merkle.is_included(leaf, position, size, proof[:-1], root)
    other = data.draw(st.integers(0, size))
    assert other == position or not merkle.is_included(leaf, other, size, proof, root)


@given(sizes(), st.data())
def test_a_consistency_proof_bears_no_change(sized: tuple[int, int], data: st.DataObject) -> None:
    old, size = sized[0] + 1, sized[1]
    leaves = some_leaves(size)
    before, after = naive.root(leaves[:old]), naive.root(leaves)
    proof = Stored(leaves).hashes(merkle.consistency(old, size))
    parts = [before, after, *proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    assert not merkle.is_consistent(old, size, parts[2:], parts[0], parts[1])
    assert not merkle.is_consistent(old, size, [*proof, after], before, after)
    assert not proof or not merkle.is_consistent(old, size, proof[:-1], before, after)


@given(st.integers(2, 60), st.data())
def test_a_changed_leaf_breaks_every_later_consistency(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    old = data.draw(st.integers(1, size))
    changed = [*leaves]
    changed[data.draw(st.integers(0, old - 1))] = b"another"
    proof = Stored(changed).hashes(merkle.consistency(old, size))
    assert not merkle.is_consistent(old, size, proof, naive.root(leaves[:old]), naive.root(changed))


def flipped(digest: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if index == bit // 8 else 0) for index, byte in enumerate(digest))


def test_nothing_is_in_an_empty_log_and_everything_continues_it() -> None:
    assert not merkle.is_included(merkle.leaf_hash(b""), 0, 0, [], merkle.EMPTY_ROOT)
    assert merkle.is_consistent(0, 5, [], merkle.EMPTY_ROOT, naive.root(some_leaves(5)))
    assert not merkle.is_consistent(0, 5, [], naive.root([b"x"]), naive.root(some_leaves(5)))
    assert not merkle.is_consistent(5, 3, [], naive.root(some_leaves(5)), naive.root(some_leaves(3)))


def test_hashes_of_another_length_prove_nothing() -> None:
    leaf = merkle.leaf_hash(b"leaf 0")
    assert not merkle.is_included(leaf, 0, 2, [b"short"], naive.root(some_leaves(2)))
    assert not merkle.is_consistent(1, 2, [b""], leaf, naive.root(some_leaves(2)))


def test_proofs_read_few_stored_hashes() -> None:
    size = 3000
    stored = Stored(some_leaves(size))
    for spans in (merkle.inclusion(1234, size), merkle.consistency(1234, size), [(0, size)]):
        stored.reads = 0
        stored.hashes(spans)
        assert stored.reads <= 2 * size.bit_length()
