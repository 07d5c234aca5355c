"""Bearers that agents sign themselves, each for one request: JWTs with EdDSA (RFC 8037) of the STACK SDKs.

The checks of RFC 8725; a bearer says whose it is, and the keys that this agent enrolled are all that is tried on it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass

from skillyard.infra.errors import Unauthenticated
from skillyard.infra.id_tokens import LEEWAY_S, check_times, open_token

ISSUER, AUDIENCE = "stack-sdk", "stack:agent"
LONGEST_LIFE_S = 5 * 60
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
_MOST_ID_CHARS = 100
# Points of small order, whatever their sign: anybody can sign for such a key. After Chalkias, Garillot, Nikolaenko,
# "Taming the many EdDSAs" (2020), table 5.
_NOBODYS_KEYS = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


class AgentBearerNotValid(Unauthenticated):
    code = "agent_bearer_not_valid"
    text = "The bearer of the agent is refused: {why}."
    hint = "Sign a new one for each request, with the key that was enrolled last and the right time."


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBearer:
    """One that was checked: `id` is its `jti`, good for one use until `expires_ms`."""

    id: str
    agent_id: str
    public_key: str
    expires_ms: int


def agent_named_in(token: str) -> str | None:
    """The agent that the token says it is of; None for what is no bearer of an agent. Nothing is proven by it."""
    try:
        _, claims = open_token(token)
    except ValueError:
        return None
    subject = claims.get("sub")
    is_one = claims.get("iss") == ISSUER and isinstance(subject, str) and _is_id(subject)
    return str(subject) if is_one else None


def check_agent_bearer(token: str, *, public_keys: Collection[str], now_ms: int) -> AgentBearer:
    """What the token says, if one of these keys signed it and it is valid now; that it is the first use is for the
    caller to see. Raises AgentBearerNotValid, which says the check that failed."""
    try:
        header, claims = open_token(token)
        if header.get("alg") not in ("EdDSA", "Ed25519") or "crit" in header:
            raise ValueError("it is not signed with EdDSA")
        signer = next((key for key in public_keys if _is_signed(token, key)), None)
        if signer is None:
            raise ValueError("none of the agent's keys has signed it")
        agent_id, bearer_id = claims.get("sub"), claims.get("jti")
        if claims.get("iss") != ISSUER or claims.get("aud") not in (AUDIENCE, [AUDIENCE]):
            raise ValueError(f"it is not of {ISSUER} for {AUDIENCE} alone (claims iss and aud)")
        if not isinstance(agent_id, str) or not isinstance(bearer_id, str) or not _is_id(bearer_id):
            raise ValueError("it has no id of its own (claim jti)")
        expires_s = check_times(claims, now_ms / 1000)
        if expires_s - now_ms / 1000 > LONGEST_LIFE_S:
            raise ValueError(f"it lives longer than {LONGEST_LIFE_S} seconds (claim exp)")
    except ValueError as error:
        raise AgentBearerNotValid(why=str(error)) from None
    expires_ms = int((expires_s + LEEWAY_S) * 1000) + 1
    return AgentBearer(id=bearer_id, agent_id=agent_id, public_key=signer, expires_ms=expires_ms)


def is_signed_by(public_key: str, signature: str, message: str) -> bool:
    """Whether this Ed25519 key, in base64url as in a JWK (RFC 8037, section 2), signed the message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key, signed = _decode(public_key), _decode(signature)
    if key is None or signed is None or len(key) != _KEY_BYTES or len(signed) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, message.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def is_public_key(text: str) -> bool:
    """Whether it is 32 bytes in base64url without padding, spelled the one way there is, and not a key for which
    anybody can sign."""
    key = _decode(text)
    if key is None or len(key) != _KEY_BYTES or base64.urlsafe_b64encode(key).decode().rstrip("=") != text:
        return False
    return bytes((*key[:-1], key[-1] & 0x7F)) not in _NOBODYS_KEYS


def _is_signed(token: str, public_key: str) -> bool:
    signed, _, signature = token.rpartition(".")
    return is_signed_by(public_key, signature, signed)


def _is_id(text: str) -> bool:
    return 1 <= len(text) <= _MOST_ID_CHARS and text.isascii() and text.isprintable()


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
