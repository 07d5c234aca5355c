"""What an invocation costs, what is there to pay it with, and where to get more.

A plan is good for every skill: the operator's at Nevermined where there is one, else the caller's credits, which are
charged without a payment token.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.addresses import SKILL
from skillyard.api.stack.errors import PaymentNotSetUp, SkillIsFree
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import money as wire
from skillyard.api.stack.wire.fields import PaymentToken
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.market.offers import get_offer
from skillyard.domain.payments.credit_purchases import ways_to_buy_credits
from skillyard.domain.payments.credits import get_credits, purchase_url
from skillyard.domain.payments.pay_elsewhere import find_plan, get_plan_balance

router = signed_router("payments")

CREDITS = "credits"


@router.post(f"{SKILL}/checkout", summary="Where to buy credits for a skill")
def start_checkout(app: AppOf, caller: SignedIn, skill_id: str) -> wire.Checkout:
    """400 for a free skill, 503 where the registry sells nothing to pay with."""
    offer = get_offer(app, caller, offer_id=skill_id)
    if offer.price == 0:
        raise SkillIsFree(name=offer.name)
    if nvm_plan_of(app) is None and not ways_to_buy_credits(app):
        raise PaymentNotSetUp
    return wire.Checkout(checkout_url=_where(app), plan_id=_plan(app), price_per_invocation=offer.price)


@router.get(f"{SKILL}/balance", summary="What is there to pay a skill with")
def get_balance(
    app: AppOf,
    caller: SignedIn,
    skill_id: str,
    x_payment_token: Annotated[PaymentToken | None, Header(description="0x…: of that account.")] = None,
) -> wire.FreeBalance | wire.PlanBalance | wire.PlanOffer:
    """With the address of an account, what it has of the plan; with anything else, the caller's credits; without, where
    to buy some."""
    offer = get_offer(app, caller, offer_id=skill_id)
    if offer.price == 0:
        return wire.FreeBalance()
    if not x_payment_token:
        return wire.PlanOffer(price_per_invocation=offer.price, plan_id=_plan(app), purchase_url=_where(app))
    plan = find_plan(app) if x_payment_token.startswith("0x") else None
    if plan is None:
        there = get_credits(app, caller).available
    else:
        there = get_plan_balance(app, caller, plan=plan, holder=x_payment_token)
    return wire.PlanBalance(
        balance=str(there),
        price_per_invocation=offer.price,
        plan_id=plan.id if plan else CREDITS,
        invocations_remaining=there // offer.price,
    )


def nvm_plan_of(app: App) -> str | None:
    """The operator's plan at Nevermined, where there is one."""
    plan = find_plan(app)
    return plan.id if plan else None


def _plan(app: App) -> str:
    return nvm_plan_of(app) or CREDITS


def _where(app: App) -> str:
    plan = find_plan(app)
    return plan.checkout_url if plan else purchase_url(app)
