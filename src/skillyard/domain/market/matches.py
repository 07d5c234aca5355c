"""What is on offer for a request: single offers that may be it, with reasons, and chains of them that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.board import MOST, see_request
from skillyard.domain.market.board_model import Match, SkillRequest, SuggestedHop, Suggestion, Suggestions
from skillyard.domain.market.candidates import Candidate, Candidates, bits_of, load_candidates, numbers_in, words_of
from skillyard.domain.market.chains import Chain, find_chains
from skillyard.domain.market.model import Offer
from skillyard.domain.market.offers import as_seen
from skillyard.domain.market.store import offers
from skillyard.skill.joins import Join, Source, deliver, given_by, join, wanted_by
from skillyard.skill.reading import shorten

MOST_SUGGESTIONS = 10
_MOST_COMPARED = 200
_MOST_CHARS_COMPARED = 200_000
_FEWEST_WORDS = 2


def list_matches(app: App, caller: Caller, *, request_id: str, limit: int = 20) -> list[Match]:
    """Offers that share tags with the request, or words of its description, or give what it desires or take what it
    has; the best first. `limit` is 1 to 100. Raises RequestNotFound.
    """
    with app.database.reading() as tx:
        request = see_request(tx, request_id)
    ranked = rank(load_candidates(app), request)[: max(1, min(limit, MOST))]
    shown = _shown(app, caller, [one.candidate for one in ranked])
    return [_match(one, shown[one.candidate.listed.offer_id]) for one in ranked if _is_shown(one.candidate, shown)]


def suggest(app: App, caller: Caller, *, request_id: str, limit: int = 5) -> Suggestions:
    """Offers which, run one after the other, lead from the desired input to the desired output: each output joins the
    next input. The shortest first, then the cheapest. Raises RequestNotFound.
    """
    with app.database.reading() as tx:
        request = see_request(tx, request_id)
    candidates = load_candidates(app)
    if request.output_schema is None:
        note = "The request does not say which output is desired: state desired_output_schema."
        return Suggestions(suggestions=(), considered=len(candidates.items), note=note)
    found = find_chains(
        candidates, request.input_schema, request.output_schema, max_price=request.max_price,
        most=max(1, min(limit, MOST_SUGGESTIONS)),
    )  # fmt: skip
    shown = _shown(app, caller, [link.candidate for chain in found.chains for link in chain.links])
    suggestions = tuple(
        _suggestion(chain, shown)
        for chain in found.chains
        if all(_is_shown(link.candidate, shown) for link in chain.links)
    )
    note = "" if suggestions else "No offers lead from the desired input to the desired output."
    if not found.is_complete:
        note = "There was too much to look at; there may be more."
    return Suggestions(suggestions=suggestions, considered=len(candidates.items), note=note)


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a candidate suits a request; None where the request does not say what is wanted. A single word in
    common says nothing.
    """

    candidate: Candidate
    shared_tags: tuple[str, ...]
    shared_words: tuple[str, ...]
    takes_input: Join | None
    gives_output: Join | None
    is_within_price: bool | None

    @property
    def has_reason(self) -> bool:
        fits = [found is not None and found.fits for found in (self.takes_input, self.gives_output)]
        return any(fits) or bool(self.shared_tags or self.shared_words)

    @property
    def score(self) -> int:
        """Schemas tell most, then tags, then words."""
        score = 10 * min(len(self.shared_tags), 3) + min(len(self.shared_words), 5)
        score += 40 if self.gives_output and self.gives_output.fits else 0
        score += 30 if self.takes_input and self.takes_input.fits else 0
        return score - (20 if self.is_within_price is False else 0)


