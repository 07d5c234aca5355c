"""Advise against a release or a whole skill, with a message; it stays installable. And take the advice back."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.model import (
    Release,
    ReleaseDeprecated,
    ReleaseUndeprecated,
    SkillDeprecated,
    SkillPage,
    SkillUndeprecated,
)
from skillyard.domain.registry.skill import read_skill
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.events import Event
from skillyard.skill.names import SkillName


def deprecate_release(app: App, caller: Caller, *, name: SkillName, version: str, message: str) -> Release:
    """Raises SkillNotFound, RoleTooLow, ReleaseNotFound or TextNotAcceptable."""
    return _set_on_release(app, caller, name, version, rules.check_text(message, what="message"))


def undeprecate_release(app: App, caller: Caller, *, name: SkillName, version: str) -> Release:
    """Raises SkillNotFound, RoleTooLow or ReleaseNotFound."""
    return _set_on_release(app, caller, name, version, None)


def deprecate_skill(app: App, caller: Caller, *, name: SkillName, message: str) -> SkillPage:
    """Counts for every release, present and to come. Raises SkillNotFound, RoleTooLow or TextNotAcceptable."""
    return _set_on_skill(app, caller, name, rules.check_text(message, what="message"))


def undeprecate_skill(app: App, caller: Caller, *, name: SkillName) -> SkillPage:
    """Raises SkillNotFound or RoleTooLow."""
    return _set_on_skill(app, caller, name, None)


def _set_on_release(app: App, caller: Caller, name: SkillName, version: str, message: str | None) -> Release:
    by = access.check_may_manage(app, caller, name)
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        release = access.get_release(tx, name, version)
        if releases.set_deprecated(tx, name, release.version, message):
            event: Event = ReleaseUndeprecated(name=str(name), version=release.version, by=by)
            if message is not None:
                event = ReleaseDeprecated(name=str(name), version=release.version, message=message, by=by)
            release = access.get_release(tx, name, release.version)
            app.events.record(tx, event)
    return release


def _set_on_skill(app: App, caller: Caller, name: SkillName, message: str | None) -> SkillPage:
    by = access.check_may_manage(app, caller, name)
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        is_new = skills.set_deprecated(tx, name, message)
        page = read_skill(tx, name)
        if is_new:
            event: Event = SkillUndeprecated(name=str(name), by=by)
            if message is not None:
                event = SkillDeprecated(name=str(name), message=message, by=by)
            app.events.record(tx, event)
    return page
