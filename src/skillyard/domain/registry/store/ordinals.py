"""SQL of releases by their number."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Tx


def list_ordinals(tx: Tx, names: Sequence[str]) -> dict[tuple[str, str], int]:
    """Name and version → which release of the skill it was, from 1 on."""
    found = {}
    for marks, part in batches(names):
        rows = tx.all(
            "SELECT skill, version, row_number() OVER (PARTITION BY skill ORDER BY published_ms, id) AS place"  # noqa: S608
            f" FROM releases WHERE skill IN ({marks})",
            *part,
        )  # fmt: skip
        found.update({(row["skill"], row["version"]): row["place"] for row in rows})
    return found
