"""What charging for invocations refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, NotFound, PaymentRequired


class NotEnoughCredits(PaymentRequired):
    code = "not_enough_credits"
    text = "An invocation of {item} costs {price} credits, and you have {there}."
    hint = "Buy credits at {purchase_url}, or with `skillyard credits buy {missing}`, and try again."


class ChargeNotFound(NotFound):
    code = "charge_not_found"
    text = "Nothing was charged for {ref}."
    hint = "Look at the invocation: one that costs nothing is not charged."


class ChargeClosed(Conflict):
    code = "charge_closed"
    text = "The charge for {ref} is {status} already."
    hint = "A charge is captured or released exactly once; nothing was changed now."


class ChargedOtherwise(Conflict):
    code = "charged_otherwise"
    text = "{ref} is charged for already, and not as it is asked for now."
    hint = "Nothing was charged now. Ask for another invocation."
