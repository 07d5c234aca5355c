"""What members would like their team's drive to have: asked for by those who may only read, decided by maintainers."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.errors import AlreadyInDrive, RequestDecidedBefore, RequestNotFound, TooManyRequests
from skillyard.domain.drive.git_address import read_address
from skillyard.domain.drive.git_import import import_git
from skillyard.domain.drive.items import lock_drive, put_item
from skillyard.domain.drive.model import DriveItem, ItemRequest, RequestDecided, RequestMade, RequestStatus
from skillyard.domain.drive.store import items
from skillyard.domain.drive.store import requests as store
from skillyard.domain.registry.current import get_current
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.names import SkillName

MOST_PENDING = 100
_MAX_ID_CHARS = 64
_LAST = "~"


def request_item(
    app: App, caller: Caller, *, source: str, drive: str, slug: str | None = None, note: str = ""
) -> ItemRequest:
    """Ask for a skill by its name, or for one at a git address, to be called `slug`. What is asked for already is
    answered as it is, whoever asked.

    Raises NamespaceNotFound, BadSource, BadSlug, SkillNotFound, BadGitAddress, PrivateElsewhere, AlreadyInDrive,
    NoteNotAcceptable or TooManyRequests.
    """
    caller.must("ask_for_items", on=rules.readable_drive(caller, drive))
    note = rules.check_note(note, what="note")
    rules.check_slug(slug)
    requester_id, requester = caller.identity
    new = ItemRequest(
        id=new_id("dreq"), drive=drive, source=_read_source(source), slug=slug, note=note, status="pending",
        requester_id=requester_id, requester=requester, decided_by=None, reason="", created_ms=app.clock.now_ms(),
        decided_ms=None,
    )  # fmt: skip
    with app.database.transaction() as tx:
        if not rules.is_address(new.source):
            _check_may_come(tx, caller, drive, SkillName.parse(new.source))
        lock_drive(tx, drive)
        if not store.add_request(tx, new):
            return store.get_pending(tx, drive, new.source)
        if store.count_pending(tx, drive, requester_id) > MOST_PENDING:
            raise TooManyRequests(drive=drive, most=MOST_PENDING)
        app.events.record(tx, RequestMade(request_id=new.id, drive=drive, source=new.source, by=requester))
    return new


def list_requests(
    app: App,
    caller: Caller,
    *,
    drive: str | None = None,
    status: RequestStatus | None = "pending",
    limit: int = 30,
    cursor: str | None = None,
) -> Page[ItemRequest]:
    """What a team's drive is asked for, the newest first: all of it for its maintainers, their own for others.

    Raises NamespaceNotFound or BadCursor.
    """
    place = rules.readable_drive(caller, drive)
    caller.must("ask_for_items", on=place)
    requester_id = None if caller.may("manage_drive", on=place) else caller.identity[0]
    (before,) = read_cursor(cursor, [_LAST])
    with app.database.reading() as tx:
        found = store.list_requests(
            tx, place, requester_id=requester_id, status=status, before=str(before), limit=limit + 1
        )
    return page_of(found, limit, lambda request: [request.id])


def accept_request(app: App, caller: Caller, *, request_id: str) -> DriveItem:
    """Let the drive have what was asked for, as if the caller added it.

    Raises RequestNotFound, RoleTooLow, RequestDecidedBefore, and what adding it raises.
    """
    request = _see_request(app, caller, request_id)
    rules.manageable_drive(caller, request.drive)
    if not rules.is_address(request.source):
        with app.database.transaction() as tx:
            _decide(tx, app, caller, request, "accepted")
            return put_item(tx, app, caller, drive=request.drive, name=SkillName.parse(request.source))
    _check_pending(request)
    item = import_git(app, caller, address=request.source, drive=request.drive, slug=request.slug)
    _note_accepted(app, caller, request)
    return item


def decline_request(app: App, caller: Caller, *, request_id: str, reason: str = "") -> ItemRequest:
    """Do not add it; or, by who asked, ask no more.

    Raises RequestNotFound, RoleTooLow, NoteNotAcceptable or RequestDecidedBefore.
    """
    request = _see_request(app, caller, request_id)
    if request.requester_id == caller.user_id:
        caller.must("ask_for_items", on=request.drive)
    else:
        rules.manageable_drive(caller, request.drive)
    reason = rules.check_note(reason, what="reason")
    with app.database.transaction() as tx:
        return _decide(tx, app, caller, request, "declined", reason=reason)


def _read_source(source: str) -> str:
    """A git address as it can be fetched, or the plain spelling of a name."""
    if not rules.is_address(source):
        return str(rules.read_name(source))
    read_address(source)
    return source.strip()


def _check_may_come(tx: Tx, caller: Caller, drive: str, name: SkillName) -> None:
    rules.check_may_hold(drive, get_current(tx, caller, name).sight.facts)
    if items.find_item(tx, drive, str(name)):
        raise AlreadyInDrive(name=str(name), drive=drive)


def _see_request(app: App, caller: Caller, request_id: str) -> ItemRequest:
    """Own ones, and those for a drive that the caller may change."""
    caller.must("read_drive")
    is_text = request_id.isprintable() and len(request_id) <= _MAX_ID_CHARS
    with app.database.reading() as tx:
        found = store.find_request(tx, request_id) if is_text else None
    is_member = found is not None and found.drive in caller.roles
    if found is None or not is_member:
        raise RequestNotFound(request_id=request_id[:_MAX_ID_CHARS])
    if rules.may_only_ask(caller, found.drive) and found.requester_id != caller.user_id:
        raise RequestNotFound(request_id=request_id)
    return found


def _note_accepted(app: App, caller: Caller, request: ItemRequest) -> None:
    with app.database.transaction() as tx:
        _decide(tx, app, caller, request, "accepted")


def _check_pending(request: ItemRequest) -> None:
    if request.status != "pending":
        raise RequestDecidedBefore(request_id=request.id, status=request.status, by=request.decided_by)


def _decide(
    tx: Tx, app: App, caller: Caller, request: ItemRequest, status: RequestStatus, *, reason: str = ""
) -> ItemRequest:
    """The request as it is decided now. Raises RequestDecidedBefore."""
    _, by = caller.identity
    lock_drive(tx, request.drive)
    if not store.set_decided(tx, request.id, status, by=by, reason=reason, now_ms=app.clock.now_ms()):
        _check_pending(store.get_request(tx, request.id))
    event = RequestDecided(request_id=request.id, drive=request.drive, source=request.source, status=status, by=by)
    app.events.record(tx, event)
    return store.get_request(tx, request.id)
