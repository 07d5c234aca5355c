"""The board: people post which skill they look for, and others read what is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import rules
from skillyard.domain.market.board_errors import (
    NotTheRequester,
    RequestNotFound,
    RequestNotValid,
    TooManyOpenRequests,
)
from skillyard.domain.market.board_events import RequestChanged, RequestPosted
from skillyard.domain.market.board_model import RequestFields, RequestPage, RequestStatus, SkillRequest
from skillyard.domain.market.store import requests as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.skill.executable import MAX_PRICE
from skillyard.skill.faults import Fault
from skillyard.skill.fields import read_tags
from skillyard.skill.reading import Place
from skillyard.skill.schemas import Schema, read_schema

MOST = 100
MAX_OPEN_REQUESTS = 100
_MAX_DESCRIPTION_CHARS = 2000
_MAX_ID_CHARS = 64
_MOST_WORDS = 10
_MAX_OFFSET = 1_000_000


def post_request(app: App, caller: Caller, fields: RequestFields) -> SkillRequest:
    """Raises RequestNotValid with every fault, or TooManyOpenRequests."""
    caller.must("invoke")
    owner_id, owner = caller.identity
    now_ms = app.clock.now_ms()
    blank = SkillRequest(
        id=new_id("sreq"), owner_id=owner_id, owner=owner, description="", tags=(), input_schema=None,
        output_schema=None, max_price=None, status=RequestStatus.OPEN, created_ms=now_ms, updated_ms=now_ms,
    )  # fmt: skip
    new = _with_fields(blank, replace(fields, description=fields.description or ""))
    with app.database.transaction() as tx:
        _check_room(tx, owner_id)
        store.add_request(tx, new)
        app.events.record(tx, RequestPosted(request_id=new.id, by=owner))
    return new


def get_request(app: App, caller: Caller, *, request_id: str) -> SkillRequest:  # noqa: ARG001 (the board is for all)
    """Raises RequestNotFound."""
    with app.database.reading() as tx:
        return see_request(tx, request_id)


def list_requests(
    app: App,
    caller: Caller,
    *,
    status: RequestStatus | None = RequestStatus.OPEN,
    text: str = "",
    tags: Sequence[str] = (),
    mine: bool = False,
    limit: int = 20,
    offset: int = 0,
) -> RequestPage:
    """With all of these words and tags, the newest first; `mine`: only the caller's. `limit` is 1 to 100."""
    words = [word[:_MAX_ID_CHARS] for word in text.lower().split()[:_MOST_WORDS] if word.isprintable()]
    wanted = [tag.strip().lower() for tag in tags if tag.strip() and tag.isprintable()][:_MOST_WORDS]
    owner_id = caller.identity[0] if mine else None
    with app.database.reading() as tx:
        found, total = store.list_requests(
            tx, status=status, owner_id=owner_id, words=words, tags=wanted,
            limit=max(1, min(limit, MOST)), offset=max(0, min(offset, _MAX_OFFSET)),
        )  # fmt: skip
    return RequestPage(requests=tuple(found), total=total)


def update_request(
    app: App,
    caller: Caller,
    *,
    request_id: str,
    fields: RequestFields = RequestFields(),  # noqa: B008 (frozen)
    status: RequestStatus | None = None,
) -> SkillRequest:
    """Change what is stated. Administrators may do it for others.

    Raises RequestNotFound, NotTheRequester, RequestNotValid or TooManyOpenRequests.
    """
    caller.must("invoke")
    with app.database.transaction() as tx:
        tx.lock(f"request {request_id[:_MAX_ID_CHARS]}")
        request = see_request(tx, request_id)
        if request.owner_id != caller.user_id and not caller.may("review"):
            raise NotTheRequester(owner=request.owner, request_id=request.id)
        changed = replace(_with_fields(request, fields), status=status or request.status)
        if changed == request:
            return request
        if changed.status is RequestStatus.OPEN and request.status is not RequestStatus.OPEN:
            _check_room(tx, request.owner_id)
        changed = replace(changed, updated_ms=app.clock.now_ms())
        store.set_request(tx, changed)
        by = caller.identity[1]
        app.events.record(tx, RequestChanged(request_id=changed.id, status=changed.status.value, by=by))
    return changed


def see_request(tx: Tx, request_id: str) -> SkillRequest:
    """Raises RequestNotFound."""
    is_text = request_id.isprintable() and len(request_id) <= _MAX_ID_CHARS
    found = store.find_request(tx, request_id) if is_text else None
    if found is None:
        raise RequestNotFound(request_id=request_id[:_MAX_ID_CHARS])
    return found


def _check_room(tx: Tx, owner_id: str) -> None:
    tx.lock(f"requests of {owner_id}")
    if store.count_open(tx, owner_id) >= MAX_OPEN_REQUESTS:
        raise TooManyOpenRequests(most=MAX_OPEN_REQUESTS)


def _with_fields(request: SkillRequest, fields: RequestFields) -> SkillRequest:
    """What is stated instead of what was; raises RequestNotValid with every fault."""
    faults: list[Fault] = []
    place = Place(faults=faults)
    changed = replace(
        request,
        description=_read_description(fields.description, request.description, place.at("description")),
        tags=request.tags if fields.tags is None else read_tags(list(fields.tags), place.at("tags")) or (),
        input_schema=_read_schema(fields.input_schema, request.input_schema, place.at("desired_input_schema")),
        output_schema=_read_schema(fields.output_schema, request.output_schema, place.at("desired_output_schema")),
        max_price=_read_price(fields.max_price, request.max_price, place.at("max_price_credits")),
    )
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise RequestNotValid(**rules.listed(errors))
    return changed


def _read_description(stated: object, before: str, place: Place) -> str:
    if stated is None:
        return before
    text = stated.strip() if isinstance(stated, str) else ""
    is_text = all(char.isprintable() or char in "\n\t" for char in text)
    if not 1 <= len(text) <= _MAX_DESCRIPTION_CHARS or not is_text:
        message = f"{place} is not 1 to {_MAX_DESCRIPTION_CHARS} characters of text"
        place.refuse("bad_description", message, "say in a few sentences what the skill should do")
    return text


def _read_schema(stated: object, before: Schema | None, place: Place) -> Schema | None:
    return before if stated is None else read_schema(stated, place)


def _read_price(stated: Any, before: int | None, place: Place) -> int | None:
    if stated is None:
        return before
    if isinstance(stated, bool) or not isinstance(stated, int) or not 0 <= stated <= MAX_PRICE:
        place.refuse("bad_price", f"{place} is not a whole number from 0 to {MAX_PRICE}", "write it in credits")
        return None
    return stated
