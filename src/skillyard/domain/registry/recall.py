"""Recall releases that turned out to be dangerous: nobody installs them any more, and who has them learns of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.errors import (
    AdvisoryNotFound,
    NothingToRecall,
    SafeVersionIsNone,
)
from skillyard.domain.registry.model import Release, Visibility
from skillyard.domain.registry.rejudge import rejudge
from skillyard.domain.registry.statements import facts_of, log_rows
from skillyard.domain.registry.store import advisories as store
from skillyard.domain.registry.store import releases, scans, skills
from skillyard.domain.registry.trust import (
    Advisory,
    AdvisoryPublished,
    AdvisorySeverity,
    AdvisoryWithdrawn,
    Dependant,
)
from skillyard.domain.transparency.sign import sign_statement
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName
from skillyard.skill.versions import Range, Version

_MOST_SHOWN = 300


def recall(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    versions: str,
    severity: AdvisorySeverity,
    reason: str,
    safe_version: str | None = None,
) -> Advisory:
    """Recall the releases of a skill in the range `versions`, by the digests of their files.

    Its maintainers may. Reviewers may for every skill, and their word holds for the same files wherever they were
    published; a maintainer's only for the skill itself, or a copy could be used to recall the original.

    Raises SkillNotFound, RoleTooLow, TextNotAcceptable, SkillError for what is no range, NothingToRecall or
    SafeVersionIsNone.
    """
    by = _check_may_recall(app, caller, name)
    reason = rules.check_text(reason, what="reason")
    with app.database.reading() as tx:
        meant = _releases_in(tx, name, Range.parse(versions))
        _check_safe(tx, name, safe_version, meant)
    if not meant:
        raise NothingToRecall(name=str(name), versions=versions[:100])
    advisory = _advisory(app, caller, name, meant, severity, reason, safe_version)
    with app.database.transaction() as tx:
        store.add_advisory(tx, advisory)
        _draw_consequences(app, tx, advisory, Kind.ADVISORY_PUBLISHED, by=by)
        event = AdvisoryPublished(id=advisory.id, name=advisory.name, versions=advisory.versions, by=by)
        app.events.record(tx, event)
    return advisory


def withdraw_recall(app: App, caller: Caller, *, advisory_id: str) -> Advisory:
    """Take a recall back. Raises AdvisoryNotFound, SkillNotFound or RoleTooLow."""
    caller.must("identify")
    with app.database.reading() as tx:
        advisory = store.find_advisory(tx, advisory_id)
    if advisory is None:
        raise AdvisoryNotFound(advisory_id=advisory_id[:64])
    by = _check_may_recall(app, caller, SkillName.parse(advisory.name))
    with app.database.transaction() as tx:
        if not store.set_withdrawn(tx, advisory_id, now_ms=app.clock.now_ms()):
            raise AdvisoryNotFound(advisory_id=advisory_id[:64])
        _draw_consequences(app, tx, advisory, Kind.ADVISORY_WITHDRAWN, by=by)
        app.events.record(tx, AdvisoryWithdrawn(id=advisory.id, name=advisory.name, by=by))
    return advisory


def list_advisories(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Advisory]:
    """Every recall, withdrawn ones too, the oldest first. Those of private skills only for who may see the skill.

    Raises BadCursor.
    """
    made_ms, advisory_id = read_cursor(cursor, [0, ""])
    with app.database.reading() as tx:
        found = store.list_advisories(tx, after=(int(made_ms), str(advisory_id)), limit=limit + 1)
        visibilities = skills.list_visibilities(tx, [one.name for one in found])
    page = page_of(found, limit, lambda one: [one.made_ms, one.id])
    seen = tuple(
        one for one in page.items if rules.may_see(caller, one.name, visibilities.get(one.name, Visibility.PRIVATE))
    )
    return Page(items=seen, next_cursor=page.next_cursor)


def list_dependants(app: App, caller: Caller, *, advisory_id: str) -> list[Dependant]:
    """The releases on offer whose declared range admits a recalled version, as far as the caller may see them.

    For those who may recall. Raises AdvisoryNotFound, SkillNotFound or RoleTooLow.
    """
    caller.must("identify")
    with app.database.reading() as tx:
        advisory = store.find_advisory(tx, advisory_id)
        if advisory is None:
            raise AdvisoryNotFound(advisory_id=advisory_id[:64])
    name = SkillName.parse(advisory.name)
    _check_may_recall(app, caller, name)
    with app.database.reading() as tx:
        rows = scans.list_dependants(tx, advisory.name)
        offered = [one.version for one in releases.list_standings(tx, name) if one.is_offered]
    recalled, offered_versions = [Version.parse(one) for one in advisory.versions], [*map(Version.parse, offered)]
    found = []
    for row in rows:
        wanted = Range.parse(row["range"])
        admits = tuple(str(version) for version in recalled if wanted.contains(version))
        if admits and rules.may_see(caller, row["skill"], Visibility(row["visibility"])):
            has_way_out = any(wanted.contains(version) for version in offered_versions)
            found.append(
                Dependant(
                    name=row["skill"],
                    version=row["version"],
                    range=row["range"],
                    admits=admits,
                    has_way_out=has_way_out,
                )
            )
    return found[:_MOST_SHOWN]


def _check_may_recall(app: App, caller: Caller, name: SkillName) -> str:
    if caller.may("review"):
        return caller.identity[1]
    return access.check_may_manage(app, caller, name)


def _releases_in(tx: Tx, name: SkillName, wanted: Range) -> list[Release]:
    found = []
    before: bytes | None = None
    while batch := releases.list_releases(tx, name, {}, before=before, limit=_MOST_SHOWN):
        found += [one for one in batch if wanted.contains(Version.parse(one.version), include_prerelease=True)]
        before = rules.order_key(batch[-1].version)
    return found


def _check_safe(tx: Tx, name: SkillName, safe_version: str | None, recalled: Sequence[Release]) -> None:
    if safe_version is None:
        return
    standing = releases.find_standing(tx, name, safe_version)
    if standing is None or not standing.is_offered or safe_version in [one.version for one in recalled]:
        raise SafeVersionIsNone(name=str(name), version=safe_version[:60])


def _advisory(
    app: App,
    caller: Caller,
    name: SkillName,
    meant: Sequence[Release],
    severity: AdvisorySeverity,
    reason: str,
    safe_version: str | None,
) -> Advisory:
    unsigned = Advisory(
        id=new_id("adv"),
        name=str(name),
        everywhere=caller.may("review"),
        severity=severity,
        reason=reason,
        safe_version=safe_version,
        versions=tuple(sorted((one.version for one in meant), key=rules.order_key)),
        digests=tuple(sorted({one.digest for one in meant})),
        made_by=caller.identity[1],
        made_ms=app.clock.now_ms(),
        note="",
    )
    return replace(unsigned, note=sign_statement(app, Kind.ADVISORY_PUBLISHED, facts_of(unsigned)))


def _draw_consequences(app: App, tx: Tx, advisory: Advisory, kind: Kind, *, by: str) -> None:
    now_ms = app.clock.now_ms()
    rows = [row for row in scans.list_by_digest(tx, advisory.digests) if advisory.concerns(row["skill"])]
    changed = rejudge(tx, rows, now_ms=now_ms)
    details = {"advisory": advisory.id, "severity": advisory.severity.value, "safe_version": advisory.safe_version}
    log_rows(tx, kind, rows, details, by=by, now_ms=now_ms)
    for event in changed:
        app.events.record(tx, event)
