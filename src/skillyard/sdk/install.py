"""The verbs that change what a project has installed: what each wants to be so. How it comes is left to Run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from skillyard.sdk.advisories import recalls_of, refreshed
from skillyard.sdk.errors import ApiError, NetworkError, SdkError, UsageError
from skillyard.sdk.gate import check_lock
from skillyard.sdk.log import is_known
from skillyard.sdk.plan import Action, Plan
from skillyard.sdk.policy import Policy, read_policy
from skillyard.sdk.project import LOCK, MANIFEST, Project, ProjectFile, is_channel
from skillyard.sdk.resolving import (
    DEFAULT_CHANNEL,
    Decision,
    Standing,
    ask_standings,
    decide,
    fits,
    lock_problems,
    parse_specs,
    pruned,
    saved_range,
    unknown_skill,
)
from skillyard.sdk.run import Connect, Goal, Options, Report, Run, Step, start_run
from skillyard.sdk.status import yanked_in
from skillyard.skill.lockfile import Lockfile

__all__ = ["Action", "Connect", "Options", "Plan", "Report", "Step", "ci", "install", "uninstall", "update"]

_DEFAULTS = Options()


def install(project: Project, client: Connect, specs: Sequence[str] = (), *, options: Options = _DEFAULTS) -> Report:
    """Add skills to what the project asks for, or with no `specs` bring the disk to what it asks for already.

    What is locked stays locked. `client` may be a function that makes one; it is called only when the network is
    needed. Raises UsageError for a bad spec or without a project, ApiError for a name that does not exist.
    """
    wanted = parse_specs(specs)
    with start_run(project, options, client) as run:
        manifest, lock = project.read_manifest(), project.read_lock()
        new = {spec.name: spec.wanted for spec in wanted if spec.wanted or spec.name not in manifest.skills}
        if not wanted:
            _need_manifest(project)
        if (
            not new
            and lock is not None
            and dict(lock.requirements) == dict(manifest.skills)
            and not lock_problems(lock)
        ):
            return run.reach(Goal(manifest=manifest, lock=_checked(run, manifest, lock)))
        asked = {name: text or DEFAULT_CHANNEL for name, text in new.items()}
        decision = decide(run.client(), manifest, lock, asked=asked, min_age_s=_policy(run, manifest).min_age_s)
        run.tell("resolve")
        saved = {name: saved_range(text, decision.roots[name]) for name, text in new.items()}
        decided = _checked(run, manifest, decision.lock, lock, decision.standings)
        return run.reach(_goal(manifest, decided, {**manifest.skills, **saved}))


def ci(project: Project, client: Connect, *, options: Options = _DEFAULTS) -> Report:
    """Install exactly the lock; from the store alone when all is there. Changes neither of the project's files.

    Raises SdkError when there is no lock or it does not fit the manifest, LocalEdits when anything on disk differs.
    """
    with start_run(project, options, client) as run:
        _need_manifest(project)
        manifest, lock = project.read_manifest(), project.read_lock()
        if lock is None:
            raise _lock_outdated(f"There is no {LOCK}", [])
        problems = _manifest_changes(manifest, lock) or lock_problems(lock)
        if problems:
            raise _lock_outdated(f"{LOCK} does not fit {MANIFEST}", problems)
        checked = _checked(run, manifest, lock)
        return run.reach(Goal(manifest=manifest, lock=checked, exact=True, only_targets=bool(options.agents)))


def update(
    project: Project,
    client: Connect,
    names: Sequence[str] = (),
    *,
    latest: bool = False,
    options: Options = _DEFAULTS,
) -> Report:
    """Bring all skills, or those named, to the newest version in their ranges; with `latest` also beyond them.

    The ranges in skillyard.json change only where the new version is outside. Raises SdkError for a name that is not
    installed.
    """
    chosen = [spec.name for spec in parse_specs(names)]
    with start_run(project, options, client) as run:
        _need_manifest(project)
        manifest, lock = project.read_manifest(), project.read_lock()
        known = {*manifest.skills, *(lock.skills if lock else ())}
        for name in chosen:
            if name not in known:
                raise unknown_skill(name, known, where="installed here")
        unlocked = set(chosen) or known
        asked = {
            name: DEFAULT_CHANNEL if latest and not is_channel(text) else text
            for name, text in manifest.skills.items()
            if name in unlocked
        }
        decision = _decide_update(run, manifest, lock, asked, unlocked, may_stay=not chosen)
        run.tell("resolve")
        ranges = {name: _widened(text, decision.roots[name]) for name, text in manifest.skills.items()}
        decided = _checked(run, manifest, decision.lock, lock, decision.standings)
        return run.reach(_goal(manifest, decided, ranges))


def uninstall(project: Project, names: Sequence[str], *, options: Options = _DEFAULTS) -> Report:
    """Remove skills, and what only they needed. Needs no network.

    Raises SdkError for a skill that is not asked for, or that another one needs; LocalEdits when one of `names` was
    edited. Dependencies with local edits stay.
    """
    chosen = [spec.name for spec in parse_specs(names)]
    if not chosen:
        raise UsageError("No skill is named.", code="no_skill", hint="Say which, as acme/pdf.")
    with start_run(project, options) as run:
        _need_manifest(project)
        manifest = project.read_manifest()
        lock = project.read_lock() or Lockfile(registry=manifest.registry or "", requirements={}, skills={})
        for name in chosen:
            _check_removable(name, manifest, lock)
        kept = {name: text for name, text in manifest.skills.items() if name not in chosen}
        if missing := [name for name in kept if name not in lock.skills]:
            raise _lock_outdated(f"{LOCK} does not have {', '.join(missing)}", [])
        goal = _goal(manifest, pruned(lock, kept), kept)
        return run.reach(replace(goal, by_name=tuple(chosen), resolved=False))


def _decide_update(
    run: Run,
    manifest: ProjectFile,
    lock: Lockfile | None,
    asked: Mapping[str, str],
    unlocked: Collection[str],
    *,
    may_stay: bool,
) -> Decision:
    """The newest versions that go together; what is yanked and has no successor may stay as it is."""
    min_age_s = _policy(run, manifest).min_age_s
    try:
        return decide(run.client(), manifest, lock, asked=asked, unlocked=unlocked, min_age_s=min_age_s)
    except ApiError as error:
        yanked = yanked_in(run.client(), lock) if may_stay and lock and error.status in (404, 409) else set()
        if not yanked:
            raise
    for name in sorted(yanked):
        run.note(f"{name} stays as it is: it is yanked, and nothing else fits.")
    kept = {name: text for name, text in asked.items() if name not in yanked}
    return decide(run.client(), manifest, lock, asked=kept, unlocked=set(unlocked) - yanked, min_age_s=min_age_s)


def _policy(run: Run, manifest: ProjectFile) -> Policy:
    return read_policy(manifest, run.options)


def _checked(
    run: Run,
    manifest: ProjectFile,
    lock: Lockfile,
    old_lock: Lockfile | None = None,
    standings: Mapping[str, Standing] | None = None,
) -> Lockfile:
    """The lock, once nothing speaks against having it on this machine; with what was agreed to noted in it."""
    policy = _policy(run, manifest)
    recalls = refreshed(run.client, lock.registry)
    if recalls.note:
        run.note(recalls.note)
    if standings is None:
        standings = _standings(run, lock)
    return check_lock(policy, lock, old_lock, standings, recalls_of(lock, recalls), tell=run.note)


def _standings(run: Run, lock: Lockfile) -> Mapping[str, Standing]:
    """How the releases of a lock stand that somebody else may have written; nothing is asked about those that this
    machine has had before, exactly as they are.
    """
    if is_known(lock.registry, lock.skills.values()):
        return {}
    exact = {name: skill.version for name, skill in lock.skills.items()}
    try:
        return ask_standings(run.client(), exact)
    except NetworkError as error:
        run.note(f"Nobody could be asked how these releases stand ({error.message})")
        return {}


def _goal(manifest: ProjectFile, lock: Lockfile, ranges: dict[str, str]) -> Goal:
    return Goal(
        manifest=replace(manifest, skills=ranges),
        lock=Lockfile(registry=lock.registry, requirements=dict(sorted(ranges.items())), skills=lock.skills),
        resolved=True,
    )


def _widened(text: str, version: str) -> str:
    return text if is_channel(text) or fits(version, text) else saved_range(None, version)


def _check_removable(name: str, manifest: ProjectFile, lock: Lockfile) -> None:
    if name in manifest.skills:
        return
    if name not in lock.skills:
        raise unknown_skill(name, manifest.skills, where=f"in {MANIFEST}")
    needing = sorted(other.name for other in lock.skills.values() if name in other.dependencies)
    raise SdkError(
        f"{name} is needed by {', '.join(needing)}.",
        code="still_needed",
        hint=f"Uninstall {' and '.join(needing)}; {name} then goes too.",
        facts={"needed_by": needing},
    )


def _need_manifest(project: Project) -> None:
    if not project.manifest_path.exists():
        raise UsageError(
            f"There is no {MANIFEST} in {project.folder} or above.",
            code="no_project",
            hint="Name a skill to begin: `skillyard install acme/pdf`.",
        )


def _manifest_changes(manifest: ProjectFile, lock: Lockfile) -> list[str]:
    asked, locked = dict(manifest.skills), dict(lock.requirements)
    return [
        f"{name}: {MANIFEST} says {asked.get(name, 'nothing')}, {LOCK} {locked.get(name, 'nothing')}"
        for name in sorted(asked.keys() | locked.keys())
        if asked.get(name) != locked.get(name)
    ]


def _lock_outdated(message: str, problems: list[str]) -> SdkError:
    details = "".join(f"\n  {problem}" for problem in problems)
    return SdkError(
        f"{message}{':' if problems else '.'}{details}",
        code="lock_outdated",
        hint="Run `skillyard install` and commit both files.",
        facts={"problems": problems},
    )
