"""Whether a skill, and a version of it, exists for a caller: the first question of every operation on one."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import NotYours, ReleaseNotFound, ReleaseQuarantined, SkillNotFound
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.sight import Sight, look_at
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName
from skillyard.skill.versions import Version, is_version

_SHOWN_CHARS = 130


def check_visible(tx: Tx, caller: Caller, name: SkillName) -> Sight:
    """What the caller may have of it. Raises SkillNotFound unless that is at least its page."""
    facts = skills.list_facts(tx, [str(name)]) if rules.is_skill_name(name) else []
    sight = look_at(tx, caller, facts).get(str(name))
    if sight is None:
        raise SkillNotFound(name=str(name)[:_SHOWN_CHARS])
    return sight


def check_may_manage(app: App, caller: Caller, name: SkillName) -> str:
    """The username of a caller who may change the skill.

    Raises Unauthenticated, SkillNotFound for one who may not see it, else a Forbidden that names what is missing.
    """
    _, username = caller.identity
    if not caller.may("manage", on=name.namespace):
        with app.database.reading() as tx:
            check_visible(tx, caller, name)
        if name.namespace not in caller.roles:
            raise NotYours(name=str(name), namespace=name.namespace)
        caller.must("manage", on=name.namespace)
    return username


def find_version(channels: Mapping[str, str], version: str) -> str | None:
    """The plain spelling of an exact version, or the version that a channel points to."""
    return str(Version.parse(version)) if is_version(version) else channels.get(version)


def get_release(tx: Tx, name: SkillName, version: str) -> Release:
    """By exact version or by channel, with its readme. Raises ReleaseNotFound."""
    channels = skills.list_channels(tx, [str(name)])[str(name)]
    exact = find_version(channels, version)
    release = releases.find_release(tx, name, exact, channels) if exact else None
    if release is None:
        raise ReleaseNotFound(name=str(name), version=version[:_SHOWN_CHARS])
    return release


def check_may_take(caller: Caller, release: Release) -> None:
    """Raises ReleaseQuarantined for content that is not handed out to this caller."""
    if not rules.may_take(caller, release):
        why = release.reasons[0] if release.reasons else "the scan failed it"
        raise ReleaseQuarantined(name=release.name, version=release.version, why=why)


def begin_change(tx: Tx, name: SkillName) -> Mapping[str, str]:
    """One change of a skill at a time, on all nodes. Its channels. Raises SkillNotFound."""
    if not rules.is_skill_name(name) or skills.find_visibility(tx, name) is None:
        raise SkillNotFound(name=str(name)[:_SHOWN_CHARS])
    tx.lock(f"skill {name}")
    return skills.list_channels(tx, [str(name)])[str(name)]
