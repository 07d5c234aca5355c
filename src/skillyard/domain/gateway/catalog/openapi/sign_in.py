"""How people sign in, as the security schemes of a document say, or as whoever adds it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from skillyard.domain.gateway.catalog.integration import OAuth, SecretPlace, Way
from skillyard.domain.gateway.catalog.openapi.choices import Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.operations import Operation
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.servers import absolute
from skillyard.domain.gateway.catalog.openapi.words import plain_line
from skillyard.skill.reading import is_web_address, shorten

_WHERE = "sign-in"
_MOST_SCOPES = 40
_HINT_CHARS = 300
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # RFC 6749, 3.3
_KEY_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def read_ways(
    document: Mapping[str, Any], operations: Iterable[Operation], references: References, base_url: str, notes: Notes
) -> tuple[Way, ...]:
    """One of each kind, in the order in which the document asks for them; without a key where it asks for none."""
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    schemes = schemes if isinstance(schemes, Mapping) else {}
    used = dict.fromkeys(name for holder in (document, *_nodes(operations)) for name in _asked(holder, notes))
    ways: dict[str, Way] = {}
    for name in used or schemes:
        for way in _ways(str(name), schemes.get(name), references, base_url, notes):
            if ways.setdefault(way.kind, way) is not way:
                notes.add(_WHERE, f"{shorten(str(name))} is another {way.kind}; only the first one is offered")
    return tuple(ways.values()) or (Way(kind="none"),)


def secret_names(ways: Iterable[Way]) -> frozenset[str]:
    """Headers and query parameters that hold the key, which are no parameters."""
    return frozenset(way.place.name.lower() for way in ways if way.kind != "none")


def scopes_of(document: Mapping[str, Any], operation: Operation) -> tuple[str, ...]:
    """The OAuth scopes that one operation needs, by the first way to sign in that names any."""
    security = operation.node.get("security", document.get("security"))
    for asked in security if isinstance(security, list) else []:
        for scopes in asked.values() if isinstance(asked, Mapping) else ():
            if found := _scopes(scopes):
                return found
    return ()


def _nodes(operations: Iterable[Operation]) -> list[Mapping[str, Any]]:
    return [operation.node for operation in operations]


def _asked(holder: Mapping[str, Any], notes: Notes) -> list[str]:
    security = holder.get("security")
    asked = [each for each in security if isinstance(each, Mapping)] if isinstance(security, list) else []
    if any(len(each) > 1 for each in asked):
        notes.add(_WHERE, "some operations ask for two keys at once; one is sent")
    return [next(iter(each)) for each in asked if each]


def _ways(name: str, node: object, references: References, base_url: str, notes: Notes) -> list[Way]:
    try:
        scheme = references.follow(node)
        hint = plain_line(scheme.get("description"), most=_HINT_CHARS)
        return [replace(way, hint=hint) for way in _ways_of(scheme, base_url)]
    except Unsayable as error:
        notes.add(_WHERE, f"{shorten(name)} is left out: {error}")
        return []


def _ways_of(scheme: Mapping[str, Any], base_url: str) -> list[Way]:
    kind = scheme.get("type")
    if kind == "http":
        return [_http_way(str(scheme.get("scheme")).lower())]
    if kind == "apiKey":
        return [key_way(str(scheme.get("name")), where=str(scheme.get("in")))]
    if kind == "oauth2" and isinstance(scheme.get("flows"), Mapping):
        return _oauth_ways(scheme["flows"], base_url)
    raise Unsayable(f"{shorten(str(kind))} is not known here; say how to sign in yourself")


def _http_way(scheme: str) -> Way:
    if scheme == "basic":
        return Way(kind="basic", place=SecretPlace(format="Basic {secret}"))
    if scheme == "bearer":
        return Way(kind="api_key")
    raise Unsayable(f"the scheme {shorten(scheme)} is not known here; say how to sign in yourself")


def key_way(name: str, *, where: str = "header", form: str = "{secret}") -> Way:
    """A key in a header or the query, as it is or in a `form` such as `Token {secret}`. Raises Unsayable."""
    if not _KEY_NAME.fullmatch(name):
        raise Unsayable("the key has no name that can be sent")
    if where == "cookie":
        raise Unsayable("the key is in a cookie, and cookies are not sent")
    if where == "query":
        return Way(kind="api_key", place=SecretPlace(where="query", name=name, format="{secret}"))
    return Way(kind="api_key", place=SecretPlace(name=name.lower(), format=form))


def _oauth_ways(flows: Mapping[str, Any], base_url: str) -> list[Way]:
    found = []
    for flow, kind in (("authorizationCode", "oauth2"), ("clientCredentials", "client_credentials")):
        if isinstance(flows.get(flow), Mapping):
            found.append(_oauth_way(flows[flow], kind == "oauth2", base_url))
    if not found:
        raise Unsayable("its flows are not safe for a server; say how to sign in yourself")
    return found


def _oauth_way(flow: Mapping[str, Any], is_for_people: bool, base_url: str) -> Way:
    scopes = flow.get("scopes")
    return oauth_way(
        authorize_url=_address(flow.get("authorizationUrl"), base_url) if is_for_people else "",
        token_url=_address(flow.get("tokenUrl"), base_url),
        scopes=_scopes(list(scopes)) if isinstance(scopes, Mapping) else (),
    )


def oauth_way(*, authorize_url: str, token_url: str, scopes: tuple[str, ...]) -> Way:
    """Without `authorize_url`, a client that signs in for itself."""
    oauth = OAuth(authorize_url=authorize_url, token_url=token_url, scopes=scopes[:_MOST_SCOPES])
    return Way(kind="oauth2" if authorize_url else "client_credentials", oauth=oauth)


def _address(value: object, base_url: str) -> str:
    address = absolute(str(value), base_url) if "{" not in base_url else str(value)
    if not is_web_address(address) or "@" in address:
        raise Unsayable("an address of its OAuth flow is none")
    return address


def _scopes(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(scope for scope in found if isinstance(scope, str) and _SCOPE.fullmatch(scope))
