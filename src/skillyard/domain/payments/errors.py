"""What payments refuses. What the ledger refuses is in `ledger_errors.py`, what payouts do in `payout_errors.py`."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, PaymentRequired, TooMany, Unavailable


class NoSuchRail(Invalid):
    code = "payment_provider_unknown"
    text = "There is no way to pay called {rail}."
    hint = "Choose one of {known}."


class RailNotReady(Unavailable):
    code = "payment_provider_not_set_up"
    text = "Payment by {rail} is not set up on this server."
    hint = (
        "Choose another way to pay; the operator sets it up as the guide on selling says, and checks it with `doctor`."
    )


class NotWithThisRail(Conflict):
    code = "payment_provider_unsupported"
    text = "There are no {what} by {rail}."
    hint = "Choose another way to pay."


class PriceModeIncompatible(Conflict):
    code = "price_mode_incompatible"
    text = "{item} has no price that can be paid by {rail}."
    hint = "Choose another way to pay ({rails}), or ask the seller for such a price."


class NoWayToPay(Conflict):
    code = "no_way_to_pay"
    text = "{item} has no price that can be paid on this server."
    hint = "Ask the seller to set a price, or the operator to set up a way to pay it."


class RateUnknown(Unavailable):
    code = "rate_unknown"
    text = "What {asset} is worth in US dollars is not known right now."
    hint = "Choose another way to pay; an administrator sets a rate with `skillyard rate ton 3.10`."


class CreditsMissing(PaymentRequired):
    code = "credits_missing"
    text = "{item} costs {needed} credits, and you have {there}."
    hint = "Buy some with `skillyard credits buy`, or choose another way to pay."


class CreditsOutOfBounds(Invalid):
    code = "credits_out_of_bounds"
    text = "{credits} credits cannot be bought at once: it must be {least} to {most}."
    hint = "Choose another number of credits; one is one US cent."


class NoWayToPayForCredits(Conflict):
    code = "credits_not_sold"
    text = "Credits cannot be bought that way on this server."
    hint = "Choose another way to pay, or ask an administrator, who can grant credits."


class CreditsInvoiceOpen(Conflict):
    code = "credits_invoice_open"
    text = "Invoice {invoice_id} for another number of credits waits to be paid in full."
    hint = "Pay it, or cancel it with `skillyard invoice {invoice_id} --cancel`; then try again."


class NotForSale(Conflict):
    code = "not_for_sale"
    text = "{item} is not for sale."
    hint = "Ask its owner to put it up for sale, or to grant you access."


class OwnItem(Conflict):
    code = "own_skill"
    text = "{item} is yours already: members of its namespace need not buy it."
    hint = "Install it as it is."


class AlreadyBought(Conflict):
    code = "already_bought"
    text = "You have {item} already."
    hint = "Install it; `skillyard bought` lists all you have bought."


class PurchaseRequired(PaymentRequired):
    code = "purchase_required"
    text = "{item} must be bought before its content can be taken: {terms}."
    hint = "Buy it with `skillyard buy {item}`, signed in as the person who will use it."


class ReferralCodeUnknown(Invalid):
    code = "referral_code_unknown"
    text = "There is no referral code {referral_code}."
    hint = "A referral code is the username of whoever recommended the skill; leave it out if nobody did."


class ReferralNotAllowed(Invalid):
    code = "referral_not_allowed"
    text = "Neither the buyer nor the seller can be the one who recommends a sale."
    hint = "Leave the referral code out."


class InvoiceNotFound(NotFound):
    code = "invoice_not_found"
    text = "There is no invoice {invoice_id}, or it is not yours."
    hint = "`skillyard invoice` lists yours."


class InvoiceNotOpen(Conflict):
    code = "invoice_not_open"
    text = "Invoice {invoice_id} is {status}: this cannot be done with it."
    hint = "Look at it with `skillyard invoice {invoice_id}`."


class NothingToRefund(Conflict):
    code = "nothing_to_refund"
    text = "Of invoice {invoice_id}, {left} {asset} can still be refunded, not {amount}."
    hint = "Ask for no more than that, or leave the amount out for all of it."


class RefundAddressNeeded(Invalid):
    code = "refund_address_needed"
    text = "A refund by {rail} needs an address to go to: where the money came from may be an exchange."
    hint = "Ask the buyer for the address of their own wallet and pass it."


class RefundAddressIsTheBuyers(Forbidden):
    code = "refund_address_is_the_buyers"
    text = "Where a refund by {rail} goes is for the buyer to say, not for the seller."
    hint = "Leave the address out: the money is the buyer's again, who claims it to a wallet of their own."


class RefundNotCovered(Conflict):
    code = "refund_not_covered"
    text = "Of this sale, some was paid out already, and whoever had it has not enough left to give it back."
    hint = "Give back less, wait until more was earned, or ask an administrator, who can give it back all the same."


class MoneyUnderWay(Unavailable):
    code = "money_under_way"
    text = "What {rail} says of {reference} waits: the same money is on its way back to the buyer already."
    hint = "It is taken in by itself once that refund came through or failed."


class NotTheSeller(Forbidden):
    code = "not_the_seller"
    text = "Only who sold it, or an administrator, may do this."
    hint = "Ask the seller of the item."


class WebhookNotValid(Invalid):
    code = "webhook_not_valid"
    text = "The event is refused: {why}."
    hint = "Send the raw bytes with the provider's signature; the operator compares the webhook secret."


class SellingTextNotAcceptable(Invalid):
    code = "bad_selling_text"
    text = "The selling text is longer than {most} characters, or has control characters."
    hint = "Shorten it; Markdown is welcome."


class PersonNotFound(NotFound):
    code = "person_not_found"
    text = "There is nobody called {username}."
    hint = "Check the username."


class KeyUsedOtherwise(Conflict):
    code = "key_used_otherwise"
    text = "This key was used before for something else."
    hint = "Choose a new key for a new request; repeat a request with the same content."


class DepositNotFound(NotFound):
    code = "deposit_not_found"
    text = "There is no unmatched money {reference} that fits."
    hint = "`skillyard deposits` lists what is not matched; an invoice must be of the same rail and asset."


class ReasonNotAcceptable(Invalid):
    code = "bad_reason"
    text = "The reason is not 1 to {most} visible characters."
    hint = "Say in a sentence why; the buyer reads it."


class NothingToSell(Conflict):
    code = "nothing_to_sell"
    text = "No release of {item} is on offer, so there is nothing to buy."
    hint = "Wait until its owner publishes one."


class FeeNotCovered(PaymentRequired):
    code = "fee_not_covered"
    text = "{why} costs {price} credits, and you have {there}."
    hint = (
        "Buy credits at {purchase_url}, or with `skillyard credits buy {enough}`, and try again; where none are sold,"
        " ask an administrator."
    )


class MonthIsFull(TooMany):
    code = "month_is_full"
    text = "You have asked for {limit} runs and invocations in {month}, which is the most for a month."
    hint = "Wait for the next month, or ask an administrator, who can raise SKILLYARD_CALLS_PER_MONTH."
