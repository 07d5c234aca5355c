"""Decide the status of a release anew, when there is another report, override or recall, and move its channels."""

from __future__ import annotations

from skillyard.domain.registry import rules
from skillyard.domain.registry.judgement import judge
from skillyard.domain.registry.model import Standing
from skillyard.domain.registry.store import advisories, releases, scans, skills
from skillyard.domain.registry.trust import StatusChanged
from skillyard.infra.database import Row, Tx
from skillyard.skill.names import SkillName


def rejudge(tx: Tx, row: Row, *, now_ms: int) -> StatusChanged | None:
    """`row`: `id`, `skill`, `version`, `digest` of a release. The event to record when its status is another now."""
    name = SkillName.parse(row["skill"])
    tx.lock(f"skill {name}")
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
