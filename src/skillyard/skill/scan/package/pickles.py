"""Reads the names of what a pickle would call, by its opcodes and without loading anything."""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass

MAX_OPCODES = 100_000
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


@dataclass(frozen=True, slots=True)
class Calls:
    """`dangerous`: what a pickle would import and call that can run commands or code. `is_whole`: it was read to its
    end; one that breaks off runs up to there, so that what was read counts.
    """

    dangerous: tuple[str, ...]
    opcodes: int
    is_whole: bool


def calls_in(data: bytes, most_opcodes: int = MAX_OPCODES) -> Calls:
    """Reads at most so many opcodes. What is no pickle calls nothing, and is not whole."""
    reading = _Reading()
    is_whole = False
    try:
        for opcode, argument, _ in pickletools.genops(data[:MAX_BYTES]):
            if reading.opcodes >= most_opcodes:
                break
            reading.take(opcode.name, argument)
            is_whole = opcode.name == "STOP"
    except (ValueError, LookupError, OverflowError, MemoryError):
        pass
    return Calls(tuple(sorted(reading.dangerous)), reading.opcodes, is_whole)


def _is_dangerous(module: str, name: str) -> bool:
    if (module, name) in _HARMLESS:
        return False
    if module in ("builtins", "__builtin__", "__builtins__"):
        return name.partition(".")[0] in _DANGEROUS_BUILTINS
    return _DANGEROUS_MODULES.match(module) is not None


class _Reading:
    """GLOBAL and INST carry module and name; STACK_GLOBAL takes the two strings last pushed, also from the memo."""

    def __init__(self) -> None:
        self.opcodes = 0
        self.dangerous: set[str] = set()
        self._strings: list[str] = []
        self._memo: dict[object, str] = {}

    def take(self, opcode: str, argument: object) -> None:
        self.opcodes += 1
        if opcode in ("GLOBAL", "INST"):
            self._names(*str(argument).partition(" ")[::2])
        elif opcode == "STACK_GLOBAL" and len(self._strings) >= 2:
            self._names(*self._strings[-2:])
        elif opcode == "MEMOIZE":
            self._memo[len(self._memo)] = self._last()
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._last()
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self._push(self._memo.get(argument, ""))
        elif isinstance(argument, str) and ("UNICODE" in opcode or "STRING" in opcode):
            self._push(argument)

    def _names(self, module: str, name: str) -> None:
        if _is_dangerous(module, name):
            self.dangerous.add(f"{module}.{name}")

    def _push(self, text: str) -> None:
        self._strings = [*self._strings[-1:], text]

    def _last(self) -> str:
        return self._strings[-1] if self._strings else ""
