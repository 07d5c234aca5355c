"""The part of an integration's file that says what can be asked of it, and where each parameter goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from skillyard.domain.gateway.catalog.fields import Fields, is_header, known_fields, known_names
from skillyard.domain.gateway.catalog.integration import Endpoint, Example, Paging, Param, Where
from skillyard.skill.reading import Place, as_list, quoted

MOST_ENDPOINTS = 300
_MOST_PARAMS = 100
KEYS = (
    "group", "summary", "description", "method", "path", "effect", "scopes", "body", "headers", "paging", "params",
    "fixed", "graphql", "prepare", "idempotency_header", "answers_bytes", "examples", "docs_url", "operation",
)  # fmt: skip
_OF_PARAM = ("in", "as", "required", "slashes", "style", "schema")
_STYLES = ("repeat", "comma", "space", "pipe", "brackets", "json")
_OF_SCHEMAS = frozenset(
    """
    $anchor $comment $defs $dynamicAnchor $dynamicRef $id $ref $schema additionalProperties allOf anyOf const contains
    contentEncoding contentMediaType contentSchema default definitions dependentRequired dependentSchemas deprecated
    description else enum examples exclusiveMaximum exclusiveMinimum format if items maxContains maxItems maxLength
    maxProperties maximum minContains minItems minLength minProperties minimum multipleOf not oneOf pattern
    patternProperties prefixItems properties propertyNames readOnly required then title type unevaluatedItems
    unevaluatedProperties uniqueItems writeOnly
    """.split()  # noqa: SIM905 (fifty quoted words read worse)
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PARAM_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PATH = r"/(?!/)(?!.*/\.\.?(/|$))[^\s?#\\]*"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def read_endpoints(value: object, place: Place, groups: Collection[str]) -> dict[str, Endpoint]:
    named = known_names(value, place, _NAME, "create_issue")
    if not named:
        place.refuse("missing", f"{place} names nothing that can be asked", "describe at least one endpoint")
    if len(named) > MOST_ENDPOINTS:
        message = f"{place} has {len(named)} entries, {MOST_ENDPOINTS} are allowed"
        place.refuse("too_many", message, "choose those that agents need")
    return {name: _read_endpoint(name, item, place.at(name), groups) for name, item in named.items()}


def schema_of(params: Iterable[Param]) -> Mapping[str, Any]:
    """The schema of all parameters together that callers give; it allows no others."""
    given = [param for param in params if param.fixed is None]
    return {
        "type": "object",
        "properties": {param.name: param.schema for param in given},
        "required": [param.name for param in given if param.is_required],
        "additionalProperties": False,
    }


def _read_endpoint(name: str, value: object, place: Place, groups: Collection[str]) -> Endpoint:
    fields = known_fields(value, place, KEYS)
    group = fields.text("group", needed=True)
    if group and group not in groups:
        place.at("group").refuse("bad_value", f"{place.at('group')} is {quoted(group)}", "write it under groups, too")
    params = _read_params(fields.values.get("params"), place.at("params")) + _read_fixed(fields)
    is_graphql = "graphql" in fields.values
    in_body = any(param.where == "body" for param in params)
    method = fields.choice("method", _METHODS, default="POST" if is_graphql else "")
    return Endpoint(
        name=name,
        group=group,
        summary=fields.text("summary", most_chars=200, needed=True),
        description=fields.text("description", most_chars=4000),
        method=method,
        path=fields.word("path", _PATH, "a path, as /repos/{repo}/issues, without ? and ..", needed=True),
        effect=fields.choice("effect", ("read", "write", "destructive")),
        scopes=fields.texts("scopes"),
        body=fields.choice("body", ("none", "json", "form", "graphql"), default=_usual_body(is_graphql, in_body)),
        headers=fields.headers("headers"),
        params=params,
        schema=schema_of(params),
        graphql=fields.text("graphql", most_chars=20_000),
        prepare=fields.word("prepare", r"[a-z][a-z0-9_]{0,63}", "the name of a function, as gmail_message"),
        idempotency_header=fields.text("idempotency_header", most_chars=100),
        answers_bytes=fields.flag("answers_bytes"),
        paging=_read_paging(fields.values.get("paging"), place.at("paging"), params),
        examples=_read_examples(fields.values.get("examples"), place.at("examples"), params),
        docs_url=fields.link("docs_url"),
        operation=fields.text("operation", most_chars=200),
    )


def _usual_body(is_graphql: bool, in_body: bool) -> str:
    return "graphql" if is_graphql else "json" if in_body else "none"


def _read_params(value: object, place: Place) -> tuple[Param, ...]:
    named = known_names(value, place, _PARAM_NAME, "issue_number")
    if len(named) > _MOST_PARAMS:
        place.refuse("too_many", f"{place} has {len(named)} entries, {_MOST_PARAMS} are allowed", "leave some out")
    return tuple(_read_param(name, item, place.at(name)) for name, item in named.items())


def _read_param(name: str, value: object, place: Place) -> Param:
    if not isinstance(value, Mapping):
        place.refuse_type("a parameter", "write {in: query, type: string, description: ...}")
        value = {"in": "query"}
    fields = Fields({key: value[key] for key in _OF_PARAM if key in value}, place)
    where: Where = fields.choice("in", ("path", "query", "header", "body"))
    is_whole = where == "body" and value.get("as") == ""
    there = "" if is_whole else fields.text("as", most_chars=200) or name
    if where == "header":
        is_header(there, "", place.at("as"))
    slashes = fields.choice("slashes", ("refuse", "keep", "encode"), default="refuse")
    if slashes != "refuse" and where != "path":
        place.at("slashes").refuse("bad_value", f"{place.at('slashes')} is for parts of the path", "leave it out")
    return Param(
        name=name,
        where=where,
        schema=_read_schema(fields, {key: item for key, item in value.items() if key not in _OF_PARAM}),
        name_there=there,
        is_required=fields.flag("required"),
        keeps_slashes=slashes == "keep",
        encodes_slashes=slashes == "encode",
        style=fields.choice("style", _STYLES, default="repeat"),
    )


def _read_schema(fields: Fields, inline: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands beside the keys of the parameter, or by itself under `schema`."""
    for key in inline:
        if key not in _OF_SCHEMAS:
            at = fields.place.at(key)
            hint = "put text with a comma or colon in quotes, and write keywords as JSON Schema (2020-12) has them"
            at.refuse("unknown_key", f"{at} means nothing here", hint)
    if inline and "schema" in fields.values:
        at = fields.place.at(next(iter(inline)))
        at.refuse("schema_twice", f"{at} stands beside schema", "move it into schema")
    return fields.map("schema") or inline


