"""Reads JavaScript into the small language; TypeScript as far as the same parser gets on with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import tree_sitter
import tree_sitter_javascript

from skillyard.skill.scan.flow.javascript_text import unescaped, without_types
from skillyard.skill.scan.flow.python_tree import TooDeepError
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
)  # fmt: skip

_MAX_DEPTH = 150


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_javascript.language())


def parse_javascript(text: str) -> tuple[Node, ...]:
    """Reads what can be read, whatever the text. Raises TooDeepError for what is nested beyond reason."""
    data = text.encode()
    parser = tree_sitter.Parser(_language())
    tree = parser.parse(data)
    if tree.root_node.has_error:
        data = without_types(text).encode()
        tree = parser.parse(data)
    return _Reader(data).block(tree.root_node)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.depth = 0
        self.owner = ""

    def text(self, node: Any) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def block(self, node: Any) -> tuple[Node, ...]:
        found: list[Node] = []
        for child in node.named_children:
            found += self.statements(child)
        return tuple(found)

    def statements(self, node: Any) -> list[Node]:
        read = _STATEMENTS.get(node.type)
        if read is None:
            return [] if node.type in _NOTHING else [self.read(node)]
        self._enter()
        found = read(self, node)
        self.depth -= 1
        return found

    def body(self, node: Any) -> tuple[Node, ...]:
        return () if node is None else tuple(self.statements(node))

    def read(self, node: Any) -> Node:
        if node is None:
            return Text(0, "")
        self._enter()
        kind = node.type
        read = _EXPRESSIONS.get(kind)
        if read is not None:
            found = read(self, node)
        elif kind in _STATEMENTS:
            found = Several(_line(node), tuple(self.statements(node)))
        else:
            found = Several(_line(node), tuple(self.read(child) for child in node.named_children))
        self.depth -= 1
        return found

    def all(self, nodes: Any) -> tuple[Node, ...]:
        return tuple([self.read(node) for node in nodes if node.type != "comment"])

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TooDeepError


def _line(node: Any) -> int:
    line: int = node.start_point[0] + 1
    return line


def _string(reader: _Reader, node: Any) -> Node:
    return Text(_line(node), "".join(_piece(reader, child) for child in node.named_children))


def _piece(reader: _Reader, node: Any) -> str:
    text = reader.text(node)
    return unescaped(text[1:]) if node.type == "escape_sequence" else text


def _template(reader: _Reader, node: Any) -> Node:
    parts = [
        reader.read(child.named_children[0]) if child.type == "template_substitution" and child.named_children
        else Text(_line(child), _piece(reader, child))
        for child in node.named_children
    ]  # fmt: skip
    return Join(_line(node), tuple(parts))


def _name(reader: _Reader, node: Any) -> Node:
    return Name(_line(node), reader.text(node))


def _member(reader: _Reader, node: Any) -> Node:
    of = reader.read(node.child_by_field_name("object"))
    return Member(_line(node), of, reader.text(node.child_by_field_name("property")))


def _item(reader: _Reader, node: Any) -> Node:
    of, key = node.child_by_field_name("object"), node.child_by_field_name("index")
    return Member(_line(node), reader.read(of), "", reader.read(key))


def _call(reader: _Reader, node: Any) -> Node:
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    args = node.child_by_field_name("arguments")
    if function is not None and function.type == "import":
        function_read: Node = Name(_line(node), "require")
    else:
        function_read = reader.read(function)
    if args is None:
        return Call(_line(node), function_read, ())
    given = reader.all(args.named_children) if args.type == "arguments" else (reader.read(args),)
    return Call(_line(node), function_read, given)


def _binary(reader: _Reader, node: Any) -> Node:
    operator = _operator(node)
    if operator == "+":
        parts = []
        while node is not None and node.type == "binary_expression" and _operator(node) == "+":
            parts.append(node.child_by_field_name("right"))
            node = node.child_by_field_name("left")
        return Join(_line(node), reader.all([node, *reversed(parts)]))
    parts = [node.child_by_field_name("left"), node.child_by_field_name("right")]
    if operator in ("||", "&&", "??"):
        return Several(_line(node), reader.all(parts))
    return Call(_line(node), Name(_line(node), "[xor]" if operator == "^" else "[compare]"), reader.all(parts))


def _operator(node: Any) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""


def _object(reader: _Reader, node: Any) -> Node:
    items: list[Node] = []
    keys: list[str] = []
    for child in node.named_children:
        if child.type == "pair":
            keys.append(_key(reader, child.child_by_field_name("key")))
            items.append(reader.read(child.child_by_field_name("value")))
        elif child.type == "shorthand_property_identifier":
            keys.append(reader.text(child))
            items.append(_name(reader, child))
        elif child.type == "method_definition":
            keys.append(_key(reader, child.child_by_field_name("name")))
            items.append(_function(reader, child))
        elif child.type != "comment":
            keys.append("")
            items.append(reader.read(child))
    return Collection(_line(node), tuple(items), tuple(keys))


def _key(reader: _Reader, node: Any) -> str:
    return reader.text(node).strip("\"'`") if node is not None else ""


def _function(reader: _Reader, node: Any) -> Function:
    name = node.child_by_field_name("name")
    params = node.child_by_field_name("parameters")
    only = node.child_by_field_name("parameter")
    body = node.child_by_field_name("body")
    given = [only] if only is not None else params.named_children if params is not None else []
    owner, reader.owner = reader.owner, ""
    if body is not None and body.type == "statement_block":
        read = reader.block(body)
    else:
        read = (Return(_line(node), reader.read(body)),)
    reader.owner = owner
    called = reader.text(name) if name is not None else ""
    return Function(_line(node), called, tuple(_pattern(reader, param) for param in given), read, owner)


def _pattern(reader: _Reader, node: Any) -> Node:
    """What is assigned to: a name, a member, or several of them."""
    kind = node.type
    if kind in ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier"):
        return _name(reader, node)
    if kind in ("assignment_pattern", "object_assignment_pattern"):
        return _pattern(reader, node.child_by_field_name("left"))
    if kind == "rest_pattern" and node.named_children:
        return Collection(_line(node), (_pattern(reader, node.named_children[0]),), ("...",))
    if kind in ("array_pattern", "object_pattern"):
        children = [child for child in node.named_children if child.type != "comment"]
        keys = tuple(
            _key(reader, child.child_by_field_name("key")) if child.type == "pair_pattern" else
            reader.text(child).partition("=")[0].strip() if kind == "object_pattern" else "" for child in children
        )  # fmt: skip
        targets = [child.child_by_field_name("value") if child.type == "pair_pattern" else child for child in children]
        return Collection(_line(node), tuple(_pattern(reader, target) for target in targets), keys)
    return reader.read(node)


def _assigned(reader: _Reader, node: Any) -> Node:
    target = _pattern(reader, node.child_by_field_name("left"))
    value = reader.read(node.child_by_field_name("right"))
    if node.type == "augmented_assignment_expression":
        operator = _operator(node)
        value = Join(_line(node), (target, value)) if operator == "+=" else Several(_line(node), (target, value))
    return Assign(_line(node), target, value)


def _chosen(reader: _Reader, node: Any) -> Node:
    return Several(_line(node), reader.all(node.named_children[1:]))


def _last(reader: _Reader, node: Any) -> Node:
    """Of `(0, eval)` the last is what counts."""
    parts = reader.all(node.named_children)
    return parts[-1] if len(parts) == 2 and isinstance(parts[0], Text) else Several(_line(node), parts)


def _inner(reader: _Reader, node: Any) -> Node:
    children = [child for child in node.named_children if child.type != "comment"]
    return reader.read(children[0]) if len(children) == 1 else Several(_line(node), reader.all(children))


_EXPRESSIONS: dict[str, Callable[[_Reader, Any], Node]] = {
    "string": _string,
    "template_string": _template,
    "number": lambda reader, node: Text(_line(node), reader.text(node)),
    "regex": lambda _, node: Text(_line(node), ""),
    "identifier": _name,
    "property_identifier": _name,
    "this": lambda _, node: Name(_line(node), "self"),
    "member_expression": _member,
    "subscript_expression": _item,
    "call_expression": _call,
    "new_expression": _call,
    "binary_expression": _binary,
    "object": _object,
    "array": lambda reader, node: Collection(_line(node), reader.all(node.named_children)),
    "arrow_function": _function,
    "function_expression": _function,
    "generator_function": _function,
    "assignment_expression": _assigned,
    "augmented_assignment_expression": _assigned,
    "ternary_expression": _chosen,
    "sequence_expression": _last,
    "parenthesized_expression": _inner,
    "await_expression": _inner,
    "spread_element": _inner,
}


def _declared(reader: _Reader, node: Any) -> list[Node]:
    found: list[Node] = []
    for child in node.named_children:
        if child.type == "variable_declarator":
            target = _pattern(reader, child.child_by_field_name("name"))
            value = child.child_by_field_name("value")
            found.append(Assign(_line(child), target, reader.read(value), declares=True))
    return found


def _imported(reader: _Reader, node: Any) -> list[Node]:
    source = node.child_by_field_name("source")
    module = _key(reader, source) if source is not None else ""
    path = module.removeprefix("node:")
    found: list[Node] = []
    for clause in (child for child in node.named_children if child.type == "import_clause"):
        for part in clause.named_children:
            if part.type == "identifier":
                found.append(Import(_line(part), reader.text(part), path, module))
            elif part.type == "namespace_import" and part.named_children:
                found.append(Import(_line(part), reader.text(part.named_children[0]), path, module))
            else:
                found += [_import_of(reader, one, path, module) for one in part.named_children if one.type != "comment"]
    return found or [Import(_line(node), "", path, module)]


def _import_of(reader: _Reader, node: Any, path: str, module: str) -> Node:
    name = node.child_by_field_name("name")
    alias = node.child_by_field_name("alias") or name
    item = reader.text(name) if name is not None else ""
    return Import(_line(node), reader.text(alias) if alias is not None else "", f"{path}.{item}", module, item)


def _class(reader: _Reader, node: Any) -> list[Node]:
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    owner, reader.owner = reader.owner, reader.text(name) if name is not None else ""
    methods: list[Node] = []
    for child in body.named_children if body is not None else ():
        if child.type == "method_definition":
            methods.append(_function(reader, child))
        elif child.type == "field_definition":
            target = child.child_by_field_name("property")
            value = reader.read(child.child_by_field_name("value"))
            methods.append(Assign(_line(child), Member(_line(child), Name(0, "self"), _key(reader, target)), value))
    found: list[Node] = [Class(_line(node), reader.owner, tuple(methods))]
    reader.owner = owner
    return found


def _branches(reader: _Reader, node: Any) -> list[Node]:
    test = node.child_by_field_name("condition")
    tests = [reader.read(test)] if test is not None else []
    bodies = [node.child_by_field_name(name) for name in ("consequence", "alternative", "body")]
    return [*tests, Branches(_line(node), tuple(reader.body(body) for body in bodies if body is not None))]


def _for(reader: _Reader, node: Any) -> list[Node]:
    start = node.child_by_field_name("initializer")
    body = node.child_by_field_name("body")
    return [*reader.body(start), Branches(_line(node), (reader.body(body),))]


def _for_each(reader: _Reader, node: Any) -> list[Node]:
    target = _pattern(reader, node.child_by_field_name("left"))
    of = reader.read(node.child_by_field_name("right"))
    body = reader.body(node.child_by_field_name("body"))
    return [Each(_line(node), target, of, ()), Branches(_line(node), (body,))]


def _try(reader: _Reader, node: Any) -> list[Node]:
    tried = list(reader.body(node.child_by_field_name("body")))
    handlers = [node.child_by_field_name(name) for name in ("handler", "finalizer")]
    bodies = [reader.body(handler.child_by_field_name("body")) for handler in handlers if handler is not None]
    return [*tried, Branches(_line(node), tuple(bodies))]


def _switch(reader: _Reader, node: Any) -> list[Node]:
    body = node.child_by_field_name("body")
    cases = body.named_children if body is not None else ()
    return [
        reader.read(node.child_by_field_name("value")),
        Branches(_line(node), tuple(reader.block(case) for case in cases)),
    ]


def _returned(reader: _Reader, node: Any) -> list[Node]:
    return [Return(_line(node), reader.all(node.named_children)[0] if node.named_children else Text(0, ""))]


_NOTHING = frozenset({"comment", "empty_statement", "break_statement", "continue_statement", "hash_bang_line"})
_STATEMENTS: dict[str, Callable[[_Reader, Any], list[Node]]] = {
    "lexical_declaration": _declared,
    "variable_declaration": _declared,
    "import_statement": _imported,
    "function_declaration": lambda reader, node: [_function(reader, node)],
    "generator_function_declaration": lambda reader, node: [_function(reader, node)],
    "class_declaration": _class,
    "class": _class,
    "export_statement": lambda reader, node: list(reader.block(node)),
    "statement_block": lambda reader, node: list(reader.block(node)),
    "expression_statement": lambda reader, node: list(reader.block(node)),
    "if_statement": _branches,
    "else_clause": lambda reader, node: list(reader.block(node)),
    "while_statement": _branches,
    "do_statement": _branches,
    "for_statement": _for,
    "for_in_statement": _for_each,
    "try_statement": _try,
    "switch_statement": _switch,
    "return_statement": _returned,
    "throw_statement": _returned,
    "labeled_statement": lambda reader, node: list(reader.block(node)),
}
