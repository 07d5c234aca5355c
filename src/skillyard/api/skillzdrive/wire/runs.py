"""Runs on the wire: what goes in, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text
from skillyard.api.skillzdrive.wire.fields import CamelBody
from skillyard.domain.runs.model import Run, RunStatus, Stream

_MOST_ARGUMENTS = 1000
_SIGNALLED = 128  # a shell's exit code of a program that a signal has ended


class RunBody(CamelBody):
    skill_slug: Text
    script_name: Text
    args: list[str] = Field(default=[], max_length=_MOST_ARGUMENTS)
    stdin: str = ""
    session_id: Text | None = None
    reuse_session: bool = Field(default=False, description="Go on in the session that this key used so before.")


class RunShown(BaseModel):
    stdout: str
    stderr: str
    exit_code: int
    session_id: str = Field(serialization_alias="sessionId")
    duration_ms: int
    run_id: str
    status: RunStatus
    why: str = Field(description="Why it did not succeed.")
    credits_charged: int
    files: list[str] = Field(description="What it left in the workspace of the session.")


class SessionClosed(CamelBody):
    session_id: str
    closed: bool


def show_run(run: Run, output: Mapping[Stream, bytes]) -> RunShown:
    """Of one whose program has ended."""
    result = run.result
    assert result is not None
    code = result.exit_code if result.exit_code is not None else _SIGNALLED + (result.signal or 0)
    return RunShown(
        stdout=output["stdout"].decode("utf-8", "replace"),
        stderr=output["stderr"].decode("utf-8", "replace"),
        exit_code=code,
        session_id=run.session_id or "",
        duration_ms=result.duration_ms,
        run_id=run.id,
        status=run.status,
        why=run.why,
        credits_charged=run.credits if run.is_charged else 0,
        files=[file.path for file in run.files_out],
    )
