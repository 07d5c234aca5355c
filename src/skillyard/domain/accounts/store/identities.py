"""SQL of identities at OpenID providers, and of browsers on their way there and back."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.accounts.identity import Identity, ProvenIdentity
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "identities",
        ("id", "issuer", "subject", "user_id", "email", "linked_ms", "last_used_ms", "email_verified_ms"),
    ),
    Table(
        "oidc_visits",
        ("state_hash", "browser_hash", "provider", "redirect_uri", "goal", "user_id", "expires_ms", "used_ms"),
    ),
    Table(
        "proven_identities",
        (
            "ticket_hash", "browser_hash", "provider", "issuer", "subject", "email", "username", "display_name", "goal",
            "user_id", "expires_ms", "used_ms", "email_verified_ms",
        ),
    ),
)  # fmt: skip


def add_identity(tx: Tx, identity: Identity) -> bool:
    """False when it belongs to an account already."""
    return tx.insert_new(
        "INSERT INTO identities (id, issuer, subject, user_id, email, linked_ms, last_used_ms,"
        " email_verified_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        identity.id, identity.issuer, identity.subject, identity.user_id, identity.email, identity.linked_ms,
        identity.last_used_ms, identity.email_verified_ms,
    )  # fmt: skip


def find_identity(tx: Tx, issuer: str, subject: str) -> Identity | None:
    row = tx.one("SELECT * FROM identities WHERE issuer = ? AND subject = ?", issuer, subject)
    return _identity(row) if row else None


def find_identity_of(tx: Tx, user_id: str, identity_id: str) -> Identity | None:
    row = tx.one("SELECT * FROM identities WHERE id = ? AND user_id = ?", identity_id, user_id)
    return _identity(row) if row else None


def list_identities(tx: Tx, user_id: str, *, after: str, limit: int) -> list[Identity]:
    """The oldest first; those with an id above `after`."""
    rows = tx.all("SELECT * FROM identities WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?", user_id, after, limit)
    return [_identity(row) for row in rows]


def has_other_identity(tx: Tx, user_id: str, *, but: str, issuers: Collection[str]) -> bool:
    """Whether they have another one, of one of these issuers."""
    marks = ", ".join("?" * len(issuers)) or "''"
    return bool(
        tx.one(
            f"SELECT 1 FROM identities WHERE user_id = ? AND id <> ? AND issuer IN ({marks}) LIMIT 1",  # noqa: S608 (only marks)
            user_id, but, *issuers,
        )
    )  # fmt: skip


def remove_identity(tx: Tx, identity_id: str) -> bool:
    return bool(tx.run("DELETE FROM identities WHERE id = ?", identity_id))


def list_verified(tx: Tx, user_id: str) -> list[Identity]:
    """Those whose provider vouches for the e-mail address, the oldest first."""
    rows = tx.all("SELECT * FROM identities WHERE user_id = ? AND email_verified_ms IS NOT NULL ORDER BY id", user_id)
    return [_identity(row) for row in rows]


def note_use(tx: Tx, identity_id: str, *, email: str | None, email_verified_ms: int | None, now_ms: int) -> None:
    tx.run(
        "UPDATE identities SET email = ?, email_verified_ms = ?, last_used_ms = ? WHERE id = ?",
        email, email_verified_ms, now_ms, identity_id,
    )  # fmt: skip


def add_visit(
    tx: Tx,
    state_hash: str,
    *,
    browser_hash: str,
    provider: str,
    redirect_uri: str,
    goal: str,
    user_id: str | None,
    expires_ms: int,
) -> None:
    tx.run(
        "INSERT INTO oidc_visits (state_hash, browser_hash, provider, redirect_uri, goal, user_id, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        state_hash, browser_hash, provider, redirect_uri, goal, user_id, expires_ms,
    )  # fmt: skip


def find_visit(tx: Tx, state_hash: str) -> Row | None:
    return tx.one("SELECT * FROM oidc_visits WHERE state_hash = ?", state_hash)


def use_visit(tx: Tx, state_hash: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run("UPDATE oidc_visits SET used_ms = ? WHERE state_hash = ? AND used_ms IS NULL", now_ms, state_hash)
    )


def add_proven(tx: Tx, ticket_hash: str, proven: ProvenIdentity, *, browser_hash: str) -> None:
    tx.run(
        "INSERT INTO proven_identities (ticket_hash, browser_hash, provider, issuer, subject, email, username,"
        " display_name, goal, user_id, expires_ms, email_verified_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ticket_hash, browser_hash, proven.provider, proven.issuer, proven.subject, proven.email, proven.username,
        proven.display_name, proven.goal, proven.user_id, proven.expires_ms, proven.email_verified_ms,
    )  # fmt: skip


def find_proven(tx: Tx, ticket_hash: str, *, browser_hash: str, now_ms: int) -> ProvenIdentity | None:
    """What the ticket stands for, if this browser can still use it."""
    row = tx.one(
        "SELECT * FROM proven_identities WHERE ticket_hash = ? AND browser_hash = ? AND used_ms IS NULL"
        " AND expires_ms > ?",
        ticket_hash, browser_hash, now_ms,
    )  # fmt: skip
    return ProvenIdentity(**{name: row[name] for name in ProvenIdentity.__slots__}) if row else None


def use_proven(tx: Tx, ticket_hash: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run(
            "UPDATE proven_identities SET used_ms = ? WHERE ticket_hash = ? AND used_ms IS NULL", now_ms, ticket_hash
        )
    )


def remove_expired(tx: Tx, *, before_ms: int) -> int:
    return tx.run("DELETE FROM oidc_visits WHERE expires_ms < ?", before_ms) + tx.run(
        "DELETE FROM proven_identities WHERE expires_ms < ?", before_ms
    )


def _identity(row: Row) -> Identity:
    return Identity(**{name: row[name] for name in Identity.__slots__})
