"""Reads addresses of folders in git repositories, as people copy them from the pages of a forge. Calls nobody.

    https://github.com/acme/tools/tree/main/skills/pdf          GitHub; also blob/ and commit/
    https://gitlab.com/acme/group/tools/-/tree/main/skills/pdf   GitLab, with groups of any depth
    https://codeberg.org/acme/tools/src/branch/main/skills/pdf   Gitea, Forgejo; also src/tag/ and src/commit/
    https://bitbucket.org/acme/tools/src/main/skills/pdf         Bitbucket
    https://git.example.com/any/where/tools.git                  any server; tree/main/skills/pdf may follow

Where the name of a branch ends and the path of the folder begins only the repository knows: `feature/x` is a name, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from skillyard.domain.drive.git_errors import BadGitAddress, RefNotFound
from skillyard.infra.git_remote import Refs

_MOST_CHARS = 2000
_MOST_SEGMENTS = 40
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+)[:/](?P<path>[\w./~-]+)")
_PAGES = frozenset({"tree", "blob", "src", "commit"})
_KINDS: Mapping[str, tuple[str, ...]] = {
    "branch": ("refs/heads/",),
    "tag": ("refs/tags/",),
    "commit": (),
    "": ("refs/heads/", "refs/tags/"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """`repository`: where git asks. `tail`: the name of a branch, tag or commit, and the path of a folder behind it;
    empty for the root of the default branch. `kind`: what the name is of, where the address says so.
    """

    repository: str
    tail: tuple[str, ...] = ()
    kind: str = ""

    @property
    def prefixes(self) -> list[str]:
        """The refs to ask for."""
        return [ref for ref, _ in self._candidates()] if self.tail else ["HEAD"]

    def find(self, refs: Refs) -> Spot:
        """What it means in a repository that has these refs. Raises RefNotFound."""
        if not self.tail:
            return self._spot("HEAD", "", refs)
        for ref, path in self._candidates():
            if ref in refs.objects:
                return self._spot(ref, path, refs)
        commit, folder = self.tail[0], "/".join(self.tail[1:])
        if _COMMIT.fullmatch(commit):
            return Spot(repository=self.repository, ref=commit, path=folder, oid=commit, commit=commit)
        raise RefNotFound(repository=self.repository, ref="/".join(self.tail)[:200])

    def _spot(self, ref: str, path: str, refs: Refs) -> Spot:
        if ref not in refs.objects:
            raise RefNotFound(repository=self.repository, ref="that is its default")
        return Spot(
            repository=self.repository, ref=ref, path=path, oid=refs.objects[ref], commit=refs.commit_of(ref)
        )  # fmt: skip

    def _candidates(self) -> Iterator[tuple[str, str]]:
        """Each way to divide the tail, the longest name first."""
        for end in range(len(self.tail), 0, -1):
            name, path = "/".join(self.tail[:end]), "/".join(self.tail[end:])
            for prefix in _KINDS[self.kind]:
                yield f"{prefix}{name}", path


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A folder in a commit. `ref`: how it was found: `refs/heads/main`, `HEAD` for the default branch, or the id of a
    commit, which never moves. `oid`: what to fetch: the commit, or a tag that is an object of its own.
    """

    repository: str
    ref: str
    path: str
    oid: str
    commit: str


def read_address(text: str) -> GitAddress:
    """Raises BadGitAddress for what no server could be asked for; which servers may be asked, the door decides."""
    text = text.strip()
    parts = _split(text)
    segments = [segment for segment in parts.path.split("/") if segment]
    repository, rest = _divide(segments)
    if not repository or len(segments) > _MOST_SEGMENTS:
        _refuse(text, "it names no repository" if not repository else "its path is too long")
    kind, tail = _read_rest(text, [name for segment in rest for name in _read_names(text, segment)])
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    return GitAddress(repository=f"{origin}/{'/'.join(repository)}", tail=tuple(tail), kind=kind)


def is_same_repository(one: str, other: str) -> bool:
    """Whether two addresses of repositories differ at most in an ending that forges let one leave out."""
    return one.removesuffix(".git") == other.removesuffix(".git")


def is_fixed(ref: str) -> bool:
    """Whether it is a commit, of which there will be no news."""
    return bool(_COMMIT.fullmatch(ref))


def _split(text: str) -> SplitResult:
    if ssh := _SSH.fullmatch(text):
        _refuse(text, f"it is one for SSH; write https://{ssh['host']}/{ssh['path']}")
    if len(text) > _MOST_CHARS or not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        _refuse(text, "it is too long, or has characters that no address has")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        _refuse(text, "it cannot be read")
    if parts.scheme not in ("https", "http"):
        _refuse(text, "it does not begin with https://")
    if "@" in parts.netloc:
        _refuse("This", "it has a name or password in it, which are not taken")
    if not host:
        _refuse(text, "it names no server")
    return parts


def _divide(segments: list[str]) -> tuple[list[str], list[str]]:
    """The path of the repository, and what comes behind it."""
    for index, segment in enumerate(segments):
        if segment.endswith(".git") and segment != ".git":
            return segments[: index + 1], segments[index + 1 :]
        if segment == "-":
            return segments[:index], segments[index:]
        if index >= 2 and segment in _PAGES:
            return segments[:index], segments[index:]
    return segments, []


def _read_rest(text: str, rest: list[str]) -> tuple[str, list[str]]:
    """What kind of name is meant, and the tail."""
    if rest[:1] == ["-"]:
        rest = rest[1:]
    if not rest:
        return "", []
    page, *tail = rest
    if page not in _PAGES:
        _refuse(text, f"it leads to {page}, which is no folder")
    kind = "commit" if page == "commit" else ""
    if page == "src" and tail[:1] and tail[0] in _KINDS:
        kind, *tail = tail
    if not tail:
        _refuse(text, f"the name of a branch is missing behind {page}")
    if tail[-1] == "SKILL.md":
        tail = tail[:-1]
    elif page == "blob":
        _refuse(text, "it leads to a file")
    return kind, tail


def _read_names(text: str, segment: str) -> list[str]:
    """One name, or several where a slash between them is written as %2F, as in the name of a branch."""
    names = unquote(segment, errors="surrogateescape").split("/")
    if any(name in ("", ".", "..") or "\\" in name or not name.isprintable() for name in names):
        _refuse(text, "its path has something in it that no folder is called")
    return names


def _refuse(text: str, why: str) -> NoReturn:
    shown = text[:200] if text.isascii() and text.isprintable() and "@" not in text else "This"
    raise BadGitAddress(address=shown, why=why)
