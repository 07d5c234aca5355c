"""Who has a skill: for those who tell people of what happens to it."""

from __future__ import annotations

from skillyard.domain.drive.store import holders
from skillyard.infra.database import Tx


def list_drives_with(tx: Tx, name: str) -> frozenset[str]:
    """The drives that have the skill, or a fork of it; disabled items count."""
    return frozenset(holders.list_drives_with(tx, name))
