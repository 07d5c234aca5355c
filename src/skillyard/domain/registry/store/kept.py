"""SQL of content in the blob store that belongs to no release, so that it stays as long as somebody holds it."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("kept_blobs", ("sha256", "holder")),)


def add(tx: Tx, digests: Collection[str], holder: str) -> None:
    for sha256 in sorted(set(digests)):
        tx.insert_new("INSERT INTO kept_blobs (sha256, holder) VALUES (?, ?)", sha256, holder)


def remove(tx: Tx, holder: str) -> None:
    tx.run("DELETE FROM kept_blobs WHERE holder = ?", holder)
