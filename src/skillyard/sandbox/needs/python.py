"""What Python scripts need: PEP 723 blocks, and `requirements.txt` as far as PEP 508 and `--hash` go."""

from __future__ import annotations

import platform
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from skillyard.sandbox.needs.source import Source
from skillyard.skill.reading import Place, as_list, quoted

_MAX_SCRIPT_BYTES = 4 * 1024 * 1024
_MAX_LIST_BYTES = 512 * 1024
_MAX_REQUIREMENTS = 500
_MAX_CHARS = 500
_BLOCK = re.compile(r"^# /// script\n((?:#(?: [^\n]*)?\n)+?)# ///$", re.MULTILINE)
_HASH = re.compile(r"\s--hash=((?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))(?=\s|$)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


def needs_of_block(source: Source, script: str) -> tuple[str, ...] | None:
    """The `dependencies` of its block; None when it has no block. `[tool]` tables are for the author's machine."""
    place = source.place(script)
    text = source.read(script, most_bytes=_MAX_SCRIPT_BYTES)
    blocks = list(_BLOCK.finditer(text or ""))
    if text is None or not blocks:
        return None
    place = replace(place, lines={(): text.count("\n", 0, blocks[0].start()) + 1})
    if len(blocks) > 1:
        place.refuse("bad_script_block", "the script has more than one block # /// script", "keep one of them")
    lines = blocks[0][1].splitlines()
    try:
        table = tomllib.loads("\n".join(line[2:] for line in lines))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place.refuse("bad_script_block", f"the block # /// script is not TOML: {str(error)[:200]}", "see PEP 723")
        return ()
    _check_python(table.get("requires-python"), place)
    hint = 'write dependencies = ["requests>=2"]'
    entries = as_list(table.get("dependencies"), place.at("dependencies"), most=_MAX_REQUIREMENTS, hint=hint)
    return tuple(filter(None, (_requirement(entry, place) for entry in entries)))


def needs_of_list(source: Source, path: str) -> tuple[str, ...]:
    """The lines of a `requirements.txt`, each with its hashes."""
    text = source.read(path, most_bytes=_MAX_LIST_BYTES)
    found = [
        _requirement(line, replace(source.place(path), lines={(): number}), _hashes(line))
        for number, line in _joined_lines(text or "")
    ]
    if len(found) > _MAX_REQUIREMENTS:
        message = f"it has {len(found)} requirements, {_MAX_REQUIREMENTS} are allowed"
        source.place(path).refuse("too_many", message, "leave some out")
    return tuple(filter(None, found))


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each requirement with its line, without comments; a backslash at the end goes on in the next line."""
    begun, whole = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        whole += _COMMENT.sub("", line)
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        if whole.strip():
            yield begun, whole.strip()
        begun, whole = number + 1, ""
    if whole.strip():
        yield begun, whole.strip()


def _hashes(line: str) -> tuple[str, ...]:
    return tuple(_HASH.findall(line))


def _requirement(entry: object, place: Place, hashes: tuple[str, ...] = ()) -> str | None:
    """In the spelling of PEP 508; where a package comes from is for those to say who run this."""
    text = _HASH.sub("", entry).strip() if isinstance(entry, str) else None
    if text is None or len(text) > _MAX_CHARS:
        place.refuse("bad_requirement", f"{quoted(entry)} is not a requirement", "write it as requests>=2")
        return None
    if text.startswith("-"):
        hint = "write the requirements themselves; the package index belongs to whoever runs the skill"
        place.refuse("bad_requirement", f"{quoted(text)} is an option, which is not read here", hint)
        return None
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError):
        hint = "write it as PEP 508 says: requests[socks]>=2,<3; python_version > '3.8'"
        place.refuse("bad_requirement", f"{quoted(text)} is not a requirement of PEP 508", hint)
        return None
    if requirement.url is not None:
        hint = "name a version that is on a package index"
        place.refuse("bad_requirement", f"{quoted(text)} comes from an address", hint)
        return None
    return " ".join([str(requirement), *(f"--hash={found}" for found in hashes)])


def _check_python(value: object, place: Place) -> None:
    if value is None:
        return
    hint = 'write it as requires-python = ">=3.11"'
    try:
        wanted = SpecifierSet(value if isinstance(value, str) and len(value) <= _MAX_CHARS else "?")
    except InvalidSpecifier:
        place.refuse("bad_script_block", f"requires-python is {quoted(value)}, which names no versions", hint)
        return
    if not wanted.contains(platform.python_version(), prereleases=True):
        message = f"the script wants Python {wanted}, this is {platform.python_version()}"
        place.refuse("wrong_python", message, "run it where such a Python is, or widen requires-python")
