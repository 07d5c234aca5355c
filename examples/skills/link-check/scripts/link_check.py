#!/usr/bin/env python3
"""Checks relative links, anchors and image paths in a tree of Markdown files, offline.

What a link or an anchor is, is left to markdown_links.py."""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import functools
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

sys.dont_write_bytecode = True  # running a skill must not change its folder

from markdown_links import Link, anchors, links  # noqa: E402

MARKDOWN = (".md", ".markdown")
SKIPPED_FOLDERS = frozenset({"node_modules", "venv", "__pycache__"})
INDEX_FILES = ("README.md", "index.md")

_ON_THE_WEB = re.compile(r"(?:[a-z][a-z0-9+.-]+:|//)", re.IGNORECASE)
_ONE_MACHINE = re.compile(r"file:|[a-z]:[\\/]", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|<%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A link that cannot be followed, and why."""

    file: str
    line: int
    link: str
    why: str


@dataclass(slots=True)
class Report:
    """What was looked at; `web` are addresses that were not opened, `ignored` those that --ignore names."""

    files: int = 0
    links: int = 0
    web: int = 0
    ignored: int = 0


def check(file: Path, root: Path, report: Report, *, ignore: Sequence[str] = ()) -> Iterator[Broken]:
    """The broken links of one file; counts into `report`."""
    report.files += 1
    for link in links(_read(file)):
        if any(fnmatch.fnmatchcase(link.target, pattern) for pattern in ignore) or _TEMPLATE.search(link.target):
            report.ignored += 1
        elif not link.is_undefined and _ON_THE_WEB.match(link.target) and not _ONE_MACHINE.match(link.target):
            report.web += 1
        else:
            report.links += 1
            if why := fault(file, root, link):
                yield Broken(file=_shown(file), line=link.line, link=link.target, why=why)


def fault(file: Path, root: Path, link: Link) -> str | None:
    """Why a link cannot be followed; None when it can. Both paths are absolute."""
    if link.is_undefined:
        return f"nothing defines the reference [{link.target}]"
    if _ONE_MACHINE.match(link.target):
        return f"{link.target} is a path of one machine; make it relative"
    place, _, anchor = link.target.partition("#")
    place = unquote(place.partition("?")[0])
    if "\0" in place:
        return "the link holds a NUL character"
    start = root / place.lstrip("/") if place.startswith("/") else file.parent / place
    target = Path(os.path.normpath(start)) if place else file
    if not target.is_relative_to(root):
        return f"{place} leaves the checked tree"
    suggestion = _missing(target, root)
    if suggestion is not None:
        return f"there is no file {place}{suggestion}"
    return _anchor_fault(target, place, unquote(anchor)) if anchor else None


def _missing(target: Path, root: Path) -> str | None:
    """None when the path exists, spelled exactly so; else a suggestion, which may be empty."""
    here = root
    for name in target.relative_to(root).parts:
        entries = _entries(here)
        if name not in entries:
            alike = [entry for entry in entries if entry.casefold() == name.casefold()]
            if alike:
                return f"; {name} is spelled {alike[0]} (upper and lower case differ on most servers)"
            near = difflib.get_close_matches(name, entries, n=1)
            return f"; did you mean {_relative(here / near[0], root)}?" if near else ""
        here = here / name
    return None


def _anchor_fault(target: Path, place: str, anchor: str) -> str | None:
    if target.is_dir():
        target = next((target / name for name in INDEX_FILES if (target / name).is_file()), target)
    if target.suffix.lower() not in MARKDOWN or anchor == "top":
        return None
    known = _anchors(target)
    if anchor in known or anchor.lower() in known:
        return None
    near = difflib.get_close_matches(anchor.lower(), sorted(known), n=1)
    return f"{place or 'this file'} has no heading #{anchor}" + (f"; did you mean #{near[0]}?" if near else "")


@functools.cache
def _entries(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 (names only)
    except OSError:
        return ()


@functools.cache
def _anchors(file: Path) -> frozenset[str]:
    return anchors(_read(file))


@functools.cache
def _read(file: Path) -> str:
    return file.read_bytes().decode(errors="replace").replace("\r\n", "\n").removeprefix("\ufeff")


def markdown_files(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and those below folders; hidden folders (but .github) and packages are left out."""
    found: set[Path] = set()
    for path in paths:
        if not path.is_dir():
            found.add(path)
        for folder, folders, names in os.walk(path):
            folders[:] = [
                name for name in folders
                if name not in SKIPPED_FOLDERS and (not name.startswith(".") or name == ".github")
            ]  # fmt: skip
            found.update(Path(folder, name) for name in names if name.lower().endswith(MARKDOWN))
    return sorted(found)


def _tree(paths: Sequence[Path]) -> Path:
    """The tree that links may point into: the current folder when it holds all paths, else what holds them all."""
    here = Path.cwd()
    if all(path.is_relative_to(here) for path in paths):
        return here
    folders = [str(path if path.is_dir() else path.parent) for path in paths]
    return Path(os.path.commonpath(folders))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _shown(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="link_check.py", description="Check links in Markdown files, offline.")
    parser.add_argument("paths", nargs="*", default=["."], help="Markdown files, or folders of them (default: here)")
    parser.add_argument("--root", type=Path, help="the tree that links may point into, and where /paths begin")
    parser.add_argument("--ignore", action="append", default=[], metavar="GLOB", help="links not to check; repeatable")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _print(report: Report, broken: Sequence[Broken], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**asdict(report), "broken": [asdict(one) for one in broken]}, indent=2))
        return
    for one in broken:
        print(f"{one.file}:{one.line}: {one.why}")
    web = f" ({report.web} addresses on the web were not opened)" if report.web else ""
    print(f"{len(broken)} broken of {report.links} links in {report.files} files{web}")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when a link is broken (2 is bad usage, also when there is nothing to check)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    paths = [Path(os.path.normpath(Path.cwd() / path)) for path in options.paths]
    if missing := [str(path) for path in paths if not path.exists()]:
        parser.error(f"there is no {', '.join(missing)}")
    root = Path(os.path.normpath(Path.cwd() / options.root)) if options.root else _tree(paths)
    if outside := [str(path) for path in paths if not path.is_relative_to(root)]:
        parser.error(f"{', '.join(outside)} is not below the root {root}")
    files = markdown_files(paths)
    if not files:
        parser.error(f"there is no Markdown file in {', '.join(map(str, paths))}")
    report = Report()
    broken = [one for file in files for one in check(file, root, report, ignore=options.ignore)]
    _print(report, broken, as_json=options.json)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
