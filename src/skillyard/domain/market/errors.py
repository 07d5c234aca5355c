"""What the market refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound


class OfferNotFound(NotFound):
    code = "offer_not_found"
    text = "There is no offer {offer}, or you may not see it."
    hint = "Check the id or name; `skillyard offers` lists what can be invoked."


class OfferNotActive(Conflict):
    code = "offer_not_active"
    text = "{name} is {status}, and cannot be invoked now."
    hint = "Choose another offer, or ask its owner."


class OfferNotInReview(Conflict):
    code = "offer_not_in_review"
    text = "{name} is {status}: only what waits for a review, or was rejected, is approved or rejected."
    hint = "List what waits with `skillyard offers review`."


class OfferNotChangeable(Conflict):
    code = "offer_not_changeable"
    text = "{name} is {status}, and cannot become {wanted}."
    hint = "Wait for an administrator's review, or publish a release that answers it."


class NotTheProvider(Forbidden):
    code = "not_the_provider"
    text = "Only members of {namespace} may do this with {name}."
    hint = "Ask an owner of the namespace to make you a maintainer."


class OfferNotValid(Invalid):
    code = "offer_not_valid"
    text = "The offer is not valid: {first}."
    hint = "Correct the faults listed."


class OfferQuarantined(Invalid):
    code = "offer_quarantined"
    text = "{name} {version} was published, and the scan quarantined it: {why}"
    hint = "Nobody can invoke it. Correct it and publish a higher version, or appeal with `skillyard appeal`."


class InputNotValid(Invalid):
    code = "input_not_valid"
    text = "The input does not fit the input schema of {name}: {first}."
    hint = "Correct the faults listed; `skillyard offers show {name}` shows the schema. Nothing was charged."


class OutputNotValid(Invalid):
    code = "output_not_valid"
    text = "The output does not fit the output schema of {name}: {first}."
    hint = "Correct the faults listed and complete it again before it expires."


class TooLittleTrust(Forbidden):
    code = "too_little_trust"
    text = "{name} asks for trust level {wanted}, and you have {level}: {reason}."
    hint = "Prove who you are: `skillyard claims` shows what you have, and how to get more."


class InvocationNotFound(NotFound):
    code = "invocation_not_found"
    text = "There is no invocation {invocation_id}, or it is not yours."
    hint = "`skillyard invocations` lists yours."


class TooManyOpenInvocations(Conflict):
    code = "too_many_open_invocations"
    text = "{most} of your invocations wait or are worked on already."
    hint = "Wait until some are settled, or cancel those that you no longer need."


class InvocationTaken(Conflict):
    code = "invocation_taken"
    text = "Invocation {invocation_id} is {status}: somebody else has claimed it."
    hint = "Claim another one; `skillyard invocations --provider` lists what waits."


class InvocationNotYours(Conflict):
    code = "invocation_not_claimed"
    text = "Invocation {invocation_id} is {status}, and you have not claimed it."
    hint = "Claim it first; only who claimed it last may complete or fail it."


class InvocationSettled(Conflict):
    code = "invocation_settled"
    text = "Invocation {invocation_id} is {status} already, and does not change any more."
    hint = "Look at it with `skillyard invocations show {invocation_id}`."


class InvocationExpired(Conflict):
    code = "invocation_expired"
    text = "The time of invocation {invocation_id} is over: what comes now is not taken, and not paid."
    hint = "Claim only what you can deliver in time, and renew the claim while you work."


class NotTheBuyer(Forbidden):
    code = "not_the_buyer"
    text = "Only who asked for invocation {invocation_id} may take it back."
    hint = "As its provider, claim it and fail it."


class RunsHere(Conflict):
    code = "invocation_runs_here"
    text = "{name} is run by the registry itself: there is nothing to claim."
    hint = "Wait for invocation {invocation_id} to settle."


class FailureNotValid(Invalid):
    code = "failure_not_valid"
    text = "A failure has a code of 1 to 64 letters, digits, - and _, and a message of 1 to 1000 characters."
    hint = 'Write it as {{"code": "source_unreachable", "message": "The page did not answer."}}.'


class FieldNotValid(Invalid):
    code = "bad_field"
    text = "{what} is not 1 to {most} visible characters."
    hint = "Leave it out, or pass it as you got it."


class RetryKeyNotValid(Invalid):
    code = "retry_key_not_valid"
    text = "The key for repeating an invocation is not 1 to 256 visible ASCII characters."
    hint = "Use a random one, such as a UUID, for each invocation."


class RetryKeyUsed(Conflict):
    code = "retry_key_used"
    text = "This key was used for another invocation: {invocation_id}."
    hint = "Use a new key for a new invocation; repeat one with the same offer and input."


class ReceiptNotThere(NotFound):
    code = "invocation_receipt_not_there"
    text = "Invocation {invocation_id} is {status}: a receipt is written when it settles."
    hint = "Wait for it to settle."