def _read_fixed(fields: Fields) -> tuple[Param, ...]:
    """`fixed: {query: {alt: media}}`: what is always sent."""
    by_place = known_fields(fields.values.get("fixed"), fields.place.at("fixed"), ("query", "header", "body"))
    params = []
    for where in by_place.values:
        for name, value in by_place.map(where).items():
            at = by_place.place.at(where, name)
            if where == "header" and not is_header(name, value, at):
                continue
            if value is None or (where == "query" and not isinstance(value, str | int | float | bool)):
                at.refuse_type("a value that can be sent", "write a text, a number, true or false")
            params.append(Param(name=name, where=where, schema={"const": value}, name_there=name, fixed=value))  # type: ignore[arg-type]
    return tuple(params)


def _read_paging(value: object, place: Place, params: Collection[Param]) -> Paging | None:
    if value is None:
        return None
    fields = known_fields(value, place, ("kind", "param", "next_at", "more_at", "items_at"))
    kind = fields.choice("kind", ("link", "cursor", "page", "offset"))
    param = fields.text("param", needed=True)
    if param and param not in _given(params):
        at = place.at("param")
        at.refuse("bad_value", f"{at} is {quoted(param)}, which is no parameter", "name the one that asks for a page")
    return Paging(
        kind=kind,
        param=param,
        next_at=fields.steps("next_at", needed=kind == "cursor"),
        more_at=fields.steps("more_at"),
        items_at=fields.steps("items_at"),
    )


def _read_examples(value: object, place: Place, params: Collection[Param]) -> tuple[Example, ...]:
    read = []
    for number, item in enumerate(as_list(value, place, most=10, hint="write a list of {title: ..., params: {...}}")):
        fields = known_fields(item, place.at(number), ("title", "params"))
        given = fields.map("params")
        for name in given:
            if name not in _given(params):
                at = place.at(number, "params", name)
                at.refuse("unknown_key", f"{at} is no parameter", "name one, or leave it out")
        read.append(Example(title=fields.text("title", most_chars=200, needed=True), params=given))
    return tuple(read)


def _given(params: Collection[Param]) -> list[str]:
    return [param.name for param in params if param.fixed is None]
