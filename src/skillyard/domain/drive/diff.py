"""What a machine and a drive have of each other, by content: asked often, and so as cheap as it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.model import Reached
from skillyard.domain.drive.sync_model import Diff, Divergent, LocalSkill, LocalState
from skillyard.domain.drive.sync_rules import NEAREST
from skillyard.domain.drive.sync_view import check_state, find_reached
from skillyard.domain.registry.exact import list_exact
from skillyard.domain.registry.sight import look_at
from skillyard.infra.database import Tx


def diff(app: App, caller: Caller, local: Sequence[LocalSkill], *, drive: str | None = None) -> Diff:
    """What the machine has and the drive has not, the other way round, and what differs. Nothing is changed, and
    nothing decided. Raises NamespaceNotFound, a Forbidden, or SyncStateNotAcceptable.
    """
    rules.readable_drive(caller, drive)
    check_state(LocalState(skills=tuple(local)))
    with app.database.reading() as tx:
        enabled = {name: one for name, one in find_reached(tx, caller, drive).items() if one.item.enabled}
        digests = _digests(tx, caller, enabled)
    names = [name for name in digests if drive is None or enabled[name].item.drive == drive]
    by_slug: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (NEAREST.index(enabled[name].via), name)):
        by_slug.setdefault(name.partition("/")[2], []).append(name)
    pairs = [(one, _counterpart(one, by_slug.get(one.slug, []))) for one in local]
    here = {name for _, name in pairs}
    return Diff(
        local_only=tuple(one.slug for one, name in pairs if name is None),
        drive_only=tuple(name for name in sorted(names) if name not in here),
        divergent=tuple(
            Divergent(slug=one.slug, name=name, local_digest=one.digest, drive_digest=digests[name])
            for one, name in pairs
            if name is not None and digests[name] != one.digest
        ),
    )


def _digests(tx: Tx, caller: Caller, reached: Mapping[str, Reached]) -> dict[str, str]:
    """Of those that the caller may see."""
    releases = list_exact(tx, [(one.name, one.item.version) for one in reached.values()])
    seen = look_at(tx, caller, (release.facts for release in releases.values()))
    return {release.name: release.digest for release in releases.values() if release.name in seen}


def _counterpart(local: LocalSkill, names: Sequence[str]) -> str | None:
    """What of the drive belongs into a folder: the skill that was installed there, else the nearest of that slug."""
    if local.name in names:
        return local.name
    return names[0] if names else None
