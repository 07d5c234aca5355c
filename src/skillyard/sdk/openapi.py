"""The registry's OpenAPI document as a table of operations, and one call of an operation checked against it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from skillyard.sdk.addresses import wire_text
from skillyard.sdk.errors import UsageError
from skillyard.skill.faults import Fault

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`name` as it goes over the wire, `argument` as Python writes it."""

    name: str
    argument: str
    location: Literal["path", "query", "header", "body"]
    required: bool
    type: str
    description: str
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    kind: Literal["json", "form", "bytes"]
    fields: tuple[Parameter, ...]
    files: tuple[str, ...]
    required: bool
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    id: str
    name: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: Body | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operation with its values in place, ready to be sent."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    body_kind: str | None = None


def read_operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """All operations by their operationId. What has none is left out."""
    found = {}
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            operation = item.get(method)
            if operation and operation.get("operationId"):
                read = _read_operation(document, path, method, {**operation}, item.get("parameters", []))
                found[read.id] = read
    return found


def find_operation(operations: Mapping[str, Operation], name: str) -> Operation:
    """By operationId or its snake_case spelling. Raises UsageError with the nearest ones."""
    if name in operations:
        return operations[name]
    for operation in operations.values():
        if operation.name == name:
            return operation
    known = [*operations, *(operation.name for operation in operations.values())]
    raise UsageError(
        f"There is no operation {name!r}.",
        code="unknown_operation",
        hint=_did_you_mean(name, known) or "see them all with `skillyard ops`",
    )


def bind(
    operation: Operation,
    values: Mapping[str, Any],
    *,
    json: Any = None,
    files: Mapping[str, bytes | Path] | None = None,
) -> Call:
    """Put `values` where the operation wants them; fields of its body may stand among them, None means left out.

    Raises UsageError with every parameter that is unknown, missing or of the wrong kind, before anything is sent.
    """
    given = {name: value for name, value in values.items() if value is not None}
    body_fields = operation.body.fields if operation.body and json is None else ()
    known = {key: p for p in (*body_fields, *operation.parameters) for key in (p.name, p.argument)}
    faults = [_unknown(name, known) for name in given if name not in known]
    placed = {known[name]: value for name, value in given.items() if name in known}
    for parameter, value in placed.items():
        if parameter.enum and any(str(part) not in parameter.enum for part in _parts(value)):
            faults.append(
                _fault("bad_value", f"{parameter.argument} is {value!r}", f"use {' | '.join(parameter.enum)}")
            )
    has_body = json is not None or bool(files) or any(parameter.location == "body" for parameter in placed)
    if operation.body is None and has_body:
        faults.append(_fault("unexpected_body", "the operation takes no body", "leave out json and files"))
    faults += _missing(operation, placed, has_body=has_body, own_body=json is not None, files=files or {})
    if faults:
        raise UsageError(
            f"{operation.id} was called the wrong way.", code="bad_parameters", hint=_usage(operation), faults=faults
        )
    return _placed(operation, placed, json, files or {})


