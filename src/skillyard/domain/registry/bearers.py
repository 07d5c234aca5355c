"""Who bears a slug: names of skills by their second half, for whoever shows them without the first."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.registry.store import bearers
from skillyard.infra.database import Tx


def list_bearers(tx: Tx, slugs: Sequence[str], *, most: int = 2) -> dict[str, list[str]]:
    """Slug → names of the skills that everybody finds, at most so many of each."""
    return bearers.list_found_with_slugs(tx, slugs, most=most)
