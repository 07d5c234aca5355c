"""Passwords as argon2id hashes (RFC 9106). Slow on purpose: never call it inside a transaction."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from skillyard.domain.accounts.rules import MAX_PASSWORD_CHARS

_hasher = PasswordHasher()
# Each takes 64 MiB while it runs: a flood of sign-ins waits here instead of filling the memory.
_few_at_once = threading.BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """The argon2id hash, with its parameters and salt."""
    with _few_at_once:
        return _hasher.hash(_normal(password))


def is_password(password: str, stored: str | None) -> bool:
    """Whether it is the one; takes the same work when there is none, so that time tells nothing."""
    if len(password) > MAX_PASSWORD_CHARS:
        password, stored = "", None
    with _few_at_once:
        try:
            return _hasher.verify(stored or _of_nobody(), _normal(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than we use now."""
    return _hasher.check_needs_rehash(stored)


@cache
def _of_nobody() -> str:
    return _hasher.hash("the password of nobody")


def _normal(password: str) -> str:
    """The same characters, however the keyboard spelled them (NIST SP 800-63B asks for it)."""
    return unicodedata.normalize("NFKC", password)
