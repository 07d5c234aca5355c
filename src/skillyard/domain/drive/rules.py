"""Pure decisions of drives: which drive is meant, and what it may hold."""

from __future__ import annotations

from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.errors import PrivateElsewhere
from skillyard.domain.registry.sight import Facts

_SHOWN_CHARS = 64


def readable_drive(caller: Caller, drive: str | None) -> str:
    """The drive that is named, or else the caller's own, for its members.

    Raises Unauthenticated, NamespaceNotFound, or a Forbidden for a token that is not good for drives.
    """
    caller.must("read_drive")
    return _named(caller, drive)


def manageable_drive(caller: Caller, drive: str | None) -> str:
    """The drive that is named, or else the caller's own, for those who may change what is in it.

    Raises Unauthenticated, NamespaceNotFound, RoleTooLow, or a Forbidden for a token that is not good for it.
    """
    caller.must("identify")
    named = _named(caller, drive)
    caller.must("manage_drive", on=named)
    return named


def check_may_hold(drive: str, facts: Facts) -> None:
    """Raises PrivateElsewhere for what the members of a team could not come to."""
    namespace, _, _ = facts.name.partition("/")
    if not (facts.visibility.is_open or facts.is_for_sale or namespace == drive):
        raise PrivateElsewhere(name=facts.name, namespace=namespace, drive=drive)


def _named(caller: Caller, drive: str | None) -> str:
    named = caller.identity[1] if drive is None else drive
    if named not in caller.roles:
        raise NamespaceNotFound(namespace=named[:_SHOWN_CHARS])
    return named
