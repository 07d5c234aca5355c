"""What the scan said of a release, and scanning again what older rules looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import NotScannedYet
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.look_into import look_into
from skillyard.domain.registry.observed import find_observed
from skillyard.domain.registry.rejudge import rejudge
from skillyard.domain.registry.statements import log_rows
from skillyard.domain.registry.store import scans as store
from skillyard.domain.registry.trust import Judgement, ScanResult
from skillyard.infra.database import Row
from skillyard.infra.errors import NotFound, Unavailable
from skillyard.infra.log import Logger
from skillyard.skill.faults import SkillError
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName
from skillyard.skill.scan.engine import rules_hash
from skillyard.skill.scan.report import Report

_AT_ONCE = 20
_log = Logger("skillyard.scans")


def get_scan(app: App, caller: Caller, *, name: SkillName, version: str) -> ScanResult:
    """The report on a release, by exact version or channel, and what follows from it.

    Raises SkillNotFound, ReleaseNotFound or NotScannedYet.
    """
    with app.database.reading() as tx:
        sight = access.check_visible(tx, caller, name)
        release = access.get_release(tx, name, version)
        scanned = store.find_scan(tx, release.id)
        if scanned is None:
            raise NotScannedYet(name=release.name, version=release.version, retry_after_s=60)
        return ScanResult(
            name=release.name,
            version=release.version,
            report=scanned[0] if sight.may_take else _without_evidence(scanned[0]),
            declared=release.permissions,
            found=scanned[0]["needs"],
            observed=find_observed(tx, release.id),
            scanned_ms=scanned[1],
            judgement=Judgement(status=release.status, reasons=release.reasons),
            overrides=tuple(store.list_overrides(tx, release.digest, now_ms=app.clock.now_ms())),
            appeals=tuple(store.list_appeals_of(tx, release.id)),
        )


def _without_evidence(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was found, without the lines of the content that show it."""
    return {**report, "findings": [{**finding, "evidence": ""} for finding in report["findings"]]}


def scan_again(app: App) -> int:
    """Scan some releases that other rules looked at last, or none; how many. Call it until there is nothing left."""
    with app.database.reading() as tx:
        rows = store.list_scanned_otherwise(tx, rules_hash(), limit=_AT_ONCE)
    for row in rows:
        _scan_one(app, row)
    return len(rows)


def _scan_one(app: App, row: Row) -> None:
    try:
        opened = look_into(app.blobs.read(row["sha256"]), NO_LIMITS)
    except (SkillError, NotFound, Unavailable) as error:
        _log.error("release not scanned again", name=row["skill"], version=row["version"], error=str(error))
        with app.database.transaction() as tx:
            store.set_rules(tx, row["id"], rules_hash())
        return
    manifest = opened.said.manifest
    _store_report(app, row, opened.report, manifest.dependencies if manifest else {})


def _store_report(app: App, row: Row, report: Report, dependencies: Mapping[str, str]) -> None:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        store.add_dependencies(tx, row["id"], dependencies)
        store.add_scan(tx, row["id"], report.show(), now_ms=now_ms)
        store.set_scanned(tx, row["id"], verdict=report.verdict.value, score=report.score, rules=report.rules)
        changes = rejudge(tx, [row], now_ms=now_ms)
        if not row["rules"]:  # published before there was a scan and a log
            log_rows(tx, Kind.PUBLISHED, [row], {"late": True}, by=row["published_by"], now_ms=now_ms)
        for changed in changes:
            app.events.record(tx, changed)
