"""Keep the skills of a machine and of a drive the same, in both directions."""

from __future__ import annotations

import gzip
import re
from typing import Annotated

from fastapi import APIRouter, File, Header, Request, UploadFile
from starlette.responses import Response

from skillyard.api.native.answers import PRIVATE_CACHE, json_body
from skillyard.api.native.wire import sync as wire
from skillyard.api.native.wire import sync_answers as answers
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.drive import diff, sync, sync_runs, sync_uploads

router = APIRouter(tags=["drive"])

_RUN = "/drive/sync/{run_id}"
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_PACKED_FROM_BYTES = 4096
_LEVEL = 3  # 500 skills: a quarter of the bytes, for 3 ms


@router.post("/drive/sync/preview", summary="What a sync would do", response_model=answers.SyncPreviewOnWire)
def preview_sync(request: Request, app: AppOf, caller: CallerOf, body: wire.SyncBody) -> Response:
    """Per skill what would be done, why, and what it costs. Nothing is changed."""
    state = wire.read_state(body)
    found = sync.preview(app, caller, state, mode=body.mode, drive=body.drive, forks=body.forks)
    return _answer(request, answers.show_preview(found, app.settings.address))


@router.post("/drive/sync", status_code=201, summary="Begin a sync", response_model=answers.SyncRunOnWire)
def begin_sync(request: Request, app: AppOf, caller: CallerOf, body: wire.BeginSyncBody) -> Response:
    """Everything is decided anew; what costs nothing is taken into the drive at once. The rest is yours: fetch, merge,
    upload, then finalize.
    """
    run = sync.begin(
        app,
        caller,
        wire.read_state(body),
        install_id=body.install_id,
        kind=body.kind,
        mode=body.mode,
        expected=wire.read_expected(body),
        drive=body.drive,
        forks=body.forks,
    )
    return _answer(request, answers.show_run(run, app.settings.address), status_code=201)


@router.get(_RUN, summary="A sync that was begun", response_model=answers.SyncRunOnWire)
def get_sync(request: Request, app: AppOf, caller: CallerOf, run_id: str) -> Response:
    """To go on with it after it was interrupted: what is still pending."""
    run = sync_runs.get_run(app, caller, run_id=run_id)
    return _answer(request, answers.show_run(run, app.settings.address))


@router.post(f"{_RUN}/uploads/{{slug}}", summary="Upload a folder in a sync", response_model=answers.UploadedOnWire)
def upload_in_sync(
    request: Request,
    app: AppOf,
    caller: CallerOf,
    run_id: str,
    slug: str,
    archive: Annotated[UploadFile, File(description="A zip or tar.gz of the folder.")],
    x_skillyard_sha256: Annotated[str | None, Header(description="What the archive hashes to.", max_length=200)] = None,
) -> Response:
    """It becomes a private release, and the drive has it. Again: the same answer, and nothing is charged twice."""
    uploaded = sync_uploads.upload(
        app, caller, run_id=run_id, slug=slug, source=archive.file, sha256=x_skillyard_sha256
    )  # fmt: skip
    return _answer(request, answers.show_uploaded(uploaded))


@router.post(f"{_RUN}/finalize", summary="Close a sync", response_model=answers.SyncClosedOnWire)
def finalize_sync(request: Request, app: AppOf, caller: CallerOf, run_id: str, body: wire.FinalizeBody) -> Response:
    """Say what was done with each item. Again: the same answer."""
    closed = sync_runs.finalize(
        app, caller, run_id=run_id, results=wire.read_results(body), counters=body.counters
    )  # fmt: skip
    return _answer(request, answers.show_closed(closed))


@router.post("/drive/diff", summary="What differs between a machine and a drive", response_model=answers.DiffOnWire)
def diff_drive(request: Request, app: AppOf, caller: CallerOf, body: wire.DiffBody) -> Response:
    """By digest. Nothing is changed, and nothing decided."""
    return _answer(request, answers.show_diff(diff.diff(app, caller, wire.read_local(body), drive=body.drive)))


def _answer(request: Request, shown: dict[str, object], *, status_code: int = 200) -> Response:
    """Packed where that is worth it, and the client can read it (RFC 9110, section 12.5.3)."""
    body, headers = json_body(shown), {"cache-control": PRIVATE_CACHE, "vary": "accept-encoding"}
    if len(body) > _PACKED_FROM_BYTES and _GZIP.search(request.headers.get("accept-encoding", "")):
        body, headers["content-encoding"] = gzip.compress(body, _LEVEL, mtime=0), "gzip"
    return Response(body, status_code=status_code, media_type="application/json", headers=headers)
