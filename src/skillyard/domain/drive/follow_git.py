"""Looks whether there is something new where imports come from: a new commit becomes a new private release, and so an
update that the drive is offered. Nothing in the drive moves by it.
"""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.on_behalf import on_behalf_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive.git_address import is_fixed
from skillyard.domain.drive.git_errors import CommitIsFixed, GitBusy
from skillyard.domain.drive.git_fetch import fetch_skill, find_again, reading
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.git_publish import keep_origin, publish_folder
from skillyard.domain.drive.origins import find_origin
from skillyard.domain.drive.store import origins as store
from skillyard.domain.registry import access
from skillyard.domain.registry.model import Visibility
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.jobs import enqueue, job
from skillyard.skill.names import SkillName

EVERY_MS = 3 * 3600 * 1000
_BUSY_MS = 60 * 1000
_AT_ONCE = 200
_APART_MS = 3000  # so that looking at many keeps no other job waiting


def refresh(app: App, caller: Caller, *, name: SkillName) -> Origin:
    """Look now. Raises SkillNotFound, RoleTooLow, OriginNotFound, CommitIsFixed, and what an import raises."""
    caller.must("identify")
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name)
    caller.must("publish", on=str(name))
    with app.database.reading() as tx:
        origin = find_origin(tx, name)
    if is_fixed(origin.ref):
        raise CommitIsFixed(name=origin.name, commit=origin.ref, slug=name.slug)
    return _look(app, caller, origin)


def follow_all(app: App) -> None:
    """Have a look at every import that nobody looked at for some hours."""
    now_ms = app.clock.now_ms()
    with app.database.transaction(durable=False) as tx:
        for place, name in enumerate(store.list_to_check(tx, before_ms=now_ms - EVERY_MS, limit=_AT_ONCE)):
            _enqueue(tx, app, name, delay_ms=place * _APART_MS)


@job("drive.follow_one")
def follow_one(app: App, *, name: str) -> None:
    """In the name of who imported it. What keeps it from being read is noted beside it."""
    with app.database.reading() as tx:
        origin = store.find_origin(tx, name)
    if origin is None or origin.user_id is None:
        return
    try:
        with app.database.reading() as tx:
            importer = on_behalf_of(tx, origin.user_id, scopes={Scope.READ, Scope.PUBLISH})
        _look(app, importer, origin)
    except GitBusy:
        _put_off(app, name)
    except SkillyardError as error:
        _note(app, origin, error.message)


def _put_off(app: App, name: str) -> None:
    with app.database.transaction() as tx:
        _enqueue(tx, app, name, delay_ms=_BUSY_MS)


def _note(app: App, origin: Origin, problem: str) -> None:
    with app.database.transaction() as tx:
        store.set_checked(tx, origin, problem=problem, now_ms=app.clock.now_ms())


def _enqueue(tx: Tx, app: App, name: str, *, delay_ms: int) -> None:
    now_ms = app.clock.now_ms()
    enqueue(tx, follow_one, now_ms=now_ms, delay_ms=delay_ms, key=f"origin {name}", name=name)


def _look(app: App, caller: Caller, origin: Origin) -> Origin:
    with reading(app, origin.repository, who=caller.identity[0]) as remote:
        spot = find_again(remote, repository=origin.repository, ref=origin.ref, path=origin.path)
        found = origin
        if spot.commit != origin.commit:
            skill = fetch_skill(app, remote, spot)
            found = publish_folder(app, caller, origin, spot.commit, skill, Visibility.PRIVATE)
    with app.database.transaction() as tx:
        return keep_origin(tx, app, found)
