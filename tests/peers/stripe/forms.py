"""Parameters as Stripe takes them: form-encoded, nested with brackets; and typed reading of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from tests.peers.stripe.faults import missing, not_valid

Params = dict[str, Any]


def read_form(text: str) -> Params:
    """`a[b][0][c]=1` becomes `{"a": {"b": [{"c": "1"}]}}`; `a[]=1&a[]=2` becomes `{"a": ["1", "2"]}`."""
    found: Params = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, rest = name.partition("[")
        steps = [head, *(step.rstrip("]") for step in rest.split("["))] if rest else [head]
        _put(found, steps, value)
    return {name: _lists(value) for name, value in found.items()}


def _put(into: Params, steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        into = into.setdefault(step, {})
    into[steps[-1] or str(len(into))] = value


def _lists(value: Any) -> Any:
    """Mappings with the keys 0, 1, 2 … are lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    return list(inner.values()) if inner and all(key.isdigit() for key in inner) else inner


def text(params: Params, name: str, default: str | None = None) -> str:
    value = params.get(name, default)
    if value is None or value == "":
        raise missing(name)
    return str(value)


def number(params: Params, name: str, default: int | None = None) -> int:
    value = params.get(name, default)
    if value is None:
        raise missing(name)
    try:
        return int(value)
    except ValueError:
        raise not_valid(name, f"Invalid integer: {value}", "parameter_invalid_integer") from None


def positive(params: Params, name: str, default: int | None = None) -> int:
    value = number(params, name, default)
    if value < 1:
        raise not_valid(name, "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    return value


def metadata(params: Params, name: str = "metadata") -> dict[str, str]:
    """At most 50 keys of 40 characters, with values of at most 500."""
    found = params.get(name) or {}
    if len(found) > 50 or any(len(key) > 40 or len(str(value)) > 500 for key, value in found.items()):
        raise not_valid(name, "Metadata is limited to 50 keys of 40 and values of 500 characters.")
    return {key: str(value) for key, value in found.items()}
