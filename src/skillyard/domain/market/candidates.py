"""What can be invoked by everybody, held in memory so that thousands of offers are searched at once.

Sets of candidates are bits of one integer: which give a property, which take it, which have a tag or a word.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from weakref import WeakKeyDictionary

from skillyard.app import App
from skillyard.domain.market.store import offers as store
from skillyard.domain.market.store.offers import Listed
from skillyard.infra.database import Database, Tx
from skillyard.skill.joins import Ends, ends_of

MOST_CANDIDATES = 5000
MAX_SCHEMA_CHARS = 32_000
"""Of both schemas of an offer together; those with larger ones are found by browsing only."""
Typed = tuple[str, str]
"""A property, and one type that it may be of."""
Key = TypeVar("Key", str, Typed)
_WORD = re.compile(r"[^\W_]{4,}")


@dataclass(frozen=True, slots=True)
class Candidate:
    listed: Listed
    ends: Ends


@dataclass(frozen=True)
class Candidates:
    """`items`: the most used first, at most `MOST_CANDIDATES`."""

    items: tuple[Candidate, ...]
    stamp: object = None
    by_given: dict[Typed, int] = field(default_factory=dict)
    by_taken: dict[Typed, int] = field(default_factory=dict)
    by_tag: dict[str, int] = field(default_factory=dict)
    by_word: dict[str, int] = field(default_factory=dict)

    @property
    def everybody(self) -> int:
        return (1 << len(self.items)) - 1

    @cached_property
    def numbers(self) -> dict[str, int]:
        return {one.listed.offer_id: number for number, one in enumerate(self.items)}

    @cached_property
    def takes_anything(self) -> int:
        """Those whose input schema names no property."""
        return sum(1 << number for number, one in enumerate(self.items) if not one.ends.takes)

    def giving(self, wanted: Mapping[str, frozenset[str]]) -> int:
        """Those whose output may have all of these properties, each of one of its types."""
        found = self.everybody
        for name, types in wanted.items():
            found &= bits_of(self.by_given, [(name, one) for one in types])
        return found

    def giving_any(self, wanted: Mapping[str, frozenset[str]]) -> int:
        return bits_of(self.by_given, _typed(wanted))

    def taking_any(self, given: Mapping[str, frozenset[str]]) -> int:
        """Those whose input may have one of these properties."""
        return bits_of(self.by_taken, _typed(given))


def bits_of(index: Mapping[Key, int], keys: Iterable[Key]) -> int:
    """Those that are under any of the keys."""
    found = 0
    for key in keys:
        found |= index.get(key, 0)
    return found


def _typed(properties: Mapping[str, frozenset[str]]) -> list[Typed]:
    return [(name, one) for name, types in properties.items() for one in types]


def numbers_in(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def index_candidates(items: Sequence[Candidate], stamp: object = None) -> Candidates:
    made = Candidates(tuple(items), stamp)
    for number, one in enumerate(items):
        _add(made.by_given, _typed(one.ends.gives), number)
        _add(made.by_taken, _typed(one.ends.takes), number)
        _add(made.by_tag, one.listed.tags, number)
        _add(made.by_word, words_of(f"{one.listed.name} {one.listed.description}"), number)
    return made


def _add(index: dict[Key, int], keys: Iterable[Key], number: int) -> None:
    for key in keys:
        index[key] = index.get(key, 0) | 1 << number


class _Memory:
    """Of one database: the candidates as they were last seen, and the schemas of releases, which never change."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ends: dict[tuple[str, str], Ends | None] = {}
        self.candidates: Candidates | None = None


_memories: WeakKeyDictionary[Database, _Memory] = WeakKeyDictionary()


def load_candidates(app: App) -> Candidates:
    """Everything that is active and accepts requests, as it is committed now."""
    memory = _memories.setdefault(app.database, _Memory())
    with memory.lock, app.database.reading() as tx:
        stamp = store.stamp_of_listed(tx)
        if memory.candidates is None or memory.candidates.stamp != stamp:
            memory.candidates = _read(tx, memory, stamp)
        return memory.candidates


def _read(tx: Tx, memory: _Memory, stamp: object) -> Candidates:
    listed = store.list_listed(tx, limit=MOST_CANDIDATES)
    missing = [(one.offer_id, one.version) for one in listed if (one.offer_id, one.version) not in memory.ends]
    for key, executable in store.list_executables(tx, missing).items():
        is_small = len(executable.input_schema.text) + len(executable.output_schema.text) <= MAX_SCHEMA_CHARS
        memory.ends[key] = ends_of(executable.input_schema, executable.output_schema) if is_small else None
    wanted = {(one.offer_id, one.version): one for one in listed}
    memory.ends = {key: ends for key, ends in memory.ends.items() if key in wanted}
    found = [Candidate(one, ends) for key, one in wanted.items() if (ends := memory.ends.get(key)) is not None]
    return index_candidates(found, stamp)
