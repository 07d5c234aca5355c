"""SQL of the accounts that sellers have with a provider, one for each person, as they were last seen there."""

from __future__ import annotations

import orjson

from skillyard.domain.payments.model import ConnectAccount
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "connect_accounts",
        (
            "user_id", "account_id", "status", "country", "default_currency", "details_submitted", "charges_enabled",
            "payouts_enabled", "requirements_due", "requirements_errors", "requirements_disabled_reason",
            "created_ms", "synced_ms",
        ),
    ),
)  # fmt: skip


def add(tx: Tx, account: ConnectAccount) -> bool:
    """False when the person has one, or the account is somebody's."""
    return tx.insert_new(
        "INSERT INTO connect_accounts (user_id, account_id, status, country, default_currency, details_submitted,"
        " charges_enabled, payouts_enabled, requirements_due, requirements_errors, requirements_disabled_reason,"
        " created_ms, synced_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        account.user_id, account.account_id, *_seen(account), account.created_ms, account.synced_ms,
    )  # fmt: skip


def replace(tx: Tx, account: ConnectAccount, *, instead_of: str) -> bool:
    """Put another account in the place of one that is of no use any more; False when that is not there."""
    return bool(
        tx.run(
            "UPDATE connect_accounts SET status = ?, country = ?, default_currency = ?, details_submitted = ?,"
            " charges_enabled = ?, payouts_enabled = ?, requirements_due = ?, requirements_errors = ?,"
            " requirements_disabled_reason = ?, account_id = ?, created_ms = ?, synced_ms = ?"
            " WHERE user_id = ? AND account_id = ?",
            *_seen(account), account.account_id, account.created_ms, account.synced_ms, account.user_id, instead_of,
        )
    )  # fmt: skip


def update(tx: Tx, account: ConnectAccount) -> bool:
    """False when the account is nobody's, or was seen later than this."""
    return bool(
        tx.run(
            "UPDATE connect_accounts SET status = ?, country = ?, default_currency = ?, details_submitted = ?,"
            " charges_enabled = ?, payouts_enabled = ?, requirements_due = ?, requirements_errors = ?,"
            " requirements_disabled_reason = ?, synced_ms = ? WHERE account_id = ? AND synced_ms <= ?",
            *_seen(account), account.synced_ms, account.account_id, account.synced_ms,
        )
    )  # fmt: skip


def find_of(tx: Tx, user_id: str) -> ConnectAccount | None:
    row = tx.one("SELECT * FROM connect_accounts WHERE user_id = ?", user_id)
    return _account(row) if row else None


def find(tx: Tx, account_id: str) -> ConnectAccount | None:
    row = tx.one("SELECT * FROM connect_accounts WHERE account_id = ?", account_id)
    return _account(row) if row else None


def _seen(account: ConnectAccount) -> tuple[str | int | None, ...]:
    return (
        account.status,
        account.country,
        account.default_currency,
        int(account.details_submitted),
        int(account.charges_enabled),
        int(account.payouts_enabled),
        orjson.dumps(account.requirements_due).decode(),
        orjson.dumps(account.requirements_errors).decode(),
        account.requirements_disabled_reason,
    )


def _account(row: Row) -> ConnectAccount:
    return ConnectAccount(
        account_id=row["account_id"],
        user_id=row["user_id"],
        status=row["status"],
        country=row["country"],
        default_currency=row["default_currency"],
        details_submitted=bool(row["details_submitted"]),
        charges_enabled=bool(row["charges_enabled"]),
        payouts_enabled=bool(row["payouts_enabled"]),
        requirements_due=tuple(orjson.loads(row["requirements_due"])),
        requirements_errors=tuple(orjson.loads(row["requirements_errors"])),
        requirements_disabled_reason=row["requirements_disabled_reason"],
        created_ms=row["created_ms"],
        synced_ms=row["synced_ms"],
    )
