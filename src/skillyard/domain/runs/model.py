"""The nouns of runs, and what happens to them as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from skillyard.infra.events import Event
from skillyard.sandbox.model import Limits, Result
from skillyard.sandbox.model import Stream as Stream  # surfaces read it here
from skillyard.skill.digest import FileEntry
from skillyard.skill.permissions import Permissions

RunKind = Literal["script", "step"]
LANE = "runs"
"""Of the jobs that take as long as the programs they run."""


class RunStatus(StrEnum):
    """Queued, then running; then how it ended. Succeeded: its program ended with 0, within its limits. Failed: it did
    not. Cancelled: somebody stopped it. Refused: it was never started, because it could not be had or isolated. Lost:
    its worker died, or was stopped, while the program ran, so nobody knows what it did; it is not run again.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    LOST = "lost"

    @property
    def is_over(self) -> bool:
        return self not in UNDER_WAY


UNDER_WAY = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})


class SessionStatus(StrEnum):
    """Open; closed by its owner; or expired, because nothing ran in it for long."""

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask:
    """What is to be run: `command` is the program and its arguments, as `sandbox.model.Task` takes them. `script`: the
    file of the skill that it comes from, whose dependencies it gets. `environment`: only names.
    """

    script: str | None
    command: tuple[str, ...]
    stdin_sha256: str | None
    stdin_bytes: int
    environment: tuple[str, ...]
    permissions: Permissions
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`result` is None until its program has ended; its stdout and stderr are empty here, see `read.read_output`.

    `why` says what kept it from succeeding, `notes` which files it left that were not taken. `ref`: of a step, what it
    is a step of. `receipt`: the signed text, once its program has ended. `key_id`: the key for some skills of its
    owner's with which it was asked for. `credits`: what it costs, set aside until its end.
    """

    id: str
    kind: RunKind
    owner_id: str
    ref: str | None
    session_id: str | None
    release_id: str
    name: str
    version: str
    digest: str
    task: RunTask
    status: RunStatus
    why: str
    notes: tuple[str, ...]
    cancel_asked: bool
    result: Result | None
    receipt: str | None
    created_ms: int
    begun_ms: int | None
    ended_ms: int | None
    files_in: tuple[FileEntry, ...] = ()
    files_out: tuple[FileEntry, ...] = ()
    key_id: str | None = None
    credits: int = 0

    @property
    def is_charged(self) -> bool:
        """Whether what it costs was paid: then its program came to an end."""
        return self.credits > 0 and self.result is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChunk:
    """`position` counts from 1 within the run, over both streams."""

    position: int
    stream: Stream
    at_ms: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A workspace that the runs in it find as the one before left it. `key_id` as of runs."""

    id: str
    owner_id: str
    status: SessionStatus
    created_ms: int
    expires_ms: int
    ended_ms: int | None
    files: tuple[FileEntry, ...] = ()
    key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A step that the server itself has run, in the name of `owner_id`, who alone sees its run.

    `ref` names it once and for all: work with a ref that was done is not done again. `command` is a program and its
    arguments, as `sandbox.model.Task` takes them, in a workspace with `files`; the release is below /skill. The
    dependencies are those that `script`, a file of the release, asks for. `permissions`: None for those that the
    release declares. `environment` is given as it is, and taken out of what is kept of the output. The
    files that it leaves are not kept.
    """

    owner_id: str
    ref: str
    name: str
    version: str
    command: tuple[str, ...]
    script: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of work: all of its output in `result`, and the signed receipt."""

    run_id: str
    status: RunStatus
    result: Result
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run is over; `run_kind`: script, or step of an invocation, of which nobody but its owner knows."""

    kind: ClassVar[str] = "run.ended"

    run_id: str
    run_kind: str
    owner_id: str
    name: str
    version: str
    status: str
