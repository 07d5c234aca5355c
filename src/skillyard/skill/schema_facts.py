"""What a schema says of the values that it admits, piece by piece: the ground on which `covering` proves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from skillyard.skill.schema_graph import Path, reference_path
from skillyard.skill.schemas import Schema

Body = Mapping[str, Any] | bool
_ATOMS: Mapping[str, frozenset[str]] = {
    **{name: frozenset((name,)) for name in ("null", "boolean", "integer", "string", "array", "object")},
    "number": frozenset(("integer", "fraction")),
}
_ALL = frozenset(atom for atoms in _ATOMS.values() for atom in atoms)
_MOST_TOLD_APART = 2
NUMBERS = _ATOMS["number"]
_WORDS = {"string": "text", "array": "a list", "object": "an object", "boolean": "true or false", "null": "null"}


@dataclass(frozen=True, slots=True)
class Part:
    """A subschema, and where it stands in its document, which its references are read in."""

    schema: Schema
    path: Path
    body: Body

    def under(self, *keys: str) -> Part:
        body: Any = self.body
        for key in keys:
            body = body[int(key)] if isinstance(body, list) else body[key]
        return Part(self.schema, (*self.path, *keys), body)

    def under_each(self, keyword: str) -> list[Part]:
        return [self.under(keyword, str(index)) for index in range(len(self.get(keyword) or ()))]

    def get(self, keyword: str) -> Any:
        return self.body.get(keyword) if isinstance(self.body, Mapping) else None

    @property
    def key(self) -> tuple[str, Path]:
        return self.schema.text, self.path

    @property
    def draft(self) -> object:
        return self.schema.document.get("$schema")


def whole(schema: Schema) -> Part:
    return Part(schema, (), schema.document)


def flatten(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts, and all that they take in by $ref and allOf: what a value has to satisfy, each on its own."""
    flat: dict[tuple[str, Path], Part] = {}
    waiting = list(parts)
    while waiting:
        part = waiting.pop(0)
        if part.key not in flat:
            flat[part.key] = part
            waiting += part.under_each("allOf")
            if isinstance(part.get("$ref"), str):
                waiting.append(whole(part.schema).under(*(reference_path(part.get("$ref")) or ())))
    return tuple(flat.values())


class Given:
    """What is known of a value: each of `parts` admits it. `told_apart`: of which parts the cases are known, too."""

    def __init__(self, parts: Iterable[Part], told_apart: frozenset[tuple[str, Path]] = frozenset()) -> None:
        self.parts = flatten(parts)
        self.told_apart = told_apart
        self._values: dict[str, Given] = {}

    @cached_property
    def key(self) -> frozenset[object]:
        return frozenset(part.key for part in self.parts) | self.told_apart

    @cached_property
    def is_nothing(self) -> bool:
        return any(part.body is False for part in self.parts) or not self.types

    @cached_property
    def types(self) -> frozenset[str]:
        types = _ALL
        for part in self.parts:
            types &= atoms_of(part.get("type"))
        return types

    @cached_property
    def values(self) -> list[Any] | None:
        """All values there can be, where they are few and known."""
        for part in self.parts:
            if isinstance(part.get("enum"), list):
                return list(part.get("enum"))
            if isinstance(part.body, Mapping) and "const" in part.body:
                return [part.body["const"]]
        if self.types <= {"null", "boolean"}:
            return [
                value for value, atom in ((None, "null"), (True, "boolean"), (False, "boolean")) if atom in self.types
            ]
        return None

    def promises(self, keyword: str, suffices: Callable[[Any], bool]) -> bool:
        return any(part.get(keyword) is not None and suffices(part.get(keyword)) for part in self.parts)

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(name for part in self.parts for name in part.get("required") or ())

    @cached_property
    def names(self) -> list[str]:
        """Properties that are spoken of; there may be others."""
        return list(dict.fromkeys(name for part in self.parts for name in part.get("properties") or ()))

    def value_of(self, name: str) -> Given:
        """What is known of a property."""
        if name not in self._values:
            known = (_known_of_property(part, name) for part in self.parts)
            self._values[name] = Given(part for part in known if part is not None)
        return self._values[name]

    @cached_property
    def other_properties(self) -> Given:
        """What is known of each property that is not spoken of."""
        return Given(
            part.under("additionalProperties")
            for part in self.parts
            if part.get("additionalProperties") is not None and not part.get("patternProperties")
        )

    @cached_property
    def first_items(self) -> int:
        """How many items are spoken of one by one."""
        return max((len(part.get("prefixItems") or ()) for part in self.parts), default=0)

    def item(self, index: int) -> Given:
        return Given(known for part in self.parts if (known := _known_of_item(part, index)) is not None)

    def cases(self) -> Iterator[list[Given]]:
        """For each anyOf or oneOf that is not told apart yet: what is known in its cases, one of which holds."""
        if len(self.told_apart) == _MOST_TOLD_APART:
            return
        for part in self.parts:
            for keyword in ("anyOf", "oneOf"):
                mark = (part.schema.text, (*part.path, keyword))
                cases = part.under_each(keyword)
                if cases and mark not in self.told_apart:
                    yield [Given((*self.parts, case), self.told_apart | {mark}) for case in cases]


@lru_cache(maxsize=8192)
def facts_of(schema: Schema) -> Given:
    """What is known of the values of a schema."""
    return Given([whole(schema)])


def atoms_of(stated: object) -> frozenset[str]:
    if stated is None:
        return _ALL
    names = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    return frozenset(atom for name in names for atom in _ATOMS.get(name, ()))


def in_words(types: Iterable[str]) -> str:
    """`text or a number`."""
    atoms = set(types)
    if atoms >= _ALL:
        return "anything"
    words = [word for atom, word in _WORDS.items() if atom in atoms]
    if atoms & NUMBERS:
        words.append("a number" if "fraction" in atoms else "an integer")
    return " or ".join(words) or "nothing"


def _known_of_property(part: Part, name: str) -> Part | None:
    if name in (part.get("properties") or ()):
        return part.under("properties", name)
    closes = part.get("additionalProperties") is not None and not part.get("patternProperties")
    return part.under("additionalProperties") if closes else None


def _known_of_item(part: Part, index: int) -> Part | None:
    first = part.get("prefixItems") or ()
    if index < len(first):
        return part.under("prefixItems", str(index))
    return part.under("items") if isinstance(part.get("items"), Mapping | bool) else None
