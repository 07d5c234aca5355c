"""Many at once, on both databases: one wins, the others are refused in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.cli_sessions import approve_cli_session, poll_cli_session, start_cli_session
from skillyard.domain.accounts.errors import CliSessionDecidedBefore, LastOwner, LinkNotValid, NamespaceTaken
from skillyard.domain.accounts.links import redeem_link
from skillyard.domain.accounts.members import list_members, remove_member, set_member
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.domain.accounts.rights import Role
from skillyard.infra.errors import SkillyardError
from tests.domain.accounts.test_cli_sessions import VERIFIER, challenge_of
from tests.makers import a_link, a_person, again, an_organization, make_app

AT_ONCE = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, database_url=url)
    warm_up(app)
    yield app
    app.close()


def warm_up(app: App) -> None:
    """Open as many connections as will be used, so that nobody has to wait for one when it counts."""

    def hold_one() -> None:
        with app.database.reading():
            time.sleep(0.1)

    for _ in range(3):
        all_at_once(*[hold_one] * AT_ONCE)


def all_at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call answered, or the refusal that it raised."""
    gate = threading.Barrier(len(calls))

    def attempt(call: Callable[[], object]) -> object:
        gate.wait()
        try:
            return call()
        except SkillyardError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))


def refusals(answers: list[object]) -> list[type]:
    return [type(answer) for answer in answers if isinstance(answer, SkillyardError)]


def test_one_first_administrator_also_with_the_links_of_several_nodes(app: App) -> None:
    codes = [a_link(app) for _ in range(AT_ONCE)]
    answers = all_at_once(
        *(lambda n=n, code=code: redeem_link(app, code=code, username=f"ada-{n}") for n, code in enumerate(codes))
    )
    assert refusals(answers) == [LinkNotValid] * (AT_ONCE - 1)
    with app.database.reading() as tx:
        assert len(tx.all("SELECT 1 FROM users")) == len(tx.all("SELECT 1 FROM namespaces")) == 1


def test_one_sign_in_per_link(app: App) -> None:
    a_person(app, "ada")
    code = a_link(app, "ada")
    answers = all_at_once(*[lambda: redeem_link(app, code=code)] * AT_ONCE)
    assert refusals(answers) == [LinkNotValid] * (AT_ONCE - 1)


def test_one_creator_of_a_namespace(app: App) -> None:
    people = [a_person(app, f"person-{n}") for n in range(AT_ONCE)]
    answers = all_at_once(*(lambda who=who: create_namespace(app, who, slug="acme") for who in people))
    assert refusals(answers) == [NamespaceTaken] * (AT_ONCE - 1)
    assert [again(app, who).may("manage_members", on="acme") for who in people].count(True) == 1


def test_one_owner_stays_when_all_leave_together(app: App) -> None:
    founder = an_organization(app, a_person(app, "ada"), "acme")
    owners = [founder]
    for n in range(AT_ONCE - 1):
        person = a_person(app, f"owner-{n}")
        set_member(app, founder, namespace="acme", username=str(person.username), role=Role.OWNER)
        owners.append(again(app, person))
    answers = all_at_once(
        *(lambda who=who: remove_member(app, who, namespace="acme", username=str(who.username)) for who in owners)
    )
    assert refusals(answers) == [LastOwner]
    (last,) = [who for who in owners if again(app, who).may("read", on="acme")]
    assert len(list_members(app, again(app, last), namespace="acme").items) == 1


def test_one_token_per_command_line(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = start_cli_session(app, code_challenge=challenge_of(VERIFIER), client_name="laptop", address="::1")
    decisions = all_at_once(*[lambda: approve_cli_session(app, ada, session_id=waiting.id)] * AT_ONCE)
    assert refusals(decisions) == [CliSessionDecidedBefore] * (AT_ONCE - 1)
    polls = all_at_once(*[lambda: poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)] * AT_ONCE)
    assert refusals(polls) == [CliSessionDecidedBefore] * (AT_ONCE - 1)
