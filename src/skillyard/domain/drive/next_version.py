"""Which version a skill gets that is published for somebody: an import, an upload, an edit that is pushed."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.domain.registry.history import Heads, read_heads
from skillyard.infra.database import Tx
from skillyard.infra.errors import Conflict
from skillyard.skill.escalation import check_escalation
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import Permissions
from skillyard.skill.versions import Version, is_version

_FIRST = "0.1.0"


class NoHigherVersion(Conflict):
    code = "no_higher_version"
    text = "{name} has version {version}, above which there is none."
    hint = "Give another slug, so that it begins anew."


def next_version(tx: Tx, name: SkillName, permissions: Permissions, wanted: str | None) -> str:
    """The version in which a skill with these permissions can be published next.

    `wanted`, what the skill says of itself, if it is above every version so far and raised as far as new permissions
    demand; else the least raise that they allow. Two at once may be told the same: the second is refused when it
    publishes, and asks again. Raises NoHigherVersion.
    """
    heads = read_heads(tx, name)
    for version in _candidates(heads.highest, wanted):
        if _is_possible(version, heads, permissions):
            return str(Version.parse(version))
    raise NoHigherVersion(name=str(name), version=heads.highest)


def _candidates(highest: str | None, wanted: str | None) -> Iterator[str]:
    if wanted is not None:
        yield wanted
    if highest is None:
        yield _FIRST
        return
    last = Version.parse(highest)
    yield f"{last.major}.{last.minor}.{last.patch}"  # above it only where it is a pre-release
    yield f"{last.major}.{last.minor}.{last.patch + 1}"
    yield f"{last.major}.{last.minor + 1}.0"
    yield f"{last.major + 1}.0.0"


def _is_possible(text: str, heads: Heads, permissions: Permissions) -> bool:
    if not is_version(text) or Version.parse(text).build:
        return False
    if heads.highest is not None and Version.parse(text) <= Version.parse(heads.highest):
        return False
    return heads.handed_out is None or not check_escalation(*heads.handed_out, text, permissions)
