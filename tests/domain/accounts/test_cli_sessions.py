from __future__ import annotations

import base64
import hashlib
import re
import secrets
from functools import partial
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.cli_sessions import (
    approve_cli_session,
    deny_cli_session,
    find_cli_session,
    get_cli_session,
    poll_cli_session,
    start_cli_session,
)
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    CliSessionDecidedBefore,
    CliSessionNotFound,
    NotAcceptable,
    PolledTooSoon,
    TokenTooNarrow,
    TooManySignIns,
)
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token, list_tokens
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unauthenticated
from tests.makers import a_person, make_app

VERIFIER = secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def started(app: App) -> CliSession:
    return start_cli_session(app, code_challenge=challenge_of(VERIFIER), client_name="laptop", address="::1")


def test_an_approved_command_line_gets_a_token_once(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = started(app)
    assert poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER).status == "pending"
    assert approve_cli_session(app, ada, session_id=waiting.id).status == "approved"
    poll = poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)
    assert poll.session
    assert authenticate(app, poll.session.access_token).username == "ada"
    with pytest.raises(CliSessionDecidedBefore):
        poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)


def test_only_the_holder_of_the_verifier_collects(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = started(app)
    approve_cli_session(app, ada, session_id=waiting.id)
    for verifier in (secrets.token_urlsafe(48), challenge_of(VERIFIER), "", "é" * 50):
        with pytest.raises(CliSessionNotFound):
            poll_cli_session(app, session_id=waiting.id, code_verifier=verifier)
    assert poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER).session


def test_a_denied_command_line_learns_it(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = started(app)
    deny_cli_session(app, ada, session_id=waiting.id)
    assert poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER).status == "denied"
    with pytest.raises(CliSessionDecidedBefore):
        approve_cli_session(app, ada, session_id=waiting.id)


def test_it_expires_after_ten_minutes_also_when_approved(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    waiting, approved = started(app), started(app)
    approve_cli_session(app, ada, session_id=approved.id)
    clock.move(seconds=600)
    assert poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER).status == "expired"
    assert poll_cli_session(app, session_id=approved.id, code_verifier=VERIFIER).status == "expired"
    with pytest.raises(CliSessionDecidedBefore, match="expired"):
        approve_cli_session(app, ada, session_id=waiting.id)


def test_the_person_sees_what_the_command_line_shows(app: App) -> None:
    waiting = started(app)
    assert get_cli_session(app, a_person(app, "ada"), session_id=waiting.id) == waiting
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", waiting.user_code)


def test_strangers_and_narrow_tokens_approve_nothing(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = started(app)
    with pytest.raises(Unauthenticated):
        approve_cli_session(app, ANONYMOUS, session_id=waiting.id)
    machine = authenticate(app, create_token(app, ada, name="ci", scopes=[Scope.MANAGE]).secret)
    with pytest.raises(TokenTooNarrow):
        approve_cli_session(app, machine, session_id=waiting.id)


def test_whoever_was_suspended_meanwhile_hands_nothing_out(app: App) -> None:
    admin, bob = a_person(app, "ada"), a_person(app, "bob")
    waiting = started(app)
    approve_cli_session(app, bob, session_id=waiting.id)
    suspend_user(app, admin, username="bob")
    with pytest.raises(AccountSuspended):
        poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)


@pytest.mark.parametrize("session_id", ["cli_unknown", "", "\x00", "é", "x" * 5000])
def test_what_is_no_session_is_not_found(app: App, session_id: str) -> None:
    with pytest.raises(CliSessionNotFound):
        get_cli_session(app, a_person(app, "ada"), session_id=session_id)


@pytest.mark.parametrize(
    ("challenge", "name"),
    [("short", "laptop"), (challenge_of(VERIFIER) + "=", "laptop"), (challenge_of(VERIFIER), "evil\u202etxt")],
    ids=["short", "padded", "odd name"],
)
def test_a_bad_start_is_refused(app: App, challenge: str, name: str) -> None:
    with pytest.raises(NotAcceptable):
        start_cli_session(app, code_challenge=challenge, client_name=name, address="::1")


