"""Decide the status of releases anew, when there is another report, override or recall, and move their channels."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.domain.registry import rules
from skillyard.domain.registry.judgement import judge
from skillyard.domain.registry.model import Standing
from skillyard.domain.registry.statements import log_rows
from skillyard.domain.registry.store import advisories, releases, scans, skills
from skillyard.domain.registry.trust import StatusChanged
from skillyard.infra.database import Row, Tx
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName

_REGISTRY = "registry"


def rejudge(tx: Tx, rows: Iterable[Row], *, now_ms: int) -> list[StatusChanged]:
    """`rows`: `id`, `skill`, `version`, `digest` of releases. Enters into the log what changed; the events to record.

    All skills are locked before the log is, in the order of their names, so that two of these never wait for each
    other.
    """
    ordered = sorted(rows, key=lambda row: (row["skill"], row["version"]))
    for name in dict.fromkeys(row["skill"] for row in ordered):
        tx.lock(f"skill {name}")
    changed = [(row, event) for row in ordered if (event := _rejudge_one(tx, row, now_ms=now_ms))]
    for row, event in changed:
        details = {"status": event.status, "reasons": list(event.reasons)}
        log_rows(tx, Kind.VERDICT, [row], details, by=_REGISTRY, now_ms=now_ms)
    return [event for _, event in changed]


def _rejudge_one(tx: Tx, row: Row, *, now_ms: int) -> StatusChanged | None:
    name = SkillName.parse(row["skill"])
    scanned = scans.find_scan(tx, row["id"])
    if scanned is None:
        return None
    judgement = judge(
        scanned[0],
        scans.list_overrides(tx, row["digest"], now_ms=now_ms),
        advisories.list_in_force(tx, row["digest"], row["skill"]),
    )
    if not scans.set_judgement(tx, row["id"], judgement):
        return None
    _move_channels(tx, name, row["version"])
    skills.set_updated(tx, name, now_ms=now_ms)
    return StatusChanged(
        name=str(name), version=row["version"], status=judgement.status.value, reasons=judgement.reasons
    )


def _move_channels(tx: Tx, name: SkillName, version: str) -> None:
    channels = skills.list_channels(tx, [str(name)])[str(name)]
    standings = releases.list_standings(tx, name)
    standing: Standing = next(one for one in standings if one.version == version)
    if standing.is_offered:
        moved = rules.channels_with(channels, standing)
    else:
        moved = rules.channels_without(channels, version, standings)
    skills.set_channels(tx, name, channels, moved)
