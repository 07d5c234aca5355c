"""Rules 2, 3 and 4: surfaces hold no SQL; the first parameter tells the floor; one transaction per operation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, first_parameter, modules, modules_of, strings

SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.DOTALL)
SLOW = {"blobs", "index"}


def test_surfaces_hold_no_sql() -> None:
    wrong = [
        f"{module.where}:{line}" for module in modules_of("api") for text, line in strings(module) if SQL.search(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_sql_of_a_domain_stands_in_its_store() -> None:
    wrong = [
        f"{module.where}:{line}"
        for module in modules_of("domain")
        if "store" not in module.name.split(".")
        for text, line in strings(module)
        if SQL.search(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_surfaces_open_no_transaction() -> None:
    wrong = [f"{module.where}:{line}" for module in modules_of("api") for line in _openings(module.tree)]
    assert not wrong, "\n".join(wrong)


def test_only_operations_open_transactions() -> None:
    """A function that opens one takes `app` (or is a method of something that was built with it)."""
    wrong = [
        f"{module.where}:{function.lineno} {function.name}"
        for module in modules_of("domain")
        for function in module.functions()
        if any(_own_openings(function)) and first_parameter(function) != "app" and not _is_method(function)
    ]
    assert not wrong, "\n".join(wrong)


def test_an_operation_opens_one_writing_transaction() -> None:
    wrong = [
        f"{module.where}:{function.lineno} {function.name}"
        for module in modules_of("domain")
        for function in module.functions()
        if len([1 for kind in _kinds_of_openings(function) if kind == "transaction"]) > 1
    ]
    assert not wrong, "\n".join(wrong)


def test_no_blobs_and_no_index_inside_a_transaction() -> None:
    wrong = [
        f"{module.where}:{node.lineno}"
        for module in modules_of("domain")
        for block in _transaction_blocks(module.tree)
        for node in ast.walk(block)
        if isinstance(node, ast.Attribute)
        and node.attr in SLOW
        and isinstance(node.value, ast.Name)
        and node.value.id == "app"
    ]
    assert not wrong, "\n".join(wrong)


def test_functions_that_hold_sql_take_tx_first() -> None:
    wrong = [
        f"{module.where}:{function.lineno} {function.name}"
        for module in _stores()
        for function in module.functions()
        if first_parameter(function) != "tx" and _holds_sql(function)
    ]
    assert not wrong, "\n".join(wrong)


def test_rules_take_values_only() -> None:
    wrong = [
        f"{module.where}:{function.lineno} {function.name}"
        for module in modules_of("domain")
        if module.name.endswith(".rules")
        for function in module.functions()
        if {argument.arg for argument in function.args.args} & {"app", "tx", "request"}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_pure_library_asks_neither_clock_nor_chance_nor_network() -> None:
    impure = {"time", "random", "secrets", "socket", "urllib3", "httpx", "sqlite3", "datetime", "subprocess"}
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        if module.layer == "skill"
        for name, line in module.foreign_imports()
        if name in impure
    ]
    assert not wrong, "\n".join(wrong)


def _holds_sql(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
        for node in ast.walk(function)
    )


def _stores() -> list[Module]:
    return [module for module in modules_of("domain") if "store" in module.name.split(".")]


def _is_method(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == "self"


def _openings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and _opened(node):
            yield node.lineno


def _opened(block: ast.With) -> str:
    for item in block.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("transaction", "reading"):
            return str(getattr(call.func, "attr", ""))
    return ""


def _own_openings(function: ast.AST) -> Iterator[int]:
    return _openings(function)


def _kinds_of_openings(function: ast.AST) -> list[str]:
    return [_opened(node) for node in ast.walk(function) if isinstance(node, ast.With) and _opened(node)]


def _transaction_blocks(tree: ast.AST) -> Iterator[ast.With]:
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and _opened(node) == "transaction":
            yield node
