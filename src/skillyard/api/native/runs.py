"""Run scripts of skills: at once, or started and looked at later, or followed while they run; and sessions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any, BinaryIO

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from skillyard.api.native.releases import BYTES
from skillyard.api.native.wire import runs as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs import cancel, read, sessions, start
from skillyard.domain.runs.errors import RunFormNotReadable
from skillyard.domain.runs.limits import narrowed
from skillyard.domain.runs.model import Run, Stream
from skillyard.skill.names import SkillName

router = APIRouter(tags=["runs"])

Key = Annotated[str | None, Header(alias="idempotency-key", include_in_schema=False)]
Wait = Annotated[
    float, Query(ge=0, le=read.MOST_WAIT_S, description="Answer when it is over, or after so many seconds.")
]
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["run"],
                    "properties": {"run": {"type": "string", "description": "What startRun takes, as JSON."}},
                    "additionalProperties": {"type": "string", "format": "binary"},
                }
            }
        },
    }
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
_FILES = "files/"
_STREAM_S = 600.0
_QUIET_S = 10.0
_CHUNK_BYTES = 256 * 1024
_SAFE = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


@router.post("/runs", status_code=201, summary="Run a script of a skill")
async def start_run(
    app: AppOf, caller: CallerOf, body: wire.StartRunBody, wait: Wait = 0, idempotency_key: Key = None
) -> wire.RunOnWire:
    """In a sandbox, under the permissions that the release declares. With `wait` it is over when this answers, if it
    does not take longer.
    """
    return await _start(app, caller, body, {}, body.stdin.encode(), wait, idempotency_key)


@router.post("/runs/with-files", status_code=201, summary="Run a script on files", openapi_extra=_FORM)
async def start_run_with_files(
    request: Request, app: AppOf, caller: CallerOf, wait: Wait = 0, idempotency_key: Key = None
) -> wire.RunOnWire:
    """A form: `run` holds what startRun takes, `files/in.pdf` the bytes of `in.pdf` in the workspace, and `stdin` what
    the script reads there.
    """
    async with request.form(max_files=app.settings.run_files + 1, max_fields=10) as form:
        texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        parts = {name: await value.read() for name, value in form.multi_items() if isinstance(value, UploadFile)}
    files = {name.removeprefix(_FILES): data for name, data in parts.items() if name.startswith(_FILES)}
    unknown = [name for name in (*parts, *texts) if name not in ("run", "stdin") and not name.startswith(_FILES)]
    if unknown or "run" not in texts:
        raise RunFormNotReadable(why=f"it has {unknown[0][:100]!a}" if unknown else "it has no field `run`")
    body = _read_body(texts["run"])
    stdin = parts.get("stdin", body.stdin.encode())
    return await _start(app, caller, body, files, stdin, wait, idempotency_key)


@router.get("/runs", summary="My runs")
def list_runs(
    app: AppOf,
    caller: CallerOf,
    session_id: Annotated[str | None, Query(max_length=200, description="Only those in this session.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.RunsPage:
    """The newest first."""
    page = read.list_runs(app, caller, session_id=session_id, limit=limit, cursor=cursor)
    return wire.show_runs(page, app.settings.address)


@router.get("/runs/{run_id}", summary="One run")
async def get_run(app: AppOf, caller: CallerOf, run_id: str, wait: Wait = 0) -> wire.RunOnWire:
    """As it is now, or with `wait` when it is over."""
    run = await asyncio.to_thread(read.get_run, app, caller, run_id=run_id)
    return await _show_when_over(app, caller, run, wait)


@router.post("/runs/{run_id}/cancel", summary="Cancel a run")
def cancel_run(app: AppOf, caller: CallerOf, run_id: str) -> wire.RunOnWire:
    """One that waits ends at once, one under way within seconds."""
    return wire.show_run(cancel.cancel_run(app, caller, run_id=run_id), app.settings.address)


@router.get("/runs/{run_id}/output", summary="What a run has written")
def get_run_output(
    app: AppOf, caller: CallerOf, run_id: str, after: Annotated[int, Query(ge=0, le=2**53)] = 0
) -> wire.OutputOnWire:
    """Piece by piece, both streams in the order in which they came, behind the position `after`."""
    return wire.show_output(*read.read_output(app, caller, run_id=run_id, after=after))


@router.get("/runs/{run_id}/output/{stream}", summary="All of a stream", response_class=Response, responses=BYTES)
def get_run_stream(app: AppOf, caller: CallerOf, run_id: str, stream: Stream) -> Response:
    """What it has written to stdout, or to stderr, as bytes."""
    data = read.read_stream(app, caller, run_id=run_id, stream=stream)
    return Response(data, media_type="application/octet-stream", headers=_SAFE)


@router.get("/runs/{run_id}/events", summary="Follow a run", response_class=StreamingResponse, responses=_EVENTS)
async def follow_run(
    app: AppOf,
    caller: CallerOf,
    run_id: str,
    last_event_id: Annotated[str | None, Header(max_length=20, description="Goes on behind this one.")] = None,
) -> StreamingResponse:
    """Server-sent events: `output` for each piece that it writes, in the end `run` with what came of it."""
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    await asyncio.to_thread(read.get_run, app, caller, run_id=run_id)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(app, caller, run_id, after), media_type="text/event-stream", headers=headers)


@router.get(
    "/runs/{run_id}/files/{path:path}", summary="A file that a run left", response_class=Response, responses=BYTES
)
def get_run_file(app: AppOf, caller: CallerOf, run_id: str, path: Annotated[str, Path(max_length=1000)]) -> Response:
    """Its bytes, never as anything that a browser would run."""
    file, content = read.open_file(app, caller, run_id=run_id, path=path)
    headers = {**_SAFE, "content-disposition": "attachment", "etag": f'"{file.sha256}"'}
    headers["content-length"] = str(file.size_bytes)
    return StreamingResponse(_chunks(content), media_type="application/octet-stream", headers=headers)


@router.get("/runs/{run_id}/receipt", summary="The receipt of a run", response_class=PlainTextResponse)
def get_run_receipt(app: AppOf, caller: CallerOf, run_id: str) -> PlainTextResponse:
    """What the registry swears of it, as a note signed with the key of getLogKey."""
    return PlainTextResponse(read.get_receipt(app, caller, run_id=run_id))


@router.post("/run-sessions", status_code=201, summary="Open a session")
def open_run_session(app: AppOf, caller: CallerOf) -> wire.SessionOnWire:
    """A workspace that each run in it finds as the one before left it."""
    return wire.show_session(sessions.open_session(app, caller))


@router.get("/run-sessions", summary="My sessions")
def list_run_sessions(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.SessionsPage:
    """The newest first."""
    return wire.show_sessions(sessions.list_sessions(app, caller, limit=limit, cursor=cursor))


@router.get("/run-sessions/{session_id}", summary="One session")
def get_run_session(app: AppOf, caller: CallerOf, session_id: str) -> wire.SessionOnWire:
    """With the files in its workspace."""
    return wire.show_session(sessions.get_session(app, caller, session_id=session_id))


@router.delete("/run-sessions/{session_id}", summary="Close a session")
def close_run_session(app: AppOf, caller: CallerOf, session_id: str) -> wire.SessionOnWire:
    """Its workspace is gone; its runs stay."""
    return wire.show_session(sessions.close_session(app, caller, session_id=session_id))


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while chunk := content.read(_CHUNK_BYTES):
            yield chunk


async def _start(
    app: App,
    caller: Caller,
    body: wire.StartRunBody,
    files: Mapping[str, bytes],
    stdin: bytes,
    wait_s: float,
    key: str | None,
) -> wire.RunOnWire:
    run = await asyncio.to_thread(
        start.start_run,
        app,
        caller,
        name=SkillName.parse(body.name),
        version=body.version,
        script=body.script,
        arguments=body.arguments,
        stdin=stdin,
        environment=body.environment,
        files={**{path: text.encode() for path, text in body.files.items()}, **files},
        session_id=body.session_id,
        limits=narrowed(app.settings, **body.limits.model_dump()),
        key=key,
        max_credits=body.max_credits,
    )
    return await _show_when_over(app, caller, run, wait_s)


def _read_body(text: str) -> wire.StartRunBody:
    try:
        return wire.StartRunBody.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "run"
        raise RunFormNotReadable(why=f"in `run`, {place}: {first['msg']}") from None


async def _show_when_over(app: App, caller: Caller, run: Run, wait_s: float) -> wire.RunOnWire:
    """Without a thread that waits."""
    until = time.monotonic() + wait_s
    pauses = read.pauses()
    while not run.status.is_over and time.monotonic() < until:
        await asyncio.sleep(min(next(pauses), max(0.0, until - time.monotonic())))
        run = await asyncio.to_thread(read.get_run, app, caller, run_id=run.id)
    return await asyncio.to_thread(_show, app, caller, run)


def _show(app: App, caller: Caller, run: Run) -> wire.RunOnWire:
    if not run.status.is_over:
        return wire.show_run(run, app.settings.address)
    streams: tuple[Stream, ...] = ("stdout", "stderr")
    output = {stream: read.read_stream(app, caller, run_id=run.id, stream=stream) for stream in streams}
    return wire.show_run(run, app.settings.address, output)


async def _events(app: App, caller: Caller, run_id: str, after: int) -> AsyncIterator[bytes]:
    """Until it is over; a client that was left earlier comes back with the last id that it has seen."""
    until = quiet_from = time.monotonic()
    until += _STREAM_S
    pauses = read.pauses()
    while time.monotonic() < until:
        run, chunks = await asyncio.to_thread(read.read_output, app, caller, run_id=run_id, after=after)
        for chunk in chunks:
            after = chunk.position
            yield _event("output", wire.show_chunk(chunk).model_dump(mode="json"), after)
        if chunks:
            quiet_from, pauses = time.monotonic(), read.pauses()
            continue
        if run.status.is_over:
            run = await asyncio.to_thread(read.get_run, app, caller, run_id=run_id)
            shown = await asyncio.to_thread(_show, app, caller, run)
            yield _event("run", shown.model_dump(mode="json"), after)
            return
        if time.monotonic() - quiet_from > _QUIET_S:
            quiet_from = time.monotonic()
            yield b": it still runs\n\n"
        await asyncio.sleep(next(pauses))


def _event(kind: str, data: Mapping[str, Any], position: int) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (kind.encode(), position, orjson.dumps(data))
