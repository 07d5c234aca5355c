"""What scripts for Node need: `package.json`, with its `package-lock.json` where there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from skillyard.sandbox.needs.source import Source
from skillyard.skill.faults import SkillError
from skillyard.skill.json_file import read_json
from skillyard.skill.reading import Place, as_map, quoted

_MAX_PACKAGE_BYTES = 256 * 1024
_MAX_LOCK_BYTES = 8 * 1024 * 1024
_MAX_DEPTH = 24
_TABLES = ("dependencies", "optionalDependencies", "peerDependencies", "devDependencies")
_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*")
_RANGE = re.compile(r"[A-Za-z0-9 .<>=^~|*+_-]*")
_ALIAS = re.compile(rf"npm:(?:{_NAME.pattern})(?:@({_RANGE.pattern}))?")
_READ_LOCKS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNeeds:
    """Both as canonical JSON; `package` has only what npm needs to install: no scripts, no workspaces, no addresses.
    `lock` is empty when the skill has none.
    """

    package: str
    lock: str = ""


def needs_of_package(source: Source, path: str) -> NodeNeeds | None:
    """None when the package needs no others."""
    package = _read(source, path, _MAX_PACKAGE_BYTES)
    if package is None or not any(package.get(table) for table in _TABLES[:3]):
        return None
    place = source.place(path)
    if package.get("workspaces"):
        place.refuse("bad_package", "workspaces are not installed", "name the packages in dependencies")
    for table in _TABLES:
        _check_table(package.get(table), place.at(table))
    _check_overrides(package.get("overrides"), place.at("overrides"))
    kept = {key: package[key] for key in (*_TABLES, "overrides") if key in package}
    lock_path = path.removesuffix("package.json") + "package-lock.json"
    lock = _read(source, lock_path, _MAX_LOCK_BYTES) if source.has(lock_path) else None
    if lock is None:
        kept.pop("devDependencies", None)
        return NodeNeeds(package=_canonical(kept))
    _check_lock(lock, source.place(lock_path))
    return NodeNeeds(package=_canonical(kept), lock=_canonical(lock))


def _read(source: Source, path: str, most_bytes: int) -> dict[str, Any] | None:
    text = source.read(path, most_bytes=most_bytes)
    if text is None:
        return None
    try:
        return read_json(text, file=path, max_chars=most_bytes, max_depth=_MAX_DEPTH)
    except SkillError as error:
        source.faults.extend(error.faults)
        return None


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _check_table(value: object, place: Place) -> None:
    for name, spec in as_map(value, place, hint='write {"name": "^1.0.0"}').items():
        if not _NAME.fullmatch(name):
            place.refuse("bad_package", f"{quoted(name)} is not a package's name", "write it as npm does")
        _check_range(spec, place.at(name))


def _check_overrides(value: object, place: Place) -> None:
    """Packages, nested by who needs them, down to versions; `$name` means the version of a dependency."""
    for name, spec in as_map(value, place, hint='write {"name": "^1.0.0"}').items():
        if isinstance(spec, Mapping):
            _check_overrides(spec, place.at(name))
        elif not (isinstance(spec, str) and spec.startswith("$") and _NAME.fullmatch(spec[1:])):
            _check_range(spec, place.at(name))


def _check_range(spec: object, place: Place) -> None:
    """A range or a tag, else an alias of a package on the registry; not an address, a folder or a repository."""
    if not isinstance(spec, str) or not (_RANGE.fullmatch(spec) or _ALIAS.fullmatch(spec)):
        hint = 'name versions that are on a registry, such as "^1.0.0"'
        place.refuse("bad_package", f"{place} is {quoted(spec)}, which names no versions", hint)


def _check_lock(lock: dict[str, Any], place: Place) -> None:
    """Every package comes from a registry and has a hash, so that it is the same one wherever it comes from."""
    if lock.get("lockfileVersion") not in _READ_LOCKS:
        place.refuse("bad_lock", "it is not a lock of version 2 or 3", "write it anew with npm 7 or later")
        return
    packages = as_map(lock.get("packages"), place.at("packages"), hint="write it anew with npm install")
    for name, entry in packages.items():
        if name:
            _check_locked(name, entry, place.at("packages", name))


def _check_locked(name: str, entry: object, place: Place) -> None:
    if not isinstance(entry, Mapping) or entry.get("link") or not name.startswith("node_modules/"):
        place.refuse("bad_lock", f"{place} is not a package from a registry", "depend on published packages only")
        return
    resolved = entry.get("resolved")
    scheme = urlsplit(resolved).scheme if isinstance(resolved, str) else None
    if entry.get("inBundle"):
        return
    if resolved is not None and scheme not in ("https", "http"):
        hint = "depend on a version that is on a registry"
        place.refuse("bad_lock", f"{place} comes from {quoted(resolved)}, which is not a registry", hint)
    elif not isinstance(entry.get("integrity"), str):
        place.refuse("bad_lock", f"{place} has no integrity", "write the lock anew with npm install")
