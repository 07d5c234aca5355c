"""The search for chains rules most pairs out before it compares schemas; it finds what trying everything finds."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.domain.market.candidates import Candidate, Candidates, index_candidates
from skillyard.domain.market.chains import INPUT, MOST_HOPS, OUTPUT, find_chains, goes_on
from skillyard.domain.market.store.offers import Listed
from skillyard.skill.joins import Source, deliver, ends_of, join
from skillyard.skill.reading import Place
from skillyard.skill.schemas import Schema, read_schema

NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"type": ["string", "integer"]}, {"enum": ["x", 1]}, {"maxLength": 3}, {}]
)
ENDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["object", ["object", "null"]]), "properties": st.dictionaries(NAMES, LEAVES, max_size=3)},
    optional={"required": st.lists(NAMES, max_size=2, unique=True), "additionalProperties": st.booleans()},
)
OFFERS = st.lists(st.tuples(ENDS, ENDS, st.integers(0, 9)), max_size=9)


def read(document: object) -> Schema:
    schema = read_schema(document, Place(faults=[]))
    assert schema is not None
    return schema


def a_market(offers: list[tuple[Any, Any, int]]) -> Candidates:
    items = [
        Candidate(
            Listed(
                offer_id=f"skl_{number}", version="1.0.0", name=f"a/s{number}", description="", tags=frozenset(),
                price=price, trust_level="L0", completed=0, rating=0,
            ),
            ends_of(read(taking), read(giving)),
        )
        for number, (taking, giving, price) in enumerate(offers)
    ]  # fmt: skip
    return index_candidates(items)


def tried(market: Candidates, first: Schema | None, desired: Schema) -> dict[str, tuple[int, int]]:
    """For each offer that may be the last: how many hops lead to it at least, and what those cost at least."""
    beginning = [Source(label=INPUT, schema=first)] if first else []
    best: dict[int, tuple[int, int]] = {}
    for number, one in enumerate(market.items):
        if not beginning or join(beginning, one.ends.input).fits:
            best[number] = (1, one.listed.price)
    for hops in range(2, MOST_HOPS + 1):
        for last, (reached_in, price) in sorted(best.items(), key=lambda item: item[1]):
            if reached_in != hops - 1:
                continue
            before = market.items[last].ends
            sources = [Source(label=OUTPUT, schema=before.output), *beginning]
            for number, one in enumerate(market.items):
                found = join(sources, one.ends.input)
                if number != last and found.fits and goes_on(found, before):
                    reached = (hops, price + one.listed.price)
                    best[number] = min(best.get(number, reached), reached)
    return {
        market.items[number].listed.offer_id: reached
        for number, reached in best.items()
        if deliver(Source(label=OUTPUT, schema=market.items[number].ends.output), desired).fits
    }


@given(OFFERS, ENDS | st.none(), ENDS)
@settings(max_examples=200, deadline=None)
def test_the_search_finds_what_trying_everything_finds(
    offers: list[tuple[Any, Any, int]], first: object, desired: object
) -> None:
    market = a_market(offers)
    beginning = read(first) if first is not None else None
    found = find_chains(market, beginning, read(desired), most=100)
    assert found.is_complete
    reached = {chain.last.listed.offer_id: (len(chain.links), chain.price) for chain in found.chains}
    assert reached == tried(market, beginning, read(desired))
    assert [(len(chain.links), chain.price) for chain in found.chains] == sorted(reached.values())
