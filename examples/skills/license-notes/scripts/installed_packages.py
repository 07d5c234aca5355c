"""What is installed, and under which licence: Python distributions, and packages below node_modules.

Reads files only: no package is imported or run. Judging licences is left to spdx.py."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from spdx import identifier

MAX_LICENCE_CHARS = 80
MAX_TEXT_BYTES = 256 * 1024
_LICENCE_FILE = re.compile(r"(?:licen[cs]e|copying|notice|unlicense)(?:[-_.].*)?", re.IGNORECASE)
_CLASSIFIER = "License :: "
_SAYS_NOTHING = frozenset({"", "unknown", "none", "license", "osi approved", "other/proprietary license"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Package:
    """One installed package. `licence` is an SPDX expression where one is known, else the package's own words."""

    kind: str
    name: str
    version: str
    licence: str | None = None
    homepage: str | None = None
    texts: tuple[str, ...] = field(default=(), compare=False)


def python_packages(environment: Path) -> Iterator[Package]:
    """The distributions of a virtual environment, or of a site-packages folder."""
    folders = [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")] or [environment]
    for found in distributions(path=[str(folder) for folder in folders]):
        if package := _python_package(found):
            yield package


def _python_package(found: Distribution) -> Package | None:
    metadata: Any = found.metadata
    if not metadata or not metadata.get("Name") or not metadata.get("Version"):
        warn(f"an installed distribution without name or version was left out: {found.locate_file('')}")
        return None
    return Package(
        kind="python",
        name=_line(metadata["Name"]),
        version=_line(metadata["Version"]),
        licence=_python_licence(metadata.get("License-Expression"), metadata.get("License"), _classifiers(metadata)),
        homepage=_python_homepage(metadata),
        texts=tuple(_texts(_python_licence_files(found))),
    )


def _python_licence(expression: str | None, text: str | None, classifiers: list[str]) -> str | None:
    """The SPDX expression; else free text that is a known licence, else classifiers, else the text's first line."""
    if expression:
        return _line(expression)
    first = _line((text or "").strip().partition("\n")[0])
    if known := identifier(first):
        return known
    named = [identifier(one) or one for one in classifiers if one.casefold() not in _SAYS_NOTHING]
    if named:
        return "; ".join(dict.fromkeys(named))  # whether all or any of them apply, classifiers do not say
    return first if first.casefold() not in _SAYS_NOTHING else None


def _classifiers(metadata: Any) -> list[str]:
    found: list[str] = metadata.get_all("Classifier", [])
    return [one.rpartition(" :: ")[2].strip() for one in found if one.startswith(_CLASSIFIER)]


def _python_homepage(metadata: Any) -> str | None:
    listed = (entry.partition(",") for entry in metadata.get_all("Project-URL", []))
    by_name = {name.strip().lower(): url.strip() for name, _, url in listed}
    names = ("homepage", "home", "repository", "source", "source code")
    found = metadata.get("Home-page") or next((by_name[name] for name in names if name in by_name), None)
    return _web_address(found)


def _python_licence_files(found: Distribution) -> Iterator[Path]:
    root = Path(os.path.normpath(str(found.locate_file(""))))
    for file in found.files or []:
        place = Path(os.path.normpath(str(found.locate_file(file))))
        is_own = file.parts[0].endswith((".dist-info", ".egg-info")) and place.is_relative_to(root)
        if is_own and (_LICENCE_FILE.fullmatch(file.name) or "licenses" in file.parts):
            yield place


def node_packages(folder: Path) -> Iterator[Package]:
    """The packages below a folder's `node_modules` (or below that folder itself), nested and pnpm's ones too."""
    top = folder if folder.name == "node_modules" else folder / "node_modules"
    waiting = [top]
    while waiting:
        for entry in _folders(waiting.pop()):
            if entry.name.startswith("@"):
                waiting.append(entry)
            elif entry.name == ".pnpm":
                waiting += [store / "node_modules" for store in _folders(entry)]
            elif not entry.name.startswith("."):
                if package := _node_package(entry):
                    yield package
                if not entry.is_symlink():
                    waiting.append(entry / "node_modules")


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def _node_package(folder: Path) -> Package | None:
    file = folder / "package.json"
    if not file.is_file():
        return None
    try:
        facts = json.loads(file.read_bytes())
    except (ValueError, OSError, RecursionError):
        warn(f"{file} cannot be read and was left out")
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("name"), str):
        warn(f"{file} names no package and was left out")
        return None
    homepage = facts.get("homepage")
    return Package(
        kind="node",
        name=_line(facts["name"]),
        version=_line(str(facts.get("version", "?"))),
        licence=_node_licence(facts),
        homepage=_web_address(homepage if isinstance(homepage, str) else None),
        texts=tuple(_texts(sorted(one for one in folder.iterdir() if _LICENCE_FILE.fullmatch(one.name)))),
    )


def _node_licence(facts: Mapping[str, object]) -> str | None:
    """`license` as npm writes it today, or the object and the list of older packages."""
    stated = facts.get("license") or facts.get("licenses")
    several = stated if isinstance(stated, list) else [stated]
    named = [one.get("type") if isinstance(one, dict) else one for one in several]
    found = [_line(one) for one in named if isinstance(one, str) and one.strip().casefold() not in _SAYS_NOTHING]
    return " OR ".join(identifier(one) or one for one in found) or None


def _texts(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        if file.is_file() and file.stat().st_size <= MAX_TEXT_BYTES:
            yield file.read_bytes().decode(errors="replace").replace("\r\n", "\n").strip("\n")


def _line(text: str) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= MAX_LICENCE_CHARS else line[: MAX_LICENCE_CHARS - 1] + "\u2026"


def _web_address(text: str | None) -> str | None:
    return text if text and re.fullmatch(r"https?://[^\s<>|]+", text) else None


def warn(text: str) -> None:
    """Tell the person; the result stays as it is."""
    print(f"warning: {text}", file=sys.stderr)
