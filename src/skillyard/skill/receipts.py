"""Receipts: what a registry swears that it ran, or sold, as a signed note that anybody can check without it.

    skillyard receipt v1
    {"cost":{…},"kind":"run",…}

    — registry.example Az3grlgt…

The second line is one JSON value in one spelling: keys sorted, no spaces, ASCII only, no fractions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.log.note import SignerKey, VerifierKey, open_note

_HEADER = "skillyard receipt v1"


def sign_receipt(key: SignerKey, facts: Mapping[str, Any]) -> str:
    """The receipt over `facts`, which are plain JSON values without fractions."""
    return key.sign(f"{_HEADER}\n{canonical(facts)}\n")


def open_receipt(receipt: str, key: VerifierKey) -> dict[str, Any]:
    """The facts of a receipt that bears a good signature of `key`. Raises SkillError."""
    header, _, rest = open_note(receipt, key).partition("\n")
    if header != _HEADER:
        raise _bad("this note is signed, but it is no receipt")
    return _facts(rest.removesuffix("\n"))


def read_unverified(receipt: str) -> dict[str, Any]:
    """The facts of a receipt whose signature nobody has checked. Raises SkillError."""
    header, _, rest = receipt.partition("\n")
    if header != _HEADER:
        raise _bad("this is no receipt")
    return _facts(rest.partition("\n")[0])


def signer_of(receipt: str) -> str:
    """The name that the receipt is signed under, unchecked; empty when it is not signed."""
    dash, _, rest = receipt.rstrip("\n").rpartition("\n")[2].partition(" ")
    return rest.partition(" ")[0] if dash == "—" else ""


def canonical(facts: Mapping[str, Any]) -> str:
    """The one spelling of a JSON value that is signed."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _facts(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or canonical(facts) != text:
        raise _bad("the receipt's second line is not what is signed")
    return cast("dict[str, Any]", facts)


def _bad(message: str) -> SkillError:
    hint = "take the receipt as it was written, with all of its lines"
    return SkillError([Fault(code="bad_receipt", message=message, hint=hint)])
