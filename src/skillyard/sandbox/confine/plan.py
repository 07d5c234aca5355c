"""A plan: system calls with their arguments, written outside and made one after the other by the starter inside.

The starter knows no rules, it only makes the calls; so what is done is decided and tested here, in one place.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skillyard.sandbox.confine.syscalls import number

MAX_BYTES = 4 * 1024 * 1024
_PADDING = (0, 0, 0, 0, 0, 0)
_HEADER = struct.Struct("=4I")
_CALL = struct.Struct("=4q6q")
_LITERAL, _ADDRESS, _KEPT = 0, 1, 2
_COPY = -1
READY, FAILED = b"READY", b"FAIL"
_SOL_SOCKET, _SCM_RIGHTS = 1, 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier call returned, by its place in the plan's memory."""

    at: int


@dataclass(frozen=True, slots=True)
class Address:
    """A place in the plan's memory."""

    at: int


Argument = int | bytes | str | Address | Kept


class Plan:
    """Collects calls; `encode` is what a starter reads. `control`: the number of the starter's socket."""

    def __init__(self, control: int) -> None:
        self.control = control
        self._calls: list[bytes] = []
        self._pointers: list[tuple[int, int]] = []
        self._memory = bytearray(8)

    def call(self, name: str, *arguments: Argument, may_fail: bool = False, keep_at: int | None = None) -> Kept:
        """Add a call; bytes and text are passed by address, text with a closing zero. What it returns is kept, as four
        bytes, at `keep_at` in memory or where there is room.
        """
        which = number(name)
        assert which is not None, name
        kinds, values = 0, []
        for index, argument in enumerate(arguments):
            kind, value = (_LITERAL, argument) if isinstance(argument, int) else self._argument(argument)
            kinds |= kind << (2 * index)
            values.append(value)
        kept = Kept(self._place(bytes(8)) if keep_at is None else keep_at)
        self._calls.append(_CALL.pack(which, kinds, kept.at, may_fail, *values, *_PADDING[len(values) :]))
        return kept

    def memory(self, content: bytes, pointers: Mapping[int, Address] | None = None) -> Address:
        """Place bytes, in which `pointers` are put at their offsets."""
        at = self._place(content)
        for offset, target in (pointers or {}).items():
            self._pointers.append((at + offset, target.at))
        return Address(at)

    def texts(self, values: Iterable[str | bytes]) -> Address:
        """A list of texts as C has it: addresses, and a null at the end."""
        places = [self.memory(_text(value)) for value in values]
        return self.memory(bytes(8 * (len(places) + 1)), {8 * index: place for index, place in enumerate(places)})

    def send(self, *handles: Kept) -> None:
        """Send READY and open files to whoever holds the other end of the control socket; then close them here."""
        length = 16 + 4 * len(handles) if handles else 0
        control = self.memory(struct.pack("=Qii", length, _SOL_SOCKET, _SCM_RIGHTS) + bytes(4 * len(handles)))
        for index, handle in enumerate(handles):
            self._calls.append(_CALL.pack(_COPY, 0, control.at + 16 + 4 * index, 0, handle.at, 0, 0, 0, 0, 0))
        vector = self.memory(struct.pack("=QQ", 0, len(READY)), {0: self.memory(READY)})
        header = struct.pack("=QIIQQQQii", 0, 0, 0, 0, 1, 0, length, 0, 0)
        pointers = {16: vector, 32: control} if handles else {16: vector}
        self.call("sendmsg", self.control, self.memory(header, pointers), 0)
        for handle in handles:
            self.call("close", handle)

    def execute(self, program: str, arguments: Iterable[str | bytes], environment: Mapping[str, str]) -> None:
        """Become the program."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        self.call("execve", program, self.texts(arguments), self.texts(variables))

    def encode(self) -> bytes:
        pointers = b"".join(struct.pack("=QQ", at, target) for at, target in self._pointers)
        body = b"".join(self._calls) + pointers + bytes(self._memory)
        size = _HEADER.size + len(body)
        if size > MAX_BYTES:
            raise ValueError(f"arguments and environment are longer than {MAX_BYTES} bytes")
        return _HEADER.pack(size, len(self._calls), len(self._pointers), len(self._memory)) + body

    def _argument(self, argument: bytes | str | Address | Kept) -> tuple[int, int]:
        if isinstance(argument, Kept):
            return _KEPT, argument.at
        if isinstance(argument, Address):
            return _ADDRESS, argument.at
        return _ADDRESS, self._place(argument if isinstance(argument, bytes) else _text(argument))

    def _place(self, content: bytes) -> int:
        at = len(self._memory)
        self._memory += content + bytes(-len(content) % 8)
        return at


def _text(value: str | bytes) -> bytes:
    text = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    if b"\0" in text:
        raise ValueError("a null character ends every text that a program gets")
    return text + b"\0"
