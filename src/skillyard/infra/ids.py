"""Identifiers that sort by time, and secrets that do not."""

from __future__ import annotations

import secrets
import time
import zlib

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK_CHARS = 6


def new_id(prefix: str) -> str:
    """`rel_` and 26 characters: 48 bits of milliseconds, then 80 random bits, in Crockford base 32."""
    value = ((time.time_ns() // 1_000_000) << 80) | secrets.randbits(80)
    return f"{prefix}_{_in_base(value, _CROCKFORD, 26)}"


def new_secret(prefix: str, *, length: int = 32) -> str:
    """`sky_pt_…`: `length` random base-62 characters (190 bits at 32) and a six-character CRC of all before it.

    The prefix lets secret scanners find a leaked one; the checksum lets them, and us, dismiss a mistyped one unread.
    """
    body = f"{prefix}_{''.join(secrets.choice(_BASE62) for _ in range(length))}"
    return body + _checksum(body)


def is_well_formed_secret(secret: str, prefix: str) -> bool:
    body, check = secret[:-_CHECK_CHARS], secret[-_CHECK_CHARS:]
    return secret.isascii() and body.startswith(f"{prefix}_") and _checksum(body) == check


def _checksum(text: str) -> str:
    return _in_base(zlib.crc32(text.encode()), _BASE62, _CHECK_CHARS)


def _in_base(value: int, digits: str, width: int) -> str:
    out = []
    for _ in range(width):
        value, remainder = divmod(value, len(digits))
        out.append(digits[remainder])
    return "".join(reversed(out))
