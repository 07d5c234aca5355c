"""Lets other domains keep content in the blob store: what nobody holds is swept away with the rest."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.registry.store import kept, removals
from skillyard.infra.database import Tx


def keep(tx: Tx, digests: Collection[str], *, holder: str) -> bool:
    """Hold content that was put into the store just now, until `let_go`. False, and nothing is held, when some of it is
    being removed this very moment: then put it again, and try again.
    """
    if not all(removals.may_refer_to(tx, sha256) for sha256 in sorted(set(digests))):
        return False
    kept.add(tx, digests, holder)
    return True


def let_go(tx: Tx, *, holder: str) -> None:
    kept.remove(tx, holder)
