"""Writes the file of an integration, as `integration_file.py` has it; what has its default is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from skillyard.domain.gateway.catalog.endpoint_fields import KEYS as ENDPOINT_KEYS
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Param, Way
from skillyard.domain.gateway.catalog.integration_file import KEYS
from skillyard.domain.gateway.catalog.yaml_text import Block, write_yaml

_STEPS = ("id", "label", "token_path", "failure", "next_at", "more_at", "items_at")
_OF_PARAM = {"in", "as", "required", "slashes", "style", "schema"}


def write_integration(integration: Integration) -> str:
    """The text from which `read_integration` reads the same."""
    written: dict[str, Any] = {
        "integration": integration.slug,
        **_changed(integration, but=("slug", "is_ours")),
        "ways": [_way(way) for way in integration.ways],
        "groups": Block(integration.groups),
        "endpoints": Block({name: _endpoint(one) for name, one in integration.endpoints.items()}),
    }
    return write_yaml({key: written[key] for key in KEYS if key in written})


def _way(way: Way) -> dict[str, Any]:
    place = _changed(way.place)
    if "where" in place:
        place["in"] = place.pop("where")
    is_usual = not place or (way.kind == "basic" and place == {"format": "Basic {secret}"})
    return {
        "kind": way.kind,
        **(_changed(way.oauth) if way.oauth else {}),
        **({} if is_usual else {"place": place}),
        **_changed(way, but=("kind", "place", "oauth")),
    }


def _endpoint(endpoint: Endpoint) -> Block:
    written = _changed(endpoint, but=("name", "params", "schema", "body"))
    if endpoint.body != _usual_body(endpoint):
        written["body"] = endpoint.body
    written["params"] = Block({param.name: _param(param) for param in endpoint.params if param.fixed is None})
    written["fixed"] = _fixed(param for param in endpoint.params if param.fixed is not None)
    return Block({key: written[key] for key in ENDPOINT_KEYS if written.get(key, {}) != {}})


def _usual_body(endpoint: Endpoint) -> str:
    """What the reader takes it for when the file does not say."""
    in_body = any(param.where == "body" for param in endpoint.params)
    return "graphql" if endpoint.graphql else "json" if in_body else "none"


def _param(param: Param) -> dict[str, Any]:
    written: dict[str, Any] = {"in": param.where}
    if param.name_there != param.name:
        written["as"] = param.name_there
    if param.is_required:
        written["required"] = True
    if param.keeps_slashes or param.encodes_slashes:
        written["slashes"] = "keep" if param.keeps_slashes else "encode"
    if param.style != "repeat":
        written["style"] = param.style
    schema = _plain(param.schema)
    return {**written, "schema": schema} if _OF_PARAM & set(schema) else {**written, **schema}


def _fixed(params: Iterable[Param]) -> dict[str, dict[str, Any]]:
    by_place: dict[str, dict[str, Any]] = {}
    for param in params:
        by_place.setdefault(param.where, {})[param.name] = _plain(param.fixed)
    return by_place


def _changed(value: Any, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass that differ from their defaults, as plain values."""
    found: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.name not in but and item != default:
            found[field.name] = ".".join(item) if field.name in _STEPS else _plain(item)
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return _changed(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
