#!/usr/bin/env python3
"""The changelog section of a release, from git history by Conventional Commits."""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HEADINGS = {
    "breaking": "Breaking changes",
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Faster",
    "docs": "Documentation",
    "revert": "Reverted",
    "other": "Other changes",
}
QUIET = {"build", "chore", "ci", "refactor", "style", "test"}
SUBJECT = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[^()]+)\))?(?P<bang>!)?: (?P<text>.+)")
BREAKING = re.compile(r"^BREAKING[ -]CHANGE: (?P<text>.+)", re.MULTILINE)


class Refusal(Exception):
    """No changelog can be made; the text says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One line of the changelog, below one heading."""

    heading: str
    scope: str | None
    text: str
    commit: str

    def line(self) -> str:
        scope = f"**{self.scope}**: " if self.scope else ""
        return f"- {scope}{self.text} ({self.commit})"


def git(repo: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(repo), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Refusal("git is not installed") from error
    if done.returncode:
        raise Refusal(done.stderr.strip() or f"git {arguments[0]} failed")
    return done.stdout


def newest_tag(repo: Path) -> str | None:
    try:
        return git(repo, "describe", "--tags", "--abbrev=0").strip()
    except Refusal:
        return None


def changes(repo: Path, since: str | None, *, show_all: bool, strict: bool) -> list[Change]:
    """The changes after `since` up to HEAD, newest first."""
    span = f"{since}..HEAD" if since else "HEAD"
    log = git(repo, "log", "--no-merges", "--format=%h%x00%s%x00%b%x01", "--end-of-options", span)
    found = []
    for record in log.split("\x01"):
        if record.strip():
            commit, subject, body = record.strip("\n").split("\x00")
            found += read(commit, subject, body, show_all=show_all, strict=strict)
    return found


def read(commit: str, subject: str, body: str, *, show_all: bool, strict: bool) -> list[Change]:
    match = SUBJECT.fullmatch(subject.strip())
    if match is None:
        if strict:
            raise Refusal(f"{commit} follows no convention: {subject}. Reword it, or leave out --strict.")
        return [Change("other", None, subject.strip(), commit)]
    kind, scope, text = match["type"], match["scope"], match["text"]
    footer = BREAKING.search(body)
    if footer or match["bang"]:
        return [Change("breaking", scope, footer["text"] if footer else text, commit)]
    if kind in QUIET:
        return [Change("other", scope, text, commit)] if show_all else []
    return [Change(kind if kind in HEADINGS else "other", scope, text, commit)]


def section(version: str, date: str, found: list[Change]) -> str:
    parts = [f"## {version} ({date})\n"]
    for kind, heading in HEADINGS.items():
        lines = [change.line() for change in found if change.heading == kind]
        if lines:
            parts.append(f"### {heading}\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def insert(path: Path, version: str, text: str) -> None:
    """Put the section above the first one, below the title. A version that is there already is refused."""
    old = path.read_text(encoding="utf-8") if path.exists() else "# Changelog\n"
    if re.search(rf"^## \[?{re.escape(version)}\b", old, re.MULTILINE):
        raise Refusal(f"{path} has a section {version} already")
    place = re.search(r"^## ", old, re.MULTILINE)
    before, after = (old[: place.start()], old[place.start() :]) if place else (old.rstrip("\n") + "\n\n", "")
    path.write_text(f"{before}{text}\n{after}".rstrip("\n") + "\n", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--repo", type=Path, default=Path(), help="the repository; else the current folder")
    made.add_argument("--since", help="tag or commit to begin after; else the newest tag")
    made.add_argument("--version", default="Unreleased", help="name of the section")
    made.add_argument("--date", default=datetime.date.today().isoformat(), help="date of the section")
    made.add_argument("--all", action="store_true", help="show chores, tests and the like too")
    made.add_argument("--strict", action="store_true", help="refuse commits that follow no convention")
    made.add_argument("--insert", type=Path, metavar="FILE", help="put the section into this changelog")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        since = options.since or newest_tag(options.repo)
        found = changes(options.repo, since, show_all=options.all, strict=options.strict)
        if not found:
            raise Refusal(f"nothing changed since {since or 'the beginning'}")
        text = section(options.version, options.date, found)
        if options.insert:
            insert(options.insert, options.version, text)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    print(f"Wrote {options.insert}" if options.insert else text, end="\n" if options.insert else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
