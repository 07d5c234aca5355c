"""SQL of upload tickets."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.domain.drive.asking import Asker
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "drive_tickets",
        (
            "secret_hash", "drive", "user_id", "key_id", "made_with", "collection", "created_ms", "expires_ms",
            "claimed_ms",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """`is_claimed`: an upload with it is under way, or was taken."""

    secret_hash: str
    drive: str
    asker: Asker
    collection: str | None
    expires_ms: int
    is_claimed: bool


def add_ticket(tx: Tx, ticket: TicketRow, *, now_ms: int) -> None:
    tx.run(
        "INSERT INTO drive_tickets (secret_hash, drive, user_id, key_id, made_with, collection, created_ms,"
        " expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ticket.secret_hash, ticket.drive, ticket.asker.user_id, ticket.asker.key_id, ticket.asker.made_with,
        ticket.collection, now_ms, ticket.expires_ms,
    )  # fmt: skip


def find_ticket(tx: Tx, secret_hash: str) -> TicketRow | None:
    row = tx.one("SELECT * FROM drive_tickets WHERE secret_hash = ?", secret_hash)
    return _ticket(row) if row else None


def claim_ticket(tx: Tx, secret_hash: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run(
            "UPDATE drive_tickets SET claimed_ms = ?"
            " WHERE secret_hash = ? AND claimed_ms IS NULL AND expires_ms > ?",
            now_ms, secret_hash, now_ms,
        )
    )  # fmt: skip


def give_back(tx: Tx, secret_hash: str) -> None:
    tx.run("UPDATE drive_tickets SET claimed_ms = NULL WHERE secret_hash = ?", secret_hash)


def remove_expired(tx: Tx, *, before_ms: int) -> int:
    return tx.run("DELETE FROM drive_tickets WHERE expires_ms < ?", before_ms)


def _ticket(row: Row) -> TicketRow:
    return TicketRow(
        secret_hash=row["secret_hash"],
        drive=row["drive"],
        asker=Asker(user_id=row["user_id"], key_id=row["key_id"], made_with=row["made_with"]),
        collection=row["collection"],
        expires_ms=row["expires_ms"],
        is_claimed=row["claimed_ms"] is not None,
    )
