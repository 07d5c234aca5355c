"""Requests for skills: what people look for, which skills match, and which do together."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import requests as wire
from skillyard.api.surface import AppOf
from skillyard.domain.market import board, matches
from skillyard.domain.market.board_model import RequestStatus

router = signed_router("requests")

_REQUEST = "/v1/skill-requests/{request_id}"


@router.post("/v1/skill-requests", status_code=201, summary="Ask for a skill")
def post_request(app: AppOf, caller: SignedIn, body: wire.PostRequestBody) -> wire.RequestOnWire:
    """For everybody to read."""
    return wire.show_request(board.post_request(app, caller, body.fields(body.description)))


@router.get("/v1/skill-requests", summary="What is asked for")
def list_requests(
    app: AppOf,
    caller: SignedIn,
    status: Literal["open", "closed", "fulfilled", ""] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[wire.RequestOnWire]:
    """The newest first; without a status, whatever it is."""
    wanted = RequestStatus(status) if status else None
    page = board.list_requests(app, caller, status=wanted, limit=limit, offset=offset)
    return [wire.show_request(found) for found in page.requests]


@router.get(_REQUEST, summary="One request")
def get_request(app: AppOf, caller: SignedIn, request_id: str) -> wire.RequestOnWire:
    """Whoever posted it."""
    return wire.show_request(board.get_request(app, caller, request_id=request_id))


@router.patch(_REQUEST, summary="Change a request")
def update_request(app: AppOf, caller: SignedIn, request_id: str, body: wire.UpdateRequestBody) -> wire.RequestOnWire:
    """For who posted it. What is left out stays as it is."""
    status = RequestStatus(body.status) if body.status else None
    fields = body.fields(body.description)
    return wire.show_request(board.update_request(app, caller, request_id=request_id, fields=fields, status=status))


@router.get(f"{_REQUEST}/matches", summary="Skills that match a request")
def get_request_matches(app: AppOf, caller: SignedIn, request_id: str) -> wire.Matches:
    """By tags, words and schemas, the best first, each with its reasons."""
    found = matches.list_matches(app, caller, request_id=request_id)
    return wire.Matches(request_id=request_id, matches=[wire.show_match(match) for match in found])


@router.get(f"{_REQUEST}/suggest", summary="Skills that together answer a request")
def suggest_composition(app: AppOf, caller: SignedIn, request_id: str) -> wire.SuggestionsOnWire:
    """Chains from the desired input to the desired output, in which each skill gives what the next one takes."""
    return wire.show_suggestions(request_id, matches.suggest(app, caller, request_id=request_id))
