"""What a registry's answer comes to: fetch, decide, ask the person, upload. Nothing changes here yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from skillyard.sdk.advisories import known_recalls
from skillyard.sdk.errors import NetworkError, SdkError
from skillyard.sdk.log import Checked, is_known
from skillyard.sdk.log_watch import watching
from skillyard.sdk.run import Run, Step
from skillyard.sdk.sync.answers import Answer, Item, Release
from skillyard.sdk.sync.conflicts import Choice
from skillyard.sdk.sync.decide import Decision, decide, needed
from skillyard.sdk.sync.flagged import flagged_reasons
from skillyard.sdk.sync.machine import Machine
from skillyard.sdk.sync.memory import OpenRun, write_open_run
from skillyard.sdk.sync.report import Outcome
from skillyard.sdk.sync.trees import Trees, locked, promised
from skillyard.sdk.sync.upload import upload
from skillyard.skill.files import SkillFiles

Mode = Literal["all", "public_only", "pulls_only", "as_many_as_credits_allow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """How to sync. `drive`: only what it has; None: all that the person reaches, and uploads go into their own.

    `choices`: how to resolve conflicts, by slug or name. `agree` is asked about what would leave this machine under a
    new name, or cost credits: it answers the slugs that may. `accept_flagged`: what the scan flags may come here.
    """

    drive: str | None = None
    mode: Mode = "all"
    choices: Mapping[str, Choice] = field(default_factory=dict)
    agents: tuple[str, ...] = ()
    dry_run: bool = False
    accept_flagged: bool = False
    wait_s: float = 30.0
    agree: Callable[[list[Item]], Collection[str]] = lambda _: ()
    on_step: Callable[[Step], None] | None = None


_FINE = frozenset({"in_sync", "keep"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A decision, and what came of it. `release`: what the notes are to say; `credits`: what was charged."""

    decision: Decision
    outcome: Outcome
    detail: str = ""
    release: Release | None = None
    credits: int = 0

    @property
    def places(self) -> bool:
        """Whether its folders are to be as decided."""
        return self.outcome not in ("conflict", "left", "flagged") and (self.release is not None or not self.is_strange)

    @property
    def is_strange(self) -> bool:
        """Whether the folder is of a person and no drive has it: then it stays where it is, as it is."""
        local = self.decision.local
        return local is not None and local.name is None


