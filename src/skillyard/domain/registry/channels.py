"""Point a channel to a version by hand, or remove it. Publishing and yanking move channels by themselves."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.errors import ChannelNotFound, LatestStays, ReleaseNotOffered
from skillyard.domain.registry.model import DEFAULT_CHANNEL, ChannelRemoved, ChannelSet, SkillPage
from skillyard.domain.registry.skill import read_skill
from skillyard.domain.registry.store import skills
from skillyard.skill.names import SkillName

_SHOWN_CHARS = 64


def set_channel(app: App, caller: Caller, *, name: SkillName, channel: str, version: str) -> SkillPage:
    """Point it to an exact version, or to where another channel points now.

    Raises SkillNotFound, RoleTooLow, BadChannel, ReleaseNotFound or ReleaseNotOffered.
    """
    by = access.check_may_manage(app, caller, name)
    rules.check_channel(channel)
    with app.database.transaction() as tx:
        channels = access.begin_change(tx, name)
        release = access.get_release(tx, name, version)
        if not release.is_offered:
            raise ReleaseNotOffered(name=str(name), version=release.version)
        skills.set_channels(tx, name, channels, {**channels, channel: release.version})
        skills.set_updated(tx, name, now_ms=app.clock.now_ms())
        page = read_skill(tx, name)
        if channels.get(channel) != release.version:
            app.events.record(tx, ChannelSet(name=str(name), channel=channel, version=release.version, by=by))
    return page


def remove_channel(app: App, caller: Caller, *, name: SkillName, channel: str) -> SkillPage:
    """Raises SkillNotFound, RoleTooLow, LatestStays or ChannelNotFound."""
    by = access.check_may_manage(app, caller, name)
    if channel == DEFAULT_CHANNEL:
        raise LatestStays
    with app.database.transaction() as tx:
        channels = access.begin_change(tx, name)
        if channel not in channels:
            raise ChannelNotFound(name=str(name), channel=channel[:_SHOWN_CHARS])
        left = {other: version for other, version in channels.items() if other != channel}
        skills.set_channels(tx, name, channels, left)
        skills.set_updated(tx, name, now_ms=app.clock.now_ms())
        page = read_skill(tx, name)
        app.events.record(tx, ChannelRemoved(name=str(name), channel=channel, by=by))
    return page
