"""What a run may be asked for. Pure decisions, which gather every fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.errors import RunNotAcceptable
from skillyard.domain.runs.limits import file_limits
from skillyard.sandbox.model import Limits
from skillyard.skill.faults import Fault
from skillyard.skill.paths import Tree, check_path, shown
from skillyard.skill.permissions import Permissions

_MIB = 1024 * 1024
_MOST_ARGUMENTS = 256
_MOST_TEXT_BYTES = 64 * 1024


def check(
    *,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    files: Mapping[str, bytes],
    stdin: bytes,
    limits: Limits,
    most: Limits,
    declared: Permissions,
) -> None:
    """Raises RunNotAcceptable with everything that is wrong."""
    faults = [
        *_check_arguments(arguments),
        *_check_environment(environment, declared),
        *_check_files(files, stdin, limits),
        *_check_limits(limits, most),
    ]
    if faults:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        shown_faults = [
            {"code": fault.code, "message": fault.message, "hint": fault.hint, "file": fault.file} for fault in faults
        ]
        raise RunNotAcceptable(first=faults[0].message, more=more, faults=shown_faults)


def is_own(caller: Caller, *, owner_id: str, key_id: str | None) -> bool:
    """Whether the caller sees what was asked for in the name of `owner_id`, with the key `key_id` for some skills if it
    was with one. Whoever holds such a key sees only what was asked for with it.
    """
    return caller.user_id == owner_id and caller.slice_key_id in (None, key_id)


def _check_arguments(arguments: Sequence[str]) -> Iterator[Fault]:
    if len(arguments) > _MOST_ARGUMENTS or _bytes_in(arguments) > _MOST_TEXT_BYTES:
        most_kib = _MOST_TEXT_BYTES // 1024
        yield _fault(
            "too_many_arguments",
            f"there are more than {_MOST_ARGUMENTS} arguments, or {most_kib} KiB of them",
            "put them into a file, or send them to its stdin",
        )
    if not all(map(_is_text, arguments)):
        yield _fault("bad_argument", "an argument has a null character, or is not Unicode text", "send it in a file")


def _check_environment(environment: Mapping[str, str], declared: Permissions) -> Iterator[Fault]:
    for name in sorted(set(environment) - set(declared.environment)):
        known = ", ".join(declared.environment) or "none"
        yield _fault("undeclared_variable", f"the skill does not declare {shown(name)}", f"it declares {known}")
    if _bytes_in(environment.values()) > _MOST_TEXT_BYTES or not all(map(_is_text, environment.values())):
        most_kib = _MOST_TEXT_BYTES // 1024
        message = f"a value in the environment has a null character, or they have more than {most_kib} KiB"
        yield _fault("bad_environment", message, "send large values in a file")


def _check_files(files: Mapping[str, bytes], stdin: bytes, limits: Limits) -> Iterator[Fault]:
    within = file_limits(limits)
    tree = Tree()
    for path in files:
        yield from check_path(path, limits=within)
        yield from tree.add_file(path)
    if len(files) > limits.files or sum(map(len, files.values())) + len(stdin) > limits.disk_bytes:
        most_mib = limits.disk_bytes // _MIB
        yield _fault(
            "files_too_large",
            f"there are more than {limits.files} files, or {most_mib} MiB of them and of stdin",
            "hand over fewer",
        )


def _check_limits(limits: Limits, most: Limits) -> Iterator[Fault]:
    for field in fields(Limits):
        asked, allowed = getattr(limits, field.name), getattr(most, field.name)
        if not 0 < asked <= allowed:
            yield _fault("bad_limit", f"{field.name} is {asked}, at most {allowed} are allowed", "ask for less")


def _bytes_in(texts: Iterable[str]) -> int:
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def _is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _fault(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint)
