"""Which writes with a key were begun, and the sealed answers of those that are done.

A write is claimed before it runs and completed or released after it. A claim whose process died is free again after
a lease; whether its write took place is then for the operation's own unique constraints to say. So these rows need
not survive a power cut, and cost no flush of the disk.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.infra.clock import Clock
from skillyard.infra.database import Database
from skillyard.infra.errors import Conflict, Invalid
from skillyard.infra.tables import Table

TABLES = (Table("idempotency_keys", ("name", "fingerprint", "claimed_ms", "expires_ms", "sealed")),)

_LEASE_MS = 120_000
_KEEP_MS = 24 * 3600 * 1000
MOST_BYTES = 64 * 1024
_INSERT = "INSERT INTO idempotency_keys (name, fingerprint, claimed_ms, expires_ms, sealed) VALUES (?, ?, ?, ?, NULL)"


class IdempotencyMismatch(Invalid):
    code = "idempotency_mismatch"
    text = "This Idempotency-Key was used for another request."
    hint = "Use a new key for a new request."


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    text = "The first request with this Idempotency-Key is still running."
    hint = "Wait a moment, then send the same request again."


class IdempotencyAnswerLost(Conflict):
    code = "idempotency_answer_lost"
    text = "The request with this Idempotency-Key was done, but its answer was too large to keep."
    hint = "Read the resource instead of sending the request again."


@dataclass(frozen=True, slots=True)
class Replay:
    """The request was answered before; this is its sealed answer."""

    sealed: bytes


def claim(database: Database, clock: Clock, name: str, fingerprint: str) -> Replay | None:
    """Claim a write under the hashed key `name`; None when it is ours to do.

    Raises IdempotencyMismatch, IdempotencyInProgress or IdempotencyAnswerLost.
    """
    now_ms = clock.now_ms()
    with database.transaction(durable=False) as tx:
        tx.run("DELETE FROM idempotency_keys WHERE expires_ms <= ?", now_ms)
        row = (name, fingerprint, now_ms, now_ms + _LEASE_MS)
        if tx.insert_new(_INSERT, *row):
            return None
        known = tx.one("SELECT fingerprint, claimed_ms, sealed FROM idempotency_keys WHERE name = ?", name)
    if known is None:  # released since the insert
        raise IdempotencyInProgress(retry_after_s=1)
    if known["fingerprint"] != fingerprint:
        raise IdempotencyMismatch
    if known["sealed"] is None:
        raise IdempotencyInProgress(retry_after_s=1)
    sealed = bytes(known["sealed"])
    if not sealed:
        raise IdempotencyAnswerLost
    return Replay(sealed)


def complete(database: Database, clock: Clock, name: str, sealed: bytes) -> None:
    """Keep the answer for a day. One that is too large is not kept, only that there was one."""
    kept = sealed if len(sealed) <= MOST_BYTES else b""
    with database.transaction(durable=False) as tx:
        until = clock.now_ms() + _KEEP_MS
        tx.run("UPDATE idempotency_keys SET sealed = ?, expires_ms = ? WHERE name = ?", kept, until, name)


def release(database: Database, name: str) -> None:
    """Let the same key try again: nothing was decided."""
    with database.transaction(durable=False) as tx:
        tx.run("DELETE FROM idempotency_keys WHERE name = ? AND sealed IS NULL", name)
