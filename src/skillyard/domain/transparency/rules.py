"""Who may know what an entry says that is not public."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.transparency.model import Visibility


def may_read(caller: Caller, name: str, visibility: Visibility | None, *, is_named: bool) -> bool:
    """`name`: of a skill or a namespace; `is_named`: whether the caller knew it and asked for it."""
    if visibility == "public" or (visibility == "unlisted" and is_named):
        return True
    return caller.may("read", on=name)


def is_for_all(*, role: str | None, was_shown: bool, namespace_is_known: bool) -> bool:
    """Whether the log says in the open what somebody became in a namespace (`role` None: nothing any more).

    It does where it shows skills of the namespace, of those who may publish there; and when such a one ceases to.
    """
    may_publish = role in (Role.OWNER, Role.MAINTAINER)
    return namespace_is_known and (may_publish or was_shown)


def without_nones(facts: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in facts.items() if value is not None}
