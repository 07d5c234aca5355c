"""Which files of a folder are not part of the skill: patterns as in gitignore, from the folder's own list."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# What tools leave behind, and `.env`, which is where secrets are kept. A later `!pattern` brings a file back.
DEFAULT_PATTERNS = [
    ".git",
    ".hg",
    ".svn",
    ".DS_Store",
    "._*",
    "__pycache__",
    "*.pyc",
    ".venv",
    "venv",
    "node_modules",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".idea",
    ".vscode",
    ".env",
]
IGNORE_FILES = (".skillyardignore", ".gitignore")

_ANY_FOLDERS = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """One pattern, split at its slashes; None stands for `**`, any number of folders."""

    segments: tuple[re.Pattern[str] | None, ...]
    brings_back: bool
    folders_only: bool


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """All patterns in their order; the last one that matches decides (gitignore(5), "Pattern format")."""

    rules: tuple[IgnoreRule, ...]

    def leaves_out(self, path: str, *, folder: bool) -> bool:
        """Whether `path` is left out; ask for its parents first, nothing comes back from a folder left out."""
        names = path.split("/")
        for rule in reversed(self.rules):
            if (folder or not rule.folders_only) and _matches(rule.segments, names):
                return not rule.brings_back
        return False


def read_ignore_rules(lines: Iterable[str]) -> IgnoreRules:
    """The default patterns, then `lines` of an ignore file at the root of the folder."""
    read = (_read_rule(line) for line in (*DEFAULT_PATTERNS, *lines))
    return IgnoreRules(tuple(rule for rule in read if rule))


@lru_cache(maxsize=256)  # the default patterns hold for each of a thousand folders
def _read_rule(line: str) -> IgnoreRule | None:
    pattern = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    if not pattern or pattern.startswith("#"):
        return None
    brings_back = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    if not pattern:
        return None
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    segments = _read_segments(pattern.removeprefix("/").split("/"))
    return IgnoreRule(segments=segments, brings_back=brings_back, folders_only=folders_only)


def _read_segments(names: list[str]) -> tuple[re.Pattern[str] | None, ...]:
    segments: list[re.Pattern[str] | None] = []
    for name in names:
        if not re.fullmatch(r"\*\*+", name):
            segments.append(re.compile(_as_regex(name)))
        elif not segments or segments[-1] is not _ANY_FOLDERS:
            segments.append(_ANY_FOLDERS)
    if segments[-1] is _ANY_FOLDERS:
        segments.append(re.compile(".+"))  # `a/**` is everything inside of a, not a itself
    return tuple(segments)


def _as_regex(segment: str) -> str:
    """A name with `*`, `?`, `[...]` and backslashes; fnmatch knows all but the last, and never backtracks far."""
    unescaped = re.sub(r"\\(.)", lambda char: f"[{char[1]}]" if char[1] in "*?[" else char[1], segment)
    return fnmatch.translate(unescaped.replace("[^", "[!"))


def _matches(segments: tuple[re.Pattern[str] | None, ...], names: list[str]) -> bool:
    if not segments:
        return not names
    if segments[0] is _ANY_FOLDERS:
        return any(_matches(segments[1:], names[at:]) for at in range(len(names)))
    return bool(names) and bool(segments[0].match(names[0])) and _matches(segments[1:], names[1:])
