"""A publisher objects to a finding; a reviewer answers with a reason, and with an override that is signed and ends."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.errors import (
    AppealIsAnswered,
    AppealIsOpen,
    AppealNotFound,
    BadExpiry,
    NothingToAppeal,
    OverrideNotFound,
)
from skillyard.domain.registry.judgement import rules_that_count
from skillyard.domain.registry.rejudge import rejudge
from skillyard.domain.registry.statements import facts_of, log_rows
from skillyard.domain.registry.store import scans as store
from skillyard.domain.registry.trust import Appeal, AppealAnswered, AppealMade, AppealState, Override
from skillyard.domain.transparency.sign import sign_statement
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName

MOST_DAYS = 365
_DAY_MS = 24 * 3600 * 1000
_AT_ONCE = 50


def appeal(app: App, caller: Caller, *, name: SkillName, version: str, rule: str, reason: str) -> Appeal:
    """Object to what `rule` found in a release.

    Raises SkillNotFound, RoleTooLow, ReleaseNotFound, TextNotAcceptable, NothingToAppeal or AppealIsOpen.
    """
    by = access.check_may_manage(app, caller, name)
    reason = rules.check_text(reason, what="reason")
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        release = access.get_release(tx, name, version)
        scanned = store.find_scan(tx, release.id)
        if scanned is None or rule not in rules_that_count(scanned[0]):
            raise NothingToAppeal(name=release.name, version=release.version, rule=rule[:100])
        if any(one.rule == rule and one.state == "open" for one in store.list_appeals_of(tx, release.id)):
            raise AppealIsOpen(name=release.name, version=release.version, rule=rule)
        made = Appeal(
            id=new_id("apl"),
            release_id=release.id,
            name=release.name,
            version=release.version,
            digest=release.digest,
            rule=rule,
            reason=reason,
            made_by=by,
            made_ms=app.clock.now_ms(),
            state="open",
        )
        store.add_appeal(tx, made)
        app.events.record(tx, AppealMade(name=made.name, version=made.version, rule=rule, by=by))
    return made


def list_appeals(
    app: App, caller: Caller, *, state: AppealState = "open", limit: int = 30, cursor: str | None = None
) -> Page[Appeal]:
    """The queue of the reviewers, the oldest first. Raises AdministratorsOnly or BadCursor."""
    caller.must("review")
    made_ms, appeal_id = read_cursor(cursor, [0, ""])
    with app.database.reading() as tx:
        found = store.list_appeals(tx, state, after=(int(made_ms), str(appeal_id)), limit=limit + 1)
    return page_of(found, limit, lambda one: [one.made_ms, one.id])


def reject_appeal(app: App, caller: Caller, *, appeal_id: str, reason: str) -> Appeal:
    """Raises AdministratorsOnly, AppealNotFound, TextNotAcceptable or AppealIsAnswered."""
    caller.must("review")
    reason = rules.check_text(reason, what="reason")
    with app.database.transaction() as tx:
        return _answer(app, tx, caller, appeal_id, "rejected", reason)


def accept_appeal(app: App, caller: Caller, *, appeal_id: str, reason: str, days: int = 90) -> tuple[Appeal, Override]:
    """Lift the rule for these files, wherever they were published, for so many days.

    Raises AdministratorsOnly, AppealNotFound, TextNotAcceptable, BadExpiry or AppealIsAnswered.
    """
    caller.must("review")
    reason = rules.check_text(reason, what="reason")
    with app.database.reading() as tx:
        known = store.find_appeal(tx, appeal_id)
    if known is None:
        raise AppealNotFound(appeal_id=appeal_id[:64])
    override = _override(app, caller, known.digest, known.rule, reason, days)
    with app.database.transaction() as tx:
        _add_override(app, tx, override)
        answered = _answer(app, tx, caller, appeal_id, "accepted", reason)
    return answered, override


def end_override(app: App, caller: Caller, *, override_id: str) -> Override:
    """Before its time: the finding counts again. Raises AdministratorsOnly or OverrideNotFound."""
    caller.must("review")
    _, by = caller.identity
    with app.database.transaction() as tx:
        override = store.find_override(tx, override_id)
        if override is None or not store.end_override(tx, override_id, now_ms=app.clock.now_ms()):
            raise OverrideNotFound(override_id=override_id[:64])
        _end(app, tx, override, by=by)
    return override


def end_expired(app: App) -> int:
    """Draw the consequences of every override whose time is over; how many there were."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        expired = store.list_expired(tx, now_ms=now_ms, limit=_AT_ONCE)
        for override in expired:
            store.end_override(tx, override.id, now_ms=now_ms)
            _end(app, tx, override, by="its expiry")
    return len(expired)


def _override(app: App, caller: Caller, digest: str, rule: str, reason: str, days: int) -> Override:
    if not 1 <= days <= MOST_DAYS:
        raise BadExpiry(days=days, most=MOST_DAYS)
    _, by = caller.identity
    now_ms = app.clock.now_ms()
    unsigned = Override(
        id=new_id("ovr"),
        digest=digest,
        rule=rule,
        reason=reason,
        made_by=by,
        made_ms=now_ms,
        expires_ms=now_ms + days * _DAY_MS,
        note="",
    )
    return replace(unsigned, note=sign_statement(app, Kind.OVERRIDE, facts_of(unsigned)))


def _add_override(app: App, tx: Tx, override: Override) -> None:
    store.add_override(tx, override)
    _draw_consequences(app, tx, override, Kind.OVERRIDE, by=override.made_by)


def _end(app: App, tx: Tx, override: Override, *, by: str) -> None:
    _draw_consequences(app, tx, override, Kind.OVERRIDE_ENDED, by=by)


def _draw_consequences(app: App, tx: Tx, override: Override, kind: Kind, *, by: str) -> None:
    now_ms = app.clock.now_ms()
    rows = store.list_by_digest(tx, [override.digest])
    changed = rejudge(tx, rows, now_ms=now_ms)
    details = {"override": override.id, "rule": override.rule, "expires_ms": override.expires_ms}
    log_rows(tx, kind, rows, details, by=by, now_ms=now_ms)
    for event in changed:
        app.events.record(tx, event)


def _answer(app: App, tx: Tx, caller: Caller, appeal_id: str, state: AppealState, reason: str) -> Appeal:
    _, by = caller.identity
    known = store.find_appeal(tx, appeal_id)
    if known is None:
        raise AppealNotFound(appeal_id=appeal_id[:64])
    if not store.set_answer(tx, appeal_id, state, reason, by, now_ms=app.clock.now_ms()):
        raise AppealIsAnswered(appeal_id=appeal_id)
    answered = store.find_appeal(tx, appeal_id)
    assert answered is not None, "it was just there"
    app.events.record(tx, AppealAnswered(name=known.name, version=known.version, rule=known.rule, state=state, by=by))
    return answered
