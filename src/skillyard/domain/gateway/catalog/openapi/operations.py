"""The operations of a document, and which of them are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from skillyard.domain.gateway.catalog.openapi.choices import DocumentRefused, Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.words import snake_case
from skillyard.skill.reading import shorten

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`node`: what the document says of it. `shared`: the parameters and servers of all operations at this path."""

    method: str
    path: str
    node: Mapping[str, Any]
    shared: Mapping[str, Any]

    @property
    def id(self) -> str:
        found = self.node.get("operationId")
        return found if isinstance(found, str) else ""

    @property
    def name(self) -> str:
        """`list_pets`; from the method and the path where it has no id: `get_pets_by_id`."""
        return snake_case(self.id) or snake_case(f"{self.method} {self.path.replace('{', 'by {')}")

    @property
    def tags(self) -> list[str]:
        found = self.node.get("tags")
        return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []

    def __str__(self) -> str:
        return f"{self.method} {shorten(self.path, 120)}"


def list_operations(document: Mapping[str, Any], references: References, notes: Notes) -> Iterator[Operation]:
    """In the order of the document."""
    paths = document.get("paths")
    for path, node in paths.items() if isinstance(paths, Mapping) else ():
        try:
            item = references.follow(node)
        except Unsayable as error:
            notes.add(shorten(str(path)), f"left out: {error}")
            continue
        for method in METHODS:
            if isinstance(operation := item.get(method.lower()), Mapping):
                yield Operation(method=method, path=str(path), node=operation, shared=item)


def choose(operations: Iterable[Operation], only: tuple[str, ...], notes: Notes) -> list[Operation]:
    """Those that one of the patterns means; without patterns all that are still to be used.

    Raises DocumentRefused when a pattern means none, since then it is misspelt.
    """
    every = list(operations)
    if not only:
        for operation in every:
            if operation.node.get("deprecated") is True:
                notes.add(str(operation), "left out: it is deprecated; choose it by name if you need it")
        return [operation for operation in every if operation.node.get("deprecated") is not True]
    for pattern in only:
        if not any(is_meant(operation, pattern) for operation in every):
            hint = "Write `GET /repos/*`, `/repos/*`, `tag:issues` or the id of an operation."
            raise DocumentRefused(f"{shorten(pattern)} means none of its {len(every)} operations", hint)
    return [operation for operation in every if any(is_meant(operation, pattern) for pattern in only)]


def is_meant(operation: Operation, pattern: str) -> bool:
    """Whether `GET /repos/*`, `/repos/*`, `tag:issues`, an operation id or the name made of it means this operation."""
    if pattern.startswith("tag:"):
        return any(fnmatchcase(tag, pattern.removeprefix("tag:")) for tag in operation.tags)
    if pattern.startswith("/"):
        return fnmatchcase(operation.path, _literal(pattern))
    method, _, path = pattern.partition(" ")
    if path.startswith(("/", "*")):
        return method.upper() in ("*", operation.method) and fnmatchcase(operation.path, _literal(path))
    return fnmatchcase(operation.id, _literal(pattern)) or fnmatchcase(operation.name, _literal(pattern))


def _literal(pattern: str) -> str:
    """Only the star means something: brackets are common in paths."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
