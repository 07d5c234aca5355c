"""Who is behind a username or an id, for other domains that show people or name them."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.model import User
from skillyard.infra.database import Tx


def find_person(tx: Tx, username: str) -> User | None:
    return store.find_user(tx, username=username) if rules.is_name(username) else None


def list_people(tx: Tx, user_ids: Collection[str]) -> dict[str, User]:
    """Those of the ids that people have."""
    return store.list_users(tx, sorted(set(user_ids)))


def is_member(tx: Tx, namespace: str, user_id: str) -> bool:
    return namespace in store.list_roles(tx, user_id)


def find_first_owner(tx: Tx, namespace: str) -> str | None:
    """The id of who has been an owner of the namespace for longest: in a personal one, its person."""
    return store.find_first_owner(tx, namespace)
