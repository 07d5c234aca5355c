#!/usr/bin/env python3
"""Checks relative links, anchors and image paths in Markdown files, offline."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CODE_SPAN = re.compile(r"(`+)(?:(?!`).|(?!\1)`)*?\1")
INLINE = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'(][^)]*)?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?")
HTML_LINK = re.compile(r"\b(?:href|src)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
HTML_ANCHOR = re.compile(r"\b(?:id|name)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$")
ON_THE_WEB = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


@dataclass(frozen=True)
class Broken:
    file: str
    line: int
    link: str
    why: str


@dataclass
class Report:
    files: int = 0
    links: int = 0
    web: int = 0


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines outside code, numbered from 1, without code spans."""
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = None
        elif mark:
            fence = mark[1]
        else:
            yield number, CODE_SPAN.sub("", line)


@cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors of a file: from its headings, as code hosts make them, and from HTML."""
    found: set[str] = set()
    for _, line in prose(path):
        found.update(HTML_ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            number, unique = 0, slug
            while unique in found:
                number += 1
                unique = f"{slug}-{number}"
            found.add(unique)
    return frozenset(found)


def check(path: Path, root: Path, report: Report) -> Iterator[Broken]:
    for number, line in prose(path):
        for link in (*INLINE.findall(line), *REFERENCE.findall(line), *HTML_LINK.findall(line)):
            if ON_THE_WEB.match(link):
                report.web += 1
                continue
            report.links += 1
            why = fault(path, root, unquote(link))
            if why:
                yield Broken(str(path), number, link, why)


def fault(path: Path, root: Path, link: str) -> str | None:
    """Why a link cannot be followed; None when it can."""
    place, _, anchor = link.partition("#")
    place = place.partition("?")[0]
    target = path if not place else (root / place[1:] if place.startswith("/") else path.parent / place).resolve()
    if not target.is_relative_to(root):
        return f"{place} leaves the checked tree"
    if not target.exists():
        return f"there is no file {place}{suggestion(target, place)}"
    if anchor and target.suffix.lower() in (".md", ".markdown") and anchor.lower() not in anchors(target):
        return f"{place or 'this file'} has no heading #{anchor}"
    return None


def suggestion(target: Path, place: str) -> str:
    if not target.parent.is_dir():
        return ""
    near = difflib.get_close_matches(target.name, [entry.name for entry in target.parent.iterdir()], n=1)
    return f"; did you mean {place[: len(place) - len(target.name)]}{near[0]}?" if near else ""


def markdown_files(paths: list[Path]) -> list[Path]:
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(
                entry for entry in path.rglob("*") if entry.suffix.lower() in (".md", ".markdown") and entry.is_file()
            )
        else:
            found.add(path)
    return sorted(found)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="Markdown files, or folders of them")
    parser.add_argument("--root", type=Path, default=Path(), help="the tree that links may point into")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    missing = [str(path) for path in options.paths if not path.exists()]
    if missing:
        parser.error(f"there is no {', '.join(missing)}")
    report = Report()
    broken: list[Broken] = []
    for path in markdown_files(options.paths):
        report.files += 1
        broken += check(path.resolve(), options.root.resolve(), report)
    if options.json:
        print(json.dumps({**asdict(report), "broken": [asdict(one) for one in broken]}, indent=2))
        return int(bool(broken))
    for one in broken:
        print(f"{shown(one.file)}:{one.line}: {one.why}")
    web = f" ({report.web} addresses on the web were not opened)" if report.web else ""
    print(f"{len(broken)} broken of {report.links} links in {report.files} files{web}")
    return int(bool(broken))


def shown(file: str) -> str:
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


if __name__ == "__main__":
    sys.exit(main())
