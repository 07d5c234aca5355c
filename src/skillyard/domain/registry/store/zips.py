"""SQL of zips that are addressed by their hash."""

from __future__ import annotations

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("release_zips", ("release_id", "skill", "sha256")),)


def add_zip(tx: Tx, release_id: str, skill: str, sha256: str) -> None:
    tx.insert_new("INSERT INTO release_zips (release_id, skill, sha256) VALUES (?, ?, ?)", release_id, skill, sha256)


def has_zip(tx: Tx, release_id: str) -> bool:
    return tx.one("SELECT 1 AS found FROM release_zips WHERE release_id = ?", release_id) is not None


def find_release(tx: Tx, skill: str, sha256: str) -> str | None:
    """The id of the newest release of the skill with this zip, uploaded like that or packed since."""
    row = tx.one(
        "SELECT id FROM releases WHERE skill = ? AND sha256 = ? AND format = 'zip'"
        " UNION SELECT release_id AS id FROM release_zips WHERE skill = ? AND sha256 = ? ORDER BY id DESC LIMIT 1",
        skill, sha256, skill, sha256,
    )  # fmt: skip
    return row["id"] if row else None
