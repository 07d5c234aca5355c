"""Readers of a team ask for skills, maintainers decide; each request is decided once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow, ScopeMissing
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive import requests
from skillyard.domain.drive.errors import (
    AlreadyInDrive,
    BadSlug,
    BadSource,
    NoteNotAcceptable,
    NotOnOffer,
    PrivateElsewhere,
    RequestDecidedBefore,
    RequestNotFound,
    TooManyRequests,
)
from skillyard.domain.drive.git_errors import BadGitAddress
from skillyard.domain.drive.imports import import_skill
from skillyard.domain.drive.model import DriveItem, ItemRequest
from skillyard.domain.drive.requests import accept_request, decline_request, list_requests, request_item
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.yank import yank
from skillyard.infra.errors import SkillyardError, Unauthenticated
from tests.domain.drive.house import PDF, TEAM, House, a_house
from tests.makers import make_app


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(make_app(tmp_path))


@pytest.fixture
def both(each_app: App) -> House:
    return a_house(each_app)


def ask(house: House, source: str = "ada/pdf", **said: str) -> ItemRequest:
    asked = import_skill(house.app, house.rea, source=source, drive=TEAM, **said)
    assert isinstance(asked, ItemRequest)
    return asked


def test_what_a_reader_brings_is_a_request_until_a_maintainer_accepts_it(both: House) -> None:
    both.publish()
    asked = ask(both, note=" For reports. ")
    assert (asked.source, asked.note, asked.status, asked.requester) == ("ada/pdf", "For reports.", "pending", "rea")
    assert ask(both, " @ada/pdf") == asked
    assert list_requests(both.app, both.mia, drive=TEAM).items == (asked,)
    assert both.names(drive=TEAM) == []
    item = accept_request(both.app, both.mia, request_id=asked.id)
    assert (item.name, item.added_by) == ("ada/pdf", "mia")
    assert list_requests(both.app, both.mia, drive=TEAM).items == ()
    (decided,) = list_requests(both.app, both.rea, drive=TEAM, status=None).items
    assert (decided.status, decided.decided_by) == ("accepted", "mia")
    with pytest.raises(AlreadyInDrive):
        ask(both)


def test_what_a_maintainer_brings_is_there_at_once(house: House) -> None:
    house.publish()
    item = import_skill(house.app, house.mia, source="ada/pdf", drive=TEAM)
    assert isinstance(item, DriveItem)
    assert import_skill(house.app, house.mia, source="@ada/pdf ", drive=TEAM) == item


def test_a_declined_request_says_why_and_may_be_asked_anew(both: House) -> None:
    both.publish()
    asked = ask(both)
    declined = decline_request(both.app, both.ada, request_id=asked.id, reason="Too large.")
    assert (declined.status, declined.reason, declined.decided_by) == ("declined", "Too large.", "ada")
    for decide in (accept_request, decline_request):
        with pytest.raises(RequestDecidedBefore):
            decide(both.app, both.mia, request_id=asked.id)
    assert ask(both).id != asked.id


def test_who_asked_may_take_it_back(house: House) -> None:
    house.publish()
    assert decline_request(house.app, house.rea, request_id=ask(house).id).decided_by == "rea"


def test_of_many_who_decide_at_once_one_does(both: House) -> None:
    both.publish()
    asked = ask(both)

    def decide(turn: int) -> str:
        try:
            (accept_request if turn % 2 else decline_request)(both.app, both.mia, request_id=asked.id)
        except SkillyardError as refused:
            return refused.code
        return "decided"

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(decide, range(12)))
    assert answers == {"decided": 1, "drive_request_decided": 11}
    (decided,) = list_requests(both.app, both.mia, drive=TEAM, status=None).items
    assert both.names(drive=TEAM) == (["ada/pdf"] if decided.status == "accepted" else [])


def test_many_who_ask_at_once_make_one_request(both: House) -> None:
    both.publish()
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda _: ask(both), range(12)))
    assert asked == [asked[0]] * 12


def test_a_request_that_cannot_be_met_stays_open(house: House) -> None:
    asked = ask(house, str(house.publish()))
    yank(house.app, house.ada, name=PDF, version="1.0.0", reason="broken")
    with pytest.raises(NotOnOffer):
        accept_request(house.app, house.mia, request_id=asked.id)
    assert list_requests(house.app, house.mia, drive=TEAM).items == (asked,)


def test_readers_decide_nothing_and_see_their_own_only(house: House) -> None:
    house.publish()
    asked = ask(house)
    mine = request_item(house.app, house.mia, source=str(house.publish("ada/csv")), drive=TEAM)
    with pytest.raises(RoleTooLow):
        accept_request(house.app, house.rea, request_id=asked.id)
    with pytest.raises(RequestNotFound):
        decline_request(house.app, house.rea, request_id=mine.id)
    assert list_requests(house.app, house.rea, drive=TEAM).items == (asked,)
    for request_id in (asked.id, "dreq_none", "\x00", "x" * 1000):
        with pytest.raises(RequestNotFound):
            accept_request(house.app, house.eve, request_id=request_id)
    with pytest.raises(NamespaceNotFound):
        ask(replace(house, rea=house.eve))
    with pytest.raises(Unauthenticated):
        ask(replace(house, rea=ANONYMOUS))
    with pytest.raises(ScopeMissing):
        ask(replace(house, rea=replace(house.rea, scopes=frozenset({Scope.READ}))))


def test_what_cannot_come_into_the_drive_is_not_asked_for(house: House) -> None:
    house.publish("ada/hidden", visibility="private")
    for source, refusal in (
        ("ada/hidden", SkillNotFound),
        ("ada/missing", SkillNotFound),
        ("Näme", BadSource),
        ("ada/\x00", BadSource),
        ("", BadSource),
        ("file:///etc/passwd", BadGitAddress),
        ("git@github.com:acme/tools", BadGitAddress),
        ("https://user:secret@example.com/a/b", BadGitAddress),
    ):
        with pytest.raises(refusal):
            ask(house, source)
    with pytest.raises(PrivateElsewhere):
        request_item(house.app, house.ada, source="ada/hidden", drive=TEAM)
    house.publish()
    for note in ("x" * 501, "\x00", "\x1b[2J"):
        with pytest.raises(NoteNotAcceptable):
            ask(house, note=note)
    with pytest.raises(BadSlug):
        ask(house, "https://example.com/a/b", slug="../x")
    assert list_requests(house.app, house.mia, drive=TEAM, status=None).items == ()


def test_nobody_floods_a_team_with_requests(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_PENDING", 1)
    ask(house, "https://example.com/a/b", slug="b")
    ask(house, "https://example.com/a/b")
    with pytest.raises(TooManyRequests):
        ask(house, str(house.publish()))
