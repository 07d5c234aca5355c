"""Asking Stripe: plain values come back, and every error of the SDK is one of two: it refused, or nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from skillyard.app import App
from skillyard.domain.payments.rail import Outcome
from skillyard.infra.errors import Upstream

if TYPE_CHECKING:
    from stripe import StripeClient

Thing = dict[str, Any]
"""An object of Stripe's, as its API shows it."""

API_VERSION = "2026-08-26.dahlia"
"""The version of Stripe's API that we speak; the tests hold us against its published description."""

_RETRIES = 1
_WHY_CHARS = 300


class StripeRefused(Upstream):
    """It was not done, and will not be when asked the same way again."""

    code = "stripe_refused"
    text = "Stripe refused it: {why}"
    hint = (
        "Correct what it says, or try another way to pay; `doctor` tells the operator whether Stripe is set up right."
    )


class StripeGaveUp(StripeRefused):
    """An earlier request under the same key broke down at Stripe, which answers the same from now on. What it had done
    until then can be seen.
    """

    code = "stripe_gave_up"
    text = "Stripe broke down over it: {why}"


class StripeSilent(Upstream):
    """Whether it was done is not known."""

    code = "stripe_silent"
    text = "Stripe could not be asked: {why}"
    hint = "Try again in a moment; if it stays, `doctor` tells the operator whether Stripe is set up right."


class StripeKeyTaken(StripeSilent):
    """The same was asked before, in other words: what came of that can be seen."""

    code = "stripe_key_taken"


def open_client(app: App) -> StripeClient:
    """The official SDK, with the operator's key."""
    from skillyard.domain.payments.stripe.transport import open_sdk

    key = app.settings.stripe_secret_key.get_secret_value()
    return open_sdk(app.outbound, key=key, url=app.settings.stripe_api_url, version=API_VERSION, retries=_RETRIES)


def ask(call: Callable[[], Any]) -> Thing:
    """One object. Raises StripeRefused, StripeSilent."""
    import stripe

    try:
        return dict(call().to_dict())
    except stripe.StripeError as error:
        raise _ours(error) from None


def ask_all(call: Callable[[], Any], *, most: int) -> list[Thing]:
    """The first `most` objects of a list, however many pages these are. Raises StripeRefused, StripeSilent."""
    import stripe

    try:
        return [dict(found.to_dict()) for found in islice(call().auto_paging_iter(), most)]
    except stripe.StripeError as error:
        raise _ours(error) from None


def outcome_of(send: Callable[[], Outcome]) -> Outcome:
    """What `send` says; failed when Stripe refused it, unknown when it kept silent."""
    try:
        return send()
    except StripeRefused as refused:
        return Outcome(state="failed", why=refused.message)
    except StripeSilent as silent:
        return Outcome(state="unknown", why=silent.message)


def _ours(error: Any) -> StripeRefused | StripeSilent:
    """Only what Stripe says after it has looked at the idempotency key is a refusal: a wrong key or too many requests
    says nothing of an earlier request under the same one.
    """
    import stripe

    reason = str(error.error.code or "") if error.error else ""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError) and reason != "account_invalid":
        return StripeSilent(why="it does not accept our secret key, or not for this.")
    if isinstance(error, stripe.IdempotencyError):
        return StripeKeyTaken(why="it was asked for the same before, in other words.")
    why = str(error.user_message or "it gave no reason.")[:_WHY_CHARS]
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError | stripe.PermissionError):
        return StripeRefused(why=why, reason=reason)
    if error.headers.get("idempotent-replayed") == "true":
        return StripeGaveUp(why=why, reason=reason)
    return StripeSilent(why=why)
