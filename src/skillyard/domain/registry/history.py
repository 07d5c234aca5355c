"""All versions of a skill in the order in which they were published; and skills known by half of their name."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.sight import release_as_seen
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.permissions import Permissions, read_permissions

_ALL = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The highest version of a skill, also one that nobody gets any more; and the highest that was ever handed out,
    with what it may do. None where there is none.
    """

    highest: str | None
    handed_out: tuple[str, Permissions] | None


def read_heads(tx: Tx, name: SkillName) -> Heads:
    """What the next version has to be compared with; whoever asks may publish it."""
    highest = releases.list_releases(tx, name, {}, before=None, limit=1)
    found = releases.find_before(tx, name, releases.AFTER_ALL)
    return Heads(
        highest=highest[0].version if highest else None,
        handed_out=(found[0], read_permissions(found[1])[0]) if found else None,
    )


def list_offered(app: App, caller: Caller, *, name: SkillName, limit: int = _ALL, offset: int = 0) -> list[Release]:
    """Every release that a new install may choose, the newest first. Raises SkillNotFound."""
    with app.database.reading() as tx:
        sight = access.check_visible(tx, caller, name)
        channels = skills.list_channels(tx, [str(name)])[str(name)]
        found = releases.list_offered(tx, name, channels, limit=limit, offset=offset)
    return [release_as_seen(release, sight) for release in found]


def find_only(app: App, slug: str) -> SkillName:
    """The one public skill with this slug. Raises SkillNotFound when there is none, or more than one."""
    names = []
    if not check_name(slug):
        with app.database.reading() as tx:
            names = skills.list_public_with_slug(tx, slug, limit=2)
    if len(names) != 1:
        raise SkillNotFound(name=slug[:64])
    return SkillName.parse(names[0])
