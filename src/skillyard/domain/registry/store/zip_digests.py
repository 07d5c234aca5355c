"""SQL that leads from the hash of a zip to the tree in it."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Row, Tx


def list_by_zip(tx: Tx, sha256s: Sequence[str]) -> list[Row]:
    """`zip`, `skill`, `version` and `digest` of the releases with one of these zips, the oldest first."""
    found: list[Row] = []
    for marks, part in batches(sha256s):
        found += tx.all(
            "SELECT sha256 AS zip, skill, version, digest, published_ms, id FROM releases"  # noqa: S608 (only marks)
            f" WHERE format = 'zip' AND sha256 IN ({marks})"
            " UNION SELECT z.sha256 AS zip, r.skill, r.version, r.digest, r.published_ms, r.id FROM release_zips z"
            f" JOIN releases r ON r.id = z.release_id WHERE z.sha256 IN ({marks}) ORDER BY published_ms, id",
            *part, *part,
        )  # fmt: skip
    return found
