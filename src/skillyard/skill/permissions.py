"""What a skill declares that it may do, in a closed vocabulary, and what a new version newly may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from skillyard.skill.faults import Fault

_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::\d{1,5})?|\*"
)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.IGNORECASE)
_INTEGRATION = re.compile(r"[a-z0-9-]{1,64}\.(?:[a-z0-9_]{1,64}|\*)")
_MOST_ENTRIES = 100
_MOST_CHARS = 300
_SECTIONS = {
    "network": {"outbound": "network_outbound"},
    "filesystem": {"read": "filesystem_read", "write": "filesystem_write"},
}
_LISTS = {"environment": "environment", "integrations": "integrations"}
_SAID = {
    "network_outbound": "connect to {}",
    "filesystem_read": "read {}",
    "filesystem_write": "write {}",
    "environment": "read the variable {}",
    "integrations": "call {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Hosts (`api.example.org`, `*.example.org`, with or without a port), relative globs, names of variables,
    and integration actions (`github.create_issue`). Nothing that is not named is declared.
    """

    network_outbound: tuple[str, ...] = ()
    filesystem_read: tuple[str, ...] = ()
    filesystem_write: tuple[str, ...] = ()
    subprocess: bool = False
    environment: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()

    def show(self) -> dict[str, Any]:
        """The nested JSON value in which manifests write it; every key is there."""
        return {
            "network": {"outbound": list(self.network_outbound)},
            "filesystem": {"read": list(self.filesystem_read), "write": list(self.filesystem_write)},
            "subprocess": self.subprocess,
            "environment": list(self.environment),
            "integrations": list(self.integrations),
        }

    def describe(self) -> list[str]:
        """In plain words, one line per thing that may be done; empty when nothing was declared."""
        return [text for _, text in self._grants()]

    def _grants(self) -> Iterator[tuple[str, str]]:
        for name, said in _SAID.items():
            for value in getattr(self, name):
                yield f"{name}:{value}", said.format(value)
        if self.subprocess:
            yield "subprocess", "start other programs"


NO_PERMISSIONS = Permissions()


def added(old: Permissions, new: Permissions) -> dict[str, str]:
    """What `new` may do that `old` may not: a stable key for each grant, and the same in plain words."""
    before = dict(old._grants())
    return {key: text for key, text in new._grants() if key not in before}


def read_permissions(value: object, *, file: str | None = None) -> tuple[Permissions, list[Fault]]:
    """Read the nested JSON value; what could be read, and every fault."""
    reader = _Reader(file)
    if value is None:
        return NO_PERMISSIONS, []
    if not isinstance(value, Mapping):
        reader.fault("permissions", "must be an object", 'Write {"network": {"outbound": ["api.example.org"]}}.')
        return NO_PERMISSIONS, reader.faults
    found: dict[str, Any] = {}
    for key, part in value.items():
        if key in _SECTIONS:
            found.update(reader.section(key, part))
        elif key in _LISTS:
            found[_LISTS[key]] = reader.strings(key, part, _LISTS[key])
        elif key == "subprocess":
            found["subprocess"] = reader.flag(key, part)
        else:
            reader.unknown("permissions", key, [*_SECTIONS, *_LISTS, "subprocess"])
    return Permissions(**found), reader.faults


class _Reader:
    def __init__(self, file: str | None) -> None:
        self._file = file
        self.faults: list[Fault] = []

    def fault(self, where: str, what: str, hint: str) -> None:
        self.faults.append(Fault(code="bad_permission", message=f"{where} {what}", hint=hint, file=self._file))

    def unknown(self, where: str, key: object, known: Iterable[str]) -> None:
        self.fault(where, f"has the unknown key {str(key)[:60]!r}", f"Known are {', '.join(known)}.")

    def section(self, section: str, value: object) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, Mapping):
            self.fault(f"permissions.{section}", "must be an object", f"Known keys: {', '.join(_SECTIONS[section])}.")
            return {}
        found = {}
        for key, part in value.items():
            if key in _SECTIONS[section]:
                name = _SECTIONS[section][key]
                found[name] = self.strings(f"{section}.{key}", part, name)
            else:
                self.unknown(f"permissions.{section}", key, _SECTIONS[section])
        return found

    def flag(self, key: str, value: object) -> bool:
        if isinstance(value, bool):
            return value
        self.fault(f"permissions.{key}", "must be true or false", "Write true or false, without quotes.")
        return False

    def strings(self, key: str, value: object, name: str) -> tuple[str, ...]:
        where = f"permissions.{key}"
        if not isinstance(value, list):
            self.fault(where, "must be a list", 'Write ["…", "…"].')
            return ()
        if len(value) > _MOST_ENTRIES:
            self.fault(where, f"has more than {_MOST_ENTRIES} entries", "Use wildcards instead.")
        good = []
        for entry in value[:_MOST_ENTRIES]:
            if isinstance(entry, str) and len(entry) <= _MOST_CHARS and (hint := _CHECKS[name](entry)) is None:
                good.append(entry)
            else:
                hint = _CHECKS[name](entry) if isinstance(entry, str) and len(entry) <= _MOST_CHARS else "Write text."
                self.fault(where, f"has the unusable entry {str(entry)[:60]!r}", hint or "Write it shorter.")
        return tuple(dict.fromkeys(good))


def _check_host(entry: str) -> str | None:
    return None if _HOST.fullmatch(entry) else "Write a host name such as api.example.org or *.example.org:8443."


def _check_path(entry: str) -> str | None:
    bad = not entry or entry.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", entry) or "\\" in entry
    if bad or ".." in entry.split("/") or not entry.isprintable():
        return "Write a path or glob relative to the project, such as reports/**, without `..`."
    return None


def _check_variable(entry: str) -> str | None:
    return None if _VARIABLE.fullmatch(entry) else "Write the name of a variable such as API_BASE."


def _check_integration(entry: str) -> str | None:
    return None if _INTEGRATION.fullmatch(entry) else "Write integration.action, such as github.create_issue."


_CHECKS = {
    "network_outbound": _check_host,
    "filesystem_read": _check_path,
    "filesystem_write": _check_path,
    "environment": _check_variable,
    "integrations": _check_integration,
}
assert set(_CHECKS) | {"subprocess"} == {field.name for field in fields(Permissions)}
