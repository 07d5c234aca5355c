"""Read one skill."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.model import DEFAULT_CHANNEL, SkillPage
from skillyard.domain.registry.sight import release_as_seen, skills_as_seen
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName


def get_skill(app: App, caller: Caller, *, name: SkillName) -> SkillPage:
    """A skill with its channels and its latest release. Raises SkillNotFound."""
    with app.database.reading() as tx:
        sight = access.check_visible(tx, caller, name)
        page = read_skill(tx, name)
        (skill,) = skills_as_seen(tx, [page.skill], {str(name): sight})
    latest = release_as_seen(page.latest, sight) if page.latest else None
    return replace(page, skill=skill, latest=latest)


def read_skill(tx: Tx, name: SkillName) -> SkillPage:
    """For a caller of whom it is known that they may see it."""
    skill = skills.find_skill(tx, name)
    if skill is None:
        raise SkillNotFound(name=str(name))
    channels = skills.list_channels(tx, [str(name)])[str(name)]
    latest = channels.get(DEFAULT_CHANNEL)
    return SkillPage(
        skill=skill,
        channels=channels,
        versions_count=releases.count_releases(tx, name),
        latest=releases.find_release(tx, name, latest, channels) if latest else None,
    )
