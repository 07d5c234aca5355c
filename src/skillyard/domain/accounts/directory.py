"""Who is behind a username or an id, for other domains that show people or name them."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.model import User
from skillyard.domain.accounts.rights import RIGHTS, RightName
from skillyard.infra.database import Tx


def find_person(tx: Tx, username: str) -> User | None:
    return store.find_user(tx, username=username) if rules.is_name(username) else None


def list_people(tx: Tx, user_ids: Collection[str]) -> dict[str, User]:
    """Those of the ids that people have."""
    return store.list_users(tx, sorted(set(user_ids)))


def is_member(tx: Tx, namespace: str, user_id: str) -> bool:
    return namespace in store.list_roles(tx, user_id)


def has_role_for(tx: Tx, user: User, right: RightName, *, namespace: str) -> bool:
    """Whether somebody who is not here now still has a role in the namespace that gives this right."""
    return not user.is_suspended and store.list_roles(tx, user.id).get(namespace) in RIGHTS[right].roles


def list_member_ids(tx: Tx, namespaces: Collection[str]) -> frozenset[str]:
    """The ids of the members of any of these."""
    return frozenset(store.list_member_ids(tx, sorted(set(namespaces))))


def find_first_owner(tx: Tx, namespace: str) -> str | None:
    """The id of who has been an owner of the namespace for longest: in a personal one, its person."""
    return store.find_first_owner(tx, namespace)
