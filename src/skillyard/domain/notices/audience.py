"""Who is told: the webhooks that something may be for, and whether their owners may see it."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.directory import list_member_ids
from skillyard.domain.accounts.errors import AccountSuspended, TokenRevoked
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.on_behalf import on_behalf_of
from skillyard.domain.accounts.rights import FULL
from skillyard.domain.drive.asking import find_asker
from skillyard.domain.drive.holders import list_drives_with
from skillyard.domain.notices.kinds import families_of
from skillyard.domain.notices.model import About, Hook, Notice
from skillyard.domain.notices.store import hooks as store
from skillyard.domain.registry.access import check_visible
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName


def list_audience(tx: Tx, notice: Notice, *, position: int) -> list[Hook]:
    """Those who asked for it and whom it concerns: the person, the namespace that it is about, the drives that have the
    skill, and the members of these with webhooks of their own.
    """
    names = families_of(notice.event)
    if not store.is_asked_for(tx, names):
        return []
    namespaces = _namespaces(tx, notice.about)
    people = list_member_ids(tx, namespaces) | ({notice.about.user_id} if notice.about.user_id else set())
    return store.list_told(tx, names, people=sorted(people), namespaces=sorted(namespaces), position=position)


def why_not(tx: Tx, app: App, hook: Hook, about: About) -> str | None:
    """Why its owner may not see something of this, in words; None when they may. Asked again at each delivery."""
    caller = owner_of(tx, app, hook)
    if caller is None:
        return "its owner may not sign in or is no maintainer any more, or the key that it was set up with is void"
    if about.user_id is not None and about.user_id == caller.user_id and hook.namespace is None:
        return None
    if about.skill is not None:
        return None if _sees(tx, caller, about.skill) else "its owner may not see the skill any more"
    if about.place is not None and caller.may(about.right, on=about.place):
        return None
    return "its owner may not see this any more"


def owner_of(tx: Tx, app: App, hook: Hook) -> Caller | None:
    """Whoever answers for it, with the rights of now; None when they may not have it any more."""
    try:
        find_asker(tx, app, hook.asker)
        caller = on_behalf_of(tx, hook.owner_id, scopes=FULL)
    except (AccountSuspended, TokenRevoked):
        return None
    if hook.namespace is not None and not caller.may("manage_hooks_in", on=hook.namespace):
        return None
    return caller


def _namespaces(tx: Tx, about: About) -> frozenset[str]:
    if about.skill is not None:
        return frozenset({about.skill.partition("/")[0]}) | list_drives_with(tx, about.skill)
    return frozenset({about.place.partition("/")[0]}) if about.place is not None else frozenset()


def _sees(tx: Tx, caller: Caller, name: str) -> bool:
    try:
        check_visible(tx, caller, SkillName.parse(name))
    except SkillNotFound:
        return False
    return True
