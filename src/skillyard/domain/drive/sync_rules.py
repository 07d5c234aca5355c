"""Pure decisions of a sync: what becomes of each skill, from what is here, was put here, and is in the drive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.errors import PrivateElsewhere
from skillyard.domain.drive.model import DriveItem, Reached
from skillyard.domain.drive.rules import check_may_hold
from skillyard.domain.drive.sync_model import Action, LocalSkill, LocalState, SyncItem
from skillyard.domain.registry.exact import ExactRelease
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sight import Sight
from skillyard.domain.registry.trust import Status
from skillyard.skill.names import check_name

NEAREST = ("personal", "team", "shared")
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that classifying one state takes. `push_drive`: where new things go. `forks`: whether edits of skills of
    others become forks. `releases`, `by_digest`: whatever the state and the drive mention, visible or not; `sights`: of
    those of their skills that the caller may see. `taken`: of the names that uploads would get, those that there are.
    """

    caller: Caller
    push_drive: str
    forks: bool
    reached: Mapping[str, Reached]
    releases: Mapping[tuple[str, str], ExactRelease]
    by_digest: Mapping[str, Sequence[ExactRelease]]
    sights: Mapping[str, Sight]
    taken: frozenset[str]

    def target(self, item: DriveItem) -> ExactRelease | None:
        return self.releases.get((item.name, item.version))

    def upstream(self, item: DriveItem, version: str | None) -> ExactRelease | None:
        return self.releases.get((item.upstream_name or "", version or ""))

    def base_of(self, local: LocalSkill) -> ExactRelease | None:
        """The release that was put into the folder, as far as the caller may take it."""
        release = self.releases.get((local.name or "", local.base_version or ""))
        is_it = release is not None and release.digest == local.base_digest and not self.why_not(release)
        return release if is_it else None

    def why_not(self, release: ExactRelease) -> str:
        """Why the caller is not given this release; empty when they are."""
        sight = self.sights.get(release.name)
        if sight is None:
            return "you may not see it any more"
        if not sight.may_take:
            return "it runs in the registry only" if release.is_sealed else "it has to be bought first"
        if release.status is Status.RECALLED:
            return "it was recalled for a danger"
        is_keeper = self.caller.may("publish", on=release.name) or self.caller.may("review")
        return "it is in quarantine" if release.status is Status.QUARANTINED and not is_keeper else ""


def classify(state: LocalState, around: Surroundings) -> list[SyncItem]:
    """In the order of the state; then what is in the drive only, in the order of names."""
    holders = _holders(state, around)
    held = {reached.name for reached in holders.values()}
    here = {local.slug for local in state.skills}
    items = [
        _held_and_here(local, holders[local.slug], around)
        if local.slug in holders
        else _only_here(local, state, around)
        for local in state.skills
    ]
    rest = [reached for reached in _enabled(around) if reached.name not in held or _slug(reached) not in here]
    return [*items, *(item for reached in rest for item in _only_in_drive(reached, holders, state, around))]


def _enabled(around: Surroundings) -> Iterator[Reached]:
    return (around.reached[name] for name in sorted(around.reached) if around.reached[name].item.enabled)


def _slug(reached: Reached) -> str:
    return reached.name.partition("/")[2]


def _holders(state: LocalState, around: Surroundings) -> dict[str, Reached]:
    """Who gets a folder that several skills would have: a fork before what it comes from, then the one that is there,
    then the nearest.
    """
    there = {local.slug: local.name for local in state.skills}
    holders: dict[str, Reached] = {}

    def rank(one: Reached) -> tuple[bool, bool, int, str]:
        installed = there.get(_slug(one))
        comes_from = one.item.upstream_name
        return (
            comes_from is None or comes_from not in around.reached or installed not in (None, one.name, comes_from),
            installed != one.name,
            NEAREST.index(one.via),
            one.name,
        )

    for reached in sorted(_enabled(around), key=rank):
        holders.setdefault(_slug(reached), reached)
    return holders


def _only_in_drive(
    reached: Reached, holders: Mapping[str, Reached], state: LocalState, around: Surroundings
) -> Iterator[SyncItem]:
    """Nothing for what a fork stands in for."""
    item, holder = reached.item, holders[_slug(reached)]
    known = SyncItem(slug=_slug(reached), action=Action.UNAVAILABLE, reason="", name=item.name, drive=item.drive)
    if holder.name != item.name:
        if holder.item.upstream_name != item.name:
            yield replace(known, reason=f"Its folder belongs to {holder.name}; only one of the two can be there.")
        return
    target = around.target(item)
    if target is None or (why_not := around.why_not(target)):
        yield replace(known, reason=_unavailable(item, why_not if target else "there is no such release any more"))
    elif item.name in state.known:
        reason = f"Its folder is gone here, and the drive has version {item.version}: remove it from the drive, too?"
        yield replace(known, action=Action.INSTALL, target=target, reason=reason)
    else:
        reason = f"The drive has version {item.version}, and there is no folder here."
        yield replace(known, action=Action.INSTALL, target=target, reason=reason)


