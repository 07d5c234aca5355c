"""Look up all that a sync is decided by: a fixed number of queries, however many skills there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.model import DriveItem, Reached, ReachedBy
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.drive.store import items
from skillyard.domain.drive.store import sync as store
from skillyard.domain.drive.sync_errors import SyncStateNotAcceptable
from skillyard.domain.drive.sync_model import Expected, LocalSkill, LocalState
from skillyard.domain.drive.sync_modes import Tariff
from skillyard.domain.drive.sync_rules import Surroundings, upload_names
from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind
from skillyard.domain.registry.exact import list_by_digest, list_exact, list_names
from skillyard.domain.registry.sight import look_at
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.names import SkillName
from skillyard.skill.versions import is_version

_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_MOST_ID_CHARS = 100
_SHOWN_CHARS = 80


def check_state(state: LocalState) -> None:
    """Raises SyncStateNotAcceptable with every fault."""
    faults = list(_faults(state.skills))
    if faults:
        raise SyncStateNotAcceptable(faults=[asdict(fault) for fault in faults])


def check_opening(install_id: str, expected: Iterable[Expected]) -> None:
    """What is written down with a run. Raises SyncStateNotAcceptable with every fault."""
    faults = []
    if not install_id.isprintable() or not 0 < len(install_id) <= _MOST_ID_CHARS:
        message = f"the install id is not 1 to {_MOST_ID_CHARS} visible characters"
        faults.append(Fault(code="sync_install_id", message=message, hint="Send a UUID that this machine keeps."))
    for slug in {one.slug for one in expected if not one.slug.isprintable()}:
        message = f"the folder {slug[:_SHOWN_CHARS]!a} is in no preview"
        faults.append(Fault(code="sync_unexpected", message=message, hint="Expect what a preview answered."))
    if faults:
        raise SyncStateNotAcceptable(faults=[asdict(fault) for fault in faults])


def look_around(
    tx: Tx, caller: Caller, state: LocalState, *, push_drive: str, only: str | None, forks: bool
) -> Surroundings:
    """`only`: the drive that goes before all others, where one was named."""
    reached = find_reached(tx, caller, only)
    pairs = set(_pairs(state.skills, (one.item for one in reached.values())))
    releases = list_exact(tx, pairs)
    held = (releases.get((one.name, one.item.version)) for one in reached.values() if one.item.enabled)
    unknown = {one.digest for one in state.skills} - {release.digest for release in held if release}
    by_digest = list_by_digest(tx, (digest for digest in unknown if _DIGEST.fullmatch(digest)))
    known = [*releases.values(), *(one for found in by_digest.values() for one in found)]
    return Surroundings(
        caller=caller,
        push_drive=push_drive,
        forks=forks,
        reached=reached,
        releases=releases,
        by_digest=by_digest,
        sights=look_at(tx, caller, {one.name: one.facts for one in known}.values()),
        taken=list_names(tx, upload_names(state, push_drive)),
    )


def find_reached(tx: Tx, caller: Caller, only: str | None) -> dict[str, Reached]:
    """What comes to the caller by name, as far as their key goes."""
    found = list_reach(tx, caller)
    if only is not None:
        own: ReachedBy = "personal" if only == caller.username else "team"
        found |= {item.name: Reached(name=item.name, item=item, via=own) for item in items.list_all(tx, [only])}
    return {name: reached for name, reached in found.items() if caller.reaches(name)}


def find_tariff(app: App, tx: Tx, caller: Caller, drive: str) -> Tariff:
    limit = app.settings.drive_free_skills
    balances = ledger.balances(tx, caller.identity[0])
    return Tariff(
        held=items.count_items(tx, drive),
        free=max(limit, store.find_high_water(tx, drive)) if limit else 0,
        upload_credits=app.settings.drive_upload_credits,
        balance=balances.get((Kind.CREDITS, Asset.CREDIT), 0),
    )


def _pairs(skills: Iterable[LocalSkill], held: Iterable[DriveItem]) -> Iterator[tuple[str, str]]:
    """All releases that are spoken of by name and version."""
    for item in held:
        yield item.name, item.version
        for version in (item.upstream_version, item.upstream_accepted):
            if item.upstream_name and version:
                yield item.upstream_name, version
    for local in skills:
        if local.name and local.is_edited and is_version(local.base_version or ""):
            yield local.name, str(local.base_version)


def _faults(skills: Iterable[LocalSkill]) -> Iterator[Fault]:
    seen: set[str] = set()
    for local in skills:
        if local.slug in seen:
            message = f"the folder {local.slug[:_SHOWN_CHARS]!a} is there twice"
            yield Fault(code="sync_folder_twice", message=message, hint="Send each folder once.")
        seen.add(local.slug)
        try:
            if local.name is not None:
                SkillName.parse(local.name)
        except SkillError as error:
            yield from error.faults
