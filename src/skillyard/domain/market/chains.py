"""Chains of offers whose schemas join: from what somebody has to what they want, the shortest and cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from skillyard.domain.market.candidates import Candidate, Candidates, numbers_in
from skillyard.skill.joins import EVERYTHING, Ends, Join, Source, deliver, given_by, join, wanted_by
from skillyard.skill.schemas import Schema

MOST_HOPS = 4
_MOST_CHECKS = 1000
_CHARS_PER_CHECK = 4000  # what is compared in about the same time
INPUT = "input"
"""The label of what the first of a chain is given; `output` is that of the one before."""
OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Link:
    """A candidate in a chain, and how its input is put together."""

    candidate: Candidate
    join: Join


@dataclass(frozen=True, slots=True)
class Chain:
    links: tuple[Link, ...]
    price: int

    @property
    def last(self) -> Candidate:
        return self.links[-1].candidate


@dataclass(frozen=True, slots=True)
class Found:
    """`is_complete`: whether nothing was left out because there was too much to look at."""

    chains: tuple[Chain, ...]
    is_complete: bool


def find_chains(
    candidates: Candidates, first: Schema | None, desired: Schema, *, max_price: int | None = None, most: int = 5
) -> Found:
    """At most `most` chains, one for each offer that can be the last. `first`: what there is to begin with; None: what
    the first of a chain asks for. Each offer is reached by its shortest chain, of those the cheapest.
    """
    return _Search(candidates, first, desired, max_price).run(most)


class _Search:
    """Layer by layer, one hop more in each. Names alone tell beforehand which candidates can still lead to the end."""

    def __init__(self, candidates: Candidates, first: Schema | None, desired: Schema, max_price: int | None) -> None:
        self._all = candidates
        self._first = first
        self._desired = desired
        self._max_price = max_price
        self._checks = 0
        self._at_hand = given_by(first) if first else {}
        self._goals = candidates.giving(wanted_by(desired))
        self._near = self._leading_to_goals()
        self._by_need = self._group_by_need()

    def run(self, most: int) -> Found:
        """Of each layer those come first that may be the last: with enough of them, the others are not looked at."""
        found: list[Chain] = []
        layer: list[Chain] | None = None
        reached = 0
        for left in range(MOST_HOPS - 1, -1, -1):
            ends = self._next(layer, self._goals & ~reached)
            found += [chain for chain in ends if self._delivers(chain)]
            if len(found) >= most or left == 0:
                break
            layer = [*ends, *self._next(layer, self._near[left] & ~self._goals & ~reached)]
            layer.sort(key=_by_price)
            for chain in layer:
                reached |= self._bit(chain.last)
        return Found(tuple(found[:most]), is_complete=not self._is_tired)

    def _leading_to_goals(self) -> list[int]:
        """Who can be the last, who the last or last but one, and so on."""
        near = [self._goals]
        for _ in range(MOST_HOPS - 1):
            before = near[-1]
            for number in numbers_in(near[-1]):
                before |= self._before(self._all.items[number])
            near.append(before)
        return near

    def _before(self, one: Candidate) -> int:
        """Whose output may be what one takes, as far as it is not at hand."""
        takes = one.ends.takes
        if not takes:
            return self._all.everybody
        at_hand = {name for name in one.ends.needs if takes[name] & self._at_hand.get(name, frozenset())}
        from_output = {name: takes[name] for name in one.ends.needs - at_hand}
        return self._all.giving(from_output) if from_output else self._all.giving_any(takes)

    def _group_by_need(self) -> dict[str, dict[frozenset[str], int]]:
        """Who needs what that is not at hand: by one of the properties, then by all of them."""
        groups: dict[str, dict[frozenset[str], int]] = {}
        for number, one in enumerate(self._all.items):
            needs = frozenset(one.ends.needs - self._at_hand.keys())
            group = groups.setdefault(min(needs, default=""), {})
            group[needs] = group.get(needs, 0) | 1 << number
        return groups

    def _takers(self, given: Mapping[str, frozenset[str]]) -> int:
        """Who takes some of what is given, and needs nothing that is neither given nor at hand."""
        able = 0
        for name in ("", *given):
            for needs, numbers in self._by_need.get(name, {}).items():
                able |= numbers if needs <= given.keys() else 0
        return able & (self._all.takes_anything | self._all.taking_any(given))

    def _next(self, layer: list[Chain] | None, wanted: int) -> list[Chain]:
        """One hop more with those that are wanted, cheapest first; None: the first hop."""
        longer = self._begin(wanted) if layer is None else self._extend(layer, wanted)
        most = self._max_price
        return sorted((chain for chain in longer if most is None or chain.price <= most), key=_by_price)

    def _begin(self, wanted: int) -> list[Chain]:
        begun = []
        for number in numbers_in(wanted):
            one = self._all.items[number]
            if self._first is None:
                begun.append(Chain((Link(one, Join(mapping={})),), one.listed.price))
            elif not self._is_tired and one.ends.can_follow([self._at_hand]):
                found = self._join([Source(label=INPUT, schema=self._first)], one)
                begun += [Chain((Link(one, found),), one.listed.price)] if found else []
        return begun

    def _extend(self, layer: list[Chain], wanted: int) -> list[Chain]:
        longer: list[Chain] = []
        beginning = [Source(label=INPUT, schema=self._first)] if self._first else []
        for chain in layer:
            before = chain.last.ends
            for number in numbers_in(self._takers(before.gives) & wanted):
                one = self._all.items[number]
                if self._is_tired or not one.ends.can_follow([before.gives, self._at_hand]):
                    continue
                found = self._join([Source(label=OUTPUT, schema=before.output), *beginning], one)
                if found and goes_on(found, before):
                    longer.append(Chain((*chain.links, Link(one, found)), chain.price + one.listed.price))
                    wanted &= ~self._bit(one)
        return longer

    @property
    def _is_tired(self) -> bool:
        return self._checks >= _MOST_CHECKS

    def _join(self, sources: list[Source], one: Candidate) -> Join | None:
        chars = sum(len(source.schema.text) for source in sources) + len(one.ends.input.text)
        self._checks += 1 + chars // _CHARS_PER_CHECK
        found = _join(tuple(sources), one.ends.input)
        return found if found.fits else None

    def _delivers(self, chain: Chain) -> bool:
        if not self._goals & self._bit(chain.last):
            return False
        return _deliver(chain.last.ends.output, self._desired).fits

    def _bit(self, one: Candidate) -> int:
        return 1 << self._all.numbers[one.listed.offer_id]


def goes_on(found: Join, before: Ends) -> bool:
    """Whether the input is made of something that the output before it surely has, and not only of what was at hand."""
    passed = [name for name, label in found.mapping.items() if label == OUTPUT]
    return any(name == EVERYTHING or name in before.gives for name in passed)


def _by_price(chain: Chain) -> tuple[int, int, str]:
    return chain.price, -chain.last.listed.completed, chain.last.listed.offer_id


@lru_cache(maxsize=16_384)
def _join(sources: tuple[Source, ...], taking: Schema) -> Join:
    return join(sources, taking)


@lru_cache(maxsize=4096)
def _deliver(output: Schema, desired: Schema) -> Join:
    return deliver(Source(label=OUTPUT, schema=output), desired)
