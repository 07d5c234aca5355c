"""Signed notes with Ed25519: a text, and who stands by it (https://c2sp.org/signed-note)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillyard.skill.faults import Fault, SkillError

if TYPE_CHECKING:  # the library takes its time to load, and most commands never need it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STATEMENT = "skillyard statement v1"  # the first line of a note that states something beside the log
MAX_CHARS = 100_000
_ED25519 = b"\x01"
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_ID_BYTES = 4
_NAME = re.compile(r"[^\s+]{1,200}")
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # what steers a terminal is refused too


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public half: its name, and 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, text: str) -> VerifierKey:
        """`name+id+key`. Raises SkillError."""
        name, _, rest = text.strip().partition("+")
        id, _, encoded = rest.partition("+")
        data = _decoded(encoded)
        if not _NAME.fullmatch(name) or data[:1] != _ED25519 or len(data) != 1 + _KEY_BYTES:
            raise _bad("bad_key", f"{text[:120]!a} is no Ed25519 key of a log", "copy it again, as name+id+key")
        key = cls(name=name, public=data[1:])
        if key.id.hex() != id:
            raise _bad("bad_key", f"the key {text[:120]!a} does not have the id that it states", "copy it again")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """The secret half: its name, and the seed of 32 bytes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(name=self.name, public=self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, text: str) -> str:
        """The signed note. `text` ends with a line break and has no control characters but these."""
        assert text.endswith("\n"), "a note ends with a line break"
        assert not _UNPRINTABLE.search(text), "a note has no control characters"
        signature = base64.b64encode(self.verifier.id + self._key.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note, if it bears a good signature of `key`; those of others are passed over. Raises SkillError."""
    text, separator, signatures = note.rpartition("\n\n")
    text += "\n"
    if len(note) > MAX_CHARS or not separator or not signatures.endswith("\n") or _UNPRINTABLE.search(note):
        raise _bad("bad_note", "this is no signed note", "take all of it, with its last line")
    for line in signatures[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signature = _decoded(encoded)
        if dash != "—" or not _NAME.fullmatch(name) or len(signature) <= _ID_BYTES:
            raise _bad("bad_note", "a line below the note is no signature", "take the note as it was written")
        if name == key.name and signature[:_ID_BYTES] == key.id:
            _check(key, text, signature[_ID_BYTES:])
            return text
    raise _bad("not_signed", f"the note is not signed by {key}", "ask the operator of the registry about its key")


def _check(key: VerifierKey, text: str, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        raise _bad("bad_signature", f"the signature of {key.name} is wrong", "do not trust this note") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _bad(code: str, message: str, hint: str) -> SkillError:
    return SkillError([Fault(code=code, message=message, hint=hint)])
