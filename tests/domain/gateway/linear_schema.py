"""Linear's GraphQL schema, made again from the TypeScript types that its client `@linear/sdk` was made with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from tests.tools import npm_install

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TYPE = re.compile(r"^(?:declare )?type (\w+) = (?:[\w& ]+& )?\{\n(.*?)^\};", re.DOTALL | re.MULTILINE)
_ENUM = re.compile(r"^declare enum (\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^  (\w+)(\??): ([^;]+);", re.MULTILINE)
_OPTIONAL = re.compile(r"(?:InputMaybe|Maybe)<(.*)>", re.DOTALL)
_LIST = re.compile(r"Array<(.*)>", re.DOTALL)
_SCALAR = re.compile(r'Scalars\["(\w+)"\]')
_BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def linear_schema(version: str) -> GraphQLSchema:
    dist = npm_install("@linear/sdk", version) / "node_modules" / "@linear" / "sdk" / "dist"
    return build_schema("\n".join(_Declarations(dist).written()), assume_valid_sdl=True)


class _Declarations:
    """Types by name, written as GraphQL from Query and Mutation on, as far as they lead."""

    def __init__(self, dist: Path) -> None:
        source = _COMMENT.sub("", next(dist.glob("index-*.d.mts")).read_text(encoding="utf-8"))
        self._types = {match[1]: match[2] for match in reversed(list(_TYPE.finditer(source)))}
        self._enums = {match[1]: re.findall(r'= "(\w+)"', match[2]) for match in _ENUM.finditer(source)}
        self._arguments = {name.lower(): body for name, body in self._types.items() if name.endswith("Args")}
        self._waiting = [("Query", "type"), ("Mutation", "type")]

    def written(self) -> Iterator[str]:
        done = set(_BUILT_IN)
        while self._waiting:
            name, kind = self._waiting.pop()
            if name not in done:
                done.add(name)
                yield self._write(name, kind)

    def _write(self, name: str, kind: str) -> str:
        if name in self._enums:
            return f"enum {name} {{ {' '.join(self._enums[name])} }}"
        if name not in self._types:
            return f"scalar {name}"
        fields = "\n".join(self._fields(name, kind))
        return f"{kind} {name} {{\n{fields}\n}}"

    def _fields(self, name: str, kind: str) -> Iterator[str]:
        for field, optional, type_ in _FIELD.findall(self._types[name]):
            if field != "__typename":
                yield f"  {field}{self._given(name, field, kind)}: {self._type(type_, bool(optional), kind)}"

    def _given(self, name: str, field: str, kind: str) -> str:
        """Arguments of `Query.issue` are in the type `QueryIssueArgs`."""
        taken = self._arguments.get(f"{name}{field}Args".lower(), "") if kind == "type" else ""
        listed = (f"{one}: {self._type(its, bool(can), 'input')}" for one, can, its in _FIELD.findall(taken))
        return f"({', '.join(listed)})" if taken else ""

    def _type(self, text: str, is_optional: bool, kind: str) -> str:
        """`InputMaybe<Array<Scalars["String"]>>` → `[String!]`"""
        text = text.strip()
        if match := _OPTIONAL.fullmatch(text):
            return self._type(match[1], True, kind)
        if match := _LIST.fullmatch(text):
            name = f"[{self._type(match[1], False, kind)}]"
        else:
            name = match[1] if (match := _SCALAR.fullmatch(text)) else text
            self._waiting.append((name, kind))
        return name if is_optional else f"{name}!"
