"""The memo by which a payment names its invoice: 50 random bits that a person can copy, and a check character.

The check is a sum over the field of 32 elements in which every place has a weight of its own: a memo with one wrong
character, or with two characters swapped, is never another valid memo.
"""

from __future__ import annotations

import secrets

PREFIX = "SY"
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 10
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_memo() -> str:
    """`SY`, ten random characters, and the check character."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_LENGTH))
    return PREFIX + body + _check_character(body)


def read_memo(comment: str) -> str | None:
    """The memo that somebody typed, as it was handed out; None when it is none.

    Lower case, the letters O, I and L for digits, and spaces or hyphens in between are accepted.
    """
    memo = comment[:100].strip().upper().translate(_ALIKE)
    body, check = memo[len(PREFIX) : -1], memo[-1:]
    if not memo.startswith(PREFIX) or len(body) != _LENGTH or not set(body) <= set(_DIGITS):
        return None
    return memo if check == _check_character(body) else None


def _check_character(body: str) -> str:
    total = 0
    for character in body:
        total = _doubled(total ^ _DIGITS.index(character))
    return _DIGITS[total]


def _doubled(value: int) -> int:
    """Times x, modulo x⁵ + x² + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value
