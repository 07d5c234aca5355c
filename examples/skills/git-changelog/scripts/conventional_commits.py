"""Commit messages as changes, by Conventional Commits 1.0.0 (https://www.conventionalcommits.org). Calls no git."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = {
    "breaking": "Breaking changes",
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Faster",
    "docs": "Documentation",
    "revert": "Reverted",
    "other": "Other changes",
}
QUIET = frozenset({"build", "chore", "ci", "refactor", "style", "test"})

_SUBJECT = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]+)\))?(?P<bang>!)?: +(?P<text>.+)")
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE: (?P<text>.+(?:\n(?![\w-]+(?:: | #)).+)*)", re.MULTILINE)
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{7,64})", re.MULTILINE)
_CODE_SPAN = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"[\\<>\[\]*|]|(?<!\w)_|_(?!\w)")
_VERSION = re.compile(r"(?P<prefix>.*?)(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as git has it; `commit` is the full id, `short` what people read."""

    commit: str
    short: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the changelog below the heading of its `kind`, or below none when it is `quiet`."""

    kind: str
    scope: str | None
    text: str
    commit: Commit
    is_quiet: bool = False
    follows_convention: bool = True

    def line(self, web_address: str | None) -> str:
        """The line in Markdown, with a link to the commit when the repository is on the web."""
        link = f"[{self.commit.short}]({web_address}/commit/{self.commit.commit})" if web_address else self.commit.short
        scope = f"**{escape(self.scope)}**: " if self.scope else ""
        return f"- {scope}{escape(self.text)} ({link})"


def escape(text: str) -> str:
    """Text of a commit for Markdown; inline code stays code."""
    parts = _CODE_SPAN.split(" ".join(text.split()))
    return "".join(part if part.startswith("`") and len(part) > 1 else _MARKUP.sub(r"\\\g<0>", part) for part in parts)


def read_changes(commits: Sequence[Commit]) -> list[Change]:
    """The change of each commit, in order; a commit and its revert take each other out."""
    undone: set[str] = set()
    for commit in commits:
        if commit.commit not in undone:
            ids = _REVERTS.findall(commit.body)
            found = [one.commit for one in commits for start in ids if one.commit.startswith(start)]
            undone.update([*found, commit.commit] if found and len(found) == len(ids) else [])
    return [_read(commit) for commit in commits if commit.commit not in undone]


def _read(commit: Commit) -> Change:
    subject = commit.subject.strip()
    match = _SUBJECT.fullmatch(subject)
    footer = _BREAKING.search(commit.body)
    if match is None:
        kind = "breaking" if footer else "revert" if subject.startswith('Revert "') else "other"
        text = footer["text"] if footer else subject
        return Change(kind=kind, scope=None, text=text, commit=commit, follows_convention=kind == "revert")
    kind, scope, text = match["type"].lower(), match["scope"], match["text"]
    if footer or match["bang"]:
        return Change(kind="breaking", scope=scope, text=footer["text"] if footer else text, commit=commit)
    known = kind if kind in HEADINGS else "other"
    return Change(kind=known, scope=scope, text=text, commit=commit, is_quiet=kind in QUIET)


def next_version(tag: str | None, changes: Iterable[Change]) -> str | None:
    """The version after `tag` by semantic versioning; before 1.0.0 a breaking change counts as a feature.

    None when the tag holds no version."""
    if tag is None:
        return "0.1.0"
    if (match := _VERSION.fullmatch(tag)) is None:
        return None
    major, minor, patch = int(match["major"]), int(match["minor"]), int(match["patch"])
    kinds = {change.kind for change in changes}
    if "breaking" in kinds and major:
        return f"{match['prefix']}{major + 1}.0.0"
    if kinds & {"breaking", "feat"}:
        return f"{match['prefix']}{major}.{minor + 1}.0"
    return f"{match['prefix']}{major}.{minor}.{patch + 1}"
