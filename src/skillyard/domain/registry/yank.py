"""Withdraw a release, and offer it again. Installs that have locked it keep working."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.model import Release, ReleaseUnyanked, ReleaseYanked, Standing, Yank
from skillyard.domain.registry.statements import log_release
from skillyard.domain.registry.store import releases, skills
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName


def yank(app: App, caller: Caller, *, name: SkillName, version: str, reason: str) -> Release:
    """Withdraw it; channels that point to it fall back. Yanking again changes the reason.

    Raises SkillNotFound, RoleTooLow, ReleaseNotFound or TextNotAcceptable.
    """
    caller_name = access.check_may_manage(app, caller, name)
    reason = rules.check_text(reason, what="reason")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        channels = access.begin_change(tx, name)
        release = access.get_release(tx, name, version)
        if release.yanked and release.yanked.reason == reason:
            return release
        at_ms = release.yanked.at_ms if release.yanked else now_ms
        releases.set_yank(tx, name, release.version, Yank(reason=reason, at_ms=at_ms))
        left = rules.channels_without(channels, release.version, releases.list_standings(tx, name))
        skills.set_channels(tx, name, channels, left)
        skills.set_updated(tx, name, now_ms=now_ms)
        release = access.get_release(tx, name, release.version)
        log_release(tx, Kind.YANKED, release, {"reason": reason}, by=caller_name, now_ms=now_ms)
        app.events.record(tx, ReleaseYanked(name=str(name), version=release.version, reason=reason, by=caller_name))
    return release


def unyank(app: App, caller: Caller, *, name: SkillName, version: str) -> Release:
    """Offer it again; nothing happens when it is not yanked. Raises SkillNotFound, RoleTooLow or ReleaseNotFound."""
    caller_name = access.check_may_manage(app, caller, name)
    with app.database.transaction() as tx:
        channels = access.begin_change(tx, name)
        release = access.get_release(tx, name, version)
        if release.yanked is None:
            return release
        releases.set_yank(tx, name, release.version, None)
        standing = Standing(version=release.version, channel=release.channel, is_offered=release.status.is_offered)
        skills.set_channels(tx, name, channels, rules.channels_with(channels, standing))
        skills.set_updated(tx, name, now_ms=app.clock.now_ms())
        release = access.get_release(tx, name, release.version)
        log_release(tx, Kind.UNYANKED, release, {}, by=caller_name, now_ms=app.clock.now_ms())
        app.events.record(tx, ReleaseUnyanked(name=str(name), version=release.version, by=caller_name))
    return release
