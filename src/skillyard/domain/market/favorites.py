"""Offers that somebody wants to find again."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.board_errors import TooManyFavorites
from skillyard.domain.market.errors import OfferNotFound
from skillyard.domain.market.model import Offer
from skillyard.domain.market.offers import as_seen, see_offer
from skillyard.domain.market.store import ratings as store

MAX_FAVORITES = 500
_MAX_ID_CHARS = 64


def add_favorite(app: App, caller: Caller, *, offer_id: str) -> Offer:
    """Raises OfferNotFound or TooManyFavorites; one that is a favorite stays so."""
    caller.must("invoke")
    user_id, _ = caller.identity
    with app.database.transaction() as tx:
        offer = see_offer(tx, caller, offer_id=offer_id)
        tx.lock(f"favorites of {user_id}")
        if store.add_favorite(tx, user_id, offer.id, now_ms=app.clock.now_ms()):
            _check_room(store.count_favorites(tx, user_id))
    return as_seen(caller, offer)


def remove_favorite(app: App, caller: Caller, *, offer_id: str) -> None:
    """Also of one that can no longer be seen, or is none."""
    caller.must("invoke")
    if offer_id.isprintable():
        with app.database.transaction() as tx:
            store.remove_favorite(tx, caller.identity[0], offer_id[:_MAX_ID_CHARS])


def list_favorites(app: App, caller: Caller) -> list[Offer]:
    """Those that the caller may still see, the one added last first."""
    caller.must("read_own")
    with app.database.reading() as tx:
        ids = store.list_favorites(tx, caller.identity[0], limit=MAX_FAVORITES)
        found = []
        for offer_id in ids:
            try:
                found.append(see_offer(tx, caller, offer_id=offer_id))
            except OfferNotFound:
                continue
    return [as_seen(caller, offer) for offer in found]


def _check_room(favorites: int) -> None:
    if favorites > MAX_FAVORITES:
        raise TooManyFavorites(most=MAX_FAVORITES)
