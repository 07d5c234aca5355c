"""Upload tickets: good once, for ten minutes, for whoever minted them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow, ScopeMissing
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import FULL, Role, Scope
from skillyard.domain.accounts.tokens import create_token, revoke_token
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.collection_errors import CollectionNotFound
from skillyard.domain.drive.collections import create_collection, delete_collection
from skillyard.domain.drive.handing_errors import BadUploadName, TicketNotValid, TicketUsed, UploadNameTaken
from skillyard.domain.drive.items import list_items
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.slices import read_slice
from skillyard.domain.drive.tickets import forget_expired, mint_ticket, process_upload
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.releases import get_release
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, SkillyardError, Unauthenticated
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, a_skill_archive, again, an_organization, make_app

NAME = SkillName("ada", "pdf")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    made = make_app(tmp_path, clock=clock)
    yield made
    made.close()


def upload(app: App, secret: str, data: bytes) -> DriveItem:
    return process_upload(app, secret, io.BytesIO(data))


def test_what_is_uploaded_is_a_private_skill_of_the_drive(app: App) -> None:
    ada = a_person(app, "ada")
    eve = a_person(app, "eve")
    item = upload(app, mint_ticket(app, ada).secret, a_skill_archive("pdf", "1.4.0"))
    assert (item.drive, item.name, item.version, item.via) == ("ada", "ada/pdf", "1.4.0", "upload")
    assert list_items(app, ada).items == (item,)
    assert not get_release(app, ada, name=NAME, version="1.4.0").visibility.is_open
    with pytest.raises(SkillNotFound):
        get_release(app, eve, name=NAME, version="1.4.0")


def test_of_two_uploads_at_once_one_is_taken(each_app: App) -> None:
    ada = a_person(each_app, "ada")
    secret = mint_ticket(each_app, ada).secret

    def send(number: int) -> str:
        try:
            return upload(each_app, secret, a_skill_archive("pdf", f"1.{number}.0")).name
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(send, range(4)))
    assert answers == ["ada/pdf", "ticket_used", "ticket_used", "ticket_used"]
    with pytest.raises(TicketUsed):
        upload(each_app, secret, a_skill_archive("docx"))


def test_two_tickets_at_once_yield_two_versions_of_one_skill(each_app: App) -> None:
    ada = a_person(each_app, "ada")
    secrets = [mint_ticket(each_app, ada).secret for _ in range(2)]
    bodies = [a_skill_archive("pdf", None, body=f"# Way {number}") for number in range(2)]
    with ThreadPoolExecutor(2) as threads:
        versions = {item.version for item in threads.map(upload, [each_app, each_app], secrets, bodies)}
    assert versions == {"0.1.0", "0.1.1"}


def test_the_same_content_again_is_the_same_version(app: App) -> None:
    ada = a_person(app, "ada")
    first = upload(app, mint_ticket(app, ada).secret, a_skill_archive("pdf", None))
    assert upload(app, mint_ticket(app, ada).secret, a_skill_archive("pdf", None)) == first
    changed = upload(app, mint_ticket(app, ada).secret, a_skill_archive("pdf", None, body="# Otherwise"))
    assert (first.version, changed.version) == ("0.1.0", "0.1.1")


def test_an_expired_ticket_is_worth_nothing(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    ticket = mint_ticket(app, ada)
    assert ticket.expires_ms == clock.now_ms() + 600_000
    clock.move(seconds=600)
    with pytest.raises(TicketNotValid):
        upload(app, ticket.secret, a_skill_archive())
    clock.move(seconds=601)
    assert forget_expired(app) == 1


@pytest.mark.parametrize("secret", ["", "sky_ut_x", "sky_ut_" + "a" * 38, "x" * 5000, "sky_ut_\x00é"])
def test_what_is_no_ticket_opens_nothing(app: App, secret: str) -> None:
    with pytest.raises(TicketNotValid):
        upload(app, secret, a_skill_archive())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut short", b"no archive at all"])
def test_a_refused_upload_leaves_the_ticket_as_it_was(app: App, data: bytes) -> None:
    ada = a_person(app, "ada")
    secret = mint_ticket(app, ada).secret
    with pytest.raises(SkillError):
        upload(app, secret, data)
    with pytest.raises(SkillError):
        upload(app, secret, a_skill_archive("pdf", description=""))
    assert upload(app, secret, a_skill_archive("pdf")).name == "ada/pdf"


@pytest.mark.parametrize(
    "path", ["../../escape", "/etc/cron.d/x", "C:\\x", "a\\..\\b", ".git/config", "nul", "a/../../b"]
)
def test_names_in_an_archive_that_lead_elsewhere_are_refused(app: App, path: str) -> None:
    ada = a_person(app, "ada")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("SKILL.md", "---\nname: pdf\ndescription: Reads PDF files.\n---\n")
        archive.writestr(zipfile.ZipInfo(path), "x")
    with pytest.raises(SkillError):
        upload(app, mint_ticket(app, ada).secret, data.getvalue())
    assert list_items(app, ada).items == ()


def test_an_upload_takes_the_place_of_no_public_skill(app: App) -> None:
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf")
    with pytest.raises(UploadNameTaken):
        upload(app, mint_ticket(app, ada).secret, a_skill_archive("pdf", "2.0.0"))


def test_a_team_uploads_into_its_drive_by_those_who_may_publish_there(app: App) -> None:
    ada = an_organization(app, a_person(app, "ada"), "acme")
    bob = a_person(app, "bob")
    assert upload(app, mint_ticket(app, ada, drive="acme").secret, a_skill_archive("pdf")).name == "acme/pdf"
    with pytest.raises(NamespaceNotFound):
        mint_ticket(app, bob, drive="acme")
    set_member(app, ada, namespace="acme", username="bob", role=Role.READER)
    with pytest.raises(RoleTooLow):
        mint_ticket(app, again(app, bob), drive="acme")


@pytest.mark.parametrize("skills", [[], None])
def test_what_is_uploaded_becomes_part_of_the_collection_that_was_named(
    app: App, skills: list[SkillName] | None
) -> None:
    ada = a_person(app, "ada")
    create_collection(app, ada, name="reports", skills=skills)
    upload(app, mint_ticket(app, ada, collection="reports").secret, a_skill_archive("pdf"))
    assert [reached.name for reached in read_slice(app, ada, name="reports")] == ["ada/pdf"]
    with pytest.raises(CollectionNotFound):
        mint_ticket(app, ada, collection="none")
    late = mint_ticket(app, ada, collection="reports").secret
    delete_collection(app, ada, name="reports")
    with pytest.raises(CollectionNotFound):
        upload(app, late, a_skill_archive("docx"))
    assert [item.name for item in list_items(app, ada).items] == ["ada/pdf"]


def test_a_key_for_some_skills_mints_none(app: App) -> None:
    ada = a_person(app, "ada")
    key = create_collection(app, ada, name="bot", skills=[]).secret
    with pytest.raises(Forbidden):
        mint_ticket(app, authenticate(app, key))


def test_rights_are_those_that_the_minter_has_by_now(app: App) -> None:
    ada, bob = a_person(app, "ada"), a_person(app, "bob")
    secret = mint_ticket(app, bob).secret
    suspend_user(app, ada, username="bob")
    with pytest.raises(TicketNotValid):
        upload(app, secret, a_skill_archive())


@pytest.mark.parametrize("is_key", [False, True])
def test_a_ticket_dies_with_the_token_or_key_that_minted_it(app: App, is_key: bool) -> None:
    ada = a_person(app, "ada")
    made = create_token(app, ada, name="ci", scopes=FULL, expires_in_days=9)
    caller = authenticate(app, made.secret)
    if is_key:
        caller = authenticate(app, create_collection(app, caller, name="all").secret)
    used, dead = (mint_ticket(app, caller).secret for _ in range(2))
    assert upload(app, used, a_skill_archive()).name == "ada/pdf"
    revoke_token(app, ada, token_id=made.token.id)
    with pytest.raises(TicketNotValid):
        upload(app, dead, a_skill_archive("docx"))


@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.PUBLISH}, {Scope.MANAGE}, {Scope.RUN}])
def test_a_narrow_token_mints_none(app: App, scopes: set[Scope]) -> None:
    ada: Caller = replace(a_person(app, "ada"), scopes=frozenset(scopes))
    with pytest.raises(ScopeMissing):
        mint_ticket(app, ada)
    with pytest.raises(Unauthenticated):
        mint_ticket(app, ANONYMOUS)


@pytest.mark.parametrize("filename", ["", "x" * 201, "a\nb.zip"])
def test_a_name_that_is_none_is_refused(app: App, filename: str) -> None:
    with pytest.raises(BadUploadName):
        mint_ticket(app, a_person(app, "ada"), filename=filename)
