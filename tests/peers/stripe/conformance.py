"""Holds what passes between us and the peer against Stripe's OpenAPI file: parameters, answers, and events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.peers.stripe.api import Call
from tests.peers.stripe.openapi import read_openapi
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.world import Thing

_ROOT = "urn:stripe"


class Conformance:
    """Listens to a peer; `faults` lists what the file does not allow."""

    def __init__(self, peer: Peer) -> None:
        self.faults: list[str] = []
        self.seen: set[tuple[str, str, int]] = set()
        peer.api.listeners.append(self._called)
        peer.world.on_event.append(self._happened)

    def _called(self, call: Call) -> None:
        where = f"{call.method} {call.path}"
        path = _paths().get(_unnamed(call.path), "")
        operation = read_openapi()["paths"].get(path, {}).get(call.method.lower())
        if operation is None:
            if call.status != 404:
                self.faults.append(f"{where} is not in the file")
            return
        self.seen.add((call.method, call.path, call.status))
        if call.status < 400:
            self.faults += [f"{where}: {fault}" for fault in _unknown_parameters(operation, call)]
        code = str(call.status) if str(call.status) in operation["responses"] else "default"
        schema = f"/paths/{_pointer(path)}/{call.method.lower()}/responses/{code}/content/application~1json/schema"
        self.faults += [f"{where} {call.status}: {fault}" for fault in faults_of(call.body, schema)]

    def _happened(self, event: Thing, account: str) -> None:
        about = event["data"]["object"]
        self.faults += [f"{event['type']}: {fault}" for fault in faults_of(event, "/components/schemas/event")]
        self.faults += [
            f"{event['type']}: {fault}" for fault in faults_of(about, f"/components/schemas/{about['object']}")
        ]


def _unnamed(path: str) -> str:
    """Without what the path calls its parameters."""
    return re.sub(r"\{\w+\}", "{}", path)


@cache
def _paths() -> dict[str, str]:
    return {_unnamed(path): path for path in read_openapi()["paths"]}


def faults_of(value: Thing, pointer: str) -> list[str]:
    error = best_match(_validator(pointer).iter_errors(value))
    return [f"{error.json_path}: {error.message[:300]}"] if error else []


@cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{_ROOT}#{pointer}"}, registry=_registry())


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(_as_json_schema(read_openapi()), default_specification=DRAFT202012)
    return Registry().with_resource(_ROOT, resource)


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` spelled out, and objects closed, since Stripe returns nothing unlisted."""
    if isinstance(value, list):
        return [_as_json_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _as_json_schema(item) for name, item in value.items()}
    if isinstance(inner.get("$ref"), str):
        inner["$ref"] = inner["$ref"].replace("#/", f"{_ROOT}#/", 1)
    if inner.get("type") == "object" and inner.get("properties") and "additionalProperties" not in inner:
        inner["additionalProperties"] = False
    if inner.get("nullable") is True:
        inner.pop("nullable")
        return {"anyOf": [{"type": "null"}, inner]}
    return inner


def _unknown_parameters(operation: Mapping[str, Any], call: Call) -> Iterator[str]:
    query = {item["name"]: item["schema"] for item in operation.get("parameters", []) if item["in"] == "query"}
    content = operation.get("requestBody", {}).get("content", {})
    form = content.get("application/x-www-form-urlencoded", {}).get("schema", {"properties": {}})
    schema = form if call.method == "POST" else {"type": "object", "properties": query}
    yield from _unknown(call.params, schema, "")


def _unknown(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    """Names of parameters that the operation does not have, at any depth, and values outside of an enumeration."""
    choices = [choice for choice in schema.get("anyOf", [schema]) if _fits(value, choice)]
    if not choices:
        yield f"{where} cannot be {value!r}"
        return
    found = [list(_unknown_within(value, choice, where)) for choice in choices]
    yield from min(found, key=len)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    type = schema.get("type")
    if isinstance(value, dict):
        return type == "object"
    if isinstance(value, list):
        return type == "array"
    return type not in ("object", "array") and value in map(str, schema.get("enum", [value]))


def _unknown_within(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _unknown(item, schema["items"], f"{where}[]")
    elif (isinstance(value, dict) and "additionalProperties" not in schema) or where == "":
        properties = schema.get("properties", {})
        for name, item in value.items():
            if name in properties:
                yield from _unknown(item, properties[name], f"{where}.{name}")
            else:
                yield f"there is no parameter {where}.{name}"
        yield from (f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value)


def _pointer(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
