"""SQL of who has a skill."""

from __future__ import annotations

from skillyard.infra.database import Tx


def list_drives_with(tx: Tx, name: str) -> list[str]:
    """The drives that have the skill, or a fork of it."""
    sql = "SELECT drive FROM drive_items WHERE name = ? UNION SELECT drive FROM drive_items WHERE upstream_name = ?"
    return [row["drive"] for row in tx.all(sql, name, name)]