def _held_and_here(local: LocalSkill, reached: Reached, around: Surroundings) -> SyncItem:
    """A folder, and a skill of the drive that belongs into it."""
    item, target = reached.item, around.target(reached.item)
    known = SyncItem(slug=local.slug, action=Action.UNAVAILABLE, reason="", name=item.name, drive=item.drive)
    if target is None or (why_not := around.why_not(target)):
        return replace(known, reason=_unavailable(item, why_not if target else "there is no such release any more"))
    known = replace(known, target=target)
    if local.digest == target.digest and not _awaits_upstream(item):
        return replace(known, action=Action.IN_SYNC, reason=f"Here and in the drive is version {item.version}.")
    if local.name in (item.name, item.upstream_name) and local.base_digest is not None:
        return _with_base(known, local, item, around)
    if local.digest == target.digest:
        return _merge_upstream(known, item, around)
    if local.name in (None, item.name) and _is_release_of(item.name, local.digest, around):
        return replace(known, action=Action.UPDATE, reason=f"The folder has an earlier release of {item.name}.")
    other = f"The folder has {local.name}" if local.name else "Nobody installed the folder"
    return replace(known, action=Action.CONFLICT, reason=f"{other}, and the drive has {item.name} with other content.")


def _with_base(known: SyncItem, local: LocalSkill, item: DriveItem, around: Surroundings) -> SyncItem:
    """Where it is known what the folder was before."""
    assert known.target is not None, "a skill that can be had"
    has_moved = known.target.digest != local.base_digest
    if has_moved and not local.is_edited:
        reason = f"The drive has version {item.version}, and the folder is as it was put here."
        return replace(known, action=Action.UPDATE, reason=reason)
    if _awaits_upstream(item) and (not has_moved or local.digest == known.target.digest):
        return _merge_upstream(known, item, around)
    if not has_moved:
        return _edited(known, local, item, around)
    return replace(
        known,
        action=Action.MERGE,
        base=around.base_of(local),
        publish_as=item.name if _may_push(item, around) else None,
        held_version=item.version,
        reason=f"The folder was edited, and the drive has version {item.version} by now.",
    )


def _edited(known: SyncItem, local: LocalSkill, item: DriveItem, around: Surroundings) -> SyncItem:
    """Only the folder moved."""
    if _may_push(item, around):
        reason = f"The folder was edited since version {item.version} of your private skill."
        return replace(
            known, action=Action.PUSH, publish_as=item.name, held_version=item.version, reason=reason
        )  # fmt: skip
    why = _why_no_push(item, around)
    return _fork(replace(known, base=known.target), local, why, around)


def _merge_upstream(known: SyncItem, item: DriveItem, around: Surroundings) -> SyncItem:
    base, theirs = around.upstream(item, item.upstream_version), around.upstream(item, item.upstream_accepted)
    what = f"version {item.upstream_accepted} of {item.upstream_name}"
    if base is None or theirs is None or (why_not := around.why_not(theirs) or around.why_not(base)):
        reason = f"You accepted {what}, but {why_not if base and theirs else 'there is no such release any more'}."
        return replace(known, action=Action.KEEP, reason=reason)
    if not _may_push(item, around):
        reason = f"You accepted {what}, but {_why_no_push(item, around)}."
        return replace(known, action=Action.KEEP, reason=reason)
    reason = f"You accepted {what}, to be merged into your fork."
    return replace(
        known, action=Action.MERGE_UPSTREAM, base=base, target=theirs, publish_as=item.name,
        held_version=item.version, reason=reason,
    )  # fmt: skip


def _only_here(local: LocalSkill, state: LocalState, around: Surroundings) -> SyncItem:
    """A folder into which no skill of the drive belongs."""
    known = SyncItem(slug=local.slug, action=Action.KEEP, reason="", name=local.name)
    if check_name(local.slug):
        return replace(known, reason=f"{local.slug[:_SHOWN_CHARS]!a} is no name that a skill can have.")
    if local.name in state.known:
        return _gone_from_drive(known, local, around)
    candidates = [one for one in around.by_digest.get(local.digest, ()) if one.name.endswith(f"/{local.slug}")]
    candidates = [one for one in candidates if not around.why_not(one)]
    for release in sorted(candidates, key=lambda one: one.name != local.name):
        if release.name in around.reached:
            return replace(known, name=release.name, reason=f"{release.name} is switched off in the drive.")
        if release.status.is_offered and not release.is_yanked and _may_hold(release, around):
            return _claim(known, release, around)
    if local.name is not None:
        return _fork(replace(known, base=around.base_of(local)), local, f"{local.name} is not in the drive", around)
    return _upload(known, around)


