"""The one tree of refusals. Domains subclass a kind; each surface spells the kinds its own way.

    SkillyardError
    ├── Invalid           the input is wrong; `faults` lists everything that is
    ├── Unauthenticated   nobody is signed in, or the token is no good
    ├── Forbidden         signed in, may see it, may not do it
    ├── NotFound          not there, or not visible to the caller
    ├── Conflict          somebody else was first, or the state does not allow it
    ├── PaymentRequired   it must be bought first
    ├── TooMany           a limit was reached; `retry_after_s` says when to come back
    ├── Unavailable       we cannot do it now; try again
    └── Upstream          a service we called failed

Anything that is not a SkillyardError is a bug.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class SkillyardError(Exception):
    """A refusal with a stable `code`, a text filled from its facts, and a hint what to do next.

    Facts are shown to the caller: never put a secret in one.
    """

    code: ClassVar[str] = "error"
    text: ClassVar[str] = "Something was refused."
    hint: ClassVar[str] = ""

    def __init__(self, *, faults: Sequence[Mapping[str, Any]] = (), **facts: Any) -> None:
        self.facts = facts
        self.faults = tuple(faults)
        super().__init__(self.text.format_map(facts))

    @property
    def message(self) -> str:
        """What was wrong, in one sentence."""
        return str(self.args[0])

    @property
    def advice(self) -> str:
        """What to do next; may use the facts."""
        return self.hint.format_map(self.facts)


class Invalid(SkillyardError):
    code = "invalid"
    text = "The request is not valid."
    hint = "Correct the faults listed and send it again."


class Unauthenticated(SkillyardError):
    code = "unauthenticated"
    text = "You are not signed in."
    hint = "Sign in with `skillyard login`, or send a valid token."


class Forbidden(SkillyardError):
    code = "forbidden"
    text = "You may not do this."
    hint = "Ask an owner of the namespace for the right, or use a token with a wider scope."


class NotFound(SkillyardError):
    code = "not_found"
    text = "There is no such thing, or you may not see it."
    hint = "Check the name; sign in if it is private."


class Conflict(SkillyardError):
    code = "conflict"
    text = "The current state does not allow this."
    hint = "Look at the current state and try again."


class PaymentRequired(SkillyardError):
    code = "payment_required"
    text = "This must be bought first."
    hint = "Buy it, then try again."


class TooMany(SkillyardError):
    code = "too_many_requests"
    text = "Too many requests; the limit is {limit} in {window_s} seconds."
    hint = "Wait {retry_after_s} seconds, then try again."


class Unavailable(SkillyardError):
    code = "unavailable"
    text = "This cannot be done right now."
    hint = "Try again in a moment."


class Upstream(SkillyardError):
    code = "upstream_failed"
    text = "A service that is needed for this failed."
    hint = "Try again in a moment."


def every_error(root: type[SkillyardError] = SkillyardError) -> list[type[SkillyardError]]:
    """The tree as loaded so far, sorted by code; the reference page is made from it."""
    found = {root}
    for child in root.__subclasses__():
        found.update(every_error(child))
    return sorted(found, key=lambda error: error.code)
