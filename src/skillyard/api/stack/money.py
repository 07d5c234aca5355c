"""What an invocation costs, what is there to pay it with, and where to get more.

Here a plan is the caller's credits: they are good for every skill, and are charged without a payment token.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from skillyard.api.stack.errors import PaymentNotSetUp, SkillIsFree
from skillyard.api.stack.signed import SignedIn, signed_router
from skillyard.api.stack.skills import SKILL
from skillyard.api.stack.wire import money as wire
from skillyard.api.surface import AppOf
from skillyard.domain.market.offers import get_offer
from skillyard.domain.payments.credit_purchases import ways_to_buy_credits
from skillyard.domain.payments.credits import get_credits, purchase_url

router = signed_router("payments")

PLAN = "credits"


@router.post(f"{SKILL}/checkout", summary="Where to buy credits for a skill")
def start_checkout(app: AppOf, caller: SignedIn, skill_id: str) -> wire.Checkout:
    """400 for a free skill, 503 where the registry sells no credits."""
    offer = get_offer(app, caller, offer_id=skill_id)
    if offer.price == 0:
        raise SkillIsFree(name=offer.name)
    if not ways_to_buy_credits(app):
        raise PaymentNotSetUp
    return wire.Checkout(checkout_url=purchase_url(app), plan_id=PLAN, price_per_invocation=offer.price)


@router.get(f"{SKILL}/balance", summary="What is there to pay a skill with")
def get_balance(
    app: AppOf,
    caller: SignedIn,
    skill_id: str,
    x_payment_token: Annotated[str | None, Header(max_length=4000, description="Anything: shows the balance.")] = None,
) -> wire.FreeBalance | wire.PlanBalance | wire.PlanOffer:
    """With a payment token, whatever it is, the caller's credits; without, where to buy some."""
    offer = get_offer(app, caller, offer_id=skill_id)
    if offer.price == 0:
        return wire.FreeBalance()
    if not x_payment_token:
        return wire.PlanOffer(price_per_invocation=offer.price, plan_id=PLAN, purchase_url=purchase_url(app))
    there = get_credits(app, caller).available
    return wire.PlanBalance(
        balance=str(there),
        price_per_invocation=offer.price,
        plan_id=PLAN,
        invocations_remaining=there // offer.price,
    )
