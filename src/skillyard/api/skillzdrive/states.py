"""What a machine says that it has, by hashes of zips, as a sync of ours takes it: by digests of trees."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skillyard.api.skillzdrive.wire.sync import Classification, KnownBody, LocalBody
from skillyard.app import App
from skillyard.domain.drive.slugs import find_names
from skillyard.domain.drive.sync_model import LocalSkill, LocalState
from skillyard.domain.registry.zip_digests import ZippedRelease, list_zipped
from skillyard.skill.names import SkillName

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
    names = find_names(app, filter(None, map(_source, machine.local)))
    skills = [_read_skill(one, names.get(_source(one)), machine.bases.get(one.slug), zipped) for one in machine.local]
    known = {skill.name for skill in skills if skill.name and skill.slug in machine.bases}
    return LocalState(skills=tuple(skills), known=frozenset(known))


def digest_of(sha: str, zipped: Mapping[str, list[ZippedRelease]]) -> str:
    found = zipped.get(sha)
    return found[0].digest if found else f"sha256:{hashlib.sha256(f'zip {sha}'.encode(errors='replace')).hexdigest()}"


def _read_skill(
    one: LocalBody, named: SkillName | None, base: str | None, zipped: Mapping[str, list[ZippedRelease]]
) -> LocalSkill:
    name = str(named) if named else None
    versions = {release.name: release.version for release in zipped.get(base or "", ())}
    return LocalSkill(
        slug=one.slug,
        digest=digest_of(one.content_sha, zipped),
        name=name,
        base_digest=digest_of(base, zipped) if base and name else None,
        base_version=versions.get(name or ""),
        size_bytes=one.size_bytes,
    )


def _source(one: LocalBody) -> str:
    """The slug of what a folder was installed from; empty where nothing of ours is named."""
    source = one.source or ""
    return source.removeprefix(_SOURCE) if source.startswith(_SOURCE) else ""
