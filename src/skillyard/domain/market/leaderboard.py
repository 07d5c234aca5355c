"""Which offers deliver most, and which are liked best. What they earn is nobody else's business."""

from __future__ import annotations

from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.board_model import Ranked
from skillyard.domain.market.model import Offer
from skillyard.domain.market.offers import as_seen
from skillyard.domain.market.store import offers as store
from skillyard.infra.database import Tx

Ranking = Literal["invocations", "rating"]
MOST = 100
_PRIOR_AVERAGE = 300  # hundredths of a star
_PRIOR_RATINGS = 5


def get_leaderboard(app: App, caller: Caller, *, by: Ranking = "invocations", limit: int = 20) -> list[Ranked]:
    """Active offers, by what they delivered, or by their ratings: as if five of three stars were there from the start,
    so that one single rating makes no winner.
    """
    with app.database.reading() as tx:
        found = list_best(tx, by, limit=max(1, min(limit, MOST)))
    return [
        Ranked(rank=number, offer=as_seen(caller, offer), score=score_of(offer))
        for number, offer in enumerate(found, 1)
    ]


def list_best(tx: Tx, by: Ranking, *, limit: int) -> list[Offer]:
    """Active offers, the best first."""
    return store.list_best(tx, by, prior=_PRIOR_AVERAGE, prior_ratings=_PRIOR_RATINGS, limit=limit)


def score_of(offer: Offer) -> int:
    """Hundredths of a star."""
    stars = (offer.average_rating or 0) * offer.ratings + _PRIOR_AVERAGE * _PRIOR_RATINGS
    return stars // (offer.ratings + _PRIOR_RATINGS)
