from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    NotAcceptable,
    PasswordNotRight,
    SignInFailed,
    TokenRevoked,
    TokenTooNarrow,
    TooManySignIns,
)
from skillyard.domain.accounts.passwords import set_password, sign_in_with_password
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.clock import FixedClock
from tests.makers import a_person, make_app, secret_of, signed_in

SENTENCE = "purple rain on mondays"
OTHER = "green tea after lunch"


def test_the_right_password_signs_in(app: App) -> None:
    a_person(app, "ada", password=SENTENCE)
    session = sign_in_with_password(app, username="ada", password=SENTENCE, address="::1")
    assert authenticate(app, session.access_token).username == "ada"


@pytest.mark.parametrize(
    ("username", "password"),
    [("ada", "wrong"), ("bob", SENTENCE), ("nobody", SENTENCE), ("Ada", SENTENCE), ("a\x00", "x"), ("ada", "x" * 9999)],
)
def test_every_wrong_sign_in_gets_the_same_answer(app: App, username: str, password: str) -> None:
    a_person(app, "ada", password=SENTENCE)
    a_person(app, "bob")
    with pytest.raises(SignInFailed) as refusal:
        sign_in_with_password(app, username=username, password=password, address="::1")
    assert refusal.value.facts == {}


def test_an_unknown_user_costs_as_much_as_a_wrong_password(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    a_person(app, "ada", password=SENTENCE)
    verified = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *args: verified.append(args[1][:40]) or verify(*args))
    for username in ("ada", "nobody"):
        with pytest.raises(SignInFailed):
            sign_in_with_password(app, username=username, password=OTHER, address="::1")
    known, unknown = verified
    assert known.rsplit("$", 1)[0] == unknown.rsplit("$", 1)[0]


def test_a_suspended_person_learns_it_only_with_the_right_password(app: App) -> None:
    admin = a_person(app, "ada")
    a_person(app, "bob", password=SENTENCE)
    suspend_user(app, admin, username="bob")
    with pytest.raises(SignInFailed):
        sign_in_with_password(app, username="bob", password=OTHER, address="::1")
    with pytest.raises(AccountSuspended):
        sign_in_with_password(app, username="bob", password=SENTENCE, address="::1")


def test_a_first_password_needs_no_current_one_and_a_second_does(app: App) -> None:
    ada = a_person(app, "ada")
    assert set_password(app, ada, password=SENTENCE).has_password
    for current in (None, OTHER):
        with pytest.raises(PasswordNotRight):
            set_password(app, ada, password=OTHER, current_password=current)
    set_password(app, ada, password=OTHER, current_password=SENTENCE)
    with pytest.raises(SignInFailed):
        sign_in_with_password(app, username="ada", password=SENTENCE, address="::1")


def test_a_new_password_signs_out_everywhere_else(app: App) -> None:
    here = a_person(app, "ada", password=SENTENCE)
    there = signed_in(app, sign_in_with_password(app, username="ada", password=SENTENCE, address="::1"))
    set_password(app, here, password=OTHER, current_password=SENTENCE)
    assert authenticate(app, secret_of(here)).username == "ada"
    with pytest.raises(TokenRevoked):
        authenticate(app, secret_of(there))


def test_a_token_that_is_limited_cannot_set_the_password(app: App) -> None:
    ada = a_person(app, "ada")
    for limits in ({"scopes": [Scope.MANAGE]}, {"scopes": list(Scope), "namespaces": ["ada"]}):
        machine = authenticate(app, create_token(app, ada, name="ci", **limits).secret)
        with pytest.raises(TokenTooNarrow):
            set_password(app, machine, password=SENTENCE)


@pytest.mark.parametrize("password", ["pa55", "x" * 257, "aaaaaaaaaaaaaaaa", "ada-12345"])
def test_weak_passwords_are_refused_without_being_repeated(app: App, password: str) -> None:
    ada = a_person(app, "ada")
    with pytest.raises(NotAcceptable) as refusal:
        set_password(app, ada, password=password)
    assert password not in refusal.value.message + str(refusal.value.faults)


def test_composed_and_decomposed_characters_are_the_same_password(app: App) -> None:
    a_person(app, "ada", password="caf\u00e9 au lait, s'il vous pla\u00eet")
    decomposed = "cafe\u0301 au lait, s'il vous plai\u0302t"
    assert sign_in_with_password(app, username="ada", password=decomposed, address="::1")


def test_an_old_hash_is_renewed_when_somebody_signs_in(app: App) -> None:
    a_person(app, "ada")
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(SENTENCE)
    with app.database.transaction() as tx:
        tx.run("UPDATE users SET password_hash = ?", weak)
    for _ in range(2):
        sign_in_with_password(app, username="ada", password=SENTENCE, address="::1")
    with app.database.reading() as tx:
        (row,) = tx.all("SELECT password_hash FROM users")
    assert row["password_hash"] != weak
    assert not PasswordHasher().check_needs_rehash(row["password_hash"])


def test_attempts_are_limited_per_address_and_per_account(tmp_path: Path) -> None:
    app = make_app(tmp_path, clock=FixedClock(), logins_per_minute=2)

    def attempt(username: str, address: str) -> None:
        with pytest.raises(SignInFailed):
            sign_in_with_password(app, username=username, password=OTHER, address=address)

    attempt("ada", "192.0.2.1")
    attempt("bob", "192.0.2.1")
    with pytest.raises(TooManySignIns) as refusal:
        sign_in_with_password(app, username="eve", password=OTHER, address="192.0.2.1")
    assert refusal.value.facts["retry_after_s"] > 0
    attempt("ada", "192.0.2.2")
    with pytest.raises(TooManySignIns):
        sign_in_with_password(app, username="ada", password=OTHER, address="192.0.2.3")
    app.close()
