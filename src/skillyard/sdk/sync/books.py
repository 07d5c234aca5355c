"""Our files after a sync: skillyard.json and skillyard.lock of the user, and what the next sync must know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skillyard.sdk.errors import SdkError
from skillyard.sdk.journal import Which, text_of
from skillyard.sdk.log import with_positions
from skillyard.sdk.resolving import lock_problems
from skillyard.sdk.sync.answers import Item
from skillyard.sdk.sync.carry_out import Settled, Work
from skillyard.sdk.sync.flagged import agreed_before
from skillyard.sdk.sync.memory import Memory
from skillyard.sdk.sync.trees import locked
from skillyard.skill.faults import SkillError
from skillyard.skill.lockfile import LockedSkill, Lockfile


def lock_entry(work: Work, one: Settled) -> LockedSkill | None:
    """What the lock says of a skill from now on; None where its files are not known, so that nothing can be said."""
    release = one.release
    if release is None:
        return None
    before = work.machine.lock.skills.get(release.name) if work.machine.lock else None
    if before and (before.version, before.digest, before.sha256) == (release.version, release.digest, release.sha256):
        return before
    local = one.decision.local
    at_hand = (one.decision.files, local.files if local else None, work.trees.of(release.digest))
    files = next((files for files in at_hand if files and files.digest == release.digest), None)
    if files is None:
        return None
    accepted = work.flagged.get(one.decision.slug) or agreed_before(work.machine.lock, release.digest)
    return replace(locked(release, files, work.client.base_url), accepted=accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The texts of the manifest, the lock and the memory; `notes`: what skills need and the drive does not have."""

    texts: Mapping[Which, str | None]
    notes: tuple[str, ...]


def books_after(work: Work, settled: Iterable[Settled], releases: Mapping[str, LockedSkill], undo: str | None) -> Books:
    """Raises SdkError when what was answered makes no lock."""
    machine, settled = work.machine, list(settled)
    wanted, skills = dict(machine.manifest.skills), dict(machine.lock.skills) if machine.lock else {}
    for one in settled:
        slug, local = one.decision.slug, one.decision.local
        skill = releases.get(slug)
        if local and local.name and one.places and (one.decision.goes or skill):
            wanted.pop(local.name, None)
            skills.pop(local.name, None)
        if skill:
            wanted[skill.name], skills[skill.name] = skill.version, skill
    manifest = replace(machine.manifest, skills=wanted, agents=tuple(agent.id for agent in machine.agents))
    lock = Lockfile(registry=work.client.base_url, requirements=dict(sorted(wanted.items())), skills=skills)
    person = work.client.username or machine.memory.person
    memory = Memory(registry=lock.registry, person=person, known=_known_after(work, settled), undo=undo)
    texts: dict[Which, str | None] = {
        "manifest": manifest.show(),
        "lock": _checked(with_positions(lock, work.checked.positions), before=text_of(machine.project, "lock")),
        "sync": memory.show(),
    }
    missing = [f"{problem}: `skillyard drive import` brings it to all machines." for problem in lock_problems(lock)]
    return Books(texts=texts, notes=tuple(missing))


def _known_after(work: Work, settled: Iterable[Settled]) -> dict[str, str]:
    """The skills that the drives have for this machine now, each with its drive."""
    asked = work.machine.known(work.drive)
    known = {name: of for name, of in work.machine.known(None).items() if name not in asked}
    for one in settled:
        item, drive = one.decision.item, one.decision.item.drive or ""
        if item.publish_as and one.release and one.release.name == item.publish_as:
            known[item.publish_as] = drive
        elif item.name and not one.decision.goes and (item.name in asked or _has(item)):
            known[item.name] = drive
    return known


def _has(item: Item) -> bool:
    """Whether a drive has the skill of an item, as far as the answer tells."""
    return item.drive is not None and item.target is not None


def _checked(lock: Lockfile, *, before: str | None) -> str:
    """What we write must pass what we ask of every lock."""
    text = lock.show()
    if text == before:
        return text
    try:
        Lockfile.read(text)
    except SkillError as error:
        raise SdkError(
            "The registry's answer cannot be used: it makes no lock.",
            code="bad_answer",
            hint="Nothing was changed here. Tell the operator of the registry.",
            faults=error.faults,
        ) from error
    return text
