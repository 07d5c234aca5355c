"""`POST /scan`, with either body that Tank's clients send: a tarball in a form, or the address of one."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from skillyard.api.native.answers import json_body
from skillyard.api.surface import address_of, app_of, caller_of
from skillyard.api.tank import wire
from skillyard.api.tank.errors import TarballMissing
from skillyard.api.tank.wire import STAGES, location_of, severity_of, stage_of
from skillyard.domain.registry.scan_only import Scanned, scan_archive, scan_url

router = APIRouter(tags=["scan"])

_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["tarball"],
                    "properties": {
                        "tarball": {"type": "string", "format": "binary"},
                        "manifest": {"type": "string", "description": "Not needed: it is in the tarball."},
                    },
                }
            },
            "application/json": {"schema": wire.ScanUrlBody.model_json_schema()},
        },
    }
}


@router.post("/scan", summary="Scan a skill", openapi_extra=_BODIES)
async def scan(request: Request) -> Response:
    """Nothing is kept. Open to everybody, so many times an hour."""
    app, caller = app_of(request), await asyncio.to_thread(caller_of, request)
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        url = _read_url(await request.body())
        return _answer(await asyncio.to_thread(scan_url, app, caller, url, address=address_of(request)))
    async with request.form(max_files=1, max_fields=5, max_part_size=1024 * 1024) as form:
        tarball = form.get("tarball")
        if not isinstance(tarball, UploadFile):
            raise TarballMissing
        scanned = await asyncio.to_thread(scan_archive, app, caller, tarball.file, address=address_of(request))
    return _answer(scanned)


def _read_url(body: bytes) -> str:
    try:
        return wire.ScanUrlBody.model_validate_json(body).url
    except ValidationError as error:
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from None


def _answer(scanned: Scanned) -> Response:
    headers = {"x-ratelimit-remaining": str(scanned.remaining)}
    return Response(json_body(show_scan(scanned)), media_type="application/json", headers=headers)


def show_scan(scanned: Scanned) -> dict[str, Any]:
    """As Tank's scanner reports, with the score that its command line reads."""
    report = scanned.report
    grave = [finding for finding in report["findings"] if finding["severity"] in ("critical", "high")]
    failed = {stage_of(finding) for finding in grave}
    found = Counter(stage_of(finding) for finding in report["findings"])
    return {
        "scan_id": None,
        "verdict": report["verdict"],
        "audit_score": report["score"],
        "findings": [_finding(finding) for finding in report["findings"]],
        "stage_results": [_stage(stage, found[stage], is_failed=stage in failed) for stage in STAGES],
        "duration_ms": scanned.duration_ms,
        "file_hashes": {file.path: file.sha256 for file in scanned.files},
        "llm_analysis": None,
    }


def _stage(stage: str, findings: int, *, is_failed: bool) -> dict[str, Any]:
    """All stages are one pass here, which is timed as a whole."""
    return {"stage": stage, "status": "failed" if is_failed else "passed", "findings": findings, "duration_ms": 0}


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    return {
        "stage": stage_of(finding),
        "severity": severity_of(finding),
        "type": finding["rule"],
        "description": f"{finding['title']}. {finding['why']}",
        "location": location_of(finding),
        "confidence": finding["confidence"],
        "tool": "skillyard",
        "evidence": finding["evidence"],
        "llm_verdict": None,
        "llm_reviewed": False,
        "remediation": finding["advice"],
        "cwe_id": None,
    }