def _may_hold(release: ExactRelease, around: Surroundings) -> bool:
    try:
        check_may_hold(around.push_drive, around.sights[release.name].facts)
    except PrivateElsewhere:
        return False
    return True


def _gone_from_drive(known: SyncItem, local: LocalSkill, around: Surroundings) -> SyncItem:
    reached = around.reached.get(local.name or "")
    known = replace(known, drive=reached.item.drive if reached else None)
    where = "switched off in" if reached else "no longer in"
    if local.base_digest is None or local.is_edited:
        return replace(known, reason=f"{local.name} is {where} the drive; the folder was edited, and stays.")
    return replace(known, action=Action.REMOVE, reason=f"{local.name} is {where} the drive.")


def _claim(known: SyncItem, release: ExactRelease, around: Surroundings) -> SyncItem:
    reason = f"The folder is version {release.version} of {release.name}, which costs nothing to take into the drive."
    return replace(
        known, action=Action.CLAIM_PUBLIC, name=release.name, drive=around.push_drive, target=release, reason=reason
    )  # fmt: skip


def _upload(known: SyncItem, around: Surroundings) -> SyncItem:
    name = f"{around.push_drive}/{known.slug}"
    if name in around.taken:
        reason = f"There is another {name} already: rename the folder, or add that one to the drive."
        return replace(known, action=Action.CONFLICT, name=name, reason=reason)
    reason = f"Only this machine has it; it becomes the private skill {name}."
    return replace(
        known, action=Action.UPLOAD_PRIVATE, name=name, drive=around.push_drive, publish_as=name, reason=reason
    )  # fmt: skip


def _fork(known: SyncItem, local: LocalSkill, why: str, around: Surroundings) -> SyncItem:
    """Edits that cannot go to where the skill comes from. `why`: they cannot."""
    known = replace(known, action=Action.KEEP)
    if not local.is_edited:
        return replace(known, reason=f"{why[0].upper()}{why[1:]}.")
    fork = f"{around.push_drive}/{local.slug}"
    reached = around.reached.get(local.name or "")
    is_own = (local.name or "").partition("/")[0] == around.push_drive or (reached and reached.item.pinned)
    if known.base is None or known.base.is_for_sale or known.base.is_sealed or is_own:
        return replace(known, reason=f"The folder was edited, but {why}; the edits stay here.")
    if fork in around.taken:
        return replace(
            known, reason=f"The folder was edited, but {why}, and {fork} exists already; the edits stay here."
        )
    if not around.forks:
        return replace(known, reason=f"The folder was edited, but {why}: `sync --fork` makes {fork} of it.")
    reason = f"The folder was edited, and {why}: it becomes your private fork {fork}."
    return replace(known, action=Action.FORK, drive=around.push_drive, publish_as=fork, reason=reason)


def _may_push(item: DriveItem, around: Surroundings) -> bool:
    return not _why_no_push(item, around)


def _why_no_push(item: DriveItem, around: Surroundings) -> str:
    """Why edits of a skill of the drive do not become its next release; empty when they do."""
    sight = around.sights[item.name]
    if item.name.partition("/")[0] != item.drive or not around.caller.may("publish", on=item.name):
        return f"{item.name} is not yours to publish"
    if sight.facts.visibility is not Visibility.PRIVATE or sight.facts.is_for_sale:
        return f"others have {item.name}, too: publish it with `skillyard publish`"
    if item.via == "git":
        return f"{item.name} follows its Git repository"
    return f"{item.name} is pinned to version {item.version}" if item.pinned else ""


def _awaits_upstream(item: DriveItem) -> bool:
    return item.upstream_accepted is not None and item.upstream_accepted != item.upstream_version


def _is_release_of(name: str, digest: str, around: Surroundings) -> bool:
    return any(release.name == name for release in around.by_digest.get(digest, ()))


def _unavailable(item: DriveItem, why_not: str) -> str:
    return f"The drive has {item.name} {item.version}, but {why_not}."


def upload_names(state: LocalState, push_drive: str) -> Iterable[str]:
    """The names that uploads of this state would get, as far as they can be names."""
    return (f"{push_drive}/{local.slug}" for local in state.skills if not check_name(local.slug))
