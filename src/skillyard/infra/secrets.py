"""Hashes, signatures and the keys behind them. Keys live in the database, so that all nodes share them unasked."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from skillyard.infra.database import Database
from skillyard.infra.tables import Table

TABLES = (Table("keys", ("name", "secret")),)


def hash_secret(secret: str) -> str:
    """The form in which a random, high-entropy secret is stored: hex SHA-256. Passwords need argon2 instead."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Signer:
    """HMAC-SHA256 over a purpose and the parts of a message; a signature for one purpose is void for every other."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, purpose: str, *parts: str | int) -> str:
        message = "\0".join([purpose, *map(str, parts)]).encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def is_valid(self, signature: str, purpose: str, *parts: str | int) -> bool:
        return hmac.compare_digest(signature.encode(), self.sign(purpose, *parts).encode())


def load_key(database: Database, name: str) -> bytes:
    """The named key; made by whichever node asks first."""
    with database.transaction() as tx:
        tx.insert_new("INSERT INTO keys (name, secret) VALUES (?, ?)", name, secrets.token_bytes(32))
        row = tx.one("SELECT secret FROM keys WHERE name = ?", name)
    assert row is not None
    return bytes(row["secret"])
