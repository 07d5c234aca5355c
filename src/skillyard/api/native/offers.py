"""Skills that can be invoked: found, read, changed, taken offline, reviewed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.native.wire import market as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.market import offers, publish_offer, states
from skillyard.domain.market.model import OfferOrder, OfferStatus
from skillyard.infra.paging import read_cursor
from skillyard.skill.executable import TrustLevel
from skillyard.skill.names import SkillName

router = APIRouter(tags=["market"])


@router.get("/offers", summary="Skills that can be invoked")
def browse_offers(
    app: AppOf,
    caller: CallerOf,
    q: Annotated[str, Query(max_length=200, description="Words of name, description and tags.")] = "",
    tag: Annotated[list[str] | None, Query(max_length=20, description="Each of them; may be given again.")] = None,
    trust_level: Annotated[TrustLevel | None, Query(description="Those that ask for exactly this.")] = None,
    status: Annotated[OfferStatus, Query(description="Others than active: of your namespaces.")] = OfferStatus.ACTIVE,
    sort: OfferOrder = "newest",
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.OffersPage:
    """For everybody."""
    (offset,) = read_cursor(cursor, [0])
    found = offers.browse_offers(
        app, caller, text=q, tags=tag or (), trust_level=trust_level, status=status, sort=sort, limit=limit,
        offset=int(offset),
    )  # fmt: skip
    return wire.show_offers(found, offset=int(offset))


@router.get("/me/offers", summary="What my namespaces offer")
def list_my_offers(app: AppOf, caller: CallerOf) -> wire.OffersPage:
    """In every status, the newest first."""
    return wire.show_all_offers(offers.list_my_offers(app, caller))


@router.get("/offers/pending-reviews", summary="Offers that wait for a review")
def list_pending_reviews(app: AppOf, caller: CallerOf) -> wire.OffersPage:
    """For administrators."""
    return wire.show_all_offers(states.list_pending_reviews(app, caller))


@router.get("/offers/{offer_id}", summary="One offer")
def get_offer(app: AppOf, caller: CallerOf, offer_id: str) -> wire.OfferOnWire:
    """For everybody; one that waits for a review, or of a private skill, for its members."""
    return wire.show_offer(offers.get_offer(app, caller, offer_id=offer_id))


@router.get("/skills/{namespace}/{slug}/offer", summary="The offer of a skill")
def get_offer_of_skill(app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.OfferOnWire:
    """The same, by the name of the skill."""
    return wire.show_offer(offers.get_offer(app, caller, name=str(SkillName(namespace, slug))))


@router.patch("/offers/{offer_id}", summary="Change an offer")
def update_offer(app: AppOf, caller: CallerOf, offer_id: str, body: wire.UpdateOfferBody) -> wire.OfferOnWire:
    """For maintainers of its namespace. What was invoked before keeps its price and version."""
    changed = publish_offer.update_offer(app, caller, offer_id=offer_id, changes=body.changes())
    return wire.show_offer(changed)


@router.post("/offers/{offer_id}/suspend", summary="Take an offer offline")
def suspend_offer(app: AppOf, caller: CallerOf, offer_id: str) -> wire.OfferOnWire:
    """For maintainers of its namespace. What was invoked before goes on."""
    return wire.show_offer(states.suspend_offer(app, caller, offer_id=offer_id))


@router.post("/offers/{offer_id}/activate", summary="Put an offer online again")
def activate_offer(app: AppOf, caller: CallerOf, offer_id: str) -> wire.OfferOnWire:
    """For maintainers of its namespace."""
    return wire.show_offer(states.activate_offer(app, caller, offer_id=offer_id))


@router.post("/offers/{offer_id}/approve", summary="Approve an offer")
def approve_offer(app: AppOf, caller: CallerOf, offer_id: str) -> wire.OfferOnWire:
    """For administrators; also one that was rejected."""
    return wire.show_offer(states.approve_offer(app, caller, offer_id=offer_id))


@router.post("/offers/{offer_id}/reject", summary="Reject an offer")
def reject_offer(
    app: AppOf, caller: CallerOf, offer_id: str, body: wire.RejectOfferBody | None = None
) -> wire.OfferOnWire:
    """For administrators; its owner reads the reason."""
    reason = body.reason if body else ""
    return wire.show_offer(states.reject_offer(app, caller, offer_id=offer_id, reason=reason))
