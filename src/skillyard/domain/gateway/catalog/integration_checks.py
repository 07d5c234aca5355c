"""What no field of an integration's file says alone: that its parts suit each other, and lead nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from skillyard.domain.gateway.calls.preparing import PREPARERS
from skillyard.domain.gateway.catalog.fields import is_header, variables_in
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Param
from skillyard.skill.reading import Place, shorten
from skillyard.skill.schemas import check_value, read_schema

_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_IN_PATH = re.compile(r"\{([^{}/]+)\}")
_LEADS_ELSEWHERE = ("", "a/b", "a\\b", "a@b", "a?b", "a#b", "a b", "a\n", "a{b}", "a%2fb")
_MOST_FAULTS = 50
_WORDS_OF_THE_API = frozenset({"skills", "connect", "download"})


def check_integration(integration: Integration, place: Place) -> None:
    """Note what is wrong with an integration whose fields were read at `place`."""
    if integration.slug in _WORDS_OF_THE_API:
        at = place.at("integration")
        at.refuse("bad_value", f"{at} is {integration.slug}, which has a meaning in addresses", "choose another name")
    _check_variables(integration, place)
    _check_addresses(integration, place)
    _check_headers(integration, place)
    for name, endpoint in integration.endpoints.items():
        _check_endpoint(endpoint, place.at("endpoints", name))


def _check_variables(integration: Integration, place: Place) -> None:
    for name, value in integration.variables.items():
        at = place.at("variables", name)
        if (schema := read_schema(value, at)) is None or "enum" in value:
            continue
        if value.get("type") != "string" or not all(check_value(schema, text) for text in _LEADS_ELSEWHERE):
            hint = 'give it type: string and a pattern for the whole of it, as "^[a-z0-9-]+$", or an enum'
            at.refuse("open_variable", f"{at} would let anything into an address", hint)


def _check_addresses(integration: Integration, place: Place) -> None:
    """Hosts are names, and every variable of an address is described."""
    for number, host in enumerate(integration.hosts):
        at = place.at("hosts", number)
        if not _HOST.fullmatch(host):
            at.refuse("bad_host", f"{at} is no name of a host", "write it as uploads.example.com")
    if "?" in integration.base_url:
        at = place.at("base_url")
        at.refuse("bad_address", f"{at} has a query", "write what is always sent under fixed")
    identity = integration.identity
    if identity and "://" in identity.path and urlsplit(identity.path).hostname not in integration.hosts:
        at = place.at("identity", "path")
        at.refuse("bad_address", f"{at} leads to a host that is not among hosts", "name it there, or write a path")
    for at, address in _addresses(integration, place):
        for name in variables_in(address):
            if name not in integration.variables:
                at.refuse("unknown_variable", f"{at} has {{{name}}}", "describe it under variables")


def _addresses(integration: Integration, place: Place) -> Iterator[tuple[Place, str]]:
    yield place.at("base_url"), integration.base_url
    for number, way in enumerate(integration.ways):
        for key in ("authorize_url", "token_url", "issuer") if way.oauth else ():
            yield place.at("ways", number, key), getattr(way.oauth, key)
        if way.oauth:  # a client id in it is the registry's own: `OAuth`
            yield place.at("ways", number, "revoke_url"), way.oauth.revoke_url.replace("{client_id}", "x")


def _check_headers(integration: Integration, place: Place) -> None:
    """The header with the secret is for the secret: nothing else may stand there, and no caller may set it."""
    taken = {"authorization"} | {way.place.name for way in integration.ways if way.place.where == "header"}
    headers = [(place.at("headers", name), name) for name in integration.headers]
    for endpoint in integration.endpoints.values():
        at = place.at("endpoints", endpoint.name)
        headers += [(at.at("headers", name), name) for name in endpoint.headers]
        headers += [(_place_of(one, at), one.name_there) for one in endpoint.params if one.where == "header"]
    for at, name in headers:
        if name in taken:
            at.refuse("bad_header", f"{at} stands where the secret does", "leave it out")


def _check_endpoint(endpoint: Endpoint, place: Place) -> None:
    _check_path(endpoint, place)
    _check_body(endpoint, place)
    _check_places(endpoint, place)
    if endpoint.prepare and endpoint.prepare not in PREPARERS:
        at = place.at("prepare")
        at.refuse("bad_value", f"{at} names no function that there is", f"write one of {', '.join(sorted(PREPARERS))}")
    if endpoint.idempotency_header:
        is_header(endpoint.idempotency_header, "", place.at("idempotency_header"))
    _check_schemas(endpoint, place.at("params"))


def _check_path(endpoint: Endpoint, place: Place) -> None:
    """Its parts in braces are the parameters that stand in it."""
    in_path = set(_IN_PATH.findall(endpoint.path))
    described = [param for param in endpoint.params if param.where == "path"]
    for param in described:
        at = place.at("params", param.name)
        if param.name_there not in in_path:
            at.refuse("not_in_path", f"{at} is not in the path", f"write {{{shorten(param.name_there)}}} into it")
        if not param.is_required:
            at.refuse("not_required", f"{at} is in the path, so it cannot be left out", "write required: true")
    at = place.at("path")
    for name in sorted(in_path - {param.name_there for param in described}):
        at.refuse("bad_path", f"{at} has {{{shorten(name)}}}, which is no parameter", "describe it under params")
    if any(char in _IN_PATH.sub("", endpoint.path) for char in "{}"):
        at.refuse("bad_path", f"{at} has braces that do not match", "write {name}")


def _check_body(endpoint: Endpoint, place: Place) -> None:
    if (endpoint.body == "graphql") != bool(endpoint.graphql):
        at = place.at("graphql")
        at.refuse("bad_body", f"{place} has graphql or body: graphql without the other", "write both, or neither")
    if endpoint.method in ("GET", "HEAD") and endpoint.body != "none":
        place.refuse("bad_body", f"{place}: {endpoint.method} has no body", "write in: query, or another method")
    if endpoint.body == "none" and any(param.where == "body" for param in endpoint.params):
        at = place.at("body")
        at.refuse("bad_body", f"{at} is none, but parameters go into it", "write json or form")


def _check_places(endpoint: Endpoint, place: Place) -> None:
    """No two parameters go to one place, and one that is the whole body has it for itself."""
    taken: dict[tuple[str, str], Param] = {}
    for param in endpoint.params:
        other = taken.setdefault((param.where, param.name_there), param)
        if other is not param:
            at = _place_of(param, place)
            at.refuse("same_place", f"{at} goes where {other.name} goes", "name another place with `as`")
    whole = taken.get(("body", ""))
    if whole and sum(param.where == "body" for param in endpoint.params) > 1:
        at = _place_of(whole, place)
        at.refuse("same_place", f"{at} is the whole body, into which others go", "leave it out, or the others")


def _place_of(param: Param, endpoint: Place) -> Place:
    return endpoint.at("params", param.name) if param.fixed is None else endpoint.at("fixed", param.where, param.name)


def _check_schemas(endpoint: Endpoint, place: Place) -> None:
    """All at once; where they are refused, each by itself, which says where. Not when there is much to mend before:
    hostile patterns take long to refuse.
    """
    before = len(place.faults)
    if before >= _MOST_FAULTS or read_schema(endpoint.schema, Place(faults=[])) is not None:
        return
    for param in endpoint.params:
        read_schema(param.schema, place.at(param.name))
    if len(place.faults) == before:
        read_schema(endpoint.schema, place)
