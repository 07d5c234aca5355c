"""What the arguments of a task mean: which program of this machine is started, with what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skillyard.sandbox.confine.machine import OURS, PYTHON_OPTIONS, Machine
from skillyard.sandbox.model import SandboxUnavailable, Task
from skillyard.sandbox.programs import Program, by_ending, find_program

PROXY = "http://127.0.0.1:3128"
_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy")
_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`program` is a path inside and `arguments` begin with its name. `script` is what a Python that is there already
    could run instead: what would follow `python`.
    """

    program: str
    arguments: tuple[str, ...]
    script: tuple[str, ...] | None = None


def command_of(task: Task, machine: Machine) -> Command:
    """Raises SandboxUnavailable when the program is not on this machine."""
    name, *rest = _with_interpreter(task)
    if name in ("python", "python3"):
        return _python(machine, tuple(rest))
    if "/" in name:
        return Command(program=name, arguments=(name, *rest))
    program = machine.node if name == "node" else find_program(name)
    if program is None:
        raise SandboxUnavailable(f"{name} is not on this machine", f"install {name}")
    return Command(program=program.file, arguments=(name, *rest))


def environment_of(task: Task, machine: Machine) -> dict[str, str]:
    """Ours, and over it the task's."""
    ours = {
        "PATH": ":".join((*_folders(machine.python, machine.node), *_SYSTEM_PATH)),
        "HOME": "/tmp",  # noqa: S108 (inside the sandbox)
        "TMPDIR": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
    }
    if task.layer:
        ours |= {"PYTHONPATH": "/deps/python", "NODE_PATH": "/deps/node_modules"}
    if task.has_way_out:
        ours |= dict.fromkeys((*_PROXY_NAMES, *(name.upper() for name in _PROXY_NAMES)), PROXY)
        ours["NODE_USE_ENV_PROXY"] = "1"
    return ours | dict(task.environment)


def _with_interpreter(task: Task) -> tuple[str, ...]:
    """A script below /skill is run by what its ending stands for."""
    name, *rest = task.arguments
    path = PurePosixPath("/skill", name)
    is_there = task.skill and path.is_relative_to("/skill") and (task.skill / path.relative_to("/skill")).is_file()
    if not is_there:
        return task.arguments
    interpreter = by_ending(path.name)
    return (interpreter, str(path), *rest) if interpreter else (str(path), *rest)


def _python(machine: Machine, arguments: tuple[str, ...]) -> Command:
    """Scripts, `-c` and `-m` are run by a small program of ours; all else is the interpreter's own affair."""
    file, first = machine.python.file, arguments[0] if arguments else "-"
    if first.startswith("-") and not (first in ("-c", "-m") and len(arguments) > 1):
        return Command(program=file, arguments=("python", "-s", "-S", "-B", *arguments))
    launcher = (*PYTHON_OPTIONS, f"{OURS}/python_program.py")
    return Command(program=file, arguments=("python", *launcher, *arguments), script=arguments)


def _folders(*programs: Program | None) -> list[str]:
    return [str(Path(program.file).parent) for program in programs if program and program.home]
