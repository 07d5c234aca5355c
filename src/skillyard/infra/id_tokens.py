"""ID tokens of other systems: is one genuine, meant for us and fresh? What its claims are worth is decided elsewhere.

The checks of OpenID Connect Core 1.0, section 3.1.3.7, and of RFC 8725 (JWT best practices). Keys come from the
issuer's own discovery document only; what a token says about where its key is (`jku`, `x5u`, `jwk`) is never read.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from skillyard.infra.errors import Unauthenticated
from skillyard.infra.issuer_keys import IssuerKeys

if TYPE_CHECKING:
    from skillyard.infra.issuer_keys import Key

LEEWAY_S = 60
LONGEST_LIFE_S = 24 * 3600
_MOST_CHARS = 16_000
# Algorithm → type of key and curve: with a private key at the issuer, never a secret that we would have to share.
_ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),  # the same, as RFC 9864 calls it
}


class IdTokenNotValid(Unauthenticated):
    code = "id_token_not_valid"
    text = "The ID token is refused: {why}."
    hint = "Let the CI job ask for a new one, for the audience {audience}."


class IssuerNotTrusted(Unauthenticated):
    code = "issuer_not_trusted"
    text = "The ID token is refused: this registry does not trust its issuer (claim iss)."
    hint = "Use a CI system that this registry trusts; its operator adds others with SKILLYARD_TRUSTED_ISSUERS."


class UnknownIssuer(ValueError):
    """The token names an issuer that was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """A token that was checked. `id` is its `jti`, which nobody may use twice."""

    issuer: str
    id: str
    expires_ms: int
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What an issuer has signed, and is valid now; for whom it is was not looked at."""

    issuer: str
    claims: Mapping[str, Any]
    expires_s: float


def check_id_token(keys: IssuerKeys, token: str, *, audience: str, issuers: Collection[str], now_ms: int) -> IdToken:
    """The claims of a token that one of `issuers` signed for `audience`. Calls the issuer for its keys when needed.

    Raises IdTokenNotValid, IssuerNotTrusted, or Upstream when keys cannot be had.
    """
    try:
        signed = read_signed(keys, token, issuers={issuer: issuer for issuer in issuers}, now_ms=now_ms)
        _check_audience(signed.claims, audience)
        return IdToken(
            issuer=signed.issuer,
            id=_read_id(signed.claims),
            expires_ms=int((signed.expires_s + LEEWAY_S) * 1000) + 1,
            claims=signed.claims,
        )
    except UnknownIssuer:
        raise IssuerNotTrusted from None
    except ValueError as error:
        raise IdTokenNotValid(why=str(error), audience=audience) from None


def read_signed(
    keys: IssuerKeys,
    token: str,
    *,
    issuers: Mapping[str, str],
    now_ms: int,
    algorithms: Collection[str] = frozenset(_ALGORITHMS),
    needs_kid: bool = True,
) -> Signed:
    """What one of `issuers` (how a token names it → the issuer) has signed, with signature and times checked.

    `needs_kid`: also of an issuer with a single key, which need not say it (OpenID Connect Core 1.0, section 10.1).

    Raises ValueError that says which check failed, UnknownIssuer, or Upstream when keys cannot be had.
    """
    header, unproven = open_token(token)
    named = unproven.get("iss")
    if not isinstance(named, str) or named not in issuers:
        raise UnknownIssuer("it is of another issuer (claim iss)")
    if not isinstance(header.get("kid"), str) and (needs_kid or "kid" in header):
        raise ValueError("its header is not that of an ID token")
    claims = _check_signature(keys, token, header, issuers[named], algorithms)
    if claims.get("iss") != named:
        raise ValueError("it names two issuers (claim iss)")
    return Signed(issuer=issuers[named], claims=claims, expires_s=check_times(claims, now_ms / 1000))


def open_token(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they stand there. Raises ValueError for what cannot be one."""
    parts = token.split(".")
    if len(token) > _MOST_CHARS or len(parts) != 3:
        raise ValueError("it is no signed token")
    try:
        header, claims = (orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except ValueError:
        raise ValueError("it is no signed token") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("it is no signed token")
    return header, claims


def _check_signature(
    keys: IssuerKeys, token: str, header: Mapping[str, Any], issuer: str, algorithms: Collection[str]
) -> Mapping[str, Any]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise ValueError(f"it is not signed with one of {', '.join(sorted(algorithms))}")
    if "crit" in header or str(kind).upper() != "JWT":
        raise ValueError("its header is not that of an ID token")
    key = keys.find(issuer, kid)
    if key is None or not _fits(key, algorithm):
        raise ValueError("its issuer has no such key")
    try:
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError):
        raise ValueError("its signature is not valid") from None
    return claims


def check_times(claims: Mapping[str, Any], now_s: float) -> float:
    """When it expires. Raises ValueError for one that is not of now."""
    expires, issued, begins = (_time(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise ValueError("it lacks a time (claims exp and iat)")
    if expires <= now_s - LEEWAY_S:
        raise ValueError("it has expired (claim exp)")
    if issued > now_s + LEEWAY_S or (begins is not None and begins > now_s + LEEWAY_S):
        raise ValueError("it is not valid yet (claims iat and nbf)")
    if expires - now_s > LONGEST_LIFE_S + LEEWAY_S:
        raise ValueError("it lives longer than a day (claim exp)")
    return expires


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"one of its times is no number (claim {name})")
    return float(value)


def _check_audience(claims: Mapping[str, Any], audience: str) -> None:
    """For us and nobody else: one that others get too, they could bring to us."""
    if claims.get("aud") not in (audience, [audience]):
        raise ValueError(f"it is not for {audience} alone (claim aud)")


def _read_id(claims: Mapping[str, Any]) -> str:
    value = claims.get("jti")
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        raise ValueError("it has no id of its own (claim jti)")
    return value


def _fits(key: Key, algorithm: str) -> bool:
    key_type, curve = _ALGORITHMS[algorithm]
    return (
        key.key_type == key_type
        and (curve is None or key.as_dict(private=False).get("crv") == curve)
        and key.get("alg", algorithm) == algorithm
    )
