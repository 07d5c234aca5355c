"""A thief does not empty an account in parts that nobody looks at."""

from __future__ import annotations

from skillyard.domain.payments.advance_payouts import advance_all
from skillyard.domain.payments.payouts import request_payout
from skillyard.infra.money import Asset
from tests.domain.payments.conftest import bank, market
from tests.domain.payments.sellers import TON, Market

__all__ = ["bank", "market"]


def test_parts_of_a_large_payout_wait_for_an_administrator_too(market: Market) -> None:
    most = market.app.settings.payout_approval_nanoton
    seller = market.with_wallet(market.seller(), ton=3 * most)
    asked = []
    for number in range(2):
        asked.append(
            request_payout(
                market.app, seller, amount=f"{most // TON}.000000000", asset=Asset.TON, kind="ton", key=str(number)
            )
        )
        for _ in range(5):
            market.clock.move(seconds=30)
            advance_all(market.app)
    assert [one.needs_approval for one in asked] == [False, True]
