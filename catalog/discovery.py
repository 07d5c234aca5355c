"""Google's discovery documents in the words of OpenAPI 3, so that both are read by the same code.

The form: https://developers.google.com/discovery/v1/reference/apis
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STANDARD = ("description", "type", "format", "enum", "pattern", "readOnly", "deprecated")
_REQUIRED = re.compile(r"^\s*Required\b")
_OPTIONAL = re.compile(r"\s*\bOptional\.(?=\s|$)")


def to_openapi(discovery: Mapping[str, Any]) -> dict[str, Any]:
    """`operationId` is the id of the method, the tag is the resource that it belongs to."""
    paths: dict[str, Any] = {}
    for resource, method in _methods(discovery):
        path = "/" + method.get("flatPath", method["path"])
        operation = _operation(resource, method, discovery["parameters"]["fields"])
        paths.setdefault(path, {})[method["httpMethod"].lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": discovery["title"],
            "version": f"{discovery['version']} of {discovery['revision']}",
            "description": discovery["description"],
        },
        "servers": [{"url": (discovery["rootUrl"] + discovery["servicePath"]).rstrip("/")}],
        "paths": paths,
        "components": {"schemas": {name: _schema(schema) for name, schema in discovery["schemas"].items()}},
    }


def _methods(node: Mapping[str, Any], resource: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for method in node.get("methods", {}).values():
        yield resource, method
    for name, inner in node.get("resources", {}).items():
        yield from _methods(inner, name)


def _operation(resource: str, method: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields`: the parameter of all operations that says which parts of an answer are wanted."""
    parameters = {**method.get("parameters", {}), "fields": fields}
    operation = {
        "operationId": method["id"],
        "tags": [resource],
        "description": method.get("description", ""),
        "parameters": [_parameter(name, one) for name, one in parameters.items()],
        "responses": {"200": {"content": {"application/json": {"schema": _schema(method.get("response", {}))}}}},
    }
    if "request" in method:
        body = {"application/json": {"schema": _schema(method["request"])}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameter(name: str, parameter: Mapping[str, Any]) -> dict[str, Any]:
    schema = _schema(parameter)
    if parameter.get("repeated"):
        schema = {"type": "array", "items": {key: value for key, value in schema.items() if key != "description"}}
    return {
        "name": name,
        "in": parameter["location"],
        "required": parameter.get("required", False),
        "description": _tidy(parameter.get("description", "")),
        "schema": schema,
    }


def _schema(node: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults and bounds are texts there; what is output only is told in prose."""
    if "$ref" in node:
        reference = f"#/components/schemas/{node['$ref']}"
        described = {"description": _tidy(node["description"])} if "description" in node else {}
        return {"$ref": reference, **described}
    schema: dict[str, Any] = {key: node[key] for key in _STANDARD if key in node}
    if schema.get("type") == "any":
        del schema["type"]
    description = schema.get("description", "")
    if re.search(r"output[ -]only|read-only", description, re.IGNORECASE):
        schema["readOnly"] = True
    if description:
        schema["description"] = _tidy(description)
    for bound in ("minimum", "maximum", "default"):
        if bound in node:
            schema[bound] = _value(node[bound], str(node.get("type")))
    if "properties" in node:
        schema["properties"] = {name: _schema(inner) for name, inner in node["properties"].items()}
        schema["required"] = [name for name, inner in node["properties"].items() if _is_required(inner)]
    for key in ("items", "additionalProperties"):
        if key in node:
            schema[key] = _schema(node[key])
    return schema


def _tidy(description: str) -> str:
    return _OPTIONAL.sub("", re.sub(r"^\s*(Required|Optional)\.\s*", "", description)).strip()


def _is_required(node: Mapping[str, Any]) -> bool:
    return _REQUIRED.match(node.get("description", "")) is not None


def _value(text: str, kind: str) -> Any:
    if kind in ("integer", "number"):
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    return text == "true" if kind == "boolean" else text
