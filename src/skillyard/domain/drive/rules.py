"""Pure decisions of drives: which drive is meant, and what it may hold."""

from __future__ import annotations

from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.drive.errors import BadSlug, BadSource, NoteNotAcceptable, PrivateElsewhere
from skillyard.domain.registry.sight import Facts
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.versions import Version

MAX_NOTE_CHARS = 500
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


def is_address(source: str) -> bool:
    """Whether somebody means a git address; names of skills have neither a colon nor two slashes."""
    return ":" in source or source.count("/") > 1


def read_name(source: str) -> SkillName:
    """Raises BadSource for what is no name of a skill."""
    try:
        return SkillName.parse(source.strip())
    except SkillError:
        raise BadSource(source=ascii(source[:_SHOWN_CHARS])) from None


def check_slug(slug: str | None) -> None:
    """Raises BadSlug."""
    if slug is not None and (faults := check_name(slug, what="name")):
        raise BadSlug(slug=ascii(slug[:_SHOWN_CHARS]), why=faults[0].message)


def may_only_ask(caller: Caller, drive: str) -> bool:
    """Whether what the caller adds to the drive is for its maintainers to decide."""
    return caller.roles.get(drive) is Role.READER


def is_offered(offered: str | None, *, held: str, is_withdrawn: bool) -> bool:
    """Whether a drive that has `held` is told of the version: a higher one, or any other than one that is withdrawn."""
    if offered is None or offered == held:
        return False
    return is_withdrawn or Version.parse(offered) > Version.parse(held)


def is_dismissed(offered: str, dismissed: str | None) -> bool:
    return dismissed is not None and Version.parse(offered) <= Version.parse(dismissed)


def check_note(text: str, *, what: str) -> str:
    """The text without blanks around it. Raises NoteNotAcceptable."""
    text = text.strip()
    if len(text) > MAX_NOTE_CHARS or not all(char.isprintable() or char == "\n" for char in text):
        raise NoteNotAcceptable(what=what, most=MAX_NOTE_CHARS)
    return text


def _named(caller: Caller, drive: str | None) -> str:
    named = caller.identity[1] if drive is None else drive
    if named not in caller.roles:
        raise NamespaceNotFound(namespace=named[:_SHOWN_CHARS])
    return named
