"""Asks a git server, by the one door, which branches and tags it has, and for the files of one commit.

The protocol is dulwich's, which speaks in `git_client.py`; there is no git program, no copy on disk and no hook. What
comes back is a pack that nobody has looked at yet: `git_pack.py` reads it, in a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from skillyard.infra.errors import Invalid, NotFound, SkillyardError, Upstream
from skillyard.infra.outbound import AnswerTooLarge, Outbound

if TYPE_CHECKING:  # a server that reads no repository yet starts without it
    from dulwich.objects import ObjectID
    from dulwich.refs import Ref

_MOST_SAID_CHARS = 200
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_PEELED = "^{}"  # behind the name of a tag: the commit that it is of (gitprotocol-pack(5))


class GitFailed(Upstream):
    code = "git_failed"
    text = "{host} did not hand out the repository: {why}."
    hint = "Check that the address opens in a browser without signing in, and try again in a moment."


class RepositoryNotFound(NotFound):
    code = "git_repository_not_found"
    text = "There is no public git repository at {repository}."
    hint = "Check the address. A private repository cannot be read: upload the folder instead."


class RepositoryTooLarge(Invalid):
    code = "git_repository_too_large"
    text = "{repository} has more than {most_bytes} bytes at this commit."
    hint = "Upload the folder instead, or ask the operator for a higher SKILLYARD_GIT_MAX_MB."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What the server says that its names point to: `refs/heads/main` → id of a commit, or of a tag that is an object
    of its own; `commits` → of such a tag the commit. `HEAD` is the default branch.
    """

    objects: Mapping[str, str]
    commits: Mapping[str, str]

    def commit_of(self, ref: str) -> str:
        return self.commits.get(ref, self.objects[ref])


class GitRemote:
    """One conversation with one repository: its requests together end `within_s` from now, and none of the answers has
    more than `max_bytes`.
    """

    def __init__(self, outbound: Outbound, repository: str, *, within_s: float, max_bytes: int) -> None:
        from skillyard.infra.git_client import DoorClient

        self._repository = repository
        self._host = str(urlsplit(repository).hostname)
        self._client = DoorClient(outbound, repository, within_s=within_s, max_bytes=max_bytes)

    def list_refs(self, prefixes: Sequence[str]) -> Refs:
        """The names that begin with one of these. Raises AddressNotAllowed, CallFailed, RepositoryNotFound or
        GitFailed.
        """
        asked = [prefix.encode() for prefix in prefixes]
        found = self._ask(lambda: self._client.get_refs("", ref_prefix=asked))
        names = {_text(name): _text(oid) for name, oid in found.refs.items() if oid}
        if any(not _OBJECT_ID.fullmatch(oid) for oid in names.values()):
            raise GitFailed(host=self._host, why="its commits have no SHA-1 ids, which are the only ones known here")
        return Refs(
            objects={name: oid for name, oid in names.items() if not name.endswith(_PEELED)},
            commits={name.removesuffix(_PEELED): oid for name, oid in names.items() if name.endswith(_PEELED)},
        )

    def fetch(self, oid: str) -> bytes:
        """The pack with one commit, or one tag and its commit, and all files of it, but nothing before. Raises as
        `list_refs`, and RepositoryTooLarge.
        """
        return self._fetch([oid], depth=1)

    def fetch_folders(self, oid: str) -> bytes | None:
        """As `fetch`, but without the content of the files; None where the server knows no such thing."""
        return self._fetch([oid], depth=1, filter_spec=b"blob:none") if self._client.can_filter else None

    def fetch_files(self, oids: Sequence[str]) -> bytes:
        """The pack with the content of these files, at least one, whose ids `fetch_folders` gave. Raises as `fetch`."""
        return self._fetch(oids)

    def _fetch(self, oids: Sequence[str], **how: Any) -> bytes:
        from dulwich.objects import ObjectID

        from skillyard.infra.git_client import NothingHere

        pack = BytesIO()
        wanted = [ObjectID(oid.encode()) for oid in oids]

        def want(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:  # noqa: ARG001 (as called)
            return wanted

        self._ask(lambda: self._client.fetch_pack("", want, NothingHere(), pack.write, **how))
        return pack.getvalue()

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Whatever a hostile server makes of the protocol's code ends in one refusal."""
        try:
            return call()
        except AnswerTooLarge as error:
            raise RepositoryTooLarge(repository=self._repository, most_bytes=error.facts["most_bytes"]) from None
        except SkillyardError:
            raise
        except Exception as error:
            raise GitFailed(host=self._host, why=_reason(error)) from error


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _reason(error: Exception) -> str:
    """What is wrong with the conversation, perhaps in the words of the server, on one short line."""
    from dulwich.errors import GitProtocolError

    said = " ".join(str(error).split())[:_MOST_SAID_CHARS].rstrip(" .?") if isinstance(error, GitProtocolError) else ""
    return said if said and said.isascii() and said.isprintable() else "it does not speak git's protocol"
