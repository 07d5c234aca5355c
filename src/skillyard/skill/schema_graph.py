"""A JSON Schema as a graph: which subschemas look at a value itself, at its properties and at its items.

It tells what the standard's meta-schema does not: whether a schema can be evaluated within bounds, and what
evaluating it for one value costs at most. Drafts: https://json-schema.org/specification-links
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from skillyard.skill.reading import Place, quoted

MAX_SUBSCHEMAS = 1000
MAX_CHAIN = 16  # subschemas through which one value is seen, one inside the other
MAX_PATTERN_STATES = 2000
MAX_PAIRS = 500_000

_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
_EVERY_PROPERTY = ("patternProperties", "additionalProperties", "unevaluatedProperties")
_EVERY_ITEM = ("additionalItems", "unevaluatedItems", "contains")
_DEFINITIONS = ("$defs", "definitions", "contentSchema")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_MAPS = ("properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions")
_HOLDERS = (*_IN_PLACE, *_EVERY_PROPERTY, *_EVERY_ITEM, *_DEFINITIONS, "properties", "propertyNames", "prefixItems")
HOLDERS = frozenset((*_HOLDERS, "items"))

# Beside $ref, draft 7 ignores all else, which nobody expects who reads the schema.
_MAY_BESIDE_REFERENCE = frozenset(
    ("$ref", "$schema", "$id", "$comment", "definitions", "title", "description", "default", "examples", "readOnly")
)
_REFUSED = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor", "$vocabulary")
_PATTERN_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<[^>]*>|[a-zA-Z-]*:?)|\{(\d+)?,?(\d+)?\}|.", re.S)

Path = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Node:
    """One subschema. `weight` counts the values written in it, `states` what its patterns unroll to."""

    path: Path
    weight: int = 1
    pattern_states: int = 0
    name_states: int = 0
    in_place: list[Node] = field(default_factory=list)
    rounds: int = 1  # how often what is in place is asked: once more for each keyword about the unevaluated
    properties: dict[str, Node] = field(default_factory=dict)
    every_property: list[Node] = field(default_factory=list)
    names: list[Node] = field(default_factory=list)
    first_items: list[Node] = field(default_factory=list)
    every_item: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """`nodes`: every subschema by the keys that lead to it, the whole by none."""

    nodes: Mapping[Path, Node]
    patterns: frozenset[str]

    @property
    def root(self) -> Node:
        return self.nodes[()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """In what drafts differ here: whether $ref stands alone, and whether the first items are `prefixItems`."""

    lone_references: bool = False
    prefix_items: bool = True


def build_graph(document: Mapping[str, Any], place: Place, dialect: Dialect) -> Graph | None:
    """The graph of a document that its meta-schema admits; None, with faults, where it cannot be bounded."""
    graph = _Builder(place, dialect)
    before = len(place.faults)
    graph.add(document, ())
    graph.link()
    if len(place.faults) == before:
        _check_chains(graph.nodes.values(), place)
    return Graph(nodes=graph.nodes, patterns=frozenset(graph.patterns)) if len(place.faults) == before else None


class _Builder:
    def __init__(self, place: Place, dialect: Dialect) -> None:
        self.place = place
        self.patterns: set[str] = set()
        self._dialect = dialect
        self.nodes: dict[Path, Node] = {}
        self._references: list[tuple[Node, str]] = []

    def add(self, schema: Mapping[str, Any] | bool, path: Path) -> Node:
        node = self.nodes[path] = Node(path=path)
        if len(self.nodes) == MAX_SUBSCHEMAS + 1:
            message = f"{self.place} has more than {MAX_SUBSCHEMAS} subschemas"
            self.place.refuse("schema_too_large", message, "describe less of the value")
        if isinstance(schema, bool) or len(self.nodes) > MAX_SUBSCHEMAS:
            return node
        self._note_own(node, schema)
        for keyword, names, subschema in _subschemas(schema):
            self._attach(node, keyword, names, self.add(subschema, (*path, keyword, *names)))
        return node

    def _note_own(self, node: Node, schema: Mapping[str, Any]) -> None:
        at = self.place.at(*node.path)
        for keyword in _REFUSED:
            if keyword in schema:
                at.refuse("schema_keyword", f"{at} has {keyword}", "write $ref with #/$defs/name instead")
        for keyword in ("$id", "$schema"):
            if keyword in schema and node.path:
                at.refuse("schema_keyword", f"{at} has a {keyword} of its own", "leave it out")
        if "prefixItems" in schema and not self._dialect.prefix_items:
            at.refuse(
                "schema_keyword", f"{at} has prefixItems, which its draft ignores", "leave $schema out, or use items"
            )
        if "$ref" in schema:
            self._note_reference(node, schema, at)
        node.weight = 1 + sum(count_values(value) for key, value in schema.items() if key not in HOLDERS)
        node.rounds += sum(keyword in schema for keyword in ("unevaluatedProperties", "unevaluatedItems"))
        node.pattern_states = self._states(schema.get("pattern"), at)
        by_pattern = schema.get("patternProperties")
        for pattern in by_pattern if isinstance(by_pattern, Mapping) else ():
            node.name_states += self._states(pattern, at)

    def _note_reference(self, node: Node, schema: Mapping[str, Any], at: Place) -> None:
        self._references.append((node, str(schema["$ref"])))
        beside = sorted(schema.keys() - _MAY_BESIDE_REFERENCE) if self._dialect.lone_references else []
        if beside:
            message = f"{at} has {quoted(beside[0])} beside $ref, which draft 7 ignores"
            at.refuse("schema_keyword", message, 'write {"allOf": [{"$ref": ...}], ...}')

    def _states(self, pattern: object, at: Place) -> int:
        if not isinstance(pattern, str):
            return 0
        self.patterns.add(pattern)
        states = unrolled(pattern)
        if states > MAX_PATTERN_STATES:
            message = (
                f"{at}: the pattern {quoted(pattern)} unrolls to {states} states, {MAX_PATTERN_STATES} are allowed"
            )
            at.refuse("pattern_too_large", message, "bound lengths with maxLength instead of {1,n}")
        return states

    def _attach(self, node: Node, keyword: str, names: Path, child: Node) -> None:
        if keyword in _IN_PLACE:
            node.in_place.append(child)
        elif keyword == "properties":
            node.properties[names[0]] = child
        elif keyword in _EVERY_PROPERTY:
            node.every_property.append(child)
        elif keyword == "propertyNames":
            node.names.append(child)
        elif keyword == "prefixItems" or (keyword == "items" and names):
            node.first_items.append(child)
        elif keyword == "items" or keyword in _EVERY_ITEM:
            node.every_item.append(child)

    def link(self) -> None:
        for node, reference in self._references:
            path = reference_path(reference)
            target = self.nodes.get(path) if path is not None else None
            if target is None:
                at = self.place.at(*node.path, "$ref")
                message = f"{at}: {quoted(reference)} is not a schema in this document"
                at.refuse("schema_reference", message, "refer to a schema under $defs, as #/$defs/name")
            else:
                node.in_place.append(target)


def reference_path(reference: str) -> Path | None:
    """The keys that `#/a/b` leads through (RFC 6901, section 6); None for anything else."""
    if not reference.startswith("#") or (reference != "#" and not reference.startswith("#/")):
        return None
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in unquote(reference).split("/")[1:])


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Path, Mapping[str, Any] | bool]]:
    """Each subschema with the keyword and the names that lead to it; what stands there and is none is left out."""
    for keyword, held in schema.items():
        entries: Iterable[tuple[Path, object]] = ()
        if keyword in _MAPS and isinstance(held, Mapping):
            entries = (((name,), item) for name, item in held.items())
        elif keyword in _LISTS and isinstance(held, list):
            entries = (((str(index),), item) for index, item in enumerate(held))
        elif keyword in HOLDERS and keyword not in _MAPS:
            entries = [((), held)]
        yield from ((keyword, names, item) for names, item in entries if isinstance(item, Mapping | bool))


def count_values(value: object) -> int:
    """How many JSON values a value consists of, itself included."""
    if isinstance(value, Mapping):
        return 1 + sum(count_values(item) for item in value.values())
    return 1 + sum(count_values(item) for item in value) if isinstance(value, list) else 1


def unrolled(pattern: str) -> int:
    """About how many states a pattern has once its counted repetitions are written out."""
    groups = [[1]]
    for match in _PATTERN_PART.finditer(pattern):
        part = match[0]
        if part.startswith("("):
            groups.append([1])
        elif part == ")" and len(groups) > 1:
            group = sum(groups.pop())
            groups[-1].append(group)
        elif match[1]:
            groups[-1][-1] *= max(int(match[1][:9]), int((match[2] or "0")[:9]), 1)
        else:
            groups[-1].append(1)
    return sum(sum(group) for group in groups)


class _ChainTooLong(Exception):
    def __init__(self, node: Node) -> None:
        self.node = node


def _check_chains(nodes: Iterable[Node], place: Place) -> None:
    """Refuse a schema that leads back to itself without going into the value, or through too many others."""
    lengths: dict[int, int] = {}

    def length(node: Node, above: int) -> int:
        if above + lengths.get(id(node), 1) > MAX_CHAIN:
            raise _ChainTooLong(node)
        if id(node) not in lengths:
            lengths[id(node)] = 1 + max((length(below, above + 1) for below in node.in_place), default=0)
        return lengths[id(node)]

    try:
        for node in nodes:
            length(node, 0)
    except _ChainTooLong as error:
        at = place.at(*error.node.path)
        message = f"{at} refers to itself, or to schemas more than {MAX_CHAIN} deep, for the same value"
        place.refuse("schema_recursion", message, "let schemas recur below properties or items only")


class TooMuchWork(Exception):
    """The value would be looked at too often."""


def count_work(root: Node, value: object, *, most: int) -> int:
    """At most how many single checks the schema asks for with this value. Raises TooMuchWork above `most`.

    A naive evaluation may visit one part of a value in as many ways as there are paths to it; here each pair of a
    subschema and a part is counted once and remembered.
    """
    known: dict[tuple[int, int], int] = {}

    def work(node: Node, part: object) -> int:
        key = (id(node), id(part))
        if key not in known:
            if len(known) > MAX_PAIRS:
                raise TooMuchWork
            in_place = 0
            for below in node.in_place:
                in_place += work(below, part)
            known[key] = node.weight + node.rounds * in_place + inside(node, part)
            if known[key] > most:
                raise TooMuchWork
        return known[key]

    def inside(node: Node, part: object) -> int:
        total = 0
        if isinstance(part, str):
            total += node.pattern_states * len(part) // 8
        elif isinstance(part, Mapping):
            for name, item in part.items():
                total += 1 + node.name_states * len(name) // 8
                for below in node.names:
                    total += work(below, name)
                if name in node.properties:
                    total += work(node.properties[name], item)
                for below in node.every_property:
                    total += work(below, item)
        elif isinstance(part, list):
            total += len(part)
            for below, item in zip(node.first_items, part, strict=False):
                total += work(below, item)
            for below in node.every_item:
                for item in part:
                    total += work(below, item)
        return total

    return work(root, value)
