#!/usr/bin/env python3
"""The changelog section of a release, from git history. How a message is read is left to conventional_commits.py."""

from __future__ import annotations

import argparse
import datetime
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True  # running a skill must not change its folder

from conventional_commits import HEADINGS, Change, Commit, next_version, read_changes  # noqa: E402


class Refusal(Exception):
    """No changelog can be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The commits after `tag` (None: from the beginning) up to `end`, newest first."""

    tag: str | None
    end: str
    commits: Sequence[Commit]


def git(repo: Path, *arguments: str) -> str:
    """What git prints. Raises Refusal with git's own words."""
    command = ["git", "-C", str(repo), "--no-pager", "-c", "log.showSignature=false", *arguments]
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=environment)
    except FileNotFoundError:
        raise Refusal("git is not installed, or not on the PATH") from None
    if done.returncode:
        raise Refusal(done.stderr.strip().removeprefix("fatal: ") or f"git {arguments[0]} failed")
    return done.stdout


def read_history(repo: Path, *, since: str | None, until: str, pattern: str) -> History:
    """All commits but merges between two points; without `since`, after the newest tag before `until`."""
    git(repo, "rev-parse", "--git-dir")
    end = _commit_id(repo, until)
    tag = since or _tag_before(repo, end, pattern)
    span = f"{_commit_id(repo, tag)}..{end}" if tag else end
    if tag is None and git(repo, "rev-parse", "--is-shallow-repository").strip() == "true":
        print(
            "git_changelog: note: the clone is shallow; `git fetch --unshallow --tags` brings the rest", file=sys.stderr
        )
    records = git(repo, "log", "-z", "--no-merges", "--format=%H%n%h%n%s%n%b", span).split("\0")
    commits = []
    for record in filter(None, records):
        commit, short, subject, body = record.split("\n", 3)
        commits.append(Commit(commit=commit, short=short, subject=subject, body=body))
    return History(tag=tag, end=end, commits=commits)


def _commit_id(repo: Path, name: str) -> str:
    try:
        return git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    except Refusal:
        raise Refusal(f"{name!r} is no tag, branch or commit of this repository (is it fetched?)") from None


def _tag_before(repo: Path, end: str, pattern: str) -> str | None:
    """The newest tag on the way to `end` that is not on `end` itself."""
    here = git(repo, "tag", "--points-at", end).split()
    exclude = [f"--exclude={tag}" for tag in here]
    try:
        return git(repo, "describe", "--tags", "--abbrev=0", f"--match={pattern}", *exclude, end).strip()
    except Refusal:
        return None


def section(version: str, date: str, changes: Sequence[Change], web_address: str | None) -> str:
    """The section in Markdown, one list for each kind of change."""
    parts = [f"## {version} ({date})\n"]
    for kind, heading in HEADINGS.items():
        lines = [change.line(web_address) for change in changes if change.kind == kind]
        if lines:
            parts.append(f"### {heading}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def insert(path: Path, version: str, text: str) -> None:
    """Put the section above the newest release, below the title and `Unreleased`. Keeps the file's line ends."""
    try:
        old = path.read_bytes().decode() if path.exists() else "# Changelog\n"
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"cannot read {path}: {error}") from None
    line_end = "\r\n" if "\r\n" in old else "\n"
    old = old.replace("\r\n", "\n")
    if re.search(rf"^## \[?v?{re.escape(version.removeprefix('v'))}(?![\w.-])", old, re.MULTILINE):
        raise Refusal(f"{path} has a section {version} already; remove it first, or choose another --version")
    place = re.search(r"^## (?!\[?unreleased)", old, re.MULTILINE | re.IGNORECASE)
    before, after = (old[: place.start()], old[place.start() :]) if place else (old.rstrip("\n") + "\n\n", "")
    new = f"{before}{text}\n{after}".rstrip("\n") + "\n"
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(new.replace("\n", line_end).encode())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise Refusal(f"cannot write {path}: {error.strerror}") from None


def _chosen(history: History, options: argparse.Namespace) -> list[Change]:
    """The changes to show. Raises Refusal when there are none, or when one breaks the convention and that matters."""
    found = read_changes(history.commits)
    unread = [change.commit for change in found if not change.follows_convention]
    if options.strict and unread:
        listed = "\n".join(f"  {commit.short} {commit.subject}" for commit in unread)
        raise Refusal(f"commits that follow no convention (reword them, or leave out --strict):\n{listed}")
    shown = [change for change in found if options.all or not change.is_quiet]
    if not shown:
        hidden = f"; {len(found)} chores, tests and the like are hidden (--all shows them)" if found else ""
        raise Refusal(f"nothing to report since {history.tag or 'the beginning'}{hidden}")
    return shown


def _iso_date(text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-03-09") from None


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s()<>]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as https://example.org/acme/app")
    return text.removesuffix("/").removesuffix(".git")


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w.+@/-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a version such as 1.3.0")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="git_changelog.py", description="Write the changelog section of a release.")
    parser.add_argument("--repo", type=Path, default=Path(), help="the repository (default: the current folder)")
    parser.add_argument("--since", metavar="REF", help="begin after this tag or commit (default: the newest tag)")
    parser.add_argument("--until", metavar="REF", default="HEAD", help="end with this one (default: HEAD)")
    parser.add_argument("--tags", metavar="GLOB", default="*", help="which tags are releases, such as 'v*'")
    parser.add_argument("--version", type=_name, default="Unreleased", help="name of the section")
    parser.add_argument("--date", type=_iso_date, default=datetime.date.today().isoformat(), help="default: today")
    parser.add_argument("--url", type=_web_address, help="address of the repository on the web, for links to commits")
    parser.add_argument("--all", action="store_true", help="show chores, tests and the like too")
    parser.add_argument("--strict", action="store_true", help="refuse commits that follow no convention")
    parser.add_argument("--suggest", action="store_true", help="print the next version instead of a section")
    parser.add_argument("--insert", type=Path, metavar="FILE", help="put the section into this changelog")
    return parser


def run(options: argparse.Namespace) -> str:
    """What to print. Raises Refusal."""
    history = read_history(options.repo, since=options.since, until=options.until, pattern=options.tags)
    if options.suggest:
        if version := next_version(history.tag, read_changes(history.commits)):
            return f"{version}\n"
        raise Refusal(f"{history.tag!r} does not end in a version; choose the release's tag with --tags or --since")
    text = section(options.version, options.date, _chosen(history, options), options.url)
    if not options.insert:
        return text
    insert(options.insert, options.version, text)
    return f"Wrote {options.insert}\n"


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when there is nothing to write or git refused (2 is bad usage)."""
    options = _parser().parse_args(arguments)
    try:
        shown = run(options)
    except Refusal as refusal:
        print(f"git_changelog: {refusal}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(shown.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
