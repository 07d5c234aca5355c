"""The nouns of the public log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Visibility = Literal["public", "unlisted", "private"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `leaf` is what is hashed. Of a sealed one, `facts` and `salt` are what its leaf commits to; None when
    the leaf says it all, or the caller may not know.
    """

    position: int
    leaf: str
    facts: str | None = None
    salt: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseName:
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An entry, and the hashes that lead from it to the root of the checkpoint."""

    entry: Entry
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """`checkpoint`: the signed note, under `key`; `consistency`: that it continues the size which the caller knew.

    `missing`: the releases that were asked for and that the log has no entry for, or none for this caller.
    """

    checkpoint: str
    key: str
    proven: tuple[Proven, ...]
    missing: tuple[ReleaseName, ...]
    consistency: tuple[bytes, ...]
