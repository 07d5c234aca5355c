"""What payouts, payout methods and connected accounts refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound


class PayoutKindUnknown(Invalid):
    code = "payout_kind_unknown"
    text = "There is no kind of payout method called {kind}."
    hint = "Choose one of {known}."


class PayoutTooSmall(Invalid):
    code = "payout_too_small"
    text = "A payout is at least {minimum} {asset}."
    hint = "Wait until you have earned more, or ask for a larger amount."


class PayoutAssetNotPossible(Conflict):
    code = "payout_asset_not_possible"
    text = "A payout by {kind} is made in {needed}, not in {asset}."
    hint = "Choose the amount in {needed}, or another payout method; `skillyard balance` shows what you have in each."


class NotEnoughAvailable(Conflict):
    code = "not_enough_available"
    text = "You have {available} {asset} available; {amount} {asset} cannot be paid out."
    hint = "Ask for no more than that; what is pending becomes available some days after its sale."


class PayoutOpen(Conflict):
    code = "payout_open"
    text = "Another payout by {kind} is still on its way: {payout_id}."
    hint = "Wait until it is paid, or cancel it while it is requested."


class PayoutNotFound(NotFound):
    code = "payout_not_found"
    text = "There is no payout {payout_id}, or it is not yours."
    hint = "`skillyard payouts` lists yours."


class PayoutNotWaiting(Conflict):
    code = "payout_not_waiting"
    text = "Payout {payout_id} is {status}: this cannot be done with it any more."
    hint = "Look at it again."


class PayoutNeedsAnother(Forbidden):
    code = "payout_needs_another"
    text = "Nobody approves a payout to themselves."
    hint = "Ask another administrator."


class NoPayoutMethod(Conflict):
    code = "no_payout_method"
    text = "You have no payout method of kind {kind}."
    hint = "Set one first: `skillyard payouts set-wallet` or `skillyard payouts set-stripe`."


class PayoutMethodNotReady(Conflict):
    code = "payout_method_not_ready"
    text = "Your payout method of kind {kind} cannot be used: {why}."
    hint = "Complete it with `skillyard payouts connect`, or set another one."


class NoRate(Conflict):
    code = "no_exchange_rate"
    text = "There is no current rate between USD and {asset}."
    hint = "Ask for an amount in {asset}, or ask an administrator to set a rate."


class ConnectAccountNotYours(NotFound):
    code = "connect_account_not_found"
    text = "There is no connected account {account_id} of yours."
    hint = "Connect one with `skillyard payouts connect`; it is then yours to choose."


class CountryNotValid(Invalid):
    code = "country_not_valid"
    text = "The country must be two letters (ISO 3166-1 alpha-2)."
    hint = "Write it like `US` or `DE`."


class CountryIsFixed(Conflict):
    code = "country_is_fixed"
    text = "Your connected account is in {country}, and cannot move to another country."
    hint = "Leave the country out to go on with this account."


class NoConnectRail(Conflict):
    code = "connect_not_offered"
    text = "This server has no way to pay for which sellers connect accounts."
    hint = "Choose another payout method, or ask the operator to set up Stripe."


class LabelNotAcceptable(Invalid):
    code = "bad_label"
    text = "The label is longer than {most} characters, or has control characters."
    hint = "Shorten it."


class ReasonNotAcceptable(Invalid):
    code = "bad_payout_reason"
    text = "The reason is empty, longer than {most} characters, or has control characters."
    hint = "Say in a sentence why; the seller will read it."
