"""Releases by number, for clients that count versions: the first that was published is 1, and stays it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from skillyard.app import App
from skillyard.domain.registry.store import ordinals

Ordinals = Mapping[tuple[str, str], int]


def list_ordinals(app: App, names: Collection[str]) -> Ordinals:
    """(name, version) → its number, for every release of these skills. Whose they are to see, the caller has asked."""
    with app.database.reading() as tx:
        return ordinals.list_ordinals(tx, sorted(names))
