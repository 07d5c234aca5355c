"""ID tokens of other systems: is one genuine, meant for us and fresh? What its claims are worth is decided elsewhere.

The checks of OpenID Connect Core 1.0, section 3.1.3.7, and of RFC 8725 (JWT best practices). Keys come from the
issuer's own discovery document only; what a token says about where its key is (`jku`, `x5u`, `jwk`) is never read.
"""

from __future__ import annotations

import base64
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from skillyard.infra.errors import Unauthenticated, Upstream
from skillyard.infra.outbound import AddressNotAllowed, Bounds, Outbound

if TYPE_CHECKING:  # loaded when the first token comes: it takes longer than the rest of the start
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    Key = RSAKey | ECKey | OKPKey

LEEWAY_S = 60
LONGEST_LIFE_S = 24 * 3600
_MOST_CHARS = 16_000
_MOST_KEYS = 100
_KEEP_S = 3600.0  # as long as keys are believed without asking again
_PAUSE_S = 30.0  # between two questions to one issuer, whatever is asked of us
_BOUNDS = Bounds(total_s=8.0, phase_s=4.0, max_bytes=256 * 1024)
# Algorithm → type of key and curve: with a private key at the issuer, never a secret that we would have to share.
_ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),  # the same, as RFC 9864 calls it
}
_SMALLEST_RSA_BITS = 2048


class IdTokenNotValid(Unauthenticated):
    code = "id_token_not_valid"
    text = "The ID token is refused: {why}."
    hint = "Let the CI job ask for a new one, for the audience {audience}."


class IssuerNotTrusted(Unauthenticated):
    code = "issuer_not_trusted"
    text = "The ID token is refused: this registry does not trust its issuer (claim iss)."
    hint = "Use a CI system that this registry trusts; its operator adds others with SKILLYARD_TRUSTED_ISSUERS."


class IssuerNotUnderstood(Upstream):
    code = "issuer_not_understood"
    text = "The keys of {issuer} cannot be used: {why}."
    hint = "Try again in a moment; if it stays, tell the operator of this registry."


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """A token that was checked. `id` is its `jti`, which nobody may use twice."""

    issuer: str
    id: str
    expires_ms: int
    claims: Mapping[str, Any]


@dataclass(slots=True)
class _Known:
    """What is known of one issuer; times on the monotonic clock."""

    keys: Sequence[Key] = ()
    read_s: float = -math.inf
    asked_s: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


class IssuerKeys:
    """The public keys of issuers, kept in memory. Ask for issuers that are trusted only: each one is called."""

    def __init__(self, outbound: Outbound, *, now: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._now = now
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def find(self, issuer: str, kid: str) -> Key | None:
        """The key of that id. An unknown one makes us ask the issuer again, at most twice a minute.

        Raises Upstream when the issuer cannot be asked and nothing is known of it.
        """
        with self._lock:
            known = self._known.setdefault(issuer, _Known())
        with known.lock:
            key = _of(known.keys, kid)
            if key is not None and self._now() - known.read_s < _KEEP_S:
                return key
            if self._now() - known.asked_s >= _PAUSE_S:
                key = self._refresh(issuer, known, kid) or key
            if key is None and not known.keys:
                raise IssuerNotUnderstood(issuer=issuer, why="they could not be read a moment ago")
            return key

    def _refresh(self, issuer: str, known: _Known, kid: str) -> Key | None:
        """Ask anew. While the issuer is down, what was known before still counts."""
        known.asked_s = self._now()
        try:
            keys = _ask(self._outbound, issuer)
        except Upstream:
            if _of(known.keys, kid) is None:
                raise
            return None
        known.keys, known.read_s = keys, self._now()
        return _of(keys, kid)


def check_id_token(keys: IssuerKeys, token: str, *, audience: str, issuers: Collection[str], now_ms: int) -> IdToken:
    """The claims of a token that one of `issuers` signed for `audience`. Calls the issuer for its keys when needed.

    Raises IdTokenNotValid, IssuerNotTrusted, or Upstream when keys cannot be had.
    """
    try:
        header, unproven = _open(token)
        issuer = unproven.get("iss")
        if not isinstance(issuer, str) or issuer not in issuers:
            raise IssuerNotTrusted
        claims = _check_signature(keys, token, header, issuer)
        expires_s = _check_times(claims, now_ms / 1000)
        _check_audience(claims, audience)
        return IdToken(
            issuer=issuer, id=_read_id(claims), expires_ms=int((expires_s + LEEWAY_S) * 1000) + 1, claims=claims
        )
    except ValueError as error:
        raise IdTokenNotValid(why=str(error), audience=audience) from None


def _open(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
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


def _check_signature(keys: IssuerKeys, token: str, header: Mapping[str, Any], issuer: str) -> Mapping[str, Any]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise ValueError(f"it is not signed with one of {', '.join(_ALGORITHMS)}")
    if not isinstance(kid, str) or "crit" in header or str(kind).upper() != "JWT":
        raise ValueError("its header is not that of an ID token")
    key = keys.find(issuer, kid)
    if key is None or not _fits(key, algorithm):
        raise ValueError("its issuer has no such key")
    try:
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError):
        raise ValueError("its signature is not valid") from None
    if claims.get("iss") != issuer:
        raise ValueError("it names two issuers (claim iss)")
    return claims


def _check_times(claims: Mapping[str, Any], now_s: float) -> float:
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


def _ask(outbound: Outbound, issuer: str) -> Sequence[Key]:
    """Its keys. An address that is not for us to call is the operator's business, and not of who brings a token."""
    try:
        return _read_keys(outbound, issuer)
    except AddressNotAllowed as error:
        raise IssuerNotUnderstood(issuer=issuer, why=error.message.rstrip(".")) from None


def _read_keys(outbound: Outbound, issuer: str) -> Sequence[Key]:
    """OpenID Connect Discovery 1.0, section 4: the document must say that it is of this very issuer."""
    document = outbound.get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration", bounds=_BOUNDS)
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise IssuerNotUnderstood(issuer=issuer, why="its discovery document is of another issuer")
    address = document.get("jwks_uri")
    found = outbound.get_json(address, bounds=_BOUNDS) if isinstance(address, str) else None
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise IssuerNotUnderstood(issuer=issuer, why="it lists none")
    keys = [key for entry in listed[:_MOST_KEYS] if (key := _read_key(entry)) is not None]
    if not keys:
        raise IssuerNotUnderstood(issuer=issuer, why="it lists none that are for signatures, and strong enough")
    return keys


def _read_key(entry: Any) -> Key | None:
    """A public key for signatures; None for any other, which is none of our business."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

    try:
        if not isinstance(entry.get("kid"), str) or entry.get("use", "sig") != "sig":
            return None
        key = JWKRegistry.import_key(entry)
    except (JoseError, AttributeError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return None
    is_weak = isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA_BITS
    return None if is_weak else key


def _of(keys: Sequence[Key], kid: str) -> Key | None:
    return next((key for key in keys if key.kid == kid), None)


def _fits(key: Key, algorithm: str) -> bool:
    key_type, curve = _ALGORITHMS[algorithm]
    return (
        key.key_type == key_type
        and (curve is None or key.as_dict(private=False).get("crv") == curve)
        and key.get("alg", algorithm) == algorithm
    )
