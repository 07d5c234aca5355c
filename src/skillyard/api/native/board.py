"""What people look for, which offers match it, what they think of offers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from skillyard.api.native.wire import board as wire
from skillyard.api.native.wire.market import OfferOnWire, show_offer
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.market import board, favorites, leaderboard, matches, ratings
from skillyard.domain.market.board_model import RequestStatus
from skillyard.infra.paging import read_cursor

router = APIRouter(tags=["market"])


@router.post("/skill-requests", status_code=201, summary="Ask for a skill")
def post_request(app: AppOf, caller: CallerOf, body: wire.PostRequestBody) -> wire.RequestOnWire:
    """Everybody reads what you look for, and with which schemas."""
    return wire.show_request(board.post_request(app, caller, body.fields()))


@router.get("/skill-requests", summary="What people look for")
def list_requests(
    app: AppOf,
    caller: CallerOf,
    q: Annotated[str, Query(max_length=200, description="Words of description and tags.")] = "",
    tag: Annotated[list[str] | None, Query(max_length=20, description="Each of them; may be given again.")] = None,
    status: Literal["open", "closed", "fulfilled", "any"] = "open",
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.RequestsPage:
    """For everybody; the newest first."""
    (offset,) = read_cursor(cursor, [0])
    wanted = None if status == "any" else RequestStatus(status)
    found = board.list_requests(app, caller, status=wanted, text=q, tags=tag or (), limit=limit, offset=int(offset))
    return wire.show_requests(found, offset=int(offset))


@router.get("/me/skill-requests", summary="What I look for")
def list_my_requests(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.RequestsPage:
    """In every status, the newest first."""
    (offset,) = read_cursor(cursor, [0])
    found = board.list_requests(app, caller, status=None, mine=True, limit=limit, offset=int(offset))
    return wire.show_requests(found, offset=int(offset))


@router.get("/skill-requests/{request_id}", summary="One request")
def get_request(app: AppOf, caller: CallerOf, request_id: str) -> wire.RequestOnWire:
    """For everybody."""
    return wire.show_request(board.get_request(app, caller, request_id=request_id))


@router.patch("/skill-requests/{request_id}", summary="Change a request")
def update_request(app: AppOf, caller: CallerOf, request_id: str, body: wire.UpdateRequestBody) -> wire.RequestOnWire:
    """For who posted it. Close it with the status `closed`, or `fulfilled` once you have what you looked for."""
    changed = board.update_request(app, caller, request_id=request_id, fields=body.fields(), status=body.status)
    return wire.show_request(changed)


@router.get("/skill-requests/{request_id}/matches", summary="Offers that match a request")
def list_matches(app: AppOf, caller: CallerOf, request_id: str, limit: Limit = 20) -> wire.MatchesOnWire:
    """By schemas, tags and words, the best first, each with its reasons."""
    return wire.show_matches(matches.list_matches(app, caller, request_id=request_id, limit=limit))


@router.get("/skill-requests/{request_id}/suggest", summary="Offers that together answer a request")
def suggest_composition(app: AppOf, caller: CallerOf, request_id: str) -> wire.SuggestionsOnWire:
    """From the desired input to the desired output, so that each output joins the next input."""
    return wire.show_suggestions(matches.suggest(app, caller, request_id=request_id))


@router.put("/offers/{offer_id}/rating", summary="Rate an offer")
def rate_offer(app: AppOf, caller: CallerOf, offer_id: str, body: wire.RateBody) -> wire.RatingsOnWire:
    """One rating of each person; the later one counts. Not of what is your own."""
    given = ratings.rate(app, caller, offer_id=offer_id, stars=body.stars, invocation_id=body.invocation_id)
    return wire.show_ratings(given)


@router.get("/offers/{offer_id}/ratings", summary="How an offer is rated")
def get_ratings(app: AppOf, caller: CallerOf, offer_id: str) -> wire.RatingsOnWire:
    """For everybody who sees the offer."""
    return wire.show_ratings(ratings.get_ratings(app, caller, offer_id=offer_id))


@router.get("/me/favorites", summary="My favorite offers")
def list_favorites(app: AppOf, caller: CallerOf) -> wire.FavoritesOnWire:
    """The one added last first."""
    return wire.show_favorites(favorites.list_favorites(app, caller))


@router.put("/me/favorites/{offer_id}", summary="Add a favorite")
def add_favorite(app: AppOf, caller: CallerOf, offer_id: str) -> OfferOnWire:
    """To find it again."""
    return show_offer(favorites.add_favorite(app, caller, offer_id=offer_id))


@router.delete("/me/favorites/{offer_id}", summary="Remove a favorite")
def remove_favorite(app: AppOf, caller: CallerOf, offer_id: str) -> wire.FavoriteRemoved:
    """Also one that is gone."""
    favorites.remove_favorite(app, caller, offer_id=offer_id)
    return wire.FavoriteRemoved(offer_id=offer_id)


@router.get("/leaderboard", summary="The offers that deliver most, or are liked best")
def get_leaderboard(
    app: AppOf, caller: CallerOf, by: leaderboard.Ranking = "invocations", limit: Limit = 20
) -> wire.LeaderboardOnWire:
    """For everybody."""
    return wire.show_leaderboard(leaderboard.get_leaderboard(app, caller, by=by, limit=limit))
