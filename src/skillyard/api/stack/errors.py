"""What only this surface refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, Unavailable


class BodyNotValid(Invalid):
    code = "validation_error"
    text = "The request is not valid: {first}."
    hint = "Correct the faults listed."


class SkillIsFree(Invalid):
    code = "skill_is_free"
    text = "{name} is free: there is nothing to buy."
    hint = "Invoke it."


class RetryHandleNotValid(Invalid):
    code = "retry_handle_not_valid"
    text = "X-STACK-Authority-Request-Id is not 22 to 256 characters of base64url."
    hint = "Make a random one for each request, and send it again unchanged when you repeat the request."


class PaymentNotSetUp(Unavailable):
    code = "payment_not_configured"
    text = "This registry sells no credits."
    hint = "Ask its operator for credits."


class NoVerification(Conflict):
    code = "no_verification_here"
    text = "{provider} cannot be asked from here."
    hint = "{way}"
