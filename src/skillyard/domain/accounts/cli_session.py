"""What a command line, or another device, is while it waits for somebody to let it in; and that somebody decided."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import ClassVar, Literal

from skillyard.domain.accounts.rights import Scope
from skillyard.infra.events import Event

CliSessionStatus = Literal["pending", "approved", "denied", "expired"]


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636, section 4.2): base64url(sha256(verifier)) without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CliSession:
    """A command line that waits for somebody to approve it in the browser.

    It will be handed a personal token with `scopes` for `token_days`, good for these `integrations`; None: a session
    with all that the person may do.
    """

    id: str
    user_code: str
    client_name: str
    status: CliSessionStatus
    created_ms: int
    expires_ms: int
    scopes: frozenset[Scope] | None = None
    token_days: int | None = None
    integrations: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CliSessionDecided(Event):
    """Somebody approved or denied a command line that wanted to sign in."""

    kind: ClassVar[str] = "cli_session.decided"

    session_id: str
    username: str
    status: str
