"""One operation of a document as an endpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from skillyard.domain.gateway.catalog.endpoint_fields import schema_of
from skillyard.domain.gateway.catalog.integration import Effect, Endpoint, Example
from skillyard.domain.gateway.catalog.openapi.choices import Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.operations import Operation
from skillyard.domain.gateway.catalog.openapi.paging import find_paging, good_answer
from skillyard.domain.gateway.catalog.openapi.parameters import Given, read_given
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.schemas import Schemas, TooLarge
from skillyard.domain.gateway.catalog.openapi.words import first_sentence, plain_line
from skillyard.skill.reading import Place, is_web_address
from skillyard.skill.schema_example import example_of
from skillyard.skill.schemas import check_value, read_schema

_LEVELS = (8, 5, 4, 3, 2, 1)
_MOST_PARAMS = 100
_SUMMARY_CHARS = 120
_DESCRIPTION_CHARS = 600
_EFFECTS: Mapping[str, Effect] = {"GET": "read", "HEAD": "read", "DELETE": "destructive"}


def read_endpoint(
    operation: Operation,
    references: References,
    notes: Notes,
    *,
    name: str,
    group: str,
    scopes: tuple[str, ...],
    secret_names: frozenset[str],
    most_schema_bytes: int,
) -> Endpoint:
    """Raises Unsayable, where a call could not be made as the document has it."""
    given = _read_in_bounds(operation, references, notes, secret_names, most_schema_bytes)
    params = tuple(given.params.values())
    node = operation.node
    summary = first_sentence(node.get("summary") or node.get("description"), most=_SUMMARY_CHARS).rstrip(".")
    description = plain_line(node.get("description"), most=_DESCRIPTION_CHARS)
    schema = schema_of(params)
    return Endpoint(
        name=name,
        group=group,
        summary=summary or f"{operation.method} {operation.path}"[:_SUMMARY_CHARS],
        description=description if description.rstrip(".") != summary else "",
        method=operation.method,
        path=given.path,
        effect=_EFFECTS.get(operation.method, "write"),
        scopes=scopes,
        body=given.body,
        headers=given.headers,
        params=params,
        schema=schema,
        idempotency_header=given.idempotency_header,
        answers_bytes=_answers_bytes(good_answer(node, references)),
        paging=find_paging(node, [param.name for param in params if param.where == "query"], references),
        examples=_examples(operation, schema, [param.name for param in params]),
        docs_url=_docs_url(node),
        operation=plain_line(operation.id, most=200),
    )


def _read_in_bounds(
    operation: Operation, references: References, notes: Notes, secret_names: frozenset[str], most_schema_bytes: int
) -> Given:
    """With as many levels of its schemas as keep it small. Raises Unsayable."""
    deepest = _LEVELS[0] + 1
    for levels in _LEVELS:
        if levels >= deepest:  # nothing would be cut
            continue
        said = Notes()
        schemas = Schemas(references, said, str(operation), levels=levels)
        try:
            given = read_given(operation, references, schemas, said, secret_names)
        except TooLarge:
            continue
        deepest = schemas.deepest
        if _is_small(given, most_schema_bytes):
            if levels < _LEVELS[0]:
                said.add(str(operation), f"its parameters are described {levels} levels deep, not deeper")
            notes.take(said)
            return given
    raise Unsayable("its parameters are too many, or too large, to be described")


def _is_small(given: Given, most_bytes: int) -> bool:
    schema = schema_of(given.params.values())
    is_short = len(given.params) <= _MOST_PARAMS and len(orjson.dumps(schema)) <= most_bytes
    return is_short and read_schema(schema, Place(faults=[])) is not None


def _answers_bytes(answer: Mapping[str, Any]) -> bool:
    content = answer.get("content")
    media = [str(name).lower() for name in content] if isinstance(content, Mapping) else []
    return bool(media) and not any("json" in name or name.startswith("text/") or name == "*/*" for name in media)


def _docs_url(node: Mapping[str, Any]) -> str:
    docs = node.get("externalDocs")
    address = docs.get("url") if isinstance(docs, Mapping) else None
    return address if isinstance(address, str) and is_web_address(address) and "@" not in address else ""


def _examples(operation: Operation, schema: Mapping[str, Any], names: Collection[str]) -> tuple[Example, ...]:
    """The document's own of the body, else a value to begin with; none that the schema refuses."""
    admitted = read_schema(schema, Place(faults=[]))
    start = {name: _to_begin_with(name, schema["properties"][name]) for name in schema["required"]}
    own = {name: value for name, value in _own_examples(operation).items() if name in names}
    for params in ({**start, **own}, start):
        if admitted and len(orjson.dumps(params)) < 4000 and not check_value(admitted, params):
            return (Example(title="To begin with", params=params),)
    return ()


def _to_begin_with(name: str, schema: Mapping[str, Any]) -> Any:
    """A text is the name of the parameter: an empty one in a path would lead elsewhere."""
    value = example_of(schema["anyOf"][0] if "anyOf" in schema else schema)
    return name if value == "" else value


def _own_examples(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    parameters = operation.node.get("parameters")
    for node in parameters if isinstance(parameters, list) else []:
        if isinstance(node, Mapping) and node.get("required") is True and "example" in node:
            found[str(node.get("name"))] = node["example"]
    body = operation.node.get("requestBody")
    content = body.get("content") if isinstance(body, Mapping) else None
    media = next(iter(content.values()), None) if isinstance(content, Mapping) else None
    example = media.get("example") if isinstance(media, Mapping) else None
    return {**found, **example} if isinstance(example, dict) else found
