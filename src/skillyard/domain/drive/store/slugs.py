"""SQL of slugs that were handed out without their namespace."""

from __future__ import annotations

from collections.abc import Iterable

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("slugs", ("slug", "name")),)


def list_names(tx: Tx, slugs: Iterable[str]) -> dict[str, str]:
    """Slug → the skill that it means, for those that were handed out."""
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    rows = tx.all(f"SELECT slug, name FROM slugs WHERE slug IN ({marks})", *wanted)  # noqa: S608 (only marks)
    return {row["slug"]: row["name"] for row in rows}


def add(tx: Tx, slug: str, name: str) -> bool:
    """False when it was handed out before, perhaps for another skill."""
    return tx.insert_new("INSERT INTO slugs (slug, name) VALUES (?, ?)", slug, name)
