"""The names a script uses, and how they, and what belongs to them, get their values."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from skillyard.skill.scan.flow import calls
from skillyard.skill.scan.flow.effects import Effects
from skillyard.skill.scan.flow.model import HOLE, Taint, Value, any_of
from skillyard.skill.scan.flow.tree import Collection, Function, Member, Name, Node

MAX_UNROLLED = 400
_INDEX = re.compile("-?[0-9]{1,6}")


class OutOfStepsError(Exception):
    """The work limit was reached."""


@dataclass(slots=True)
class Scope:
    """Names and what is known of them; `owner` is the class whose methods see it as `self`."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None
    file: str = ""

    def find(self, name: str) -> Scope | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope
            scope = scope.outer
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function together with the names it sees."""

    function: Function
    scope: Scope


def parts_of(taints: frozenset[Taint]) -> frozenset[Taint]:
    return frozenset(taint._replace(whole=False) for taint in taints) if taints else taints


def picked_from(of: Value, name: str, is_known: bool) -> Value | None:
    if of.items is None:
        return None
    if is_known and name in of.keys[: len(of.items)]:
        return of.items[of.keys.index(name)]
    if is_known and not any(of.keys) and _INDEX.fullmatch(name) and -len(of.items) <= int(name) < len(of.items):
        return of.items[int(name)]
    if not is_known and of.items and len(of.items) <= MAX_UNROLLED:
        return any_of(list(of.items))._replace(taints=of.taints, is_built=False)
    return None


def element_of(of: Value) -> Value:
    return of._replace(items=None, keys=(), function=None)


class Bindings(ABC):
    """What is known of names. `scopes`: of each module; `fields`: what was set on objects, by their path."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.scopes: dict[str, Scope] = {}
        self.fields: dict[str, Value] = {}
        self.methods: dict[str, dict[str, Closure]] = {}
        self.in_branch = 0

    @abstractmethod
    def value(self, node: Node, scope: Scope) -> Value:
        """What is known of the value of an expression."""

    @abstractmethod
    def attribute(self, of: Value, name: str, is_hidden: bool, node: Member) -> Value:
        """What belongs to a value by this name."""

    @abstractmethod
    def variable(self, name: str, line: int) -> Value:
        """An environment variable."""

    def bind(self, target: Node | None, value: Value, scope: Scope, *, whole: bool = False) -> None:
        """Give a name, several names or a member its value; inside a branch it may also keep what it had."""
        if type(target) is Name:
            found = scope.find(target.name) if self._is_shared(target.name, scope) else scope
            place = (found or scope).names
            has = place.get(target.name)
            place[target.name] = any_of([value, has]) if has is not None and self.in_branch and not whole else value
        elif type(target) is Collection:
            self._bind_several(target, value, scope, whole)
        elif type(target) is Member:
            self._bind_member(target, value, scope)

    def _is_shared(self, name: str, scope: Scope) -> bool:
        """JavaScript changes outer names; Python does so only after `global`, which is rare enough to be the same."""
        return name not in scope.names and not scope.file.endswith(".py")

    def _bind_several(self, target: Collection, value: Value, scope: Scope, whole: bool) -> None:
        is_list = value.items is not None and not any(value.keys)
        for number, part in enumerate(target.items):
            key = target.keys[number] if number < len(target.keys) else ""
            if key and value.items is not None and key in value.keys[: len(value.items)]:
                item = value.items[value.keys.index(key)]
            elif is_list and value.items is not None and number < len(value.items):
                item = value.items[number]
            elif key and value.path and not key.startswith("..."):
                item = self.attribute(value, key, False, Member(0, Name(0, ""), key))
                if value.path in calls.SOURCE_PATHS:
                    item = self.variable(key, target.line)
            else:
                taints = value.taints if whole or key.startswith("...") else parts_of(value.taints)
                item = Value(taints=taints, addresses=value.addresses, texts=value.texts if whole else (HOLE,))
            self.bind(part, item, scope, whole=whole)

    def _bind_member(self, target: Member, value: Value, scope: Scope) -> None:
        of = self.value(target.of, scope)
        if target.name:
            base = of.path or (target.of.name if type(target.of) is Name else "")
            key = f"{base}.{target.name}"
            has = self.fields.get(key)
            self.fields[key] = any_of([value, has]) if has is not None and value.texts != has.texts else value
            if base in ("module", "exports", "module.exports"):
                self._export(target.name, value, scope)
            self.effects.attribute_set(of, target.name, value, scope.file, target.line)
        self._stain(target.of, value.taints, scope, of)

    def _export(self, name: str, value: Value, scope: Scope) -> None:
        names = self.scopes[scope.file].names if scope.file in self.scopes else scope.names
        if name == "exports" and value.items is not None:
            names.update({key: item for key, item in zip(value.keys, value.items, strict=False) if key})
        elif name != "exports":
            names.setdefault(name, value)

    def _stain(self, node: Node, taints: frozenset[Taint], scope: Scope, of: Value) -> None:
        """Add taints to the variable that a member or a method belongs to, and to those it stands for."""
        if not taints:
            return
        while type(node) is Member:
            found = scope.find(node.of.name) if type(node.of) is Name else None
            path = f"{found.names[node.of.name].path}.{node.name}" if found and type(node.of) is Name else ""
            if path in self.fields:
                self.fields[path] = self.fields[path]._replace(taints=self.fields[path].taints | taints)
            node = node.of
        names = set(of.backing)
        if type(node) is Name and node.name != "self":
            names.add(node.name)
        for name in names:
            found = scope.find(name)
            if found is not None:
                has = found.names[name]
                if has.path not in self.methods and not taints <= has.taints:
                    found.names[name] = has._replace(taints=has.taints | taints)
        if of.path and f"{of.path}" in self.fields:
            has = self.fields[of.path]
            self.fields[of.path] = has._replace(taints=has.taints | taints)
