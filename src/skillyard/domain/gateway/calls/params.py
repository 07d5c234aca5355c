"""The parameters of a call against the schema of its endpoint: every fault at once, each with its field."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from threading import Lock
from typing import Any, NoReturn

import jsonschema_rs

from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.skill.faults import Fault
from skillyard.skill.json_values import check_json
from skillyard.skill.reading import Place, shorten

MAX_PARAMS_CHARS = 10 << 20
_MOST_FAULTS = 20
_MOST_VALIDATORS = 1000
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20)  # matched in linear time

Field = dict[str, str]
"""One fault: `{"field", "code", "message", "hint"}`."""


def check_params(integration: Integration, endpoint: Endpoint, params: object) -> Mapping[str, Any]:
    """The parameters, as the endpoint's schema has them. Raises ParamsInvalid with all that is wrong."""
    faults: list[Fault] = []
    if not isinstance(params, Mapping):
        refuse(
            integration, endpoint, [fault("", "not_an_object", "the parameters are no JSON object", 'send {"name": …}')]
        )
    if not check_json(params, Place(faults=faults, keys=("params",)), max_chars=MAX_PARAMS_CHARS):
        refuse(integration, endpoint, [fault("", one.code, one.message, one.hint) for one in faults])
    validator = _validator_of(endpoint)
    if not validator.is_valid(params):
        errors = islice(validator.iter_errors(params), _MOST_FAULTS)
        refuse(integration, endpoint, [found for error in errors for found in _faults(endpoint, error)])
    return params


def refuse(integration: Integration, endpoint: Endpoint, faults: Sequence[Field]) -> NoReturn:
    """Raises ParamsInvalid."""
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    raise ParamsInvalid(
        action=f"{integration.slug}.{endpoint.name}", summary=f"{faults[0]['message']}{more}", faults=faults
    )


def fault(field: str, code: str, message: str, hint: str) -> Field:
    return {"field": field, "code": code, "message": message, "hint": hint}


def _faults(endpoint: Endpoint, error: jsonschema_rs.ValidationError) -> list[Field]:
    kind, field = error.kind, _field(error.instance_path)
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        missing = _join(field, kind.property)
        return [fault(missing, "missing", f"{missing} is missing", "give it")]
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        return [_unknown(endpoint, field, str(name)) for name in kind.unexpected[:_MOST_FAULTS]]
    message = f"{field or 'the parameters'} {shorten(error.message.removeprefix('*** '), 200)}"
    typed = f"give one; what is no text is typed as {field}:=…" if kind.name == "type" and field.isidentifier() else ""
    return [fault(field, "not_as_schema", message, typed or "compare with the schema of the endpoint")]


def _unknown(endpoint: Endpoint, field: str, name: str) -> Field:
    known = [param.name for param in endpoint.params if param.fixed is None]
    near = get_close_matches(name, known, n=1) if not field else []
    hint = f"did you mean {near[0]}?" if near else "leave it out"
    named = _join(field, shorten(name, 60))
    return fault(named, "unknown", f"{named} is no parameter of it", hint)


def _field(path: Sequence[str | int]) -> str:
    """`labels[0].name`"""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{shorten(str(key), 60)}" for key in path)
    return text.removeprefix(".")


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


_validators: OrderedDict[int, tuple[Endpoint, jsonschema_rs.Validator]] = OrderedDict()  # by identity of the endpoint
_lock = Lock()


def _validator_of(endpoint: Endpoint) -> jsonschema_rs.Validator:
    """Compiled once for as long as the endpoint is in use."""
    found = _validators.get(id(endpoint))
    if found is not None and found[0] is endpoint:
        return found[1]
    validator = jsonschema_rs.Draft202012Validator(
        dict(endpoint.schema), validate_formats=False, offline=True, mask="***", pattern_options=_PATTERNS
    )
    with _lock:
        _validators[id(endpoint)] = (endpoint, validator)
        if len(_validators) > _MOST_VALIDATORS:
            _validators.popitem(last=False)
    return validator
