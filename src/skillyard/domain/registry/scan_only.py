"""Scan an archive that somebody sends, and keep nothing of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.examine import unpacking
from skillyard.infra.errors import TooMany
from skillyard.skill.archive import open_safely
from skillyard.skill.digest import FileEntry
from skillyard.skill.scan.engine import scan

_HOUR_S = 3600


class TooManyScans(TooMany):
    code = "too_many_scans"
    text = "Too many scans: the limit is {limit} per hour."
    hint = "Wait {retry_after_s} seconds, or scan here with `skillyard scan`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """`report` as `Report.show` returns it; `remaining`: scans that are left in this hour."""

    files: tuple[FileEntry, ...]
    report: dict[str, Any]
    duration_ms: int
    remaining: int


def scan_archive(app: App, caller: Caller, source: BinaryIO, *, address: str) -> Scanned:
    """The report on the archive in `source`. Raises TooManyScans, or SkillError when it cannot be opened."""
    who = caller.user_id or f"at {address}"
    allowed = app.limiter.check(f"scan {who}", app.settings.scans_per_hour, _HOUR_S)
    if not allowed.allowed:
        raise TooManyScans(limit=allowed.limit, retry_after_s=allowed.reset_s)
    began = time.perf_counter()
    with unpacking:
        files = open_safely(source, limits=app.archive_limits)
        report = scan(files)
    return Scanned(
        files=files.entries,
        report=report.show(),
        duration_ms=round((time.perf_counter() - began) * 1000),
        remaining=allowed.remaining,
    )
