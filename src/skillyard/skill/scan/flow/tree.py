"""The one small language that scripts are read into before their data is followed."""

from __future__ import annotations

from typing import NamedTuple, Union


class Text(NamedTuple):
    line: int
    text: str


class Name(NamedTuple):
    line: int
    name: str


class Member(NamedTuple):
    """`of.name`, or `of[key]` where the key is an expression."""

    line: int
    of: Node
    name: str
    key: Node | None = None


class Call(NamedTuple):
    line: int
    function: Node
    args: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...] = ()


class Join(NamedTuple):
    """Texts put one after the other; `mark` stands between them."""

    line: int
    parts: tuple[Node, ...]
    mark: str = ""


class Several(NamedTuple):
    """One of these, or something made of them."""

    line: int
    parts: tuple[Node, ...]


class Collection(NamedTuple):
    """A list, a tuple, a set or a map; `keys` has an empty text for what has no key."""

    line: int
    items: tuple[Node, ...]
    keys: tuple[str, ...] = ()


class Each(NamedTuple):
    """`result` for every element of `of`, bound to `target`."""

    line: int
    target: Node | None
    of: Node
    result: tuple[Node, ...]


class Function(NamedTuple):
    line: int
    name: str
    params: tuple[Node, ...]
    body: tuple[Node, ...]
    owner: str = ""


class Class(NamedTuple):
    line: int
    name: str
    body: tuple[Node, ...]


class Assign(NamedTuple):
    """`adds`: what was there stays in it."""

    line: int
    target: Node
    value: Node
    adds: bool = False
    declares: bool = False


class Return(NamedTuple):
    line: int
    value: Node


class Branches(NamedTuple):
    """Statements of which not all are carried out."""

    line: int
    bodies: tuple[tuple[Node, ...], ...]


class Import(NamedTuple):
    """`name` is bound to `path`; `module` is where `path` may be found in the package."""

    line: int
    name: str
    path: str
    module: str
    item: str = ""


Node = Union[  # noqa: UP007
    Text, Name, Member, Call, Join, Several, Collection, Each, Function, Class, Assign, Return, Branches, Import
]
