"""One run that changes a project: alone in it, on top of whatever an interrupted run left, all or nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skillyard.sdk.agents import Target, choose_agents, find_agents, targets
from skillyard.sdk.apply import Done, apply, prepare_state, recover
from skillyard.sdk.client import Client
from skillyard.sdk.config import check_link_mode, read_config
from skillyard.sdk.disk import file_lock
from skillyard.sdk.errors import InputNeeded
from skillyard.sdk.fetch import Fetched, fetch
from skillyard.sdk.folders import Stamp, walk
from skillyard.sdk.installed import InstalledFolder, read_installed, show_installed
from skillyard.sdk.journal import Journal, Move, Rewrite, Which, journal_path, text_of
from skillyard.sdk.linking import Linker
from skillyard.sdk.log import Checked, is_known, with_positions
from skillyard.sdk.log_watch import watching
from skillyard.sdk.plan import Action, Plan, Situation, as_installed, make_plan, real_targets
from skillyard.sdk.project import Project, ProjectFile
from skillyard.sdk.store import Store
from skillyard.skill.lockfile import LockedSkill, Lockfile

Connect = Client | Callable[[], Client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that has just happened. `kind`: resolve, download, upload, stage, journal, move, write, clean, undo,
    done or close.

    For downloads, `done` of `total` have arrived, this one with `size_bytes` over the network.
    """

    kind: str
    name: str = ""
    done: int = 0
    total: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. `agents` are added to those of the project; none means those, or the ones that are found there.

    `force` moves local edits and foreign folders to the backups. `accept_flagged`, `allow_recalled` and `min_age_s`
    are what Policy says of them. `approve` is asked before folders change.
    """

    agents: tuple[str, ...] = ()
    force: bool = False
    dry_run: bool = False
    link_mode: str | None = None
    accept_flagged: bool = False
    allow_recalled: bool = False
    min_age_s: int | None = None
    wait_s: float = 30.0
    approve: Callable[[Plan], bool] | None = None
    on_step: Callable[[Step], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was done, or with `dry_run` would be."""

    actions: tuple[Action, ...]
    notes: tuple[str, ...]
    targets: tuple[Target, ...]
    written: bool
    downloaded: int = 0
    downloaded_bytes: int = 0
    from_store: int = 0
    backups: tuple[Path, ...] = ()

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "written": self.written,
            "actions": [_show_action(action) for action in self.actions],
            "folders": [
                {"folder": str(t.folder), "agents": [a.id for a in (*t.agents, *t.also)]} for t in self.targets
            ],
            "downloaded": self.downloaded,
            "downloaded_bytes": self.downloaded_bytes,
            "from_store": self.from_store,
            "backups": [str(folder) for folder in self.backups],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What should be so after a run. `by_name`, `exact` and `only_targets` are those of Situation; `resolved`: the
    registry has just decided it.
    """

    manifest: ProjectFile
    lock: Lockfile
    by_name: Collection[str] = ()
    exact: bool = False
    only_targets: bool = False
    resolved: bool = False


class Run:
    """Inside `start_run`. `connect` makes the client when the network is first needed, if it is.

    `recovered`: what was done about a run that was interrupted before.
    """

    def __init__(self, project: Project, options: Options, connect: Connect | None, recovered: Done) -> None:
        self.project = project
        self.options = options
        self._connect = connect
        self._client: Client | None = None
        self.recovered = recovered
        self.notes: list[str] = []

    def client(self) -> Client:
        assert self._connect is not None, "this verb never needs the network"
        if self._client is None:
            self._client = self._connect if isinstance(self._connect, Client) else self._connect()
        return self._client

    def close(self) -> None:
        if self._client is not None and self._client is not self._connect:
            self._client.close()

    def note(self, text: str) -> None:
        """Something that the report says beside what was done."""
        self.notes.append(text)

    def tell(self, kind: str, name: str = "", **counts: int) -> None:
        if self.options.on_step:
            self.options.on_step(Step(kind=kind, name=name, **counts))

    def reach(self, goal: Goal) -> Report:
        """Plan, ask, fetch, apply. Raises LocalEdits, InputNeeded, IntegrityError and the like before anything is
        written.
        """
        manifest = self._with_agents(goal.manifest)
        plan = self._plan(goal, manifest)
        with watching(self.client, goal.lock.skills.values(), is_due=self._must_ask_log(goal, plan)) as watch:
            if self.options.dry_run or not plan.writes:
                goal = self._noted(goal, watch.result(may_be_offline=not goal.resolved))
            elif self.options.approve and not self.options.approve(plan):
                raise InputNeeded(
                    "Nothing was changed.", code="not_approved", hint="Run again and agree, or use --yes."
                )
            if self.options.dry_run:
                return self._report(plan)
            fetched = self._fetch(plan)
            if plan.writes:
                is_old = not goal.resolved and not fetched.downloaded
                goal = self._noted(goal, watch.result(may_be_offline=is_old))
        rewrites = self._rewrites(manifest, goal)
        report = self._report(plan)
        if not (plan.writes or rewrites or _adopts(plan)):
            return report
        done = self._apply(plan, goal, fetched, rewrites)
        return replace(
            report,
            written=True,
            notes=(*report.notes, *done.notes),
            backups=(*report.backups, *done.backups),
            downloaded=fetched.downloaded,
            downloaded_bytes=fetched.downloaded_bytes,
            from_store=len(fetched.stored) - fetched.downloaded,
        )

    def _must_ask_log(self, goal: Goal, plan: Plan) -> bool:
        """Whenever the registry was asked, and for what this machine has not found in its log before."""
        if self._connect is None:
            return False
        return goal.resolved or (plan.writes and not is_known(goal.lock.registry, goal.lock.skills.values()))

    def _noted(self, goal: Goal, checked: Checked) -> Goal:
        for note in checked.notes:
            self.note(note)
        return replace(goal, lock=with_positions(goal.lock, checked.positions))

    def _report(self, plan: Plan) -> Report:
        return Report(
            actions=plan.actions,
            notes=(*self.recovered.notes, *self.notes, *plan.notes),
            targets=plan.targets,
            written=False,
            backups=self.recovered.backups,
        )

    def _with_agents(self, manifest: ProjectFile) -> ProjectFile:
        named = [agent.id for agent in find_agents((*manifest.agents, *self.options.agents))]
        if not named:
            named = [agent.id for agent in choose_agents(self.project.base, self.project.scope, Path.home())]
        same = [agent.id for agent in find_agents(manifest.agents)] == named
        return manifest if same else replace(manifest, agents=tuple(named))

    def _plan(self, goal: Goal, manifest: ProjectFile) -> Plan:
        names = self.options.agents if goal.only_targets and self.options.agents else manifest.agents
        project = self.project
        found = targets(project.base, project.scope, find_agents(names))
        return make_plan(
            Situation(
                project=project,
                targets=real_targets(project, found),
                lock=goal.lock,
                old_lock=project.read_lock(),
                installed=read_installed(project),
                force=self.options.force,
                exact=goal.exact,
                only_targets=goal.only_targets,
                by_name=goal.by_name,
            )
        )

    def _rewrites(self, manifest: ProjectFile, goal: Goal) -> tuple[Rewrite, ...]:
        """Those of the two files under version control that change; an exact run changes none."""
        wanted: dict[Which, str] = {} if goal.exact else {"manifest": manifest.show(), "lock": goal.lock.show()}
        texts = {which: text_of(self.project, which) for which in wanted}
        return tuple(
            Rewrite(which=which, before=texts[which], after=after)
            for which, after in wanted.items()
            if after != texts[which]
        )

    def _fetch(self, plan: Plan) -> Fetched:
        names = dict.fromkeys(action.name for action in plan.actions if action.writes and action.kind != "remove")
        count = 0

        def arrived(skill: LockedSkill, size_bytes: int, total: int) -> None:
            nonlocal count
            count += 1
            self.tell("download", skill.name, done=count, total=total, size_bytes=size_bytes)

        return fetch(Store(), [plan.lock.skills[name] for name in names], self.client, arrived)

    def _apply(self, plan: Plan, goal: Goal, fetched: Fetched, rewrites: tuple[Rewrite, ...]) -> Done:
        installed = read_installed(self.project)
        linker = Linker(check_link_mode(self.options.link_mode or read_config().link_mode))

        def stage(journal: Journal) -> tuple[Rewrite, ...]:
            notes = {
                folder: past for folder, past in installed.items() if goal.only_targets and not _is_in(plan, folder)
            }
            for action in plan.actions:
                if note := self._stage_one(journal, action, plan.lock, fetched, installed, linker):
                    notes[action.folder] = note
            before, after = text_of(self.project, "installed"), show_installed(self.project, notes.values())
            return (*rewrites, Rewrite(which="installed", before=before, after=after))

        id = os.urandom(8).hex()
        journal = Journal(
            id=id,
            state="staging",
            moves=tuple(_move(action) for action in plan.actions if action.writes),
            backup=f"{time.strftime('%Y%m%d-%H%M%S')}-{id[:4]}",
        )
        return apply(self.project, journal, stage, self.tell)

    def _stage_one(
        self,
        journal: Journal,
        action: Action,
        lock: Lockfile,
        fetched: Fetched,
        installed: dict[Path, InstalledFolder],
        linker: Linker,
    ) -> InstalledFolder | None:
        """What the notes say of a folder afterwards, None when it is no longer ours. New content is staged."""
        skill = lock.skills.get(action.name)
        if skill is None or action.kind == "remove":
            return None
        if action.kind in ("keep", "leave"):
            return installed.get(action.folder)
        if action.kind == "adopt":
            stamps = {path: Stamp.of(found) for path, found in walk(action.folder)}
        else:
            stamps = linker.place(fetched.stored[skill.name], skill.files, journal.staged(_move(action)))
            self.tell("stage", skill.name)
        return as_installed(skill, action.folder, stamps)


@contextmanager
def start_run(project: Project, options: Options, connect: Connect | None = None) -> Iterator[Run]:
    """Hold the project's lock; an interrupted run is finished or undone first. Raises Busy after `wait_s` seconds."""
    lock = project.state_dir / "lock"
    busy = f"Another run is working on {project.folder}."
    prepare_state(project)
    with file_lock(lock, wait_s=options.wait_s, busy=busy):
        run = Run(project, options, connect, Done())
        try:
            run = Run(project, options, connect, recover(project, run.tell))
            yield run
        finally:
            run.close()
            _leave_nothing(project)


def _leave_nothing(project: Project) -> None:
    """A refused first run does not turn a folder into a project."""
    if project.manifest_path.exists() or journal_path(project).exists():
        return
    with suppress(OSError):  # Windows does not remove the lock while it is held
        for name in ("lock", ".gitignore"):
            (project.state_dir / name).unlink(missing_ok=True)
        project.state_dir.rmdir()


def _adopts(plan: Plan) -> bool:
    return any(action.kind == "adopt" for action in plan.actions)


def _is_in(plan: Plan, folder: Path) -> bool:
    return any(folder.parent == target.folder for target in plan.targets)


def _move(action: Action) -> Move:
    return Move(
        folder=action.folder,
        is_new=action.kind != "remove",
        was_there=os.path.lexists(action.folder),
        old_files=action.old_files,
    )


def _show_action(action: Action) -> dict[str, Any]:
    return {
        "kind": action.kind,
        "name": action.name,
        "version": action.version,
        "previous": action.previous,
        "folder": str(action.folder),
        "reason": action.reason,
        "backup": action.backup,
    }
