"""SQL of releases that are looked up many at once, by version or by content."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Row, Tx

_COLUMNS = (
    "SELECT r.skill, r.version, r.digest, r.sha256, r.sha512, r.size_bytes, r.format, r.status, r.yanked_ms,"
    " r.published_ms, s.visibility, s.is_for_sale, s.is_sealed FROM releases r JOIN skills s ON s.name = r.skill"
)


def list_of_skills(tx: Tx, pairs: Collection[tuple[str, str]]) -> list[Row]:
    """Of each (skill, version) that there is."""
    asked = sorted(pairs)
    found: list[Row] = []
    for (marks, skills), (_, versions) in zip(
        batches([name for name, _ in asked]), batches([version for _, version in asked]), strict=True
    ):
        pair_marks = ", ".join(["(?, ?)"] * (marks.count("?")))
        values = [value for pair in zip(skills, versions, strict=True) for value in pair]
        found += tx.all(f"{_COLUMNS} WHERE (r.skill, r.version) IN (VALUES {pair_marks})", *values)
    return found


def list_of_digests(tx: Tx, digests: Sequence[str]) -> list[Row]:
    """Of each release with one of these trees."""
    return [row for marks, part in batches(digests) for row in tx.all(f"{_COLUMNS} WHERE r.digest IN ({marks})", *part)]
