"""Receipts on the client's side: checked without network against the key that this machine knows of the registry."""

from __future__ import annotations

from typing import Any

from skillyard.sdk.errors import IntegrityError, UsageError
from skillyard.sdk.log_memory import recall_log
from skillyard.skill.faults import SkillError
from skillyard.skill.log.note import VerifierKey
from skillyard.skill.receipts import open_receipt, signer_of


def verify_receipt(text: str, *, key: str | None = None, registry: str | None = None) -> dict[str, Any]:
    """What a receipt swears, once its signature holds. `key`: that of the registry, as `name+id+key`; else the one that
    this machine knows of the log of `registry`.

    Raises IntegrityError when it does not hold, UsageError when there is no key to hold it to.
    """
    verifier = _read_key(key) if key else _known_key(registry, signer_of(text))
    try:
        return open_receipt(text, verifier)
    except SkillError as error:
        raise IntegrityError(
            f"The receipt does not hold: {error.faults[0].message}.",
            code="bad_receipt",
            hint=error.faults[0].hint,
            faults=error.faults,
            facts={"key": str(verifier)},
        ) from None


def _read_key(key: str) -> VerifierKey:
    try:
        return VerifierKey.read(key)
    except SkillError as error:
        raise UsageError(error.faults[0].message, code="bad_key", hint=error.faults[0].hint) from None


def _known_key(registry: str | None, signer: str) -> VerifierKey:
    memory = recall_log(registry) if registry else None
    if memory is None:
        shown = registry or signer or "its registry"
        raise UsageError(
            f"This machine does not know the key of {shown}.",
            code="no_key",
            hint="Give it with --key; the registry states it at /api/v1/log/key, and its operator knows it.",
        )
    return memory.key