def rank(candidates: Candidates, request: SkillRequest) -> list[Ranking]:
    """The candidates that have something in common with the request, the best first."""
    words = words_of(request.description)
    needed = wanted_by(request.output_schema) if request.output_schema else {}
    has_output = candidates.giving(needed) if needed else 0
    at_hand = given_by(request.input_schema) if request.input_schema else {}
    alike = has_output | candidates.taking_any(at_hand)
    alike |= bits_of(candidates.by_tag, request.tags) | bits_of(candidates.by_word, words)

    def nearness(number: int) -> int:
        one = candidates.items[number]
        names = 40 * (has_output >> number & 1) + 30 * bool(at_hand and one.ends.can_follow([at_hand]))
        return names + 10 * len(one.listed.tags & set(request.tags)) + min(len(_words(one) & words), 5)

    near = sorted(numbers_in(alike), key=lambda number: (-nearness(number), number))
    chosen = _few_enough([candidates.items[number] for number in near[:_MOST_COMPARED]])
    ranked = [_compare(one, request, words) for one in chosen]
    ranked = [one for one in ranked if one.has_reason]
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.listed.price, -one.candidate.listed.completed))


def _few_enough(nearest: list[Candidate]) -> list[Candidate]:
    """Fewer where their schemas are large."""
    chars = accumulate(len(one.ends.input.text) + len(one.ends.output.text) for one in nearest)
    return [one for one, total in zip(nearest, chars, strict=True) if total <= _MOST_CHARS_COMPARED]


def _compare(one: Candidate, request: SkillRequest, words: frozenset[str]) -> Ranking:
    first, desired = request.input_schema, request.output_schema
    shared = sorted(_words(one) & words)
    return Ranking(
        candidate=one,
        shared_tags=tuple(tag for tag in request.tags if tag in one.listed.tags),
        shared_words=tuple(shared) if len(shared) >= _FEWEST_WORDS else (),
        takes_input=join([Source(label="desired input", schema=first)], one.ends.input) if first else None,
        gives_output=deliver(Source(label="output", schema=one.ends.output), desired) if desired else None,
        is_within_price=None if request.max_price is None else one.listed.price <= request.max_price,
    )


def _words(one: Candidate) -> frozenset[str]:
    return words_of(f"{one.listed.name} {one.listed.description}")


def _shown(app: App, caller: Caller, chosen: list[Candidate]) -> dict[str, Offer]:
    """The offers as they are now."""
    with app.database.reading() as tx:
        found = offers.list_offers(tx, sorted({one.listed.offer_id for one in chosen}))
    return {offer_id: as_seen(caller, offer) for offer_id, offer in found.items() if offer.is_found}


def _is_shown(one: Candidate, shown: dict[str, Offer]) -> bool:
    offer = shown.get(one.listed.offer_id)
    return offer is not None and offer.version == one.listed.version


def _match(one: Ranking, offer: Offer) -> Match:
    return Match(
        offer=offer,
        score=one.score,
        shared_tags=one.shared_tags,
        takes_input=one.takes_input.fits if one.takes_input else None,
        gives_output=one.gives_output.fits if one.gives_output else None,
        is_within_price=one.is_within_price,
        reasons=tuple(_reasons(one)),
    )


def _reasons(one: Ranking) -> list[str]:
    said = []
    if one.shared_tags:
        said.append(f"has the tags {', '.join(one.shared_tags)}")
    if one.shared_words:
        said.append(f"is described with the words {', '.join(shorten(word, 30) for word in one.shared_words[:5])}")
    if one.takes_input:
        said.append(_schema_reason(one.takes_input, "take", "the desired input"))
    if one.gives_output:
        said.append(_schema_reason(one.gives_output, "give", "the desired output"))
    if one.is_within_price is False:
        said.append(f"costs {one.candidate.listed.price} credits, which is more than asked for")
    return said


def _schema_reason(found: Join, verb: str, what: str) -> str:
    if found.reasons:
        return f"does not surely {verb} {what}: {'; '.join(found.reasons[:3])}"
    condition = f", if {', '.join(found.assumed)} is always there" if found.assumed else ""
    return f"{verb}s {what}{condition}"


def _suggestion(chain: Chain, shown: dict[str, Offer]) -> Suggestion:
    hops = tuple(
        SuggestedHop(offer=shown[link.candidate.listed.offer_id], mapping=link.join.mapping, assumed=link.join.assumed)
        for link in chain.links
    )
    return Suggestion(
        hops=hops,
        price=sum(hop.offer.price for hop in hops),
        trust_level=max(hop.offer.trust_level for hop in hops),
        assumed=tuple(f"{hop.mapping[name]}.{name}" for hop in hops for name in hop.assumed),
    )
