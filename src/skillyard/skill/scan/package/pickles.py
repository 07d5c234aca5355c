"""Reads the names of what a pickle would call, by its opcodes and without loading anything."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterator

MAX_OPCODES = 50_000
MAX_BYTES = 8 << 20
_DANGEROUS_MODULES = re.compile(
    r"(?:os|posix|nt|subprocess|sys|socket|shutil|runpy|code|pty|commands|importlib|webbrowser|ctypes|urllib|requests|"
    r"httplib|http|asyncio|multiprocessing|pip|timeit|pdb|bdb|cProfile|profile|marshal|types|base64|codecs|tempfile)\b"
)
_DANGEROUS_BUILTINS = frozenset(
    {
        "eval",
        "exec",
        "compile",
        "open",
        "getattr",
        "setattr",
        "__import__",
        "apply",
        "execfile",
        "globals",
        "breakpoint",
    }
)
_HARMLESS = frozenset(
    {("codecs", "encode"), ("_codecs", "encode"), ("copyreg", "_reconstructor"), ("types", "SimpleNamespace")}
)


def dangerous_names(data: bytes) -> tuple[str, ...]:
    """What a pickle would import and call that can run commands or code; raises ValueError if it is no pickle."""
    found = {f"{module}.{name}" for module, name in _globals(data[:MAX_BYTES]) if _is_dangerous(module, name)}
    return tuple(sorted(found))


def _is_dangerous(module: str, name: str) -> bool:
    if (module, name) in _HARMLESS:
        return False
    if module in ("builtins", "__builtin__", "__builtins__"):
        return name.partition(".")[0] in _DANGEROUS_BUILTINS
    return _DANGEROUS_MODULES.match(module) is not None


def _globals(data: bytes) -> Iterator[tuple[str, str]]:
    """GLOBAL and INST carry module and name; STACK_GLOBAL takes the two strings last pushed, also from the memo."""
    strings: list[str] = []
    memo: dict[object, str] = {}
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if number > MAX_OPCODES:
            return
        if opcode.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            yield module, name
        elif opcode.name == "STACK_GLOBAL" and len(strings) >= 2:
            yield strings[-2], strings[-1]
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = strings[-1] if strings else ""
        elif opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and strings:
            memo[argument] = strings[-1]
        elif opcode.name in ("GET", "BINGET", "LONG_BINGET") and argument in memo:
            strings = [*strings[-8:], memo[argument]]
        elif isinstance(argument, str) and ("UNICODE" in opcode.name or "STRING" in opcode.name):
            strings = [*strings[-8:], str(argument)]
