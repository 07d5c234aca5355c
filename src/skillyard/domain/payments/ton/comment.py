"""The comment in the body of a message, decoded by ourselves from its bag of cells. Whoever sent it may be hostile.

Source: TON documentation, "Internal messages": 32 zero bits, then UTF-8 in cells that hang one from another.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ton_core import Cell

MOST_BODY_CHARS = 16 * 1024
_MOST_CELLS = 16
_ORDINARY = -1
_TEXT = b"\0\0\0\0"
_BOUNCED = b"\xff\xff\xff\xff"


def read_comment(body: str) -> str | None:
    """The text in a body (a bag of cells, in base64); None where there is none that can be read in full."""
    data = _snake(body)
    if data is None or not data.startswith(_TEXT) or len(data) == len(_TEXT):
        return None
    try:
        return data[len(_TEXT) :].decode()
    except UnicodeDecodeError:
        return None


def read_bounced_comment(body: str) -> str | None:
    """How the comment began of a message that was sent back; as much as the network returns, 28 bytes."""
    data = _snake(body)
    if data is None or not data.startswith(_BOUNCED + _TEXT):
        return None
    return data[len(_BOUNCED + _TEXT) :].decode(errors="ignore")


def _snake(body: str) -> bytes | None:
    """The bytes of a chain of cells; None for what is no such chain, or a long one."""
    cell, data = _root(body), b""
    for _ in range(_MOST_CELLS):
        if cell is None or cell.type_ != _ORDINARY or len(cell.bits) % 8 or len(cell.refs) > 1:
            return None
        data += cell.bits.tobytes()
        if not cell.refs:
            return data
        cell = cell.refs[0]
    return None


def _root(body: str) -> Cell | None:
    from ton_core import Cell

    if len(body) > MOST_BODY_CHARS:
        return None
    try:
        return Cell.one_from_boc(b64decode(body, validate=True))
    except Exception:  # the parser is another's, and raises whatever comes of bytes that were made to break it
        return None
