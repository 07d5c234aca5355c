"""Reads Python into the small language, with the parser of the standard library."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from skillyard.skill.scan.flow.tree import (
    Assign,
    Branches,
    Call,
    Class,
    Collection,
    Each,
    Function,
    Import,
    Join,
    Member,
    Name,
    Node,
    Return,
    Several,
    Text,
)

_MAX_DEPTH = 120


class TooDeepError(ValueError):
    """Code that no person writes."""


def parse_python(text: str) -> tuple[Node, ...]:
    """Raises SyntaxError and ValueError for what is no Python, TooDeepError for what is nested beyond reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = ast.parse(text)
        except (RecursionError, MemoryError) as error:
            raise TooDeepError from error
    reader = _Reader()
    return reader.block(module.body)


class _Reader:
    def __init__(self) -> None:
        self.depth = 0
        self.owner = ""

    def block(self, statements: Iterable[ast.stmt]) -> tuple[Node, ...]:
        found: list[Node] = []
        for statement in statements:
            read = _STATEMENTS.get(type(statement))
            if read is not None:
                self._enter()
                found += read(self, statement)
                self.depth -= 1
        return tuple(found)

    def read(self, node: Any) -> Node:
        if node is None:
            return Text(0, "")
        self._enter()
        read = _EXPRESSIONS.get(type(node))
        if read is not None:
            found = read(self, node)
        else:
            parts = [self.read(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
            found = Several(getattr(node, "lineno", 0), tuple(parts))
        self.depth -= 1
        return found

    def all(self, nodes: Iterable[Any]) -> tuple[Node, ...]:
        return tuple([self.read(node) for node in nodes])

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TooDeepError


def _constant(_: _Reader, node: ast.Constant) -> Node:
    value = node.value
    if isinstance(value, bytes):
        return Text(node.lineno, value.decode("latin-1"))
    return Text(node.lineno, value if isinstance(value, str) else repr(value) if isinstance(value, int) else "")


def _member(reader: _Reader, node: ast.Attribute) -> Node:
    return Member(node.lineno, reader.read(node.value), node.attr)


def _item(reader: _Reader, node: ast.Subscript) -> Node:
    key = node.slice
    if isinstance(key, ast.Slice):
        step = key.step
        backwards = isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)
        if backwards:
            return Call(node.lineno, Name(node.lineno, "reversed"), (reader.read(node.value),))
        bounds = tuple(Text(0, "") if bound is None else reader.read(bound) for bound in (key.lower, key.upper))
        return Call(node.lineno, Name(node.lineno, "[slice]"), (reader.read(node.value), *bounds))
    return Member(node.lineno, reader.read(node.value), "", reader.read(key))


def _call(reader: _Reader, node: ast.Call) -> Node:
    args = tuple(reader.read(arg.value if isinstance(arg, ast.Starred) else arg) for arg in node.args)
    named = tuple((word.arg or "**", reader.read(word.value)) for word in node.keywords)
    return Call(node.lineno, reader.read(node.func), args, named)


def _binary(reader: _Reader, node: ast.BinOp) -> Node:
    if isinstance(node.op, ast.Add | ast.Div):
        parts: list[ast.expr] = []
        operator = type(node.op)
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and type(left.op) is operator:
            parts.append(left.right)
            left = left.left
        read = reader.all([left, *reversed(parts)])
        return Join(node.lineno, read, "/" if operator is ast.Div else "")
    if isinstance(node.op, ast.Mod):
        return Call(node.lineno, Name(node.lineno, "[format]"), (reader.read(node.left), reader.read(node.right)))
    if isinstance(node.op, ast.BitXor):
        return Call(node.lineno, Name(node.lineno, "[xor]"), reader.all([node.left, node.right]))
    return Several(node.lineno, reader.all([node.left, node.right]))


def _formatted(reader: _Reader, node: ast.JoinedStr) -> Node:
    parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
    return Join(node.lineno, reader.all(parts))


def _list(reader: _Reader, node: Any) -> Node:
    return Collection(node.lineno, reader.all(node.elts))


def _dict(reader: _Reader, node: ast.Dict) -> Node:
    keys = tuple(key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "" for key in node.keys)
    values = [reader.read(value) for value in node.values]
    for key in node.keys:
        if key is not None and not isinstance(key, ast.Constant):
            values.append(reader.read(key))
    return Collection(node.lineno, tuple(values), keys + ("",) * (len(values) - len(keys)))


def _comprehension(reader: _Reader, node: Any) -> Node:
    results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    found: Node | None = None
    for generator in reversed(node.generators):
        inner = reader.all(results) if found is None else (found,)
        tests = reader.all(generator.ifs)
        target, of = reader.read(generator.target), reader.read(generator.iter)
        found = Each(node.lineno, target, of, (*tests, *inner))
    assert found is not None
    return found


def _lambda(reader: _Reader, node: ast.Lambda) -> Node:
    return Function(node.lineno, "", _params(node.args), (Return(node.lineno, reader.read(node.body)),))


def _params(args: ast.arguments) -> tuple[Node, ...]:
    names = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    return tuple(Name(name.lineno, name.arg) for name in names)


def _chosen(reader: _Reader, node: ast.IfExp) -> Node:
    return Several(node.lineno, reader.all([node.body, node.orelse]))


def _either(reader: _Reader, node: ast.BoolOp) -> Node:
    return Several(node.lineno, reader.all(node.values))


def _compared(reader: _Reader, node: ast.Compare) -> Node:
    parts = reader.all([node.left, *node.comparators])
    return Call(node.lineno, Name(node.lineno, "[compare]"), parts)


def _walrus(reader: _Reader, node: ast.NamedExpr) -> Node:
    return Assign(node.lineno, reader.read(node.target), reader.read(node.value))


_EXPRESSIONS: dict[type, Callable[[_Reader, Any], Node]] = {
    ast.Constant: _constant,
    ast.Name: lambda _, node: Name(node.lineno, node.id),
    ast.Attribute: _member,
    ast.Subscript: _item,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.JoinedStr: _formatted,
    ast.FormattedValue: lambda reader, node: reader.read(node.value),
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Lambda: _lambda,
    ast.IfExp: _chosen,
    ast.BoolOp: _either,
    ast.Compare: _compared,
    ast.NamedExpr: _walrus,
    ast.Await: lambda reader, node: reader.read(node.value),
    ast.Starred: lambda reader, node: reader.read(node.value),
    ast.Yield: lambda reader, node: Return(node.lineno, reader.read(node.value)),
    ast.YieldFrom: lambda reader, node: Return(node.lineno, reader.read(node.value)),
}


def _function(reader: _Reader, node: Any) -> list[Node]:
    owner, reader.owner = reader.owner, ""
    found: list[Node] = [Function(node.lineno, node.name, _params(node.args), reader.block(node.body), owner)]
    reader.owner = owner
    defaults = [value for value in (*node.args.defaults, *node.args.kw_defaults) if value is not None]
    names = [*node.args.posonlyargs, *node.args.args][-len(node.args.defaults) or None :]
    found += [
        Assign(node.lineno, Name(0, f"{node.name}={name.arg}"), reader.read(value))
        for name, value in zip(names, defaults, strict=False)
    ]
    decorators = [Call(node.lineno, reader.read(mark), (Name(node.lineno, node.name),)) for mark in node.decorator_list]
    return [*found, *decorators]


def _class(reader: _Reader, node: ast.ClassDef) -> list[Node]:
    owner, reader.owner = reader.owner, node.name
    body = reader.block(node.body)
    reader.owner = owner
    return [Class(node.lineno, node.name, body)]


def _assign(reader: _Reader, node: ast.Assign) -> list[Node]:
    value = reader.read(node.value)
    return [Assign(node.lineno, reader.read(target), value) for target in node.targets]


def _annotated(reader: _Reader, node: ast.AnnAssign) -> list[Node]:
    return [Assign(node.lineno, reader.read(node.target), reader.read(node.value))] if node.value else []


def _added(reader: _Reader, node: ast.AugAssign) -> list[Node]:
    target, value = reader.read(node.target), reader.read(node.value)
    return [Assign(node.lineno, target, Join(node.lineno, (target, value)))]


def _import(_: _Reader, node: ast.Import) -> list[Node]:
    return [
        Import(node.lineno, name.asname or name.name.partition(".")[0],
               name.name if name.asname else name.name.partition(".")[0], name.name)
        for name in node.names
    ]  # fmt: skip


def _import_from(_: _Reader, node: ast.ImportFrom) -> list[Node]:
    module = "." * node.level + (node.module or "")
    plain = module.lstrip(".")
    return [
        Import(node.lineno, name.asname or name.name, f"{plain}.{name.name}".strip("."), module, name.name)
        for name in node.names
    ]


def _for(reader: _Reader, node: Any) -> list[Node]:
    target, of = reader.read(node.target), reader.read(node.iter)
    return [
        Each(node.lineno, target, of, ()),
        Branches(node.lineno, (reader.block(node.body), reader.block(node.orelse))),
    ]


def _if(reader: _Reader, node: Any) -> list[Node]:
    test = reader.read(node.test)
    bodies = [reader.block(node.body)]
    rest = node.orelse
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        bodies.append((reader.read(rest[0].test), *reader.block(rest[0].body)))
        rest = rest[0].orelse
    return [test, Branches(node.lineno, (*bodies, reader.block(rest)))]


def _with(reader: _Reader, node: Any) -> list[Node]:
    entered: list[Node] = []
    for item in node.items:
        value = reader.read(item.context_expr)
        entered.append(Assign(node.lineno, reader.read(item.optional_vars), value) if item.optional_vars else value)
    return [*entered, *reader.block(node.body)]


def _try(reader: _Reader, node: ast.Try) -> list[Node]:
    handlers = tuple(reader.block(handler.body) for handler in node.handlers)
    return [
        *reader.block(node.body),
        Branches(node.lineno, (*handlers, reader.block(node.orelse))),
        *reader.block(node.finalbody),
    ]


def _match(reader: _Reader, node: ast.Match) -> list[Node]:
    return [reader.read(node.subject), Branches(node.lineno, tuple(reader.block(case.body) for case in node.cases))]


def _return(reader: _Reader, node: ast.Return) -> list[Node]:
    return [Return(node.lineno, reader.read(node.value))]


_STATEMENTS: dict[type, Callable[[_Reader, Any], list[Node]]] = {
    ast.Expr: lambda reader, node: [reader.read(node.value)],
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _added,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _if,
    ast.If: _if,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.Match: _match,
    ast.Return: _return,
    ast.Raise: lambda reader, node: [reader.read(node.exc)] if node.exc else [],
    ast.Assert: lambda reader, node: [reader.read(node.test)],
}
if hasattr(ast, "TryStar"):
    _STATEMENTS[ast.TryStar] = _try
