"""What people think of offers: 1 to 5 stars, one rating of each person for each offer."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.board_errors import OwnOfferNotRated, RatedInvocationNotFound, RatingNotValid
from skillyard.domain.market.board_events import OfferRated
from skillyard.domain.market.board_model import RatingSummary
from skillyard.domain.market.model import InvocationStatus, Offer
from skillyard.domain.market.offers import see_offer
from skillyard.domain.market.store import invocations, offers
from skillyard.domain.market.store import ratings as store
from skillyard.infra.database import Tx

_MAX_ID_CHARS = 64


def rate(app: App, caller: Caller, *, offer_id: str, stars: object, invocation_id: str | None = None) -> RatingSummary:
    """Rate an offer, or rate it anew. One to whom it delivered weighs five times as much as another: the invocation
    that is named, else the latest that was completed for them.

    Raises RatingNotValid, OfferNotFound, OwnOfferNotRated or RatedInvocationNotFound.
    """
    caller.must("invoke")
    user_id, _ = caller.identity
    if isinstance(stars, bool) or not isinstance(stars, int) or not 1 <= stars <= 5:
        raise RatingNotValid
    with app.database.transaction() as tx:
        offer = see_offer(tx, caller, offer_id=offer_id)
        if user_id == offer.owner_id or offer.namespace in caller.roles:
            raise OwnOfferNotRated(name=offer.name)
        tx.lock(f"ratings of {offer.id}")
        delivered = _delivered(tx, user_id, offer, invocation_id)
        now_ms = app.clock.now_ms()
        store.set_rating(tx, offer.id, user_id, stars=stars, invocation_id=delivered, now_ms=now_ms)
        summary = store.summarize(tx, offer.id, user_id=user_id)
        offers.set_rating(tx, offer.id, average=summary.average or 0, ratings=summary.ratings)
        app.events.record(tx, OfferRated(offer_id=offer.id, name=offer.name, stars=stars))
    return summary


def get_ratings(app: App, caller: Caller, *, offer_id: str) -> RatingSummary:
    """Raises OfferNotFound."""
    with app.database.reading() as tx:
        offer = see_offer(tx, caller, offer_id=offer_id)
        return store.summarize(tx, offer.id, user_id=caller.user_id)


def _delivered(tx: Tx, user_id: str, offer: Offer, invocation_id: str | None) -> str | None:
    if invocation_id is None:
        return invocations.find_delivered(tx, user_id, offer.id)
    is_text = invocation_id.isprintable() and len(invocation_id) <= _MAX_ID_CHARS
    found = invocations.find_invocation(tx, invocation_id) if is_text else None
    is_theirs = found is not None and (found.buyer_id, found.offer_id) == (user_id, offer.id)
    if found is None or not is_theirs or found.status is not InvocationStatus.COMPLETED:
        raise RatedInvocationNotFound(invocation_id=invocation_id[:_MAX_ID_CHARS], name=offer.name)
    return found.id
