"""The status of offers: taken offline and back by their owners, approved or rejected by administrators."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import rules
from skillyard.domain.market.errors import OfferNotChangeable, OfferNotInReview
from skillyard.domain.market.events import OfferChanged
from skillyard.domain.market.model import Offer, OfferStatus
from skillyard.domain.market.offers import see_offer, see_own_offer
from skillyard.domain.market.store import offers as store
from skillyard.domain.market.store.offers import Wanted
from skillyard.domain.registry import access
from skillyard.domain.registry.model import Visibility
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName

REJECTED_WITHOUT_REASON = "Rejected by admin"
_MOST_IN_REVIEW = 1000
_MAX_REASON_CHARS = 500


def suspend_offer(app: App, caller: Caller, *, offer_id: str) -> Offer:
    """Nobody invokes it until it is activated; what was invoked before goes on.

    Raises OfferNotFound, NotTheProvider or OfferNotChangeable; one that is suspended stays so.
    """
    return _change_own(app, caller, offer_id, is_active=False)


def activate_offer(app: App, caller: Caller, *, offer_id: str) -> Offer:
    """Let it be invoked again. As `suspend_offer`; a review cannot be passed over."""
    return _change_own(app, caller, offer_id, is_active=True)


def list_pending_reviews(app: App, caller: Caller) -> list[Offer]:
    """What waits for an administrator, the longest waiting last. Raises AdministratorsOnly."""
    caller.must("review")
    wanted = Wanted(status=OfferStatus.PENDING_REVIEW, own=None)
    with app.database.reading() as tx:
        return store.browse(tx, wanted, "newest", limit=_MOST_IN_REVIEW, offset=0)[0]


def approve_offer(app: App, caller: Caller, *, offer_id: str) -> Offer:
    """Let it be invoked by everybody; also one that was rejected. Raises AdministratorsOnly, OfferNotFound or
    OfferNotInReview.
    """
    return _decide(app, caller, offer_id, reason=None)


def reject_offer(app: App, caller: Caller, *, offer_id: str, reason: str = "") -> Offer:
    """Let it be invoked by nobody; its owner reads why. As `approve_offer`."""
    said = "".join(char for char in reason if char.isprintable() or char == "\n").strip()[:_MAX_REASON_CHARS]
    return _decide(app, caller, offer_id, reason=said or REJECTED_WITHOUT_REASON)


def _change_own(app: App, caller: Caller, offer_id: str, *, is_active: bool) -> Offer:
    with app.database.transaction() as tx:
        tx.lock(f"offer {offer_id[:64]}")
        offer = see_own_offer(tx, caller, offer_id)
        to = found_or_not(tx, offer) if is_active else OfferStatus.SUSPENDED
        if offer.status is to:
            return offer
        if offer.status in (OfferStatus.PENDING_REVIEW, OfferStatus.REJECTED):
            raise OfferNotChangeable(name=offer.name, status=offer.status.value, wanted=to.value)
        return _set_status(app, tx, offer, to, by=caller.identity[1])


def _decide(app: App, caller: Caller, offer_id: str, *, reason: str | None) -> Offer:
    caller.must("review")
    with app.database.transaction() as tx:
        tx.lock(f"offer {offer_id[:64]}")
        offer = see_offer(tx, caller, offer_id=offer_id)
        to = found_or_not(tx, offer) if reason is None else OfferStatus.REJECTED
        if offer.status not in (OfferStatus.PENDING_REVIEW, OfferStatus.REJECTED):
            raise OfferNotInReview(name=offer.name, status=offer.status.value)
        return _set_status(app, tx, offer, to, by=caller.identity[1], reason=reason or "")


def found_or_not(tx: Tx, offer: Offer) -> OfferStatus:
    """What it is when it may be invoked: active, or unlisted where its skill is not public."""
    release = access.get_release(tx, SkillName.parse(offer.name), offer.version)
    return rules.found_or_not(is_public=release.visibility is Visibility.PUBLIC)


def _set_status(app: App, tx: Tx, offer: Offer, to: OfferStatus, *, by: str, reason: str = "") -> Offer:
    changed = replace(offer, status=to, reason=reason, updated_ms=app.clock.now_ms())
    store.set_offer(tx, changed)
    app.events.record(tx, OfferChanged(offer_id=offer.id, name=offer.name, status=to.value, by=by))
    return changed
