"""Paying for an invocation from elsewhere: a token is looked at before anything is taken in."""

from __future__ import annotations

from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.charge_errors import PaymentRefused
from skillyard.domain.payments.charge_rail import Bill, Plan, Proof, charge_rails, read_token, ready_charge_rails


def bill_for(app: App, *, item: str, amount: int) -> Bill:
    """`amount`: credits for one invocation of the skill called `item`."""
    return Bill(item=item, amount=amount, resource=f"{app.settings.address}/{item}")


def verify_payment(app: App, bill: Bill, token: str | None) -> Proof | None:
    """What a payment token proves; None without a token, or where credits are the only way to pay.

    Raises PaymentRefused, or Upstream. Takes nothing yet.
    """
    rails = ready_charge_rails(app)
    if not token or not rails:
        return None
    content = read_token(token)
    for rail in rails if content is not None else ():
        if content is not None and rail.reads(content):
            return rail.verify(app, bill, token)
    raise PaymentRefused(why="it is no payment that this server takes", offers=payment_offers(app, bill))


def payment_offers(app: App, bill: Bill) -> list[dict[str, Any]]:
    """How else than with credits the bill can be paid here, for answers that ask for payment."""
    return [{"rail": rail.name, **rail.offer(app, bill)} for rail in ready_charge_rails(app)]


def find_plan(app: App) -> Plan | None:
    """The plan elsewhere whose credits pay for invocations here, where the operator has set one up."""
    return next((plan for rail in ready_charge_rails(app) if (plan := rail.plan(app))), None)


def get_plan_balance(app: App, caller: Caller, *, plan: Plan, holder: str) -> int:
    """Credits of that plan that the account `holder` there has. Raises HolderNotValid, or Upstream."""
    caller.must("read_own")
    return charge_rails()[plan.rail].plan_balance(app, holder)
