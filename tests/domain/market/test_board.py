"""The board: who may post and change what, and which offers match a request, with the reasons."""

from __future__ import annotations

from typing import Any

import pytest

from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.market import board, matches
from skillyard.domain.market.board import get_request, list_requests, post_request, update_request
from skillyard.domain.market.board_errors import (
    NotTheRequester,
    RequestNotFound,
    RequestNotValid,
    TooManyOpenRequests,
)
from skillyard.domain.market.board_model import RequestFields, RequestStatus, SkillRequest
from skillyard.domain.market.matches import list_matches, suggest
from skillyard.domain.market.states import suspend_offer
from skillyard.infra.errors import Unauthenticated
from tests.domain.market.stall import Stall

TEXT, MANY = {"type": "string"}, {"type": "array"}


def an_object(**properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def posted(stall: Stall, description: str = "Convert CSV files to JSON.", **fields: Any) -> SkillRequest:
    return post_request(stall.app, stall.bob, RequestFields(description=description, **fields))


def a_step(stall: Stall, name: str, taking: object, giving: object, price: int = 1) -> str:
    return stall.offer(f"sal/{name}", input_schema=taking, output_schema=giving, price=price).id


def test_what_is_posted_is_read_and_found(both: Stall) -> None:
    request = posted(both, tags=["CSV", "json"], max_price=5, input_schema=an_object(csv=TEXT))
    assert request.tags == ("csv", "json")
    assert get_request(both.app, ANONYMOUS, request_id=request.id) == request
    posted(both, "Something else, in 100%.", tags=["other"])

    def found(**wanted: Any) -> int:
        return list_requests(both.app, both.sal, **wanted).total

    assert (found(), found(tags=["csv"]), found(text="CSV convert"), found(text="100%"), found(text="10_%")) == (
        (2, 1, 1, 1, 0)
    )
    assert list_requests(both.app, both.bob, mine=True, limit=1, offset=1).requests == (request,)
    assert list_requests(both.app, both.sal, mine=True).requests == ()


def test_every_fault_of_a_request_is_told_at_once(stall: Stall) -> None:
    with pytest.raises(RequestNotValid) as refused:
        posted(
            stall,
            "",
            tags=["not a tag!"],
            max_price=-1,
            input_schema={"type": 3},
            output_schema={"$ref": "http://a.b/c"},
        )
    places = " ".join(fault["message"] for fault in refused.value.faults)
    assert all(word in places for word in ("description", "tag", "max_price", "desired_input", "desired_output"))


def test_words_that_are_none_are_left_out(both: Stall) -> None:
    request = posted(both)
    for wanted in ({"text": "csv a\x00b"}, {"tags": ["\x00"]}):
        assert list_requests(both.app, both.bob, **wanted).requests == (request,)
    for none in ({"text": "%' OR 1=1"}, {"offset": 10**9}):
        assert list_requests(both.app, both.bob, **none).requests == ()


@pytest.mark.parametrize("description", [None, 3, " ", "x" * 2001, "null\x00", "bell\x07"])
def test_a_description_is_one_to_2000_characters_of_text(stall: Stall, description: Any) -> None:
    with pytest.raises(RequestNotValid):
        posted(stall, description)


@pytest.mark.parametrize("price", [True, 1.5, "5", 10**12])
def test_a_price_is_whole_credits(stall: Stall, price: Any) -> None:
    with pytest.raises(RequestNotValid):
        posted(stall, max_price=price)


def test_only_its_owner_and_administrators_change_a_request(both: Stall) -> None:
    request = posted(both)
    with pytest.raises(NotTheRequester):
        update_request(both.app, both.sal, request_id=request.id, status=RequestStatus.CLOSED)
    with pytest.raises(Unauthenticated):
        update_request(both.app, ANONYMOUS, request_id=request.id)
    changed = update_request(
        both.app, both.bob, request_id=request.id, fields=RequestFields(description="Rather to XML."),
        status=RequestStatus.FULFILLED,
    )  # fmt: skip
    assert (changed.description, changed.tags, changed.status) == ("Rather to XML.", request.tags, "fulfilled")
    assert list_requests(both.app, both.bob).total == 0
    assert update_request(both.app, both.ada, request_id=request.id, status=RequestStatus.CLOSED).status == "closed"
    assert list_requests(both.app, both.bob, status=None).total == 1


def test_a_person_has_only_so_many_open_requests(both: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MAX_OPEN_REQUESTS", 2)
    first, _ = posted(both), posted(both)
    with pytest.raises(TooManyOpenRequests):
        posted(both)
    update_request(both.app, both.bob, request_id=first.id, status=RequestStatus.CLOSED)
    posted(both)
    with pytest.raises(TooManyOpenRequests):
        update_request(both.app, both.bob, request_id=first.id, status=RequestStatus.OPEN)


@pytest.mark.parametrize("request_id", ["sreq_none", "", "x" * 500, "a\x00b"])
def test_a_request_that_is_not_there_is_not_found(stall: Stall, request_id: str) -> None:
    with pytest.raises(RequestNotFound):
        get_request(stall.app, stall.bob, request_id=request_id)


def test_matches_are_ranked_with_a_reason_for_each(both: Stall) -> None:
    exact = a_step(both, "exact", an_object(csv=TEXT), an_object(json=MANY))
    half = a_step(both, "half", an_object(csv=TEXT, dialect=TEXT), an_object(json=MANY), price=50)
    both.offer("sal/other", input_schema=an_object(image=TEXT), output_schema=an_object(text=TEXT))
    request = posted(both, input_schema=an_object(csv=TEXT), output_schema=an_object(json=MANY), max_price=5)
    found = list_matches(both.app, both.sal, request_id=request.id)
    assert [(one.offer.id, one.fits) for one in found] == [(exact, True), (half, False)]
    assert found[0].reasons == ("takes the desired input", "gives the desired output")
    assert found[1].reasons == (
        "does not surely take the desired input: dialect: the desired input does not have it",
        "gives the desired output",
        "costs 50 credits, which is more than asked for",
    )


def test_tags_and_words_in_common_make_a_match_too(both: Stall) -> None:
    offer = both.offer()  # described as a PDF skill
    assert [
        one.offer.id for one in list_matches(both.app, both.bob, request_id=posted(both, "PDF files, reads").id)
    ] == [offer.id]
    assert list_matches(both.app, both.bob, request_id=posted(both, "Translate poems.").id) == []


def test_suggestions_lead_from_input_to_output_the_shortest_and_cheapest_first(both: Stall) -> None:
    fetch = a_step(both, "fetch", an_object(url=TEXT), an_object(html=TEXT), price=2)
    dear = a_step(both, "dear", an_object(html=TEXT), an_object(text=TEXT), price=9)
    cheap = a_step(both, "cheap", an_object(html=TEXT), an_object(text=TEXT), price=1)
    translate = a_step(both, "translate", an_object(text=TEXT, language=TEXT), an_object(translation=TEXT), price=3)
    direct = a_step(both, "direct", an_object(url=TEXT, language=TEXT), an_object(translation=TEXT), price=99)
    a_step(both, "wrong-type", an_object(html={"type": "integer"}), an_object(text=TEXT), price=0)
    request = posted(
        both, input_schema=an_object(url=TEXT, language=TEXT), output_schema={"properties": {"translation": TEXT}}
    )
    found = suggest(both.app, both.sal, request_id=request.id)
    chains = [[hop.offer.id for hop in one.hops] for one in found.suggestions]
    assert chains == [[direct], [fetch, cheap, translate]]
    assert found.suggestions[1].price == 6
    assert found.suggestions[1].hops[2].mapping == {"text": "output", "language": "input"}
    suspend_offer(both.app, both.sal, offer_id=cheap)
    found = suggest(both.app, both.sal, request_id=request.id)
    assert [[hop.offer.id for hop in one.hops] for one in found.suggestions][1] == [fetch, dear, translate]


def test_no_suggestion_costs_more_than_was_asked_for(stall: Stall) -> None:
    a_step(stall, "direct", an_object(url=TEXT), an_object(text=TEXT), price=9)
    ends = {"input_schema": an_object(url=TEXT), "output_schema": an_object(text=TEXT)}
    assert suggest(stall.app, stall.bob, request_id=posted(stall, max_price=9, **ends).id).suggestions
    none = suggest(stall.app, stall.bob, request_id=posted(stall, max_price=8, **ends).id)
    assert none.suggestions == ()
    assert "No offers lead" in none.note


def test_without_a_desired_output_nothing_is_suggested_and_the_note_says_why(stall: Stall) -> None:
    found = suggest(stall.app, stall.bob, request_id=posted(stall).id)
    assert found.suggestions == ()
    assert "desired_output_schema" in found.note


def test_without_an_input_the_first_of_a_chain_says_what_it_takes(stall: Stall) -> None:
    one = a_step(stall, "one", an_object(a=TEXT), an_object(b=TEXT))
    two = a_step(stall, "two", an_object(b=TEXT), an_object(c=TEXT))
    found = suggest(stall.app, stall.bob, request_id=posted(stall, output_schema=an_object(c=TEXT)).id)
    assert [[hop.offer.id for hop in chain.hops] for chain in found.suggestions] == [[two]]
    assert one not in str(found.suggestions)


def test_offers_that_take_no_requests_and_private_ones_are_not_shown(stall: Stall) -> None:
    stall.offer("sal/shy", output_schema=an_object(c=TEXT), accepts_requests=False)
    stall.offer("sal/hidden", output_schema=an_object(c=TEXT), visibility="private")
    request = posted(stall, output_schema=an_object(c=TEXT))
    assert list_matches(stall.app, stall.sal, request_id=request.id) == []
    assert suggest(stall.app, stall.sal, request_id=request.id).suggestions == ()


def test_matches_and_suggestions_never_show_the_steps_of_sealed_skills(stall: Stall) -> None:
    step = {"type": "script", "label": "go", "runtime": "python", "file": "steps/go.py"}
    stall.offer("sal/sealed", mode="sealed", steps=[step], files={"steps/go.py": "output = {'summary': 's3cret'}"})
    request = posted(stall, "Summaries of PDF files, reads", output_schema=an_object(summary=TEXT))
    shown = (
        list_matches(stall.app, stall.bob, request_id=request.id),
        suggest(stall.app, stall.bob, request_id=request.id).suggestions,
    )
    assert all(shown)
    assert "steps/go.py" not in str(shown)
    assert matches.MOST_SUGGESTIONS == 10


def test_offers_with_very_large_schemas_are_left_to_browsing(stall: Stall) -> None:
    large = {**an_object(c=TEXT), "description": "x" * 40_000}
    stall.offer("sal/large", output_schema=large)
    small = stall.offer("sal/small", output_schema=an_object(c=TEXT))
    request = posted(stall, output_schema=an_object(c=TEXT))
    assert [one.offer.id for one in list_matches(stall.app, stall.sal, request_id=request.id)] == [small.id]
