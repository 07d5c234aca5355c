"""Scan an archive that somebody sends or names the address of, and keep nothing of it."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import TooManyScans
from skillyard.domain.registry.look_into import look_into
from skillyard.infra.outbound import Bounds, CallFailed
from skillyard.skill.digest import FileEntry

_HOUR_S = 3600
_FETCH_S = 30.0
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """`report` as `Report.show` returns it; `remaining`: scans that are left in this hour."""

    files: tuple[FileEntry, ...]
    report: dict[str, Any]
    duration_ms: int
    remaining: int


def scan_archive(app: App, caller: Caller, source: BinaryIO, *, address: str) -> Scanned:
    """The report on the archive in `source`, for somebody at `address`.

    Raises TooManyScans, or SkillError when it cannot be opened.
    """
    return _scan(app, source, remaining=_count(app, caller, address))


def scan_url(app: App, caller: Caller, url: str, *, address: str) -> Scanned:
    """The report on the archive at a public https address.

    Raises what `scan_archive` raises, AddressNotAllowed, or CallFailed.
    """
    remaining = _count(app, caller, address)
    bounds = Bounds(total_s=_FETCH_S, max_bytes=app.archive_limits.max_archive_bytes, max_redirects=_MOST_REDIRECTS)
    answer = app.outbound.request("GET", url, bounds=bounds)
    if answer.status != 200:
        raise CallFailed(host=str(urlsplit(answer.url).hostname), why=f"it answered with status {answer.status}")
    return _scan(app, io.BytesIO(answer.body), remaining=remaining)


def _count(app: App, caller: Caller, address: str) -> int:
    """Count one more scan of the caller; how many are left. Raises TooManyScans."""
    who = caller.user_id or f"at {address}"
    allowed = app.limiter.check(f"scan {who}", app.settings.scans_per_hour, _HOUR_S)
    if not allowed.allowed:
        raise TooManyScans(limit=allowed.limit, retry_after_s=allowed.reset_s)
    return allowed.remaining


def _scan(app: App, source: BinaryIO, *, remaining: int) -> Scanned:
    began = time.perf_counter()
    opened = look_into(source, app.archive_limits)
    return Scanned(
        files=opened.files,
        report=opened.report.show(),
        duration_ms=round((time.perf_counter() - began) * 1000),
        remaining=remaining,
    )
