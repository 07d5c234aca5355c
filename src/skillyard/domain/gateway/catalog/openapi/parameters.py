"""What an operation is given: its parameters and its body, as parameters of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from skillyard.domain.gateway.catalog.fields import is_header
from skillyard.domain.gateway.catalog.integration import BodyKind, Param, Style, Where
from skillyard.domain.gateway.catalog.openapi.choices import Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.media import choose_media
from skillyard.domain.gateway.catalog.openapi.operations import Operation
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.schemas import Plain, Schemas
from skillyard.domain.gateway.catalog.openapi.words import first_sentence, snake_case, unique
from skillyard.skill.reading import Place, shorten

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PLACEHOLDER = re.compile(r"\{\+?([^{}/]{1,100})\}")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]*)+")  # RFC 3986, 3.3
_DESCRIPTION_CHARS = 200
_STYLES: Mapping[tuple[str, bool], Style] = {
    ("form", True): "repeat",
    ("form", False): "comma",
    ("spaceDelimited", False): "space",
    ("pipeDelimited", False): "pipe",
    ("deepObject", True): "brackets",
    ("deepObject", False): "brackets",
}
# What the gateway sets itself (OpenAPI 3.1, 4.8.12.1, says that documents cannot name the first three).
_OURS = ("accept", "content-type", "authorization", "user-agent", "accept-encoding", "idempotency-key")


@dataclass(slots=True, kw_only=True)
class Given:
    """What was found so far; `path` has the names of parameters in its braces."""

    path: str
    params: dict[str, Param] = field(default_factory=dict)
    body: BodyKind = "none"
    headers: dict[str, str] = field(default_factory=dict)
    idempotency_header: str = ""


def read_given(
    operation: Operation, references: References, schemas: Schemas, notes: Notes, secret_names: frozenset[str]
) -> Given:
    """`secret_names`: headers and query parameters that hold the key. Raises Unsayable or TooLarge."""
    return _Reader(operation, references, schemas, notes, secret_names).read()


class _Reader:
    def __init__(
        self, operation: Operation, references: References, schemas: Schemas, notes: Notes, secret_names: frozenset[str]
    ) -> None:
        self._operation = operation
        self._references = references
        self._schemas = schemas
        self._notes = notes
        self._secret_names = secret_names
        self._given = Given(path=operation.path)

    def read(self) -> Given:
        declared = {(str(node.get("name")), str(node.get("in"))): node for node in self._declared()}
        self._read_path({name: node for (name, where), node in declared.items() if where == "path"})
        for (name, where), node in declared.items():
            if where == "query":
                self._read_query(name, node)
            elif where == "header":
                self._read_header(name, node)
            elif where == "cookie" and name.lower() not in self._secret_names:
                self._leave_out(f"the cookie {shorten(name)}", node, "cookies are not sent")
        if "requestBody" in self._operation.node and self._operation.method not in ("GET", "HEAD"):
            self._read_body(self._references.follow(self._operation.node["requestBody"]))
        return self._given

    def _declared(self) -> Iterator[Mapping[str, Any]]:
        """Those of the path first, since those of the operation replace them."""
        for holder in (self._operation.shared, self._operation.node):
            nodes = holder.get("parameters")
            for node in nodes if isinstance(nodes, list) else []:
                yield self._references.follow(node)

    def _read_path(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        if not _PATH.fullmatch(_PLACEHOLDER.sub("x", self._operation.path)) or _climbs(self._operation.path):
            raise Unsayable("its path is none that can be called")
        own = {}
        for name in dict.fromkeys(_PLACEHOLDER.findall(self._operation.path)):
            node = declared.get(name, {})
            if node.get("style", "simple") != "simple":
                raise Unsayable(f"its path has {shorten(name)} in a style that cannot be sent")
            own[name] = self._add("path", name, node, is_required=True).name
        self._given.path = _PLACEHOLDER.sub(lambda match: f"{{{own[match[1]]}}}", self._operation.path)

    def _read_query(self, name: str, node: Mapping[str, Any]) -> None:
        if name.lower() in self._secret_names:
            return
        style: Style | None = "json"
        if "content" not in node:
            kind = str(node.get("style", "form"))
            explode = node.get("explode", kind == "form") is True
            style = _STYLES.get((kind, explode))
        if style is None or (style == "repeat" and self._is_object(node)):
            self._leave_out(f"the parameter {shorten(name)}", node, "its style cannot be sent")
        else:
            self._add("query", name, node, is_required=node.get("required") is True, style=style)

    def _read_header(self, name: str, node: Mapping[str, Any]) -> None:
        lower = name.lower()
        if lower == "idempotency-key":
            self._given.idempotency_header = lower
        if lower in _OURS or lower in self._secret_names:
            return
        if not is_header(lower, "x", Place(faults=[])):
            self._leave_out(f"the header {shorten(name)}", node, "it may not be set")
        else:
            self._add("header", lower, node, is_required=node.get("required") is True)

    def _leave_out(self, what: str, node: Mapping[str, Any], why: str) -> None:
        if node.get("required") is True:
            raise Unsayable(f"{what} is required, and {why}")
        self._notes.add(str(self._operation), f"without {what}: {why}")

    def _is_object(self, node: Mapping[str, Any]) -> bool:
        return self._schemas.read(_schema_of(node)).get("type") == "object"

    def _read_body(self, body: Mapping[str, Any]) -> None:
        content = body.get("content")
        if not isinstance(content, Mapping) or (not content and body.get("required") is not True):
            return
        media, self._given.body, media_type = choose_media(content)
        if media_type:
            self._given.headers["content-type"] = media_type
        self._read_fields(media, is_required=body.get("required") is True)

    def _read_fields(self, media: Mapping[str, Any], *, is_required: bool) -> None:
        schema = _one_object(self._schemas.read(media.get("schema")), self._notes, str(self._operation))
        properties, is_form = schema.get("properties"), self._given.body == "form"
        if not properties or (not is_form and any("." in name for name in properties)):  # a dot would lead inside
            self._read_whole(schema, is_required=is_required)
            return
        encoding = media.get("encoding")
        for name, inner in properties.items():
            styled = encoding.get(name) if isinstance(encoding, Mapping) else None
            style = _form_style(inner, styled if isinstance(styled, Mapping) else {}) if is_form else "repeat"
            needed = is_required and name in schema.get("required", ())
            self._add("body", name, {"schema": inner}, is_required=needed, style=style, is_read=True)

    def _read_whole(self, schema: Plain, *, is_required: bool) -> None:
        """A body that is no object with properties: a list, or a map of anything."""
        if schema.get("type") == "object" and schema.get("properties") == {}:
            self._given.body = "none" if not is_required else self._given.body
            return
        if self._given.body == "form":
            raise Unsayable("its form has no fields")
        name = unique("body", self._given.params)
        described = {"description": "The whole body.", **schema}
        self._given.params[name] = Param(
            name=name, where="body", schema=described, name_there="", is_required=is_required
        )

    def _add(
        self,
        where: Where,
        name: str,
        node: Mapping[str, Any],
        *,
        is_required: bool,
        style: Style = "repeat",
        is_read: bool = False,
    ) -> Param:
        own = name if _NAME.fullmatch(name) else snake_case(name)
        own = own if not own[:1].isdigit() else f"{where}_{own}"
        if not own or len(name) > 100 or not name.isprintable():
            raise Unsayable(f"{shorten(name)} is no name of a parameter")
        own = own if own not in self._given.params else unique(f"{own}_{where}", self._given.params)
        schema = _schema_of(node) if is_read else self._schemas.read(_schema_of(node))
        if said := first_sentence(node.get("description"), most=_DESCRIPTION_CHARS):
            schema = {**schema, "description": said}
        there = own if where == "path" else name
        param = Param(name=own, where=where, schema=schema, name_there=there, is_required=is_required, style=style)
        self._given.params[own] = param
        return param


def _schema_of(node: Mapping[str, Any]) -> Any:
    content = node.get("content")
    if isinstance(content, Mapping) and content:
        media = next(iter(content.values()))
        return media.get("schema") if isinstance(media, Mapping) else {}
    return node.get("schema", {})


def _one_object(schema: Plain, notes: Notes, where: str) -> Plain:
    """Of alternatives those that are objects, as one that has the properties of all."""
    alternatives = schema.get("anyOf", [])
    objects = [schema, *(each for each in alternatives if each.get("properties"))]
    if "properties" not in schema and len(objects) == 1:
        return schema
    if any(each.get("type", "object") != "object" for each in alternatives):
        notes.add(where, "its body may be something other than an object, which is not offered")
    properties: dict[str, Any] = {}
    for each in objects:
        for name, inner in each.get("properties", {}).items():
            properties[name] = inner if properties.get(name, inner) == inner else _either(properties[name], inner)
    named = [set(each.get("required", ())) for each in objects[1:]]
    required = {*schema.get("required", ()), *(set.intersection(*named) if named else ())}
    return {"type": "object", "properties": properties, "required": sorted(required)}


def _either(one: Plain, other: Plain) -> Plain:
    alternatives = [*one.get("anyOf", [one]), other]
    return {"description": one.get("description", ""), "anyOf": alternatives}


def _form_style(schema: Plain, encoding: Mapping[str, Any]) -> Style:
    if "style" in encoding or "explode" in encoding:
        kind = str(encoding.get("style", "form"))
        found = _STYLES.get((kind, encoding.get("explode", kind == "form") is True))
        return found or "brackets"
    inner = schema.get("items", {}).get("type")
    return "brackets" if "object" in (schema.get("type"), inner) else "repeat"


def _climbs(path: str) -> bool:
    return any(part in (".", "..") for part in path.split("/")) or "%" in path or "//" in path
