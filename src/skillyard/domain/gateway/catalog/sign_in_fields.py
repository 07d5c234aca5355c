"""The part of an integration's file that says how people sign in, and whose account it then is."""

from __future__ import annotations

import re
from typing import Any

from skillyard.domain.gateway.catalog.fields import Fields, is_header, known_fields
from skillyard.domain.gateway.catalog.integration import Identity, OAuth, SecretPlace, Way
from skillyard.skill.reading import Place, as_list, quoted

_KINDS = ("oauth2", "api_key", "basic", "client_credentials", "none")
_OAUTH_KEYS = (
    "authorize_url", "token_url", "revoke_url", "issuer", "pkce", "client_auth", "scopes", "scope_separator",
    "authorize_params", "token_path", "refresh",
)  # fmt: skip
_MOST_WAYS = 8
_FORMAT = re.compile(r"[\x21-\x7e ]{0,100}")


def read_ways(value: object, place: Place) -> tuple[Way, ...]:
    found = as_list(value, place, most=_MOST_WAYS, hint="write a list of ways to sign in, each with its kind")
    if not found:
        place.refuse("missing", f"{place} is missing", "say how people sign in: ways: [{kind: api_key}], or kind: none")
    return tuple(_read_way(item, place.at(number)) for number, item in enumerate(found))


def read_identity(value: object, place: Place) -> Identity | None:
    if value is None:
        return None
    fields = known_fields(value, place, ("path", "id", "label", "method", "body"))
    return Identity(
        path=fields.word("path", r"(/|https://)[^\s#]*", "a path, as /user", needed=True),
        id=fields.steps("id", needed=True),
        label=fields.steps("label", needed=True),
        method=fields.choice("method", ("GET", "POST"), default="GET"),
        body=fields.map("body") or None,
    )


def _read_way(value: object, place: Place) -> Way:
    fields = known_fields(value, place, ("kind", "place", "hint", *_OAUTH_KEYS))
    kind = fields.choice("kind", _KINDS)
    is_oauth = kind in ("oauth2", "client_credentials")
    for key in fields.values:
        if key in _OAUTH_KEYS and not is_oauth:
            place.at(key).refuse("unknown_key", f"{place.at(key)} means nothing for the kind {kind}", "leave it out")
    return Way(
        kind=kind,
        place=_read_place(fields.values.get("place"), place.at("place"), kind),
        oauth=_read_oauth(fields, kind) if is_oauth else None,
        hint=fields.text("hint", most_chars=500),
    )


def _read_place(value: object, place: Place, kind: str) -> SecretPlace:
    fields = known_fields(value, place, ("in", "name", "format"))
    read = SecretPlace(
        where=fields.choice("in", ("header", "query"), default="header"),
        name=fields.text("name") or "authorization",
        format=fields.text("format") or ("Basic {secret}" if kind == "basic" else "Bearer {secret}"),
    )
    if read.format.count("{secret}") != 1 or not _FORMAT.fullmatch(read.format):
        message = f"{place.at('format')} is {quoted(read.format)}"
        place.at("format").refuse("bad_value", message, 'write {secret} in it once, as "Bearer {secret}"')
    if read.where == "header":
        is_header(read.name, "", place.at("name"))
    return read


def _read_oauth(fields: Fields, kind: str) -> OAuth:
    given: dict[str, Any] = {}
    if fields.values.get("scope_separator") == " ":
        given["scope_separator"] = " "  # which is no text to other readers
    elif "scope_separator" in fields.values:
        given["scope_separator"] = fields.word("scope_separator", r"[,+;]", 'one of " ", ",", "+" and ";"', default=" ")
    params = fields.map("authorize_params")
    for name, value in params.items():
        if not isinstance(value, str):
            fields.place.at("authorize_params", name).refuse_type("text", "write it in quotes")
    return OAuth(
        token_url=fields.address("token_url", needed=True),
        authorize_url=fields.address("authorize_url", needed=kind == "oauth2"),
        revoke_url=fields.address("revoke_url"),
        issuer=fields.address("issuer"),
        pkce=fields.flag("pkce", default=True),
        client_auth=fields.choice("client_auth", ("body", "basic"), default="body"),
        scopes=fields.texts("scopes"),
        authorize_params=params,
        token_path=fields.steps("token_path") or ("access_token",),
        refresh=fields.choice("refresh", ("rotates", "keeps", "none"), default="keeps"),
        **given,
    )