def snake_case(name: str) -> str:
    """`listMyNamespaces` → `list_my_namespaces`, `X-Skillyard-Sha256` → `x_skillyard_sha256`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _placed(
    operation: Operation, placed: Mapping[Parameter, Any], json: Any, files: Mapping[str, bytes | Path]
) -> Call:
    in_place: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
    for parameter, value in placed.items():
        in_place[parameter.location][parameter.name] = _typed(parameter, value)
    path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda slot: _path_part(slot[1], in_place["path"][slot[1]]), operation.path)
    kind = operation.body.kind if operation.body else None
    fields = in_place["body"]
    return Call(
        method=operation.method,
        path=path,
        query=in_place["query"],
        headers={name: str(value) for name, value in in_place["header"].items()},
        json=json if json is not None else (fields or None) if kind == "json" else None,
        form={name: wire_text(value) for name, value in fields.items()} if kind == "form" else {},
        files=files,
        body_kind=kind,
    )


def _path_part(name: str, value: Any) -> str:
    """One segment, escaped; only a parameter called `path` may have several."""
    text = wire_text(value)
    if not text or any(segment in (".", "..") for segment in text.split("/")):
        raise UsageError(f"{name} may not be {text!r}.", code="bad_parameters", hint="give the name itself")
    return quote(text, safe="/" if name == "path" else "")


def _typed(parameter: Parameter, value: Any) -> Any:
    """Text as the kind that a JSON body needs: numbers and booleans come as text from a shell. Other text stays."""
    if parameter.location != "body" or not isinstance(value, str):
        return (
            [value]
            if parameter.location == "body" and parameter.type == "array" and value != [*_parts(value)]
            else value
        )
    if parameter.type == "array":
        return [value]
    if parameter.type == "integer" and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if parameter.type == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _parts(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple | set) else [value]


def _missing(
    operation: Operation, placed: Collection[Parameter], *, has_body: bool, own_body: bool, files: Collection[str]
) -> Iterator[Fault]:
    needed = list(operation.parameters)
    if operation.body:
        if operation.body.required and not has_body and not operation.body.fields and not operation.body.files:
            yield _fault("missing_body", "the operation needs a body", "pass json or files")
        if not own_body and (operation.body.required or has_body):
            needed += operation.body.fields
            for name in operation.body.files:
                if name not in files:
                    yield _fault(
                        "missing_parameter", f"the file {name} is missing", f"pass files={{{name!r}: Path(…)}}"
                    )
    for parameter in needed:
        if parameter.required and parameter not in placed:
            hint = parameter.description or f"pass {parameter.argument}=…"
            yield _fault("missing_parameter", f"{parameter.argument} is missing", hint)


def _unknown(name: str, known: Mapping[str, Parameter]) -> Fault:
    arguments = sorted({parameter.argument for parameter in known.values()})
    hint = _did_you_mean(name, arguments) or (f"it takes {', '.join(arguments)}" if arguments else "it takes none")
    return _fault("unknown_parameter", f"there is no parameter {name!r}", hint)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _usage(operation: Operation) -> str:
    fields = operation.body.fields if operation.body else ()
    names = [p.argument if p.required else f"[{p.argument}]" for p in (*operation.parameters, *fields)]
    return f"{operation.name}({', '.join(names)})"


def _fault(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint)


def _read_operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], shared: list[Any]
) -> Operation:
    declared = [_resolved(document, item) for item in (*shared, *operation.get("parameters", []))]
    parameters = {
        (item["in"], item["name"]): _read_parameter(document, item)
        for item in declared
        if item.get("in") in ("path", "query", "header") and item["name"].lower() != "idempotency-key"
    }
    return Operation(
        id=operation["operationId"],
        name=snake_case(operation["operationId"]),
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=tuple(sorted(parameters.values(), key=lambda parameter: parameter.location != "path")),
        body=_read_body(document, operation.get("requestBody")),
    )


def _read_parameter(document: Mapping[str, Any], item: Mapping[str, Any]) -> Parameter:
    schema = _plain_schema(document, item.get("schema", {}))
    return _parameter(
        document, item["name"], item["in"], schema, bool(item.get("required")), item.get("description", "")
    )


def _read_body(document: Mapping[str, Any], declared: Mapping[str, Any] | None) -> Body | None:
    body = _resolved(document, declared or {})
    content = body.get("content", {})
    for content_type, kind in (("application/json", "json"), ("multipart/form-data", "form")):
        if content_type in content:
            schema = _plain_schema(document, content[content_type].get("schema", {}))
            return _fields_body(document, kind, content_type, schema, required=bool(body.get("required")))  # type: ignore[arg-type]
    if not content:
        return None
    return Body(
        kind="bytes", fields=(), files=(), required=bool(body.get("required")), content_type=next(iter(content))
    )


def _fields_body(
    document: Mapping[str, Any],
    kind: Literal["json", "form"],
    content_type: str,
    schema: Mapping[str, Any],
    *,
    required: bool,
) -> Body:
    fields, files = [], []
    needed = set(schema.get("required", []))
    for name, declared in schema.get("properties", {}).items():
        plain = _plain_schema(document, declared)
        if kind == "form" and (plain.get("format") == "binary" or "contentMediaType" in plain):
            files.append(name)
        else:
            fields.append(_parameter(document, name, "body", plain, name in needed, plain.get("description", "")))
    return Body(kind=kind, fields=tuple(fields), files=tuple(files), required=required, content_type=content_type)


def _parameter(
    document: Mapping[str, Any],
    name: str,
    location: Literal["path", "query", "header", "body"],
    schema: Mapping[str, Any],
    required: bool,
    description: str,
) -> Parameter:
    values = _plain_schema(document, schema.get("items", {})) if schema.get("type") == "array" else schema
    return Parameter(
        name=name,
        argument=snake_case(name),
        location=location,
        required=required,
        type=str(schema.get("type", "any")),
        description=description,
        enum=tuple(str(value) for value in values.get("enum", ())),
    )


def _plain_schema(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without references, and without the branch that only allows null."""
    schema = _resolved(document, schema)
    branches = [_resolved(document, branch) for branch in schema.get("anyOf", schema.get("oneOf", []))]
    real = [branch for branch in branches if branch.get("type") != "null"]
    return {**real[0], **{k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}} if len(real) == 1 else schema


def _resolved(document: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MAX_REFERENCES):
        reference = item.get("$ref")
        if not isinstance(reference, str):
            return item
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {})
        item = found
    return {}
