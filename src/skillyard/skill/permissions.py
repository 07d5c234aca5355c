"""What a skill declares that it will do, in a closed vocabulary, and what one version may do that another may not.

A declaration is a promise that people read and that later checks hold the skill to; nothing is enforced here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.skill.faults import Fault
from skillyard.skill.names import check_name
from skillyard.skill.reach import BadPatternError, host_covers, path_covers, read_host, read_path
from skillyard.skill.reading import Place, as_flag, as_list, as_map, did_you_mean, quoted

_MAX_ENTRIES = 100
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]{0,127}")
_ACTION = re.compile(r"[a-z0-9_]{1,64}|\*")
_KEYS = ("network", "filesystem", "subprocess", "environment", "integrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Patterns are as `reach.read_host` and `reach.read_path` describe them; `environment` are names of variables,
    `integrations` are `github` or one action of it, `github.create_issue`. All sorted; what is not named is not
    declared.
    """

    network_outbound: tuple[str, ...] = ()
    filesystem_read: tuple[str, ...] = ()
    filesystem_write: tuple[str, ...] = ()
    subprocess: bool = False
    environment: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()

    def show(self) -> dict[str, Any]:
        """The plain value that `read_permissions` reads, with every key in it."""
        return {
            "network": {"outbound": list(self.network_outbound)},
            "filesystem": {"read": list(self.filesystem_read), "write": list(self.filesystem_write)},
            "subprocess": self.subprocess,
            "environment": list(self.environment),
            "integrations": list(self.integrations),
        }

    def describe(self) -> list[str]:
        """In plain words, each to be read after "it may"; empty when nothing is declared."""
        return [grant.text for grant in _grants(self)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One thing that may be done: `kind` is a field of `Permissions`, `value` what of it, `text` the same in words."""

    kind: str
    value: str
    text: str


NO_PERMISSIONS = Permissions()


def added(old: Permissions, new: Permissions) -> list[Grant]:
    """What `new` may do that `old` may not: a host below `*.example.com` is nothing new after that pattern.

    It also says what goes beyond a budget, with the budget as `old`.
    """
    before = list(_grants(old))
    return [grant for grant in _grants(new) if not any(_covers(known, grant) for known in before)]


def read_permissions(value: object, *, file: str | None = None) -> tuple[Permissions, list[Fault]]:
    """What can be read of the value that `Permissions.show` returns, and every fault in it."""
    faults: list[Fault] = []
    place = Place(faults=faults, file=file, keys=("permissions",))
    return permissions_at(value, place) or NO_PERMISSIONS, faults


def permissions_at(value: object, place: Place) -> Permissions | None:
    """As `read_permissions`, but faults go to `place`; None when nothing is stated.

    An unknown key is an error: what it grants could not be shown to anybody.
    """
    if value is None or value == "":
        return None
    stated = _section(value, place, _KEYS)
    network = _section(stated.get("network"), place.at("network"), ("outbound",))
    filesystem = _section(stated.get("filesystem"), place.at("filesystem"), ("read", "write"))
    return Permissions(
        network_outbound=_entries(network, place.at("network", "outbound"), read_host),
        filesystem_read=_entries(filesystem, place.at("filesystem", "read"), read_path),
        filesystem_write=_entries(filesystem, place.at("filesystem", "write"), read_path),
        subprocess=as_flag(stated.get("subprocess"), place.at("subprocess")),
        environment=_entries(stated, place.at("environment"), _read_variable),
        integrations=_entries(stated, place.at("integrations"), _read_integration),
    )


def _section(value: object, place: Place, known: tuple[str, ...]) -> Mapping[str, Any]:
    section = as_map(value, place, hint=f"it has the keys {', '.join(known)}")
    for key in section:
        if key not in known:
            meant = did_you_mean(key, known)
            hint = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
            place.at(key).refuse("unknown_permission", f"{place} has no {quoted(key)}", hint)
    return section


def _entries(section: Mapping[str, Any], place: Place, read: Callable[[str], str]) -> tuple[str, ...]:
    stated = as_list(section.get(str(place.keys[-1])), place, most=_MAX_ENTRIES, hint="write a list, also of one")
    return tuple(sorted({good for index, entry in enumerate(stated) if (good := _entry(entry, place.at(index), read))}))


def _entry(entry: object, place: Place, read: Callable[[str], str]) -> str | None:
    if not isinstance(entry, str):
        place.refuse_type("text", "write it in quotes")
        return None
    try:
        return read(entry)
    except BadPatternError as error:
        place.refuse("bad_permission", f"{place}: {quoted(entry)} {error.why}", error.hint)
        return None


def _read_variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise BadPatternError("is not the name of an environment variable", "write it as API_BASE")
    return text


def _read_integration(text: str) -> str:
    name, dot, action = text.partition(".")
    if check_name(name) or (dot and not _ACTION.fullmatch(action)):
        raise BadPatternError("is not an integration or an action of one", "write it as github or github.create_issue")
    return name if action == "*" else text


def _grants(permissions: Permissions) -> Iterator[Grant]:
    for host in permissions.network_outbound:
        yield Grant(kind="network_outbound", value=host, text=f"contact {_host_in_words(host)}")
    for path in permissions.filesystem_read:
        yield Grant(kind="filesystem_read", value=path, text=f"read {_path_in_words(path)}")
    for path in permissions.filesystem_write:
        yield Grant(kind="filesystem_write", value=path, text=f"write {_path_in_words(path)}")
    if permissions.subprocess:
        yield Grant(kind="subprocess", value="", text="start other programs")
    for variable in permissions.environment:
        yield Grant(kind="environment", value=variable, text=f"read the environment variable {variable}")
    for integration in permissions.integrations:
        yield Grant(kind="integrations", value=integration, text=f"use the integration {integration}")


def _host_in_words(host: str) -> str:
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    name = name if colon else host
    where = "any host" if name == "*" else f"every host below {name[2:]}" if name.startswith("*.") else name
    return f"{where} on port {port}" if colon else where


def _path_in_words(path: str) -> str:
    if path.startswith("~/"):
        return "everything in the home folder" if path == "~/**" else f"{path[2:]} in the home folder"
    return "everything in the project" if path == "**" else f"{path} in the project"


def _covers(known: Grant, grant: Grant) -> bool:
    if known.kind != grant.kind:
        return False
    if grant.kind == "network_outbound":
        return host_covers(known.value, grant.value)
    if grant.kind.startswith("filesystem"):
        return path_covers(known.value, grant.value)
    return grant.value == known.value or grant.value.startswith(f"{known.value}.")
