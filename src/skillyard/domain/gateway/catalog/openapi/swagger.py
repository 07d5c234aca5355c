"""Documents of Swagger 2.0 in the words of OpenAPI 3: one shape for all that comes after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skillyard.domain.gateway.catalog.openapi.choices import Unsayable
from skillyard.domain.gateway.catalog.openapi.references import References

METHODS = ("get", "head", "post", "put", "patch", "delete")
_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}
_STYLES: Mapping[str, Mapping[str, Any]] = {
    "multi": {"style": "form", "explode": True},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
}
_COMMA: Mapping[str, Any] = {"style": "form", "explode": False}
_OF_PARAMETERS = ("name", "in", "required", "description", "collectionFormat", "allowEmptyValue")


def upgrade(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with servers, operations and ways to sign in as OpenAPI 3 has them. References stay good."""
    swagger = _Swagger(document)
    paths = document.get("paths")
    return {
        **document,
        "servers": _servers(document),
        "paths": {path: swagger.item(item) for path, item in paths.items()} if isinstance(paths, dict) else {},
        "components": {"securitySchemes": _security_schemes(document.get("securityDefinitions"))},
    }


class _Swagger:
    def __init__(self, document: dict[str, Any]) -> None:
        self._references = References(document)
        self._consumes = document.get("consumes")
        self._produces = document.get("produces")

    def item(self, item: object) -> object:
        """A path with all its operations; what is no path at all is left to whoever reads them."""
        if not isinstance(item, dict):
            return item
        shared = item.get("parameters")
        operations = {
            method: self._operation(item[method], shared) for method in METHODS if isinstance(item.get(method), dict)
        }
        return {**{key: value for key, value in item.items() if key != "parameters"}, **operations}

    def _operation(self, operation: dict[str, Any], shared: object) -> dict[str, Any]:
        own = self._parameters(operation.get("parameters"))
        named = {_key(parameter) for parameter in own}
        own += [parameter for parameter in self._parameters(shared) if _key(parameter) not in named]
        upgraded = {**operation, "parameters": [_parameter(each) for each in own if each.get("in") not in _BODIES]}
        if body := _body([each for each in own if each.get("in") in _BODIES], self._media(operation)):
            upgraded["requestBody"] = body
        return {**upgraded, "responses": self._responses(operation)}

    def _parameters(self, nodes: object) -> list[Mapping[str, Any]]:
        found = []
        for node in nodes if isinstance(nodes, list) else []:
            try:
                found.append(self._references.follow(node))
            except Unsayable:
                found.append(node if isinstance(node, dict) else {})  # it is noted when the operation is read
        return found

    def _media(self, operation: Mapping[str, Any]) -> list[str]:
        named = operation.get("consumes", self._consumes)
        return [media for media in named if isinstance(media, str)] if isinstance(named, list) else []

    def _responses(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        named = operation.get("produces", self._produces)
        media = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
        responses = operation.get("responses")
        if not isinstance(responses, dict):
            return {}
        return {
            status: {**answer, "content": {each: {"schema": answer.get("schema")} for each in media}}
            for status, answer in responses.items()
            if isinstance(answer, dict)
        }


_BODIES = ("body", "formData")


def _key(parameter: Mapping[str, Any]) -> tuple[str, str]:
    return str(parameter.get("name")), str(parameter.get("in"))


def _parameter(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in parameter:
        return parameter
    style = _STYLES.get(str(parameter.get("collectionFormat")), _COMMA) if parameter.get("type") == "array" else {}
    if parameter.get("in") in ("path", "header"):
        style = {}
    schema = {key: value for key, value in parameter.items() if key not in _OF_PARAMETERS}
    return {**{key: parameter[key] for key in _OF_PARAMETERS if key in parameter}, "schema": schema, **style}


def _body(parameters: list[Mapping[str, Any]], media: list[str]) -> dict[str, Any] | None:
    if not parameters:
        return None
    if parameters[0].get("in") == "body":
        kinds = media or ["application/json"]
        content = {kind: {"schema": parameters[0].get("schema", {})} for kind in kinds}
        return {"required": parameters[0].get("required") is True, "content": content}
    has_file = any(parameter.get("type") == "file" for parameter in parameters)
    fields = {str(parameter.get("name")): _parameter(parameter) for parameter in parameters}
    required = [name for name, field in fields.items() if field.get("required") is True]
    described = {
        name: {"description": field.get("description"), **field.get("schema", {})} for name, field in fields.items()
    }
    schema = {"type": "object", "properties": described, "required": required}
    encoding = {name: _only_style(field) for name, field in fields.items()}
    kind = "multipart/form-data" if has_file else "application/x-www-form-urlencoded"
    return {"required": bool(required), "content": {kind: {"schema": schema, "encoding": encoding}}}


def _only_style(field: Mapping[str, Any]) -> dict[str, Any]:
    return {key: field[key] for key in ("style", "explode") if key in field}


def _servers(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    base = document.get("basePath")
    path = base if isinstance(base, str) else ""
    if not isinstance(host := document.get("host"), str):
        return [{"url": path or "/"}]
    schemes = document.get("schemes")
    named = [scheme for scheme in schemes if scheme in ("https", "http")] if isinstance(schemes, list) else []
    return [{"url": f"{scheme}://{host}{path}"} for scheme in sorted(named, reverse=True) or ["https"]]


def _security_schemes(definitions: object) -> dict[str, Any]:
    if not isinstance(definitions, dict):
        return {}
    return {name: _security_scheme(scheme) for name, scheme in definitions.items() if isinstance(scheme, dict)}


def _security_scheme(scheme: dict[str, Any]) -> dict[str, Any]:
    if scheme.get("type") == "basic":
        return {**scheme, "type": "http", "scheme": "basic"}
    if scheme.get("type") == "oauth2":
        flow = str(scheme.get("flow"))
        return {"type": "oauth2", "flows": {_FLOWS.get(flow, flow): scheme}}
    return scheme
