"""Take what copies of the command line report, for counting; and give the reports of one to the account that it is of.

Nothing depends on reports. An address is used to bound them, and not kept. Names of skills that are not public are
dropped, should a client send one.
"""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.drive.store import telemetry as store
from skillyard.domain.drive.telemetry_model import (
    Adopted,
    Install,
    InstallAdopted,
    Report,
    SkillsInstalled,
    TelemetryTooOften,
    check_install_id,
    check_report,
)
from skillyard.domain.registry.current import list_current
from skillyard.domain.registry.model import Visibility
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id

KEPT_DAYS = 90
_PER_MINUTE = 60
_NEW_INSTALLS_PER_DAY = 20
_MINUTE_S = 60
_DAY_S = 24 * 3600


def record(app: App, report: Report, *, address: str) -> None:
    """Keep a report, from somebody at `address`. Raises TelemetryNotValid or TelemetryTooOften."""
    report = check_report(report)
    verdict = app.limiter.check(f"telemetry {address}", _PER_MINUTE, _MINUTE_S)
    if not verdict.allowed:
        raise TelemetryTooOften(limit=verdict.limit, retry_after_s=verdict.reset_s)
    now_ms = app.clock.now_ms()
    with app.database.transaction(durable=False) as tx:
        install = _see_install(tx, app, report.install_id, address)
        skills = _public(tx, report)
        store.add_event(tx, new_id("tel"), report, skills=skills, now_ms=now_ms)
        if report.kind == "install" and skills and install.is_counted:
            app.events.record(tx, SkillsInstalled(names=tuple(skills), who=_who(app, install)))


def adopt(app: App, caller: Caller, *, install_id: str) -> Adopted:
    """Make the caller the one whose install this is, with all that it has reported; again is no fault.

    Raises RoleTooLow, ScopeMissing, TelemetryNotValid, or InstallAdopted when it is somebody else's.
    """
    user_id, username = caller.identity
    caller.must("manage_drive", on=username)
    install_id = check_install_id(install_id)
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        new = Install(install_id=install_id, user_id=user_id, is_counted=True)
        if not store.add_install(tx, new, now_ms=now_ms):
            store.adopt_install(tx, install_id, user_id, now_ms=now_ms)
        found = store.find_install(tx, install_id)
        if found is None or found.user_id != user_id:
            raise InstallAdopted
        return Adopted(install_id=install_id, events=store.count_events(tx, install_id))


def forget_old(app: App) -> int:
    """Remove reports that are older than a season; how many."""
    before_ms = app.clock.now_ms() - KEPT_DAYS * _DAY_S * 1000
    with app.database.transaction(durable=False) as tx:
        return store.remove_old(tx, before_ms=before_ms)


def _see_install(tx: Tx, app: App, install_id: str, address: str) -> Install:
    """Of many new ones from one address in a day, what they install does not count: they cost nothing to make up."""
    now_ms = app.clock.now_ms()
    known = store.find_install(tx, install_id)
    if known is not None:
        store.set_seen(tx, install_id, now_ms=now_ms)
        return known
    is_counted = app.limiter.check(f"new installs {address}", _NEW_INSTALLS_PER_DAY, _DAY_S).allowed
    new = Install(install_id=install_id, user_id=None, is_counted=is_counted)
    store.add_install(tx, new, now_ms=now_ms)
    return new


def _public(tx: Tx, report: Report) -> list[str]:
    names = sorted({str(name) for name in report.skills})
    found = list_current(tx, ANONYMOUS, names) if names else {}
    return [name for name in names if name in found and found[name].skill.visibility is Visibility.PUBLIC]


def _who(app: App, install: Install) -> str:
    """Not the install id itself: whoever has it may adopt it."""
    return install.user_id or app.signer.sign("install", install.install_id)[:32]
