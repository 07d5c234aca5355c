"""The nouns of signing in with an OpenID provider; and what happens to identities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.domain.accounts.model import Session
from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a provider knows: `subject` is its own and lasting name for them. `email` is for people to read only;
    `email_verified_ms`: when the provider vouched for it last, None if it does not.
    """

    id: str
    issuer: str
    subject: str
    user_id: str
    email: str | None
    linked_ms: int
    last_used_ms: int | None
    email_verified_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a provider says about somebody at this moment."""

    issuer: str
    subject: str
    email: str | None
    email_verified_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenIdentity:
    """An identity without an account, proven a moment ago. `username`, `display_name`: proposals for a new account.

    `user_id`: who began this to link it to their account; None: it is to become an account of its own. `goal`: the path
    to go to in the end.
    """

    provider: str
    issuer: str
    subject: str
    email: str | None
    username: str
    display_name: str
    goal: str
    user_id: str | None
    expires_ms: int
    email_verified_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Somebody came back from a provider: a `session`; or a `ticket` for what they have yet to agree to."""

    goal: str
    session: Session | None = None
    proven: ProvenIdentity | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked(Event):
    """Somebody can sign in with a provider from now on."""

    kind: ClassVar[str] = "user.identity_linked"

    username: str
    identity_id: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUnlinked(Event):
    """Somebody gave up to sign in with a provider."""

    kind: ClassVar[str] = "user.identity_unlinked"

    username: str
    identity_id: str
    issuer: str
