"""What everybody may know of an account: its username, and the name that it wants to be called by."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from skillyard.app import App
from skillyard.domain.accounts import rules
from skillyard.domain.accounts.errors import UserNotFound
from skillyard.domain.accounts.store import profiles


def find_display_names(app: App, usernames: Collection[str]) -> Mapping[str, str]:
    """Of those accounts that there are."""
    with app.database.reading() as tx:
        return profiles.list_display_names(tx, sorted(set(filter(rules.is_name, usernames))))


def get_display_name(app: App, *, username: str) -> str:
    """Raises UserNotFound."""
    found = find_display_names(app, [username])
    if username not in found:
        raise UserNotFound(username=username[: rules.MAX_LABEL_CHARS])
    return found[username]