class Work:
    """One sync that has been answered."""

    def __init__(self, run: Run, machine: Machine, answer: Answer, options: SyncOptions) -> None:
        self.run = run
        self.machine = machine
        self.answer = answer
        self.client = run.client()
        self.trees = Trees(self.client, machine.lock)
        self.checked = Checked(positions={})
        self.uploaded = 0
        self.set_aside: list[Item] = []
        self.drive = options.drive
        self.flagged: dict[str, tuple[str, ...]] = {}
        self._accept_flagged = options.accept_flagged
        self._agree = options.agree
        self._done: dict[str, str] = {}

    def settle(self) -> list[Settled]:
        """Everything that takes the network, up to the close. Raises NetworkError, IntegrityError and the like."""
        items = _one_for_each_folder(self.answer.items)
        self.set_aside = [item for item in self.answer.items if item not in items]
        self._fetch(items)
        recalls = known_recalls(self.client.base_url)
        decisions = [
            decide(item, self.machine.skills.get(item.slug), self.machine.places(item.slug), self.trees)
            for item in items
        ]
        decisions = [_unless_recalled(one, recalls.of) for one in decisions]
        self.flagged = flagged_reasons(self.client, decisions, self.machine.lock)
        agreed = self._ask(decisions)
        return [self._settle_one(one, agreed) for one in decisions]

    def _fetch(self, items: list[Item]) -> None:
        wanted = {
            (release.name, release.version): release
            for item in items
            for release in needed(item, self.machine.skills.get(item.slug), self.machine.places(item.slug), self.trees)
            if self.trees.of(release.digest) is None
        }
        registry = self.client.base_url
        new = [promised(release, registry) for release in wanted.values()]
        count = 0

        def arrived(name: str, size_bytes: int, total: int) -> None:
            nonlocal count
            count += 1
            self.run.tell("download", name, done=count, total=total, size_bytes=size_bytes)

        with watching(self.run.client, new, is_due=not is_known(registry, new)) as watch:
            self.trees.fetch(wanted.values(), arrived)
            self.checked = watch.result(may_be_offline=False)

    def _ask(self, decisions: list[Decision]) -> Collection[str]:
        """The slugs of what may be uploaded."""
        asking = [one.item for one in decisions if one.needs_consent]
        free = {one.slug for one in decisions} - {item.slug for item in asking}
        return free | set(self._agree(asking)) if asking else free

    def _settle_one(self, one: Decision, agreed: Collection[str]) -> Settled:
        if one.blocked:
            is_conflict = one.clash is not None or one.item.action in ("conflict", "remove")
            return Settled(decision=one, outcome="conflict" if is_conflict else "left", detail=one.blocked)
        if one.slug in self.flagged and not self._accept_flagged:
            said = f"The scan flagged {_named(one.item.target)}: {'; '.join(self.flagged[one.slug])}"
            return Settled(decision=_untouched(one), outcome="flagged", detail=said)
        if one.item.action == "unavailable" or one.item.status == "stale":
            return Settled(decision=one, outcome="left", detail=one.item.reason)
        if not one.upload or one.files is None:
            outcome: Outcome = "nothing" if one.item.action in _FINE else "done"
            return Settled(decision=one, outcome=outcome, release=one.release, detail=_stays_here(one))
        if one.slug not in agreed:
            return Settled(decision=one, outcome="needs_consent", release=one.release)
        try:
            return self._upload(one, one.files)
        except NetworkError:
            raise
        except SdkError as error:
            said = "; ".join((error.message, *(str(fault) for fault in error.faults[:3])))
            return Settled(decision=one, outcome="failed", detail=said, release=one.release)

    def _upload(self, one: Decision, files: SkillFiles) -> Settled:
        sent = upload(self.client, self.answer.run_id, one.slug, files)
        self.uploaded += 1
        self.run.tell("upload", sent.release.name, done=self.uploaded, size_bytes=len(sent.archive))
        self.trees.keep(locked(sent.release, files, self.client.base_url), files, sent.archive)
        self._done[one.slug] = "committed"
        run = OpenRun(id=self.answer.run_id, registry=self.client.base_url, results=self._done)
        write_open_run(self.machine.project, run)
        return Settled(decision=one, outcome="done", release=sent.release, credits=sent.credits)


def _one_for_each_folder(items: Iterable[Item]) -> list[Item]:
    """What shares a folder with another skill cannot be there as well; the registry says which comes first."""
    found: dict[str, Item] = {}
    for item in items:
        if item.slug not in found or found[item.slug].action == "unavailable":
            found[item.slug] = item
    return list(found.values())


def _stays_here(one: Decision) -> str:
    has_edits = one.item.action == "merge" and one.files and one.release and one.files.digest != one.release.digest
    return "Your edits were merged with it, and stay on this machine." if has_edits else ""


def _named(release: Release | None) -> str:
    return f"{release.name} {release.version}" if release else "it"


def _untouched(one: Decision) -> Decision:
    return replace(one, files=None, release=None, upload=False, clash=None)


def _unless_recalled(one: Decision, recall_of: Callable[[str, str], object]) -> Decision:
    release = one.release
    if release is None or one.item.action not in ("install", "update", "merge", "merge_upstream"):
        return one
    why = recall_of(release.name, release.digest)
    if why is None:
        return one
    blocked = f"{release.name} {release.version} is recalled: {why}"
    return replace(_untouched(one), blocked=blocked)
