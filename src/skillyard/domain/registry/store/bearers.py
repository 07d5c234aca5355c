"""SQL of skills that share a slug."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Tx


def list_found_with_slugs(tx: Tx, slugs: Sequence[str], *, most: int) -> dict[str, list[str]]:
    """Slug → names of the skills with it that everybody finds, at most so many each, in the order of the alphabet."""
    found: dict[str, list[str]] = {slug: [] for slug in slugs}
    for marks, part in batches(slugs):
        rows = tx.all(
            "SELECT slug, name FROM (SELECT slug, name, row_number() OVER (PARTITION BY slug ORDER BY name) AS place"  # noqa: S608
            f" FROM skills WHERE slug IN ({marks})"
            " AND (visibility = 'public' OR (visibility = 'private' AND is_for_sale = 1))) AS bearers"
            " WHERE place <= ? ORDER BY slug, place",
            *part, most,
        )  # fmt: skip
        for row in rows:
            found[row["slug"]].append(row["name"])
    return found
