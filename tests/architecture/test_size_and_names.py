"""Section 4: calm sizes, and names that say what things are."""

from __future__ import annotations

from tests.architecture.source import modules

LONGEST_FUNCTION = 60
LONGEST_FILE = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def test_no_function_outgrows_a_screen() -> None:
    long = [
        f"{module.where}:{function.lineno} {function.name}: {lines} lines"
        for module in modules()
        for function in module.functions()
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_no_file_is_two_topics() -> None:
    long = [
        f"{module.where}: {lines} lines"
        for module in modules()
        if (lines := len(module.path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert not long, "\n".join(long)


def test_module_names_say_something() -> None:
    empty = [module.where for module in modules() if EMPTY_NAMES & set(module.name.split("."))]
    assert not empty, "\n".join(empty)
