"""Pure decisions of accounts: what names, texts, passwords and tokens may be."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict

from skillyard.domain.accounts.cli_session import CliSessionStatus, challenge_of
from skillyard.domain.accounts.errors import NotAcceptable
from skillyard.domain.accounts.rights import KEY_SCOPES, Scope
from skillyard.skill.faults import Fault
from skillyard.skill.names import check_name, check_namespace

MAX_LABEL_CHARS = 100
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 256
MAX_TOKEN_DAYS = 365

_FEWEST_DIFFERENT_CHARS = 5
_PAGES_OF_OURS = frozenset({"cli", "sign-in", "sign-out"})
# RFC 7636, section 4: a verifier has 43 to 128 of these, a S256 challenge is 32 bytes in base64url.
_INTEGRATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_KEY = re.compile(r"sk_[0-9a-f]{64}")
_MOST_INTEGRATIONS = 100
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def refuse(faults: Iterable[Fault]) -> None:
    """Raise NotAcceptable with all of them, if there are any."""
    listed = list(faults)
    if listed:
        more = f" ({len(listed) - 1} more)" if len(listed) > 1 else ""
        raise NotAcceptable(faults=[asdict(fault) for fault in listed], first=listed[0].message, more=more)


def check_new_name(name: str, *, what: str) -> list[Fault]:
    """Faults of a username or namespace that somebody wants to have: both are drawn from one set of names."""
    if name in _PAGES_OF_OURS:
        return [_fault("reserved_name", f"the {what} {name!r} is reserved", "choose another one")]
    return check_namespace(name, what=what)


def is_name(name: str) -> bool:
    """Whether there can be a user or namespace of this name; what cannot be need not be looked up."""
    return not check_name(name)


def is_plain(text: str) -> bool:
    """Whether it is printable ASCII of a sensible length, such as our identifiers are."""
    return text.isascii() and text.isprintable() and len(text) <= MAX_LABEL_CHARS


def check_label(text: str, *, what: str) -> list[Fault]:
    """Faults of a text that is shown to people: 1 to 100 characters, none of them invisible."""
    if 1 <= len(text) <= MAX_LABEL_CHARS and text.isprintable() and not text.isspace():
        return []
    message = f"the {what} is not 1 to {MAX_LABEL_CHARS} visible characters"
    return [_fault("bad_text", message, "leave out line breaks and control characters, or shorten it")]


def check_password(password: str, *, username: str) -> list[Fault]:
    """Length counts, not kinds of characters (NIST SP 800-63B, section 5.1.1.2)."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        message = f"the password does not have {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
        return [_fault("bad_password", message, "a sentence of a few words is a good one")]
    if username and username in password.lower() and len(password) < len(username) + MIN_PASSWORD_CHARS:
        return [_fault("bad_password", "the password is little more than the username", "choose another one")]
    if len(set(password)) < _FEWEST_DIFFERENT_CHARS:
        return [_fault("bad_password", "the password repeats a few characters", "choose another one")]
    return []


def is_key(secret: str) -> bool:
    """Whether it has the form of a key for integrations."""
    return _KEY.fullmatch(secret) is not None


def check_token(
    *,
    name: str,
    scopes: Collection[Scope],
    expires_in_days: int,
    namespaces: Collection[str] | None,
    integrations: Collection[str] | None,
) -> list[Fault]:
    """Faults of a personal token that somebody asks for; whether they may have it is another question."""
    faults = check_label(name, what="token's name")
    if not scopes:
        faults.append(_fault("no_scopes", "the token has no scopes", f"choose from {', '.join(Scope)}"))
    if not 1 <= expires_in_days <= MAX_TOKEN_DAYS:
        message = f"the token would live {expires_in_days} days"
        faults.append(_fault("bad_expiry", message, f"choose 1 to {MAX_TOKEN_DAYS} days"))
    if namespaces is not None and not namespaces:
        message = "the token is limited to no namespace at all"
        faults.append(_fault("no_namespaces", message, "name some, or leave `namespaces` out to allow all of yours"))
    if integrations is not None:
        faults += check_integrations(integrations)
        if scopes and set(scopes) != KEY_SCOPES:
            message = "a token for some integrations cannot do anything but call them"
            faults.append(_fault("more_than_calls", message, "give it the scope `call` only, and make another one"))
    if namespaces is not None and set(scopes) == KEY_SCOPES:
        message = "a token that only calls integrations has no use for namespaces"
        faults.append(_fault("no_use_for_namespaces", message, "limit it to integrations instead"))
    return faults


def check_integrations(slugs: Collection[str]) -> list[Fault]:
    """Faults of the names alone: which integrations there are is not known here."""
    if not 1 <= len(slugs) <= _MOST_INTEGRATIONS:
        message = f"the token would be for {len(slugs)} integrations"
        return [_fault("bad_integrations", message, f"name 1 to {_MOST_INTEGRATIONS}, or none to allow all of yours")]
    return [
        _fault("bad_integration", f"{slug[:MAX_LABEL_CHARS]!r} is not the name of an integration", "such as `github`")
        for slug in slugs
        if not _INTEGRATION.fullmatch(slug)
    ]


def check_days(days: int, *, most: int, what: str) -> list[Fault]:
    """Faults of how long something shall be good."""
    if 1 <= days <= most:
        return []
    return [_fault("bad_expiry", f"the {what} would be good for {days} days", f"choose 1 to {most} days")]


def check_challenge(code_challenge: str) -> list[Fault]:
    """Faults of an S256 challenge (RFC 7636, section 4.2)."""
    if _CHALLENGE.fullmatch(code_challenge):
        return []
    hint = "send base64url(sha256(code_verifier)) without padding"
    return [_fault("bad_challenge", "code_challenge is not 43 characters of base64url", hint)]


def is_challenge_met(code_challenge: str, code_verifier: str) -> bool:
    """Whether the verifier is the one that the challenge was made from (RFC 7636, section 4.6)."""
    if not _VERIFIER.fullmatch(code_verifier):
        return False
    return hmac.compare_digest(challenge_of(code_verifier).encode(), code_challenge.encode())


def decide_cli_status(stored: str, *, expires_ms: int, now_ms: int) -> CliSessionStatus:
    """What a waiting command line is; one whose token was handed out counts as approved."""
    if stored in ("approved", "handed_out"):
        return "expired" if stored == "approved" and expires_ms <= now_ms else "approved"
    if stored == "denied":
        return "denied"
    return "expired" if expires_ms <= now_ms else "pending"


def _fault(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint)
