"""The starter in Python: makes the system calls of the plans that it is sent (see `plan`), as `starter.c` does.

It runs inside the sandbox, alone: it imports only the standard library. Where the last plan does not make it another
program, it is sent a Python program to run itself; so a started Python can wait for its work.
"""

import ctypes
import os
import struct
import sys

_HEADER = struct.Struct("=4I")
_CALL = struct.Struct("=4q6q")
_POINTER = struct.Struct("=2Q")
_ADDRESS, _KEPT = 1, 2


def receive(control: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        more = os.read(control, size - len(content))
        if not more:
            os._exit(125)
        content += more
    return content


def make_calls(control: int) -> bool:
    """Receive one plan and follow it; False when it was the empty one, after which a program comes."""
    libc = ctypes.CDLL(None, use_errno=True)
    size, calls, _, length = _HEADER.unpack(receive(control, _HEADER.size))
    body = receive(control, size - _HEADER.size)
    after = len(body) - length
    memory = ctypes.create_string_buffer(body[after:], length)
    start = ctypes.addressof(memory)
    for at, target in _POINTER.iter_unpack(body[calls * _CALL.size : after]):
        struct.pack_into("=Q", memory, at, start + target)
    for index, (number, kinds, keep, may_fail, *values) in enumerate(_CALL.iter_unpack(body[: calls * _CALL.size])):
        if number < 0:
            struct.pack_into("=i", memory, keep, *struct.unpack_from("=i", memory, values[0]))
            continue
        given = [_value(memory, start, kinds >> (2 * place) & 3, value) for place, value in enumerate(values)]
        result = libc.syscall(ctypes.c_long(number), *given)
        if result < 0 and not may_fail:
            os.write(control, struct.pack("=4sii", b"FAIL", index, ctypes.get_errno()))
            os._exit(125)
        struct.pack_into("=i", memory, keep, result)
    return bool(calls)


def _value(memory: "ctypes.Array[ctypes.c_char]", start: int, kind: int, value: int) -> ctypes.c_long:
    if kind == _KEPT:
        (value,) = struct.unpack_from("=i", memory, value)
    return ctypes.c_long(start + value if kind == _ADDRESS else value)


def main() -> None:
    control = int(sys.argv[1])
    sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120 (quick to start)
    import python_program  # type: ignore[import-not-found]

    sys.path.pop(0)
    if sys.argv[2:] == ["waits"]:
        python_program.import_what_many_use()
    while make_calls(control):
        pass
    (size,) = struct.unpack("=I", receive(control, 4))
    program = receive(control, size)
    os.close(control)
    python_program.run_sent(program)


if __name__ == "__main__":
    main()
