"""Runs and their sessions, on the wire. What a program wrote is bytes: base64, or text as far as it is text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.runs.model import OutputChunk, Run, RunStatus, Session, SessionStatus, Stream
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page
from skillyard.skill.digest import FileEntry

_NOW = "2026-11-21T07:00:00.000Z"
_DIGEST = f"sha256:{'5e' * 32}"
_FILE = {"path": "out.csv", "size_bytes": 120, "sha256": "5e" * 32, "url": "https://…/runs/run_01k…/files/out.csv"}
_SHOWN_BYTES = 64 * 1024
_RUN: dict[str, Any] = {
    "id": "run_01k0000000000000000000000a",
    "name": "acme/pdf",
    "version": "1.2.0",
    "digest": _DIGEST,
    "script": "scripts/extract.py",
    "session_id": None,
    "status": "succeeded",
    "why": "",
    "notes": [],
    "exit_code": 0,
    "signal": None,
    "limits_hit": [],
    "duration_ms": 412,
    "cpu_ms": 380,
    "peak_memory_bytes": 31_457_280,
    "observed": {"hosts": [], "files_read": ["in.pdf"], "files_written": ["out.csv"]},
    "isolation": {"kind": "bubblewrap", "version": "0.11.0", "parts": ["namespaces", "seccomp"], "missing": []},
    "permissions": {"network": {"outbound": []}},
    "files": [_FILE],
    "stdout": "3 pages\n",
    "stderr": "",
    "has_receipt": True,
    "credits": 0,
    "is_charged": False,
    "created_at": _NOW,
    "begun_at": _NOW,
    "ended_at": _NOW,
}
_SESSION = {
    "id": "ses_01k0000000000000000000000a",
    "status": "open",
    "files": [{"path": "out.csv", "size_bytes": 120, "sha256": "5e" * 32}],
    "created_at": _NOW,
    "expires_at": _NOW,
    "ended_at": None,
}
_CHUNK = {"position": 1, "stream": "stdout", "at": _NOW, "data": "MyBwYWdlcwo="}

Argument = Annotated[str, StringConstraints(max_length=65_536)]
Path = Annotated[str, StringConstraints(max_length=1000)]


class LimitsBody(BaseModel):
    """Less than the operator allows; what is left out is what they allow."""

    model_config = ConfigDict(extra="forbid")

    seconds: float | None = Field(default=None, gt=0, description="From the start of the program to its end.")
    cpu_seconds: int | None = Field(default=None, ge=1)
    memory_mb: int | None = Field(default=None, ge=1)
    processes: int | None = Field(default=None, ge=1)
    disk_mb: int | None = Field(default=None, ge=1)
    files: int | None = Field(default=None, ge=1)
    output_kb: int | None = Field(default=None, ge=1, description="Of stdout, and of stderr.")


class StartRunBody(BaseModel):
    model_config = example(
        {
            "name": "acme/pdf",
            "script": "extract.py",
            "arguments": ["--pages", "1-3", "in.pdf"],
            "limits": {"seconds": 20},
        },
        closed=True,
    )

    name: Text = Field(description="The skill, as namespace/slug.")
    version: Text | None = Field(default=None, description="An exact version or a channel; `latest` when left out.")
    script: Path = Field(description="A file of the skill; `extract.py` also finds `scripts/extract.py`.")
    arguments: list[Argument] = Field(default=[], max_length=256)
    stdin: str = ""
    environment: dict[str, str] = Field(default={}, description="Values for variables that the skill declares.")
    files: dict[Path, str] = Field(default={}, description="Small text files, by their paths in the workspace.")
    session_id: Text | None = Field(default=None, description="Run it in the workspace of this session.")
    limits: LimitsBody = LimitsBody()
    max_credits: int | None = Field(
        default=None, ge=0, description="Refuse it if it costs more; left out: whatever the release says."
    )


class FileOnWire(BaseModel):
    path: str
    size_bytes: int
    sha256: str
    url: str | None = Field(default=None, description="Where its bytes are, for you.")


class IsolationOnWire(BaseModel):
    kind: str
    version: str
    parts: list[str] = Field(description="What of it was in force.")
    missing: list[str] = Field(description="What was not, and why.")


class RunOnWire(BaseModel):
    model_config = example(_RUN)

    id: str
    name: str
    version: str
    digest: str
    script: str | None
    session_id: str | None
    status: RunStatus
    why: str = Field(description="Why it did not succeed.")
    notes: list[str] = Field(description="What it left that was not taken.")
    exit_code: int | None
    signal: int | None
    limits_hit: list[str]
    duration_ms: int | None
    cpu_ms: int | None
    peak_memory_bytes: int | None
    observed: dict[str, list[str]] | None = Field(description="What it did, and what it tried in vain.")
    isolation: IsolationOnWire | None
    permissions: dict[str, Any] = Field(description="What it may do: what the release declares.")
    files: list[FileOnWire] = Field(description="What it left in its workspace.")
    stdout: str | None = Field(default=None, description="The beginning, of a single run that is over.")
    stderr: str | None = None
    has_receipt: bool
    credits: int = Field(description="What it costs: set aside until its end.")
    is_charged: bool = Field(description="Whether its program came to an end, and it was paid.")
    created_at: Time
    begun_at: Time | None
    ended_at: Time | None


class RunsPage(BaseModel):
    model_config = example({"items": [_RUN], "next_cursor": None})

    items: list[RunOnWire]
    next_cursor: str | None


class ChunkOnWire(BaseModel):
    model_config = example(_CHUNK)

    position: int = Field(description="Counts from 1 within the run.")
    stream: Literal["stdout", "stderr"]
    at: Time
    data: str = Field(description="Base64.")


class OutputOnWire(BaseModel):
    model_config = example({"items": [_CHUNK], "is_over": False})

    items: list[ChunkOnWire]
    is_over: bool = Field(description="Whether nothing comes behind these, once there are none.")


class SessionOnWire(BaseModel):
    model_config = example(_SESSION)

    id: str
    status: SessionStatus
    files: list[FileOnWire] = Field(description="What is in its workspace; not in lists.")
    created_at: Time
    expires_at: Time = Field(description="When it ends, unless something runs in it before.")
    ended_at: Time | None


class SessionsPage(BaseModel):
    model_config = example({"items": [_SESSION], "next_cursor": None})

    items: list[SessionOnWire]
    next_cursor: str | None


def show_run(run: Run, address: str, output: Mapping[Stream, bytes] | None = None) -> RunOnWire:
    """`output`: of a run that is over."""
    result = run.result
    return RunOnWire(
        id=run.id,
        name=run.name,
        version=run.version,
        digest=run.digest,
        script=run.task.script,
        session_id=run.session_id,
        status=run.status,
        why=run.why,
        notes=list(run.notes),
        exit_code=result.exit_code if result else None,
        signal=result.signal if result else None,
        limits_hit=list(result.limits_hit) if result else [],
        duration_ms=result.duration_ms if result else None,
        cpu_ms=result.cpu_ms if result else None,
        peak_memory_bytes=result.peak_memory_bytes if result else None,
        observed={name: list(values) for name, values in asdict(result.observed).items()} if result else None,
        isolation=IsolationOnWire(**asdict(result.level)) if result else None,
        permissions=run.task.permissions.show(),
        files=[_show_file(file, f"{address}{PREFIX}/runs/{run.id}/files/{quote(file.path)}") for file in run.files_out],
        stdout=_text(output["stdout"]) if output else None,
        stderr=_text(output["stderr"]) if output else None,
        has_receipt=run.receipt is not None,
        credits=run.credits,
        is_charged=run.is_charged,
        created_at=iso(run.created_ms),
        begun_at=iso(run.begun_ms) if run.begun_ms is not None else None,
        ended_at=iso(run.ended_ms) if run.ended_ms is not None else None,
    )


def show_runs(page: Page[Run], address: str) -> RunsPage:
    return RunsPage(items=[show_run(run, address) for run in page.items], next_cursor=page.next_cursor)


def show_output(run: Run, chunks: Iterable[OutputChunk]) -> OutputOnWire:
    return OutputOnWire(items=[show_chunk(chunk) for chunk in chunks], is_over=run.status.is_over)


def show_chunk(chunk: OutputChunk) -> ChunkOnWire:
    data = base64.b64encode(chunk.data).decode()
    return ChunkOnWire(position=chunk.position, stream=chunk.stream, at=iso(chunk.at_ms), data=data)


def show_session(session: Session) -> SessionOnWire:
    return SessionOnWire(
        id=session.id,
        status=session.status,
        files=[_show_file(file) for file in session.files],
        created_at=iso(session.created_ms),
        expires_at=iso(session.expires_ms),
        ended_at=iso(session.ended_ms) if session.ended_ms is not None else None,
    )


def show_sessions(page: Page[Session]) -> SessionsPage:
    return SessionsPage(items=[show_session(session) for session in page.items], next_cursor=page.next_cursor)


def _show_file(file: FileEntry, url: str | None = None) -> FileOnWire:
    return FileOnWire(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256, url=url)


def _text(data: bytes) -> str:
    """The beginning; bytes that are no text are replaced."""
    return data[:_SHOWN_BYTES].decode("utf-8", "replace")
