"""Upload tickets: a secret that lets a shell without a token put one skill into a drive, once, within ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.asking import asker_of, find_asker, no_longer_than
from skillyard.domain.drive.collections import add_skill, get_collection
from skillyard.domain.drive.handing_errors import BadUploadName, TicketNotValid, TicketUsed
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.private_upload import publish_privately
from skillyard.domain.drive.store import tickets as store
from skillyard.domain.drive.store.tickets import TicketRow
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.ids import is_well_formed_secret, new_secret
from skillyard.infra.secrets import hash_secret
from skillyard.skill.names import SkillName

LIFE_MS = 10 * 60_000
MOST_FILENAME_CHARS = 200
_PREFIX = "sky_ut"
_MOST_SECRET_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`secret` is handed out this once. `filename`: what the archive will be called, where that was said."""

    secret: str
    expires_ms: int
    filename: str | None


def mint_ticket(
    app: App, caller: Caller, *, drive: str | None = None, collection: str | None = None, filename: str | None = None
) -> Ticket:
    """A ticket for the caller's own drive, or a team's. `collection`: what is uploaded becomes part of it, too.

    Raises NamespaceNotFound, RoleTooLow, ScopeMissing, KeyForSlice, CollectionNotFound or BadUploadName.
    """
    drive = _check_rights(caller, drive)
    if filename is not None and not (filename.isprintable() and 0 < len(filename) <= MOST_FILENAME_CHARS):
        raise BadUploadName(most=MOST_FILENAME_CHARS)
    if collection is not None:
        get_collection(app, caller, name=collection)
    now_ms, secret = app.clock.now_ms(), new_secret(_PREFIX)
    row = TicketRow(
        secret_hash=hash_secret(secret),
        drive=drive,
        asker=asker_of(caller),
        collection=collection,
        expires_ms=no_longer_than(caller, now_ms + LIFE_MS),
        is_claimed=False,
    )
    with app.database.transaction() as tx:
        store.add_ticket(tx, row, now_ms=now_ms)
    return Ticket(secret=secret, expires_ms=row.expires_ms, filename=filename)


def check_ticket(app: App, secret: str | None) -> None:
    """To be asked before a stranger's bytes are read. Raises TicketNotValid or TicketUsed."""
    _find(app, secret)


def process_upload(app: App, secret: str | None, source: BinaryIO) -> DriveItem:
    """Take in the archive for whoever minted the ticket, with the rights that they have by now. An upload that is
    refused leaves the ticket as it was.

    Raises TicketNotValid, TicketUsed, CollectionNotFound, and all that `publish_privately` raises.
    """
    with _claimed(app, secret) as ticket:
        caller = _find_asker(app, ticket)
        _check_rights(caller, ticket.drive)
        collection = get_collection(app, caller, name=ticket.collection) if ticket.collection is not None else None
        item = publish_privately(app, caller, drive=ticket.drive, source=source)
        if collection is not None and collection.skills is not None:  # one of all skills has it already
            add_skill(app, caller, name=collection.name, skill=SkillName.parse(item.name))
    return item


def forget_expired(app: App) -> int:
    """Remove tickets that nobody can use any more; how many."""
    with app.database.transaction(durable=False) as tx:
        return store.remove_expired(tx, before_ms=app.clock.now_ms() - LIFE_MS)


def _check_rights(caller: Caller, drive: str | None) -> str:
    """The drive that is meant."""
    named = rules.manageable_drive(caller, drive)
    caller.must("publish", on=named)
    return named


def _find_asker(app: App, ticket: TicketRow) -> Caller:
    """Who minted it, with the rights of now. Raises TicketNotValid where they, their token or key are void."""
    try:
        with app.database.reading() as tx:
            return find_asker(tx, app, ticket.asker)
    except Unauthenticated:
        raise TicketNotValid from None


@contextmanager
def _claimed(app: App, secret: str | None) -> Iterator[TicketRow]:
    """The ticket, which nobody else can use meanwhile, nor afterwards unless the block raises."""
    ticket = _find(app, secret)
    _claim(app, ticket)
    try:
        yield ticket
    except BaseException:
        _give_back(app, ticket)
        raise


def _find(app: App, secret: str | None) -> TicketRow:
    if secret is None or len(secret) > _MOST_SECRET_CHARS or not is_well_formed_secret(secret, _PREFIX):
        raise TicketNotValid
    with app.database.reading() as tx:
        ticket = store.find_ticket(tx, hash_secret(secret))
    if ticket is None or ticket.expires_ms <= app.clock.now_ms():
        raise TicketNotValid
    if ticket.is_claimed:
        raise TicketUsed
    return ticket


def _claim(app: App, ticket: TicketRow) -> None:
    with app.database.transaction() as tx:
        if not store.claim_ticket(tx, ticket.secret_hash, now_ms=app.clock.now_ms()):
            raise TicketUsed


def _give_back(app: App, ticket: TicketRow) -> None:
    with app.database.transaction() as tx:
        store.give_back(tx, ticket.secret_hash)
