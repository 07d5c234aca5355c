"""SQL of what everybody may know of accounts."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.infra.database import Tx


def list_display_names(tx: Tx, usernames: Sequence[str]) -> dict[str, str]:
    """By username."""
    marks = ", ".join("?" * len(usernames))
    sql = f"SELECT username, display_name FROM users WHERE username IN ({marks})"  # noqa: S608 (only marks)
    return {row["username"]: row["display_name"] for row in tx.all(sql, *usernames)} if usernames else {}
