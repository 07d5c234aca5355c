"""A checkpoint: how large a log is and which root it has, under a signature (https://c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.log.merkle import HASH_BYTES
from skillyard.skill.log.note import SignerKey, VerifierKey, open_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`origin` names the log; `root` is the hash of the tree of its first `size` entries."""

    origin: str
    size: int
    root: bytes

    def sign(self, key: SignerKey) -> str:
        """The signed note of it."""
        return key.sign(f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n")


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint that `key` has signed for the log of its own name. Raises SkillError for anything else."""
    lines = open_note(note, key).split("\n")
    if len(lines) < 4 or not _SIZE.fullmatch(lines[1]) or not all(lines[:-1]):
        raise _bad("the note is no checkpoint of a log")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != lines[2]:
        raise _bad("the checkpoint has no root hash")
    if lines[0] != key.name:
        raise _bad(f"the checkpoint is of the log {lines[0][:100]!a}, not of {key.name!a}")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def _bad(message: str) -> SkillError:
    return SkillError([Fault(code="bad_checkpoint", message=message, hint="take it from the log again")])
