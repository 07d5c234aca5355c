"""Whether everything that releases refer to is there: for the operator, without a running server."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.domain.registry.store import releases
from skillyard.infra.blobs import BlobStore
from skillyard.infra.database import Database

_AT_ONCE = 500


def missing_archives(database: Database, blobs: BlobStore) -> list[str]:
    """Digests of archives that a release refers to and the blob store does not have."""
    return _Holdings(database, blobs).missing()


@dataclass(frozen=True, slots=True)
class _Holdings:
    database: Database
    blobs: BlobStore

    def missing(self) -> list[str]:
        found: list[str] = []
        after = ""
        while wanted := self._archives(after):
            found += [sha256 for sha256 in wanted if self.blobs.size(sha256) is None]
            after = wanted[-1]
        return found

    def _archives(self, after: str) -> list[str]:
        with self.database.reading() as tx:
            return releases.list_archives(tx, after=after, limit=_AT_ONCE)
