"""Access tokens of our own as JWTs (RFC 7519): a client can read when its token ends, and only we can make one.

HMAC-SHA-256, since nobody but us has to check them. They are looked up like every other token, and revocable.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import orjson


class TokenSigner:
    """`issuer`: the address of this registry, which the tokens are of and for."""

    def __init__(self, key: bytes, *, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        header = {"alg": "HS256", "kid": hashlib.sha256(key).hexdigest()[:16], "typ": "at+jwt"}
        self._header = _encode(orjson.dumps(header))

    def sign(self, *, token_id: str, subject: str, issued_ms: int, expires_ms: int) -> str:
        """A new token; not even the same claims ever give the same one again."""
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": subject,
            "jti": token_id,
            "iat": issued_ms // 1000,
            "exp": expires_ms // 1000,
            # All others stand in the database, as the key does: who reads it must not be able to make tokens.
            "salt": secrets.token_urlsafe(24),
        }
        body = self._header + b"." + _encode(orjson.dumps(claims))
        return (body + b"." + self._signature(body)).decode()

    def is_ours(self, token: str) -> bool:
        """Whether we signed it; nothing else is decided here. Costs a few microseconds, and no input or output."""
        if not token.isascii():
            return False
        body, _, signature = token.encode().rpartition(b".")
        return body.startswith(self._header + b".") and hmac.compare_digest(signature, self._signature(body))

    def _signature(self, body: bytes) -> bytes:
        return _encode(hmac.new(self._key, body, hashlib.sha256).digest())


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
