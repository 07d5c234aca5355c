"""The catalog of the gateway in the browser: all integrations, one of them, and one of the things it can do.

For people who are signed in: what an operator added or set may tell of hosts that are nobody else's business.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import page
from skillyard.api.web.session import VisitorOf
from skillyard.domain.gateway.calls.reachable import find_reachable, list_reachable
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Way
from skillyard.domain.gateway.catalog.lookup import find_endpoint
from skillyard.domain.gateway.connect.connections import list_connections

router = APIRouter()

Word = Annotated[str, Query(max_length=200)]

_WAYS = {
    "oauth2": "sign-in",
    "api_key": "key",
    "basic": "name and password",
    "client_credentials": "client id and secret",
    "none": "no account needed",
}


@router.get("/integrations")
def show_integrations(request: Request, app: AppOf, visitor: VisitorOf, q: Word = "") -> Response:
    found = [one for one in list_reachable(app, visitor.caller) if _is_about(one.integration, q)]
    return page(request, visitor, "integrations.html", reachable=found, q=q)


@router.get("/integrations/{slug}")
def show_integration(request: Request, app: AppOf, visitor: VisitorOf, slug: str) -> Response:
    integration = find_reachable(app, visitor.caller, slug).integration
    connections = [one for one in list_connections(app, visitor.caller) if one.integration == slug]
    return page(
        request, visitor, "integration.html", integration=integration, groups=_by_group(integration),
        connections=connections, ways=[_words_of(way) for way in integration.ways],
        example=next((_command(slug, endpoint) for endpoint in integration.endpoints.values()), ""),
    )  # fmt: skip


@router.get("/integrations/{slug}/{name}")
def show_endpoint(request: Request, app: AppOf, visitor: VisitorOf, slug: str, name: str) -> Response:
    integration = find_reachable(app, visitor.caller, slug).integration
    endpoint = find_endpoint(integration, name)
    return page(
        request, visitor, "endpoint.html", integration=integration, endpoint=endpoint,
        params=[(param, _type_of(param.schema), _rules_of(param.schema)) for param in _given(endpoint)],
        examples=[(one.title, _command(slug, endpoint, one.params), _pretty(one.params)) for one in endpoint.examples],
    )  # fmt: skip


def _is_about(integration: Integration, words: str) -> bool:
    text = f"{integration.slug} {integration.title} {integration.description}".lower()
    return all(word in text for word in words.lower().split())


def _by_group(integration: Integration) -> list[tuple[str, list[Endpoint]]]:
    """The title of each group that has endpoints, with them."""
    endpoints = integration.endpoints.values()
    grouped = [(title, [one for one in endpoints if one.group == name]) for name, title in integration.groups.items()]
    return [(title, found) for title, found in grouped if found]


def _words_of(way: Way) -> tuple[str, str]:
    return _WAYS[way.kind], way.hint


def _given(endpoint: Endpoint) -> list[Any]:
    """The parameters that callers give, the required ones first."""
    return sorted((param for param in endpoint.params if param.fixed is None), key=lambda param: not param.is_required)


def _type_of(schema: Mapping[str, Any]) -> str:
    """`string`, `string or null`, `list of string`."""
    kinds = schema.get("type", "any")
    named = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    items = schema.get("items")
    return f"list of {_type_of(items)}" if named == "array" and isinstance(items, Mapping) else named


_RULES = {
    "enum": "one of {}",
    "default": "{} if not given",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "format": "as {}",
    "pattern": "fits {}",
}


def _rules_of(schema: Mapping[str, Any]) -> list[str]:
    """What a schema says of a value beside its type, in words."""
    said = {key: value for key, value in schema.items() if (key, value) != ("minLength", 1)}
    return [words.format(_shown(said[key])) for key, words in _RULES.items() if key in said]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return _text_of(value)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _command(slug: str, endpoint: Endpoint, params: Mapping[str, Any] | None = None) -> str:
    """What somebody types to call it."""
    if params is None:
        params = endpoint.examples[0].params if endpoint.examples else {}
    words = [_word(name, value) for name, value in params.items()]
    return " ".join(["skillyard", "call", f"{slug}.{endpoint.name}", *words])


def _word(name: str, value: Any) -> str:
    """`name=text`, or `name:=JSON`, for a shell."""
    return f"{name}{'=' if isinstance(value, str) else ':='}{shlex.quote(_text_of(value))}"


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
