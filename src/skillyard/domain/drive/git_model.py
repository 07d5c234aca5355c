"""The nouns of git: where a skill comes from, the sources that administrators add, and what is in a commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.skill.faults import Fault
from skillyard.skill.manifest import ManifestReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The folder of a git repository that a skill comes from. `address` is as somebody wrote it.

    `ref`: what is followed: `refs/heads/main`, `HEAD` for the default branch, or a commit, which never moves. `commit`
    and `version`: what was published last, and as what; None as long as nothing was. `user_id`: who imported it;
    `source_id`: the source that it was found in. `problem`: why the last look at it, at `checked_ms`, brought nothing.
    """

    name: str
    address: str
    repository: str
    ref: str
    path: str
    commit: str | None
    version: str | None
    user_id: str | None
    source_id: str | None
    at_ms: int
    checked_ms: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A repository, or a folder of it, whose skills are published in `namespace`; by `added_by`, a user's id.

    `commit` and `crawled_ms`: what was read last, and when; None as long as nothing was. `problem`: why the last crawl
    could read nothing.
    """

    id: str
    address: str
    repository: str
    ref: str
    path: str
    namespace: str
    added_by: str
    added_ms: int
    commit: str | None = None
    crawled_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFolder:
    """What the last crawl made of a folder with a SKILL.md: the release that has its content, or faults."""

    path: str
    name: str | None
    version: str | None
    faults: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSkill:
    """A folder with a SKILL.md. `archive` is empty, and `digest` too, for one that no archive can be made of: `faults`
    say why.
    """

    path: str
    archive: bytes = b""
    digest: str = ""
    said: ManifestReport | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSkills:
    """What is in a commit. `paths`: all folders with a SKILL.md at or below the one asked for, sorted; `skills`: those
    that were read. `is_folder`: whether there is such a folder. `why`: what keeps it from being read at all.
    """

    commit: str = ""
    is_folder: bool = False
    paths: tuple[str, ...] = ()
    skills: tuple[GitSkill, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFiles:
    """The ids of the files that skills are made of. `why`: what keeps these from being known."""

    oids: tuple[str, ...] = ()
    why: str = ""
