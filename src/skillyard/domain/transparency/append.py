"""Add an entry to the log, in the transaction of what it tells of."""

from __future__ import annotations

import secrets
from functools import partial

from skillyard.domain.transparency import store
from skillyard.domain.transparency.model import Entry, Visibility
from skillyard.infra.database import Tx
from skillyard.skill.log.leaf import SALT_BYTES, Leaf, seal
from skillyard.skill.log.merkle import completed_by, leaf_hash
from skillyard.skill.log.tiles import MAX_ENTRY_BYTES


def append(tx: Tx, leaf: Leaf, *, visibility: Visibility = "public") -> int:
    """Add what happened to a skill; the position of the entry. `visibility`: of the skill, from now on.

    Call it before events are recorded: writers of the log wait for each other until the commit.
    """
    tx.lock("log")
    store.set_visibility(tx, leaf.name, visibility)
    return add(tx, leaf, is_sealed=visibility != "public")


def add(tx: Tx, leaf: Leaf, *, is_sealed: bool) -> int:
    """The same for anything; the caller holds the lock of the log."""
    position = store.size_of(tx)
    entry = _sealed(position, leaf) if is_sealed else Entry(position=position, leaf=leaf.show())
    data = entry.leaf.encode()
    assert len(data) <= MAX_ENTRY_BYTES, "an entry has at most 64 KiB"
    store.add_entry(tx, entry, leaf)
    store.add_nodes(tx, completed_by(position, leaf_hash(data), partial(store.read_nodes, tx)))
    return position


def _sealed(position: int, leaf: Leaf) -> Entry:
    facts, salt = leaf.show(), secrets.token_bytes(SALT_BYTES)
    return Entry(position=position, leaf=seal(facts, salt), facts=facts, salt=salt)
