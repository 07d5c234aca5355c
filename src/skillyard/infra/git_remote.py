"""Asks a git server, by the one door, which branches and tags it has, and for the files of one commit.

The protocol is dulwich's; there is no git program, no copy on disk and no hook. What comes back is a pack that nobody
has looked at yet: `git_pack.py` reads it, in a process of its own.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from dulwich.client import AbstractHttpGitClient
from dulwich.errors import GitProtocolError
from dulwich.objects import ObjectID
from dulwich.protocol import PEELED_TAG_SUFFIX
from dulwich.refs import Ref

from skillyard.infra.errors import Invalid, NotFound, SkillyardError, Upstream
from skillyard.infra.outbound import Answer, AnswerTooLarge, Bounds, Outbound

_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"
_ABSENT = (401, 403, 404, 410)  # a forge asks for a password rather than say that something is private
_MOST_READS = 400_000  # so that nobody keeps us busy with packets of a byte
_MOST_REDIRECTS = 3
_MOST_SAID_CHARS = 200
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
logging.getLogger("dulwich").setLevel(logging.CRITICAL)  # it would log what servers send


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
        self._repository = repository
        self._host = str(urlsplit(repository).hostname)
        self._client = _Client(outbound, repository, within_s=within_s, max_bytes=max_bytes)

    def list_refs(self, prefixes: Sequence[str]) -> Refs:
        """The names that begin with one of these. Raises AddressNotAllowed, CallFailed, RepositoryNotFound or
        GitFailed.
        """
        asked = [prefix.encode() for prefix in prefixes]
        found = self._ask(lambda: self._client.get_refs("", ref_prefix=asked))
        names = {_text(name): _text(oid) for name, oid in found.refs.items() if oid}
        if any(not _OBJECT_ID.fullmatch(oid) for oid in names.values()):
            raise GitFailed(host=self._host, why="its commits have no SHA-1 ids, which are the only ones known here")
        peeled = _text(PEELED_TAG_SUFFIX)
        return Refs(
            objects={name: oid for name, oid in names.items() if not name.endswith(peeled)},
            commits={name.removesuffix(peeled): oid for name, oid in names.items() if name.endswith(peeled)},
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
        pack = BytesIO()
        wanted = [ObjectID(oid.encode()) for oid in oids]

        def want(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:  # noqa: ARG001 (as called)
            return wanted

        self._ask(lambda: self._client.fetch_pack("", want, _NothingHere(), pack.write, **how))
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


class _Client(AbstractHttpGitClient):
    """Speaks through the door. It discovers what the server has once, and follows it nowhere else."""

    def __init__(self, outbound: Outbound, repository: str, *, within_s: float, max_bytes: int) -> None:
        super().__init__(repository, thin_packs=False, quiet=True)
        self._outbound = outbound
        self._repository = repository
        self._end = time.monotonic() + within_s
        self._max_bytes = max_bytes
        self._discovered: Any = None

    @property
    def can_filter(self) -> bool:
        """Whether the server said so, as it does in version 2 of the protocol only (gitprotocol-v2(5))."""
        said = self._discovered[1] if self._discovered else ()
        return any(b"filter" in line.strip().removeprefix(b"fetch=").split() for line in said if b"fetch=" in line)

    def _discover_references(self, *args: Any, **kwargs: Any) -> Any:
        if self._discovered is None:
            self._discovered = super()._discover_references(*args, **kwargs)
        return self._discovered

    def _http_request(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: ARG002 (an answer that is none is always a failure here)
    ) -> Any:
        body = data if isinstance(data, bytes) else b"".join(data or ())
        sent = {name: value for name, value in (headers or {}).items() if name.lower() != "content-length"}
        answer = self._outbound.request(
            "POST" if body else "GET", url, headers=sent, body=body, bounds=self._bounds(is_first=not body)
        )
        host = str(urlsplit(answer.url).hostname)
        if answer.status in _ABSENT:
            raise RepositoryNotFound(repository=self._repository)
        if answer.status != 200:
            raise GitFailed(host=host, why=f"it answered with status {answer.status}")
        response = _Response(answer, url)
        if not body and response.content_type != _ADVERTISEMENT:
            raise GitFailed(host=host, why="what is at this address is no git repository")
        return response, _Reads(answer.body)

    def _bounds(self, *, is_first: bool) -> Bounds:
        left_s = max(0.0, self._end - time.monotonic())
        bounds = Bounds(total_s=left_s, phase_s=left_s, max_bytes=self._max_bytes)
        return replace(bounds, max_redirects=_MOST_REDIRECTS) if is_first else bounds


class _Response:
    """As much of an HTTP response as dulwich looks at."""

    def __init__(self, answer: Answer, asked: str) -> None:
        self.content_type = answer.headers.get("content-type", "").partition(";")[0]
        self.redirect_location = answer.url if answer.url != asked else ""

    def close(self) -> None:
        """It is all there already."""


class _Reads:
    """Hands out an answer piece by piece, but not in too many pieces."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)
        self._left = _MOST_READS

    def __call__(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ValueError("it sends its answer in too many pieces")
        return self._body.read(size)


class _NothingHere:
    """What we have of the repository."""

    def __next__(self) -> None:
        return None

    def ack(self, oid: bytes) -> None:
        """It never happens, since we name nothing that we have."""

    def nak(self) -> None:
        """As expected."""


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _reason(error: Exception) -> str:
    """What is wrong with the conversation, perhaps in the words of the server, on one short line."""
    said = " ".join(str(error).split())[:_MOST_SAID_CHARS].rstrip(" .?") if isinstance(error, GitProtocolError) else ""
    return said if said and said.isascii() and said.isprintable() else "it does not speak git's protocol"
