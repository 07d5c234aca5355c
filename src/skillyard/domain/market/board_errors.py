"""What the board, compositions and ratings refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound


class RequestNotFound(NotFound):
    code = "request_not_found"
    text = "There is no request {request_id}."
    hint = "`skillyard wanted list` lists what is looked for."


class RequestNotValid(Invalid):
    code = "request_not_valid"
    text = "The request is not valid: {first}."
    hint = "Correct the faults listed."


class NotTheRequester(Forbidden):
    code = "not_the_requester"
    text = "Only {owner} may change request {request_id}."
    hint = "Post a request of your own."


class TooManyOpenRequests(Conflict):
    code = "too_many_open_requests"
    text = "You have {most} open requests already."
    hint = "Close one that you no longer need: `skillyard wanted close ID`."


class CompositionNotFound(NotFound):
    code = "composition_not_found"
    text = "There is no composition {composition_id}, or it is not yours."
    hint = "`skillyard compositions` lists yours."


class CompositionNotValid(Invalid):
    code = "composition_not_valid"
    text = "These offers cannot be run one after the other: {first}."
    hint = "Look for ones that join with `skillyard wanted suggest`. Nothing was charged."


class CompositionSettled(Conflict):
    code = "composition_settled"
    text = "Composition {composition_id} is {status} already, and does not change any more."
    hint = "Start a new one."


class CompositionKeyUsed(Conflict):
    code = "composition_key_used"
    text = "This key was used for another composition: {composition_id}."
    hint = "Use a new key for a new composition; repeat one with the same offers and input."


class RatingNotValid(Invalid):
    code = "rating_not_valid"
    text = "A rating is a whole number of stars from 1 to 5."
    hint = "Send 1, 2, 3, 4 or 5."


class OwnOfferNotRated(Forbidden):
    code = "own_offer_not_rated"
    text = "{name} is of your own namespace, and you do not rate it."
    hint = "Leave ratings to those who invoke it."


class RatedInvocationNotFound(NotFound):
    code = "rated_invocation_not_found"
    text = "{invocation_id} is not an invocation of {name} that was delivered to you."
    hint = "Leave the invocation out, or name one of `skillyard invocations` that is completed."


class TooManyFavorites(Conflict):
    code = "too_many_favorites"
    text = "You have {most} favorites already."
    hint = "Remove one that you no longer use: `skillyard favorites remove NAME`."


class PriceRaised(Conflict):
    code = "price_raised"
    text = "{name} was to cost {before} credits at most, and costs {now} now."
    hint = "Ask again if you want to pay that."
