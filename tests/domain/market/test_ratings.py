"""Ratings, favorites and the leaderboard."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.market import favorites
from skillyard.domain.market.board_errors import (
    OwnOfferNotRated,
    RatedInvocationNotFound,
    RatingNotValid,
    TooManyFavorites,
)
from skillyard.domain.market.errors import OfferNotFound
from skillyard.domain.market.favorites import add_favorite, list_favorites, remove_favorite
from skillyard.domain.market.leaderboard import get_leaderboard
from skillyard.domain.market.model import Offer
from skillyard.domain.market.offers import browse_offers
from skillyard.domain.market.ratings import get_ratings, rate
from skillyard.domain.market.settle import complete
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.infra.errors import Unauthenticated
from skillyard.skill.names import SkillName
from tests.domain.market.stall import OUTPUT, Stall
from tests.makers import a_person


def delivered(stall: Stall, offer: Offer) -> str:
    asked = stall.claimed(offer)
    return complete(stall.app, stall.sal, invocation_id=asked.id, output=OUTPUT).id


def test_somebody_rates_once_and_the_later_rating_counts(both: Stall) -> None:
    offer = both.offer()
    rate(both.app, both.bob, offer_id=offer.id, stars=1)
    summary = rate(both.app, both.bob, offer_id=offer.id, stars=4)
    assert (summary.average, summary.ratings, summary.own, summary.by_stars) == (400, 1, 4, (0, 0, 0, 1, 0))
    assert (both.fresh(offer).average_rating, both.fresh(offer).ratings) == (400, 1)
    assert get_ratings(both.app, ANONYMOUS, offer_id=offer.id).own is None


def test_a_rating_of_somebody_to_whom_it_delivered_weighs_more(both: Stall) -> None:
    offer = both.offer()
    invocation_id = delivered(both, offer)
    rate(both.app, both.ada, offer_id=offer.id, stars=1)
    summary = rate(both.app, both.bob, offer_id=offer.id, stars=5, invocation_id=invocation_id)
    assert (summary.verified, summary.ratings, summary.average) == (1, 2, 433)
    assert rate(both.app, both.bob, offer_id=offer.id, stars=5).verified == 1  # it is found without being named
    assert both.fresh(offer).average_rating == 433


@pytest.mark.parametrize("stars", [0, 6, -1, 4.5, "5", True, None, 10**30])
def test_a_rating_is_one_to_five_stars(stall: Stall, stars: Any) -> None:
    with pytest.raises(RatingNotValid):
        rate(stall.app, stall.bob, offer_id=stall.offer().id, stars=stars)


def test_only_ones_own_delivered_invocation_of_that_offer_can_be_named(both: Stall) -> None:
    offer, other = both.offer(), both.offer("sal/other")
    pending, of_other = both.invoke(offer).id, delivered(both, other)
    for invocation_id in (pending, of_other, "sinv_none", "a\x00", "x" * 1000):
        with pytest.raises(RatedInvocationNotFound):
            rate(both.app, both.bob, offer_id=offer.id, stars=5, invocation_id=invocation_id)
    with pytest.raises(RatedInvocationNotFound):
        rate(both.app, both.ada, offer_id=other.id, stars=5, invocation_id=of_other)


def test_nobody_rates_what_is_their_own_or_not_to_be_seen(stall: Stall) -> None:
    offer = stall.offer()
    with pytest.raises(OwnOfferNotRated):
        rate(stall.app, stall.sal, offer_id=offer.id, stars=5)
    with pytest.raises(Unauthenticated):
        rate(stall.app, ANONYMOUS, offer_id=offer.id, stars=5)
    set_visibility(stall.app, stall.sal, name=SkillName.parse(offer.name), visibility=Visibility.PRIVATE)
    with pytest.raises(OfferNotFound):
        rate(stall.app, stall.bob, offer_id=offer.id, stars=5)


def test_many_who_rate_at_once_are_all_counted(both: Stall) -> None:
    offer = both.offer()
    people = [a_person(both.app, f"rater{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: rate(both.app, person, offer_id=offer.id, stars=5), people))
    fresh = both.fresh(offer)
    assert (fresh.ratings, fresh.average_rating) == (8, 500)


def test_favorites_are_kept_until_they_are_removed(both: Stall) -> None:
    offer, other = both.offer(), both.offer("sal/other")
    add_favorite(both.app, both.bob, offer_id=offer.id)
    add_favorite(both.app, both.bob, offer_id=offer.id)
    both.clock.move(seconds=1)
    add_favorite(both.app, both.bob, offer_id=other.id)
    assert [one.name for one in list_favorites(both.app, both.bob)] == ["sal/other", "sal/sum"]
    set_visibility(both.app, both.sal, name=SkillName.parse("sal/sum"), visibility=Visibility.PRIVATE)
    assert [one.name for one in list_favorites(both.app, both.bob)] == ["sal/other"]
    remove_favorite(both.app, both.bob, offer_id=other.id)
    for offer_id in ("skl_none", "\x00", "x" * 1000):
        remove_favorite(both.app, both.bob, offer_id=offer_id)
    assert list_favorites(both.app, both.bob) == []
    assert list_favorites(both.app, both.sal) == []


def test_favorites_are_bounded(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favorites, "MAX_FAVORITES", 1)
    add_favorite(stall.app, stall.bob, offer_id=stall.offer().id)
    other = stall.offer("sal/other")
    with pytest.raises(TooManyFavorites):
        add_favorite(stall.app, stall.bob, offer_id=other.id)
    assert len(list_favorites(stall.app, stall.bob)) == 1


def test_the_leaderboard_is_by_what_was_delivered_or_by_ratings_and_shows_no_revenue(both: Stall) -> None:
    busy, liked, hyped = both.offer("sal/busy"), both.offer("sal/liked"), both.offer("sal/hyped")
    both.offer("sal/hidden", visibility="private")
    delivered(both, busy)
    people = [a_person(both.app, f"rater{number}") for number in range(6)]
    for person in people:
        rate(both.app, person, offer_id=liked.id, stars=5)
    rate(both.app, both.bob, offer_id=hyped.id, stars=5)
    rate(both.app, both.bob, offer_id=busy.id, stars=1)
    assert [one.offer.name for one in get_leaderboard(both.app, ANONYMOUS)] == ["sal/busy", "sal/liked", "sal/hyped"]
    best = get_leaderboard(both.app, ANONYMOUS, by="rating")
    assert [(one.rank, one.offer.name, one.score) for one in best] == [
        (1, "sal/liked", 409), (2, "sal/hyped", 333), (3, "sal/busy", 266),
    ]  # fmt: skip
    assert [one.name for one in browse_offers(both.app, ANONYMOUS, sort="rating").offers][-1] == "sal/busy"
    assert len(get_leaderboard(both.app, ANONYMOUS, limit=1)) == 1
