"""SQL of content that is being removed from the blob store, so that nobody begins to refer to it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("blob_removals", ("sha256", "since_ms")),)


def add_removals(tx: Tx, digests: Sequence[str], *, now_ms: int) -> list[str]:
    """Mark those of `digests` that no release, no open upload and no other holder refers to; they are the answer."""
    for sha256 in sorted(digests):
        tx.lock(f"blob {sha256}")
    used: set[str] = set()
    for marks, part in batches(digests):
        for table, condition in (("releases", ""), ("uploads", f" AND expires_ms > {now_ms}"), ("kept_blobs", "")):
            rows = tx.all(f"SELECT sha256 FROM {table} WHERE sha256 IN ({marks}){condition}", *part)  # noqa: S608
            used.update(row["sha256"] for row in rows)
    unused = [sha256 for sha256 in digests if sha256 not in used]
    for sha256 in unused:
        tx.insert_new("INSERT INTO blob_removals (sha256, since_ms) VALUES (?, ?)", sha256, now_ms)
    return unused


def may_refer_to(tx: Tx, sha256: str) -> bool:
    """Whether a release or an upload may begin to refer to this content; if so, it stays until the commit."""
    tx.lock(f"blob {sha256}")
    return tx.one("SELECT 1 AS found FROM blob_removals WHERE sha256 = ?", sha256) is None


def list_removals(tx: Tx) -> list[str]:
    return [row["sha256"] for row in tx.all("SELECT sha256 FROM blob_removals")]


def finish_removals(tx: Tx, digests: Sequence[str]) -> None:
    for marks, part in batches(digests):
        tx.run(f"DELETE FROM blob_removals WHERE sha256 IN ({marks})", *part)  # noqa: S608 (only marks)
