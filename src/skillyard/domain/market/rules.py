"""Pure decisions of the market: what an offer may become, what may be handed in, what it costs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.domain.market.errors import FailureNotValid, FieldNotValid, RetryKeyNotValid
from skillyard.domain.market.model import Failure, OfferStatus
from skillyard.skill.faults import Fault

MAX_INPUT_BYTES = 256 * 1024
MAX_OUTPUT_BYTES = 1024 * 1024
MAX_DESCRIPTION_CHARS = 1024
_MAX_FIELD_CHARS = 256
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_MESSAGE_CHARS = 1000
_RETRY_KEY = re.compile(r"[!-~]{1,256}")


def found_or_not(*, is_public: bool) -> OfferStatus:
    """What an offer is that may be invoked."""
    return OfferStatus.ACTIVE if is_public else OfferStatus.UNLISTED


def read_value(value: Any, *, most_bytes: int) -> tuple[bytes, list[Fault]]:
    """A value that somebody handed in, as canonical JSON: keys sorted, so that the same is always the same bytes."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:  # halves of surrogate pairs, numbers above 64 bits, nested too deep
        hint = "Use plain objects, lists, texts and numbers of at most 64 bits."
        return b"", [Fault(code="not_json", message=f"it cannot be written as JSON: {error}", hint=hint)]
    if len(text) > most_bytes:
        message = f"it has {len(text)} bytes as JSON, {most_bytes} are allowed"
        return text, [Fault(code="too_large", message=message, hint="Hand over the address of a large thing.")]
    return text, []


def fingerprint(*parts: str | bytes | None) -> str:
    """One value for the same request, another for any other."""
    said = [hashlib.sha256(part.encode() if isinstance(part, str) else part or b"\x00").hexdigest() for part in parts]
    return hashlib.sha256("".join(said).encode()).hexdigest()


def check_retry_key(key: str | None) -> None:
    """Raises RetryKeyNotValid."""
    if key is not None and not _RETRY_KEY.fullmatch(key):
        raise RetryKeyNotValid


def check_field(value: str | None, *, what: str) -> None:
    """Raises FieldNotValid for the name of something elsewhere that could not be one."""
    if value is not None and not (1 <= len(value) <= _MAX_FIELD_CHARS and value.isprintable()):
        raise FieldNotValid(what=what, most=_MAX_FIELD_CHARS)


def read_failure(code: str, message: str) -> Failure:
    """Raises FailureNotValid."""
    is_text = all(char.isprintable() or char in "\n\t" for char in message)
    if not _CODE.fullmatch(code) or not 1 <= len(message) <= _MAX_MESSAGE_CHARS or not is_text:
        raise FailureNotValid
    return Failure(code=code, message=message)


def listed(faults: Sequence[Fault]) -> dict[str, Any]:
    """As the facts of an error take them: all, and the first in words."""
    return {"faults": [asdict(fault) for fault in faults], "first": faults[0].message}