def test_starting_is_limited_per_address(tmp_path: Path) -> None:
    app = make_app(tmp_path, logins_per_minute=2)
    started(app), started(app)
    with pytest.raises(TooManySignIns):
        started(app)
    app.close()


def test_a_narrow_sign_in_hands_out_a_token_with_its_scopes_only(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    waiting = start_cli_session(
        app, code_challenge=challenge_of(VERIFIER), client_name="laptop", address="::1", scopes=[Scope.READ],
        life_ms=300_000,
    )  # fmt: skip
    assert approve_cli_session(app, ada, session_id=waiting.id).scopes == {Scope.READ}
    poll = poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)
    assert poll.session
    caller = authenticate(app, poll.session.access_token)
    assert caller.scopes == {Scope.READ}
    assert caller.token_id in [token.id for token in list_tokens(app, ada).items]
    clock.move(seconds=89 * 24 * 3600)
    assert authenticate(app, poll.session.access_token).username == "ada"


def test_a_narrow_sign_in_may_wait_for_less_time(app: App, clock: FixedClock) -> None:
    waiting = start_cli_session(
        app, code_challenge=challenge_of(VERIFIER), client_name="laptop", address="::1", scopes=[Scope.READ],
        life_ms=300_000,
    )  # fmt: skip
    clock.move(seconds=300)
    assert poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER).status == "expired"


def test_a_client_that_asks_for_a_key_gets_one_for_its_integrations(app: App) -> None:
    ada = a_person(app, "ada")
    waiting = start_cli_session(
        app,
        code_challenge=challenge_of(VERIFIER),
        client_name="agent",
        address="::1",
        scopes=[Scope.CALL],
        integrations=["github"],
    )
    assert get_cli_session(app, ada, session_id=waiting.id).integrations == {"github"}
    approve_cli_session(app, ada, session_id=waiting.id)
    poll = poll_cli_session(app, session_id=waiting.id, code_verifier=VERIFIER)
    assert poll.session
    key = authenticate(app, poll.session.access_token)
    assert key.scopes == {Scope.CALL}
    assert key.token_integrations == {"github"}


def test_who_polls_too_often_is_slowed_down(app: App, clock: FixedClock) -> None:
    waiting = started(app)
    poll = partial(poll_cli_session, app, session_id=waiting.id, code_verifier=VERIFIER, least_ms=4000)
    assert poll().status == "pending"
    clock.move(seconds=3)
    with pytest.raises(PolledTooSoon):
        poll()
    clock.move(seconds=1)
    assert poll().status == "pending"


def test_what_waits_is_found_by_the_code_that_a_person_types(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    waiting = started(app)
    for typed in (waiting.user_code, waiting.user_code.lower(), f" {waiting.user_code.replace('-', ' ')}\n"):
        assert find_cli_session(app, ada, user_code=typed, address="::1").id == waiting.id
    for wrong in ("", "AAAA-AAAA", waiting.user_code[:-1], waiting.user_code + "B", "é" * 9, "%"):
        with pytest.raises(CliSessionNotFound):
            find_cli_session(app, ada, user_code=wrong, address="::2")
    clock.move(seconds=601)
    with pytest.raises(CliSessionNotFound):
        find_cli_session(app, ada, user_code=waiting.user_code, address="::3")


def test_codes_are_not_to_be_guessed(app: App) -> None:
    ada = a_person(app, "ada")
    for _ in range(app.settings.logins_per_minute):
        with pytest.raises(CliSessionNotFound):
            find_cli_session(app, ada, user_code="BBBB-BBBB", address="::1")
    with pytest.raises(TooManySignIns):
        find_cli_session(app, ada, user_code="BBBB-BBBB", address="::1")
    with pytest.raises(Unauthenticated):
        find_cli_session(app, ANONYMOUS, user_code="BBBB-BBBB", address="::2")
