"""What a program without a way to DNS asks of it all the same: noted, and answered that there is no such name."""

from __future__ import annotations

import os
import socket

_MOST_NAMES = 200
_NO_SUCH_NAME = b"\x81\x83"
_HEAD = 12


def note_question(handle: int, names: set[str]) -> None:
    """Take one question from the open socket (RFC 1035, 4.1)."""
    with socket.socket(fileno=os.dup(handle)) as asked:
        _note_question(asked, names)


def _note_question(asked: socket.socket, names: set[str]) -> None:
    try:
        question, sender = asked.recvfrom(512, socket.MSG_DONTWAIT)
    except OSError:
        return
    name, end = _name(question)
    if name and len(names) < _MOST_NAMES:
        names.add(name)
    if end:
        head = question[:2] + _NO_SUCH_NAME + question[4:6] + bytes(6)
        try:
            asked.sendto(head + question[_HEAD : end + 4], socket.MSG_DONTWAIT, sender)
        except OSError:
            return


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
