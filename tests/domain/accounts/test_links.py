from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    AdministratorsOnly,
    LinkNotValid,
    NamespaceTaken,
    NotAcceptable,
    TokenRevoked,
    UserNotFound,
)
from skillyard.domain.accounts.links import create_sign_in_link, first_sign_in_link, look_at_link, redeem_link
from skillyard.domain.accounts.passwords import sign_in_with_password
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Role
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import read_after
from tests.makers import a_link, a_person, an_organization, secret_of

DAY_S = 24 * 3600
SENTENCE = "purple rain on mondays"


def code_of(url: str | None) -> str:
    assert url
    return url.rpartition("/")[2]


def kinds_of_events(app: App) -> list[str]:
    with app.database.reading() as tx:
        return [event.kind for event in read_after(tx, 0)]


def test_first_link_creates_an_administrator_with_a_personal_namespace(app: App) -> None:
    url = first_sign_in_link(app)
    session = redeem_link(app, code=code_of(url), username="ada", display_name="Ada Lovelace")
    caller = authenticate(app, session.access_token)
    assert url == f"{app.settings.address}/sign-in/{code_of(url)}"
    assert (caller.username, caller.is_admin, caller.roles) == ("ada", True, {"ada": Role.OWNER})
    assert session.user.display_name == "Ada Lovelace"


def test_there_is_no_first_link_once_somebody_has_an_account(app: App) -> None:
    a_person(app, "ada")
    assert first_sign_in_link(app) is None


def test_first_links_of_several_nodes_are_void_once_one_was_used(app: App) -> None:
    one, other = code_of(first_sign_in_link(app)), code_of(first_sign_in_link(app))
    redeem_link(app, code=one, username="ada")
    with pytest.raises(LinkNotValid):
        redeem_link(app, code=other, username="eve")


def test_a_link_works_once(app: App) -> None:
    code = a_link(app)
    redeem_link(app, code=code, username="ada")
    with pytest.raises(LinkNotValid):
        redeem_link(app, code=code, username="bob")


def test_a_link_expires_after_a_day(app: App, clock: FixedClock) -> None:
    code = a_link(app)
    clock.move(seconds=DAY_S - 1)
    assert look_at_link(app, code).kind == "first_admin"
    clock.move(seconds=1)
    with pytest.raises(LinkNotValid):
        redeem_link(app, code=code, username="ada")


def test_looking_at_a_link_does_not_use_it_up(app: App) -> None:
    code = a_link(app)
    for _ in range(3):
        assert look_at_link(app, code).user is None
    assert redeem_link(app, code=code, username="ada").user.username == "ada"


def test_a_refused_name_leaves_the_link_usable(app: App) -> None:
    a_person(app, "ada")
    code = a_link(app)
    with pytest.raises(NamespaceTaken):
        redeem_link(app, code=code, username="ada")
    with pytest.raises(NotAcceptable):
        redeem_link(app, code=code, username="Bob Builder")
    assert redeem_link(app, code=code, username="bob").user.username == "bob"


def test_all_faults_of_a_new_account_come_together(app: App) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        redeem_link(app, code=a_link(app), username="Ada!", display_name="a\nb", password="pa55")
    codes = {fault["code"] for fault in refusal.value.faults}
    assert codes == {"bad_name", "bad_text", "bad_password"}
    assert "pa55" not in str(refusal.value.faults)


@pytest.mark.parametrize("name", ["admin", "api", "cli", "sign-in", "con", "", "a" * 65, "ada--x", "ädä", "a\x00b"])
def test_names_that_nobody_may_have_are_refused(app: App, name: str) -> None:
    with pytest.raises(NotAcceptable):
        redeem_link(app, code=a_link(app), username=name)


def test_a_username_and_a_namespace_cannot_have_the_same_name(app: App) -> None:
    an_organization(app, a_person(app, "ada"), "acme")
    with pytest.raises(NamespaceTaken):
        redeem_link(app, code=a_link(app), username="acme")


def test_a_link_for_an_account_signs_in_and_ignores_the_name(app: App) -> None:
    admin = a_person(app, "ada")
    a_person(app, "bob")
    link = create_sign_in_link(app, admin, username="bob")
    assert look_at_link(app, link.code).user.username == "bob"
    assert redeem_link(app, code=link.code, username="eve").user.username == "bob"


def test_a_link_for_an_account_can_replace_a_forgotten_password(app: App) -> None:
    admin = a_person(app, "ada")
    bob = a_person(app, "bob", password="forgotten by tomorrow")
    link = create_sign_in_link(app, admin, username="bob")
    redeem_link(app, code=link.code, password=SENTENCE)
    assert sign_in_with_password(app, username="bob", password=SENTENCE, address="::1").user.username == "bob"
    with pytest.raises(TokenRevoked):
        authenticate(app, secret_of(bob))


def test_a_link_does_not_let_a_suspended_person_in(app: App) -> None:
    admin = a_person(app, "ada")
    a_person(app, "bob")
    link = create_sign_in_link(app, admin, username="bob")
    suspend_user(app, admin, username="bob")
    with pytest.raises(AccountSuspended):
        redeem_link(app, code=link.code)


def test_only_administrators_make_links(app: App) -> None:
    admin, bob = a_person(app, "ada"), a_person(app, "bob")
    with pytest.raises(AdministratorsOnly):
        create_sign_in_link(app, bob)
    with pytest.raises(UserNotFound):
        create_sign_in_link(app, admin, username="nobody")


def test_invited_people_are_no_administrators(app: App) -> None:
    admin = a_person(app, "ada")
    invitation = create_sign_in_link(app, admin)
    assert not redeem_link(app, code=invitation.code, username="bob").user.is_admin


@pytest.mark.parametrize("code", ["", "x", "sky_link_" + "a" * 38, "\x00", "sky_link_é"])
def test_what_is_no_code_is_refused(app: App, code: str) -> None:
    with pytest.raises(LinkNotValid):
        look_at_link(app, code)


def test_every_step_is_an_event_and_no_event_holds_a_secret(app: App) -> None:
    code = a_link(app)
    session = redeem_link(app, code=code, username="ada", password=SENTENCE)
    assert kinds_of_events(app) == [
        "sign_in_link.created", "user.created", "namespace.created", "member.changed", "user.signed_in",
    ]  # fmt: skip
    with app.database.reading() as tx:
        everything = str(read_after(tx, 0))
    assert not any(secret in everything for secret in (code, session.access_token, SENTENCE))


def test_secrets_are_stored_hashed(app: App) -> None:
    code = a_link(app)
    session = redeem_link(app, code=code, username="ada", password=SENTENCE)
    with app.database.reading() as tx:
        tables = ("users", "tokens", "sign_in_links")
        everything = str([tx.all(f"SELECT * FROM {table}") for table in tables])
    assert not any(secret in everything for secret in (code, session.access_token, SENTENCE))
    assert "$argon2id$" in everything
