"""ID tokens with which people sign in: the checks of OpenID Connect Core 1.0, sections 3.1.3.7 and 3.1.3.8."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.infra.errors import Unauthenticated
from skillyard.infra.id_tokens import LEEWAY_S, read_signed
from skillyard.infra.issuer_keys import IssuerKeys

ALGORITHMS = frozenset({"ES256", "RS256"})
_MOST_SUBJECT_CHARS = 255  # OpenID Connect Core 1.0, section 2


class SignInTokenNotValid(Unauthenticated):
    code = "sign_in_token_not_valid"
    text = "The ID token is refused: {why}."
    hint = "Sign in again for a new one; if it stays, tell the operator of this registry."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInToken:
    """A token that was checked: `subject` is who it is, for ever, and at this issuer only."""

    issuer: str
    subject: str
    expires_ms: int
    claims: Mapping[str, Any]


def check_sign_in_token(
    keys: IssuerKeys,
    token: str,
    *,
    issuers: Mapping[str, str],
    client_ids: Collection[str],
    now_ms: int,
    nonce: str | None = None,
    access_token: str | None = None,
    algorithms: Collection[str] = ALGORITHMS,
) -> SignInToken:
    """Who signs in with this token, which one of `issuers` (how a token names it → the issuer) gave to a client of
    ours. `nonce`: what we sent along, None where somebody else began it. Calls the issuer for its keys when needed.

    Raises SignInTokenNotValid, which says the check that failed, or Upstream when keys cannot be had.
    """
    try:
        signed = read_signed(keys, token, issuers=issuers, now_ms=now_ms, algorithms=algorithms, needs_kid=False)
        _check_client(signed.claims, client_ids)
        _check_nonce(signed.claims, nonce)
        _check_access_token(signed.claims, access_token)
        subject = _read_subject(signed.claims)
    except ValueError as error:
        raise SignInTokenNotValid(why=str(error)) from None
    expires_ms = int((signed.expires_s + LEEWAY_S) * 1000)
    return SignInToken(issuer=signed.issuer, subject=subject, expires_ms=expires_ms, claims=signed.claims)


def _check_client(claims: Mapping[str, Any], client_ids: Collection[str]) -> None:
    """One of several audiences says in `azp` that it is ours; where there is an `azp`, it is a client of ours too."""
    audience, party = claims.get("aud"), claims.get("azp")
    listed = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in client_ids for name in listed):
        raise ValueError("it is for another client (claim aud)")
    if len(listed) > 1 and party is None:
        raise ValueError("it is for several clients and does not say who asked for it (claim azp)")
    if party is not None and (not isinstance(party, str) or party not in client_ids):
        raise ValueError("another client asked for it (claim azp)")


def _check_nonce(claims: Mapping[str, Any], nonce: str | None) -> None:
    if nonce is None:
        return
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise ValueError("it does not belong to this sign-in (claim nonce)")


def _check_access_token(claims: Mapping[str, Any], access_token: str | None) -> None:
    """Half of the SHA-256 of the access token that came along, for RS256 and ES256 alike."""
    found = claims.get("at_hash")
    if found is None or access_token is None:
        return
    half = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()
    if found != half:
        raise ValueError("it does not belong to the access token beside it (claim at_hash)")


def _read_subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= _MOST_SUBJECT_CHARS or not subject.isprintable():
        raise ValueError("it does not say who it is of (claim sub)")
    return subject
