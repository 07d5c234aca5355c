"""Secrets at rest: each is sealed under a random key of its own, and that key is wrapped under one of the operator's.

AES-256-GCM (NIST SP 800-38D), bound to what the secret belongs to; AES key wrap (RFC 3394). A new operator's key only
wraps anew. Whoever removes the wrapped key destroys the secret, in every copy of the sealed part.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from skillyard.infra.errors import Unavailable

DATABASE_KEY = "database"
"""Name of the key that is kept beside the records, for operators who configure none."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


class SecretNotReadable(Unavailable):
    code = "secret_not_readable"
    text = "A stored secret cannot be opened: {why}."
    hint = "Store it again; the operator finds with `skillyard doctor` which key is missing."


class Secret:
    """A text that nobody prints by accident: not in a message, a log, a traceback or a copy."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret that only a keyring with the key `key_name` opens."""

    key_name: str
    wrapped_key: bytes
    nonce: bytes
    content: bytes


class Keyring:
    """The operator's keys by name; the first one wraps, all of them unwrap."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError(f"a keyring needs keys of {_KEY_BYTES} bytes")
        self._keys = dict(keys)
        self.current = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._keys)

    def seal(self, secret: Secret, *belongs_to: str) -> Sealed:
        """Seal it; it opens again only with the same `belongs_to`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # servers without credentials start without it

        key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        return Sealed(
            key_name=self.current,
            wrapped_key=self._wrap(key),
            nonce=nonce,
            content=AESGCM(key).encrypt(nonce, secret.reveal().encode(), _bound(belongs_to)),
        )

    def open(self, sealed: Sealed, *belongs_to: str) -> Secret:
        """Raises SecretNotReadable: its key is not here, or it was changed, or it belongs to something else."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            plain = AESGCM(self._unwrap(sealed)).decrypt(sealed.nonce, sealed.content, _bound(belongs_to))
        except (InvalidTag, ValueError):
            raise SecretNotReadable(why="it was changed, or moved here from elsewhere") from None
        return Secret(plain.decode())

    def wrap_anew(self, sealed: Sealed) -> Sealed:
        """The same secret under the current key. Raises SecretNotReadable."""
        return Sealed(
            key_name=self.current,
            wrapped_key=self._wrap(self._unwrap(sealed)),
            nonce=sealed.nonce,
            content=sealed.content,
        )

    def _wrap(self, key: bytes) -> bytes:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        return aes_key_wrap(self._keys[self.current], key)

    def _unwrap(self, sealed: Sealed) -> bytes:
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        if sealed.key_name not in self._keys:
            raise SecretNotReadable(why=f"the vault key {sealed.key_name} is not configured")
        try:
            return aes_key_unwrap(self._keys[sealed.key_name], sealed.wrapped_key)
        except (InvalidUnwrap, ValueError):
            raise SecretNotReadable(why=f"{sealed.key_name} is not the key that it was locked with") from None


def read_keys(text: str) -> dict[str, bytes]:
    """Keys as operators write them: `2027=<base64 of 32 bytes> 2026=…`. Raises ValueError, which shows no key."""
    found: dict[str, bytes] = {}
    for place, entry in enumerate(text.split(), start=1):
        name, _, encoded = entry.partition("=")
        if not _NAME.fullmatch(name) or not encoded or name == DATABASE_KEY or name in found:
            raise ValueError(f"SKILLYARD_VAULT_KEYS: entry {place} must begin with a name of its own and `=`")
        found[name] = _read_key(name, encoded)
    return found


def _read_key(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(
            f"SKILLYARD_VAULT_KEYS: {name} is not 32 bytes in base64; make one with `openssl rand -base64 32`"
        )
    return key


def _bound(belongs_to: tuple[str, ...]) -> bytes:
    return "\0".join(belongs_to).encode()
