"""What a machine says that it has, by hashes of zips, as a sync of ours takes it: by digests of trees."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skillyard.api.skillzdrive.wire.sync import Classification, KnownBody, LocalBody
from skillyard.app import App
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.drive.sync_model import LocalSkill, LocalState
from skillyard.domain.registry.zip_digests import ZippedRelease, list_zipped
from skillyard.infra.errors import NotFound
from skillyard.skill.faults import SkillError

_SOURCE = "skillzdrive:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The folders as they were sent, and by slug what the last sync saw of the drive."""

    local: Sequence[LocalBody]
    bases: Mapping[str, str]

    @classmethod
    def previewed(cls, local: Sequence[LocalBody], known: Sequence[KnownBody]) -> Machine:
        return cls(local=local, bases={one.slug: one.content_sha for one in known})

    @classmethod
    def classified(cls, found: Sequence[Classification]) -> Machine:
        """Out of what a preview has answered."""
        local = [
            LocalBody(slug=one.slug, content_sha=one.content_sha, size_bytes=one.size_bytes, source=one.source)
            for one in found
            if one.content_sha is not None
        ]
        return cls(local=local, bases={one.slug: one.base_content_sha for one in found if one.base_content_sha})


def read_state(app: App, machine: Machine) -> LocalState:
    """A zip that was never ours has a digest that nothing else has."""
    zipped = list_zipped(app, [*(one.content_sha for one in machine.local), *machine.bases.values()])
    skills = [_read_skill(app, one, machine.bases.get(one.slug), zipped) for one in machine.local]
    known = {skill.name for skill in skills if skill.name and skill.slug in machine.bases}
    return LocalState(skills=tuple(skills), known=frozenset(known))


def digest_of(sha: str, zipped: Mapping[str, list[ZippedRelease]]) -> str:
    found = zipped.get(sha)
    return found[0].digest if found else f"sha256:{hashlib.sha256(f'zip {sha}'.encode(errors='replace')).hexdigest()}"


def _read_skill(app: App, one: LocalBody, base: str | None, zipped: Mapping[str, list[ZippedRelease]]) -> LocalSkill:
    name = _name(app, one.source)
    versions = {release.name: release.version for release in zipped.get(base or "", ())}
    return LocalSkill(
        slug=one.slug,
        digest=digest_of(one.content_sha, zipped),
        name=name,
        base_digest=digest_of(base, zipped) if base and name else None,
        base_version=versions.get(name or ""),
        size_bytes=one.size_bytes,
    )


def _name(app: App, source: str | None) -> str | None:
    """The skill that a folder was installed from; None where that says nothing to us."""
    if source is None or not source.startswith(_SOURCE):
        return None
    try:
        return str(find_name(app, source.removeprefix(_SOURCE)))
    except (NotFound, SkillError):
        return None
