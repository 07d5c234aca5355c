"""SQL of what members would like their team's drive to have."""

from __future__ import annotations

from skillyard.domain.drive.model import ItemRequest, RequestStatus
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "drive_requests",
        (
            "id", "drive", "source", "slug", "note", "status", "requester_id", "requester", "decided_by", "reason",
            "created_ms", "decided_ms",
        ),
    ),
)  # fmt: skip


def add_request(tx: Tx, request: ItemRequest) -> bool:
    """False when the same is asked for already."""
    return tx.insert_new(
        "INSERT INTO drive_requests (id, drive, source, slug, note, status, requester_id, requester, reason,"
        " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        request.id, request.drive, request.source, request.slug, request.note, request.status, request.requester_id,
        request.requester, request.reason, request.created_ms,
    )  # fmt: skip


def get_pending(tx: Tx, drive: str, source: str) -> ItemRequest:
    """The one that kept another from being added."""
    row = tx.one("SELECT * FROM drive_requests WHERE drive = ? AND source = ? AND status = 'pending'", drive, source)
    assert row is not None
    return _request(row)


def find_request(tx: Tx, request_id: str) -> ItemRequest | None:
    row = tx.one("SELECT * FROM drive_requests WHERE id = ?", request_id)
    return _request(row) if row else None


def get_request(tx: Tx, request_id: str) -> ItemRequest:
    """One that is known to be there; none is ever removed."""
    found = find_request(tx, request_id)
    assert found is not None
    return found


def count_pending(tx: Tx, drive: str, requester_id: str) -> int:
    row = tx.one(
        "SELECT count(*) AS number FROM drive_requests WHERE drive = ? AND requester_id = ? AND status = 'pending'",
        drive, requester_id,
    )  # fmt: skip
    return int(row["number"]) if row else 0


def list_requests(
    tx: Tx, drive: str, *, requester_id: str | None, status: RequestStatus | None, before: str, limit: int
) -> list[ItemRequest]:
    """The newest first, of those that were made before one; None: of all members, in every status."""
    rows = tx.all(
        "SELECT * FROM drive_requests WHERE drive = ? AND id < ? AND requester_id = coalesce(?, requester_id)"
        " AND status = coalesce(?, status) ORDER BY id DESC LIMIT ?",
        drive, before, requester_id, status, limit,
    )  # fmt: skip
    return [_request(row) for row in rows]


def set_decided(tx: Tx, request_id: str, status: RequestStatus, *, by: str, reason: str, now_ms: int) -> bool:
    """False when it was decided before."""
    return (
        tx.run(
            "UPDATE drive_requests SET status = ?, decided_by = ?, reason = ?, decided_ms = ?"
            " WHERE id = ? AND status = 'pending'",
            status, by, reason, now_ms, request_id,
        )
        == 1
    )  # fmt: skip


def _request(row: Row) -> ItemRequest:
    return ItemRequest(
        id=row["id"],
        drive=row["drive"],
        source=row["source"],
        slug=row["slug"],
        note=row["note"],
        status=row["status"],
        requester_id=row["requester_id"],
        requester=row["requester"],
        decided_by=row["decided_by"],
        reason=row["reason"],
        created_ms=row["created_ms"],
        decided_ms=row["decided_ms"],
    )
