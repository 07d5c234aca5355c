"""What charging for invocations refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, PaymentRequired


class NotEnoughCredits(PaymentRequired):
    code = "not_enough_credits"
    text = "Each use of {item} costs {price} credits, and you have {there}."
    hint = (
        "Buy credits at {purchase_url}, or with `skillyard credits buy {enough}`, and try again; where none are sold,"
        " ask an administrator."
    )


class PaymentRefused(PaymentRequired):
    code = "payment_refused"
    text = "The payment is refused: {why}."
    hint = "Make another payment from one of `offers`; or send none, and pay with your credits."


class PaymentUsed(Conflict):
    code = "payment_used"
    text = "This payment pays for another invocation, or another one by the same payer is not done yet."
    hint = "Wait until that one has ended, and make a new payment for each invocation."


class HolderNotValid(Invalid):
    code = "holder_not_valid"
    text = "This is no address of an account: it must be 0x and 40 hexadecimal digits."
    hint = "Send the address of the account that holds credits of the plan."


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
