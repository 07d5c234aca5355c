"""Looks through a git source: publishes what is new or changed, and notes of each folder what came of it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.on_behalf import on_behalf_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive.git_address import Spot
from skillyard.domain.drive.git_errors import GitBusy
from skillyard.domain.drive.git_fetch import fetch_skills, find_again, reading
from skillyard.domain.drive.git_model import GitSkill, Origin, Source, SourceFolder
from skillyard.domain.drive.git_publish import keep_origin, publish_folder, read_manifest_of
from skillyard.domain.drive.store import sources as store
from skillyard.domain.registry.model import Visibility
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.jobs import enqueue, job
from skillyard.skill.faults import SkillError

_BUSY_MS = 60 * 1000


def enqueue_crawl(tx: Tx, app: App, source_id: str, *, anew: bool, delay_ms: int = 0) -> None:
    """Have a source looked through; `anew`: also when the commit is the one that was read last."""
    key = f"source {source_id} {anew}"
    enqueue(
        tx, crawl_source, now_ms=app.clock.now_ms(), delay_ms=delay_ms, key=key, source_id=source_id, anew=anew
    )  # fmt: skip


@job("drive.crawl_source")
def crawl_source(app: App, *, source_id: str, anew: bool) -> None:
    """In the name of the administrator who added it, who must still be allowed to publish there."""
    with app.database.reading() as tx:
        source = store.find_source(tx, source_id)
    if source is None:
        return
    try:
        commit, folders = _crawl(app, source, anew=anew)
    except GitBusy:
        _put_off(app, source, anew=anew)
    except SkillyardError as error:
        _note(app, source, None, None, problem=error.message)
    else:
        _note(app, source, commit, folders, problem="")


def _put_off(app: App, source: Source, *, anew: bool) -> None:
    with app.database.transaction() as tx:
        enqueue_crawl(tx, app, source.id, anew=anew, delay_ms=_BUSY_MS)


def _note(app: App, source: Source, commit: str | None, folders: list[SourceFolder] | None, *, problem: str) -> None:
    """What came of it, unless the source was removed meanwhile; None: what was noted before stays."""
    with app.database.transaction() as tx:
        is_there = store.set_crawled(tx, source.id, commit=commit, problem=problem, now_ms=app.clock.now_ms())
        if is_there and folders is not None:
            store.set_folders(tx, source.id, folders)


def _crawl(app: App, source: Source, *, anew: bool) -> tuple[str, list[SourceFolder] | None]:
    """The commit, and what came of its folders; None for these when they were read before."""
    with app.database.reading() as tx:
        publisher = on_behalf_of(tx, source.added_by, scopes={Scope.READ, Scope.PUBLISH})
    publisher.must("publish", on=source.namespace)
    with reading(app, source.repository, who=source.added_by) as remote:
        spot = find_again(remote, repository=source.repository, ref=source.ref, path=source.path)
        if spot.commit == source.commit and not anew:
            return spot.commit, None
        skills = fetch_skills(app, remote, spot)
    taken: dict[str, str] = {}
    folders = [_publish(app, publisher, source, spot, skill, taken) for skill in skills]
    return spot.commit, folders


def _publish(
    app: App, publisher: Caller, source: Source, spot: Spot, skill: GitSkill, taken: dict[str, str]
) -> SourceFolder:
    """`taken`: slugs that folders before this one have, each with its path."""
    name = None
    try:
        manifest = read_manifest_of(source.repository, skill)
        name = f"{source.namespace}/{manifest.name}"
        if manifest.name in taken:
            return SourceFolder(path=skill.path, name=name, version=None, faults=(_twice(name, taken[manifest.name]),))
        taken[manifest.name] = skill.path
        found = publish_folder(
            app, publisher, _origin(app, source, name, skill), spot.commit, skill, Visibility.PUBLIC
        )  # fmt: skip
    except SkillyardError as error:
        faults = error.faults or ({"code": error.code, "message": error.message, "hint": error.advice},)
        return SourceFolder(path=skill.path, name=name, version=None, faults=tuple(faults))
    except SkillError as error:
        return SourceFolder(path=skill.path, name=name, version=None, faults=tuple(map(asdict, error.faults)))
    with app.database.transaction() as tx:
        keep_origin(tx, app, found)
    return SourceFolder(path=skill.path, name=name, version=found.version)


def _origin(app: App, source: Source, name: str, skill: GitSkill) -> Origin:
    now_ms = app.clock.now_ms()
    return Origin(
        name=name, address=source.address, repository=source.repository, ref=source.ref, path=skill.path, commit=None,
        version=None, user_id=None, source_id=source.id, at_ms=now_ms, checked_ms=now_ms,
    )  # fmt: skip


def _twice(name: str, path: str) -> Mapping[str, Any]:
    message = f"{path or 'the root'} is {name} already"
    return {"code": "git_name_twice", "message": message, "hint": "Give one of them another name in its SKILL.md."}
