"""Run a script and wait for its end; and the sessions that runs are in."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Path

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.errors import RunNotDone, RunTakesTooLong
from skillyard.api.skillzdrive.wire import runs as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.chosen import find_version
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.runs import hosted, read
from skillyard.domain.runs.model import Run, Stream
from skillyard.domain.runs.sessions import close_session

router = signed_router("runs")

_SESSION = f"{API}/runs/sessions/{{sessionId}}"
_MOST_QUEUED_S = 300.0


@router.post(f"{API}/runs", summary="Run a script of a skill")
async def run_skill(app: AppOf, caller: SignedIn, body: wire.RunBody) -> Data[wire.RunShown]:
    """Answers when it has ended. Its session ends with it, unless it was named, or is to be reused."""
    run = await asyncio.to_thread(_begin, app, caller, body)
    until = time.monotonic() + app.settings.run_seconds + _MOST_QUEUED_S
    pauses = read.pauses()
    while not run.status.is_over:
        if time.monotonic() > until:
            raise RunTakesTooLong(run_id=run.id, retry_after_s=60)
        await asyncio.sleep(next(pauses))
        run = await asyncio.to_thread(read.get_run, app, caller, run_id=run.id)
    return await asyncio.to_thread(_end, app, caller, run, body)


@router.delete(_SESSION, summary="Close a session")
def close_run_session(
    app: AppOf, caller: SignedIn, session_id: Annotated[str, Path(alias="sessionId")]
) -> Data[wire.SessionClosed]:
    """Its workspace is gone; what its runs left can still be read."""
    closed = close_session(app, caller, session_id=session_id)
    return Data(data=wire.SessionClosed(session_id=closed.id, closed=True))


def _begin(app: App, caller: Caller, body: wire.RunBody) -> Run:
    name = find_name(app, body.skill_slug)
    return hosted.begin(
        app,
        caller,
        name=name,
        version=find_version(app, caller, name),
        script=body.script_name,
        arguments=body.args,
        stdin=body.stdin.encode("utf-8", "surrogatepass"),
        session_id=body.session_id,
        is_reused=body.reuse_session,
    )


def _end(app: App, caller: Caller, run: Run, body: wire.RunBody) -> Data[wire.RunShown]:
    hosted.end(app, caller, run, session_id=body.session_id, is_reused=body.reuse_session)
    if run.result is None:
        raise RunNotDone(run_id=run.id, status=run.status.value, why=run.why)
    streams: tuple[Stream, ...] = ("stdout", "stderr")
    output = {stream: read.read_stream(app, caller, run_id=run.id, stream=stream) for stream in streams}
    return Data(data=wire.show_run(run, output))
