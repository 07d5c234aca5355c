"""SQL of claims, and of what people chose for them."""

from __future__ import annotations

from skillyard.domain.accounts.claim import Claim, ClaimSettings
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "claims",
        ("id", "user_id", "provider", "claim_type", "claim_ref", "assurance", "verified_ms", "expires_ms"),
    ),
    Table("claim_settings", ("user_id", "life_days", "inheritance", "is_auto_revoked")),
)


def put_claim(tx: Tx, claim: Claim) -> None:
    """Add it in place of the same provider's older word on it."""
    tx.run(
        "INSERT INTO claims (id, user_id, provider, claim_type, claim_ref, assurance, verified_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, provider, claim_type) DO UPDATE SET id = excluded.id,"
        " claim_ref = excluded.claim_ref, assurance = excluded.assurance, verified_ms = excluded.verified_ms,"
        " expires_ms = excluded.expires_ms",
        claim.id, claim.user_id, claim.provider, claim.claim_type, claim.claim_ref, claim.assurance, claim.verified_ms,
        claim.expires_ms,
    )  # fmt: skip


def list_claims(tx: Tx, user_id: str) -> list[Claim]:
    """The oldest first; at most one for each provider and type."""
    return [_claim(row) for row in tx.all("SELECT * FROM claims WHERE user_id = ? ORDER BY id", user_id)]


def find_claim(tx: Tx, claim_id: str) -> Claim | None:
    row = tx.one("SELECT * FROM claims WHERE id = ?", claim_id)
    return _claim(row) if row else None


def remove_claim(tx: Tx, claim_id: str) -> bool:
    """Of several at once, one gets True."""
    return bool(tx.run("DELETE FROM claims WHERE id = ?", claim_id))


def get_settings(tx: Tx, user_id: str) -> ClaimSettings:
    """The defaults for somebody who chose nothing."""
    row = tx.one("SELECT * FROM claim_settings WHERE user_id = ?", user_id)
    if row is None:
        return ClaimSettings()
    return ClaimSettings(
        life_days=row["life_days"], inheritance=row["inheritance"], is_auto_revoked=bool(row["is_auto_revoked"])
    )


def put_settings(tx: Tx, user_id: str, settings: ClaimSettings) -> None:
    tx.run(
        "INSERT INTO claim_settings (user_id, life_days, inheritance, is_auto_revoked) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET life_days = excluded.life_days, inheritance = excluded.inheritance,"
        " is_auto_revoked = excluded.is_auto_revoked",
        user_id, settings.life_days, settings.inheritance, int(settings.is_auto_revoked),
    )  # fmt: skip


def _claim(row: Row) -> Claim:
    return Claim(**{name: row[name] for name in Claim.__slots__})
