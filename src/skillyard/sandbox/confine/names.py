"""What a program without a way to DNS asks of it all the same: noted, and answered that there is no such name. Those of
services are at the loopback address, where the proxy listens.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection

_MOST_NAMES = 200
_NO_SUCH_NAME, _NO_ERROR = b"\x81\x83", b"\x81\x80"
_ADDRESS, _IN_INTERNET = b"\0\x01", b"\0\x01"  # types and classes of questions
_AT_LOOPBACK = b"\xc0\x0c" + _ADDRESS + _IN_INTERNET + bytes(4) + b"\0\x04\x7f\0\0\x01"
_HEAD = 12


def note_question(handle: int, names: set[str], services: Collection[str] = ()) -> None:
    """Take one question from the open socket (RFC 1035, 4.1)."""
    with socket.socket(fileno=os.dup(handle)) as asked:
        _note_question(asked, names, services)


def _note_question(asked: socket.socket, names: set[str], services: Collection[str]) -> None:
    try:
        question, sender = asked.recvfrom(512, socket.MSG_DONTWAIT)
    except OSError:
        return
    name, end = _name(question)
    is_service = name in services
    if name and not is_service and len(names) < _MOST_NAMES:
        names.add(name)
    if end:
        try:
            asked.sendto(_reply(question, end, is_service=is_service), socket.MSG_DONTWAIT, sender)
        except OSError:
            return


def _reply(question: bytes, end: int, *, is_service: bool) -> bytes:
    """A service has that one address, and none of IPv6."""
    is_there = is_service and question[end : end + 2] == _ADDRESS
    code, count = (_NO_ERROR if is_service else _NO_SUCH_NAME), (b"\0\x01" if is_there else bytes(2))
    head = question[:2] + code + question[4:6] + count + bytes(4)
    return head + question[_HEAD : end + 4] + (_AT_LOOPBACK if is_there else b"")


def _name(question: bytes) -> tuple[str, int]:
    """The name in it and where it ends; empty and 0 when there is none."""
    labels, at = [], _HEAD
    while at < len(question) and 0 < question[at] < 64:
        labels.append(question[at + 1 : at + 1 + question[at]])
        at += 1 + question[at]
    if not labels or at >= len(question):
        return "", 0
    name = b".".join(labels).decode("ascii", "backslashreplace").lower()
    return "".join(char if char.isprintable() else "?" for char in name), at + 1
