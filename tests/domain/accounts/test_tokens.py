from __future__ import annotations

import re
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    IntegrationNotInScope,
    NamespaceNotFound,
    NotAcceptable,
    ScopeMissing,
    ScopesTooWide,
    TokenExpired,
    TokenNotFound,
    TokenNotValid,
    TokenRevoked,
    TokenTooNarrow,
)
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.domain.accounts.people import get_me, restore_user, suspend_user
from skillyard.domain.accounts.rights import RIGHTS, Role, Scope
from skillyard.domain.accounts.sessions import sign_out
from skillyard.domain.accounts.token_uses import write_uses
from skillyard.domain.accounts.tokens import create_token, list_tokens, revoke_token
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.ids import is_well_formed_secret
from skillyard.infra.paging import BadCursor
from tests.makers import a_person, again, an_organization, secret_of

DAY_S = 24 * 3600


def a_machine(app: App, owner: Caller, *scopes: Scope, **limits: object) -> Caller:
    return authenticate(app, create_token(app, owner, name="ci", scopes=scopes, **limits).secret)


def test_no_token_is_anonymous_and_a_bad_one_never_is(app: App) -> None:
    assert authenticate(app, None) is ANONYMOUS
    ada = secret_of(a_person(app, "ada"))
    body, _, signature = ada.rpartition(".")
    unsigned = "eyJhbGciOiJub25lIn0." + body.partition(".")[2]
    for bad in (
        "",
        "x",
        "..",
        ada[:-1],
        ada.swapcase(),
        f"{body}.",
        f"{unsigned}.",
        f"{unsigned}.{signature}",
        "é.é.é",
    ):
        with pytest.raises(TokenNotValid):
            authenticate(app, bad)


def test_an_access_token_expires_after_an_hour(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    clock.move(seconds=3599)
    assert again(app, ada).username == "ada"
    clock.move(seconds=1)
    with pytest.raises(TokenExpired):
        again(app, ada)


def test_a_personal_token_has_the_recognisable_form_and_shows_its_beginning(app: App) -> None:
    new = create_token(app, a_person(app, "ada"), name="ci", scopes=[Scope.READ])
    assert is_well_formed_secret(new.secret, "sky_pt")
    assert new.token.prefix == new.secret[:12]


def test_scopes_narrow_the_caller(app: App) -> None:
    ada = a_person(app, "ada")
    reader = a_machine(app, ada, Scope.READ)
    assert reader.may("read", on="ada")
    for right in ("publish", "manage", "manage_members"):
        with pytest.raises(ScopeMissing):
            reader.must(right, on="ada")
    with pytest.raises(ScopeMissing):
        reader.must("administer")


def test_namespaces_narrow_the_caller(app: App) -> None:
    ada = an_organization(app, a_person(app, "ada"), "acme")
    machine = a_machine(app, ada, Scope.READ, Scope.PUBLISH, Scope.MANAGE, namespaces=["acme"])
    assert machine.roles == {"acme": Role.OWNER}
    machine.must("publish", on="acme")
    with pytest.raises(NamespaceNotFound):
        machine.must("publish", on="ada")
    with pytest.raises(TokenTooNarrow):
        create_namespace(app, machine, slug="other")


def test_the_admin_scope_counts_for_administrators_only(app: App) -> None:
    ada, bob = a_person(app, "ada"), a_person(app, "bob")
    assert ada.may("administer")
    assert Scope.ADMIN not in bob.scopes
    with pytest.raises(ScopesTooWide):
        create_token(app, bob, name="ci", scopes=[Scope.READ, Scope.ADMIN])


def test_a_token_makes_no_wider_and_no_longer_token(app: App) -> None:
    ada = an_organization(app, a_person(app, "ada"), "acme")
    machine = a_machine(app, ada, Scope.MANAGE, Scope.READ, expires_in_days=10)
    with pytest.raises(ScopesTooWide, match="publish"):
        create_token(app, machine, name="wider", scopes=[Scope.READ, Scope.PUBLISH])
    child = create_token(app, machine, name="longer", scopes=[Scope.READ], expires_in_days=365).token
    assert child.expires_ms == machine.token_expires_ms
    limited = a_machine(app, ada, Scope.MANAGE, namespaces=["acme"])
    with pytest.raises(TokenTooNarrow):
        create_token(app, limited, name="unlimited", scopes=[Scope.MANAGE])


def test_a_token_for_a_namespace_of_others_is_refused(app: App) -> None:
    an_organization(app, a_person(app, "ada"), "acme")
    with pytest.raises(NamespaceNotFound):
        create_token(app, a_person(app, "bob"), name="ci", scopes=[Scope.READ], namespaces=["acme"])


def test_all_faults_of_a_token_come_together(app: App) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        create_token(app, a_person(app), name="", scopes=[], expires_in_days=366, namespaces=[])
    codes = [fault["code"] for fault in refusal.value.faults]
    assert codes == ["bad_text", "no_scopes", "bad_expiry", "no_namespaces"]


@pytest.mark.parametrize("days", [0, 366, -1, 10**30])
def test_a_token_lives_one_to_365_days(app: App, days: int) -> None:
    with pytest.raises(NotAcceptable):
        create_token(app, a_person(app), name="ci", scopes=[Scope.READ], expires_in_days=days)


def test_a_revoked_token_is_void_at_once_and_stays_in_the_list(app: App) -> None:
    ada = a_person(app, "ada")
    new = create_token(app, ada, name="ci", scopes=[Scope.READ])
    first = revoke_token(app, ada, token_id=new.token.id)
    assert revoke_token(app, ada, token_id=new.token.id) == first
    with pytest.raises(TokenRevoked):
        authenticate(app, new.secret)
    (listed,) = list_tokens(app, ada).items
    assert listed.revoked_ms is not None


def test_nobody_revokes_the_token_of_another(app: App) -> None:
    ada, bob = a_person(app, "ada"), a_person(app, "bob")
    new = create_token(app, ada, name="ci", scopes=[Scope.READ])
    for token_id in (new.token.id, ada.token_id, "tok_none", "\x00", "é"):
        with pytest.raises(TokenNotFound):
            revoke_token(app, bob, token_id=token_id)
    assert authenticate(app, new.secret).username == "ada"


def test_tokens_are_listed_in_pages_newest_first(app: App) -> None:
    ada = a_person(app, "ada")
    made = [create_token(app, ada, name=f"t{n}", scopes=[Scope.READ]).token.id for n in range(5)]
    seen, cursor = [], None
    while True:
        page = list_tokens(app, ada, limit=2, cursor=cursor)
        seen += [token.id for token in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(made, reverse=True)
    for bad in ("?", "WzFd", "W10", "bnVsbA", "é"):
        with pytest.raises(BadCursor):
            list_tokens(app, ada, cursor=bad)


def test_signing_out_revokes_the_presented_token(app: App) -> None:
    ada = a_person(app, "ada")
    sign_out(app, ada)
    with pytest.raises(TokenRevoked):
        again(app, ada)
    with pytest.raises(Unauthenticated):
        sign_out(app, ANONYMOUS)


def test_a_suspended_account_is_refused_and_can_be_restored(app: App) -> None:
    admin, bob = a_person(app, "ada"), a_person(app, "bob")
    suspend_user(app, admin, username="bob")
    with pytest.raises(AccountSuspended):
        again(app, bob)
    restore_user(app, admin, username="bob")
    assert again(app, bob).username == "bob"


def test_the_last_use_is_written_at_most_once_a_minute(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    write_uses(app)
    machine = create_token(app, ada, name="ci", scopes=[Scope.READ])
    authenticate(app, machine.secret)
    assert write_uses(app) == 1
    (listed,) = list_tokens(app, ada).items
    assert listed.last_used_ms == clock.now_ms()
    clock.move(seconds=59)
    authenticate(app, machine.secret)
    assert write_uses(app) == 0
    clock.move(seconds=1)
    authenticate(app, machine.secret)
    assert write_uses(app) == 1


def test_me_shows_what_the_token_may_really_do(app: App) -> None:
    a_person(app, "ada")
    bob = an_organization(app, a_person(app, "bob"), "acme")
    me = get_me(app, a_machine(app, bob, Scope.READ, namespaces=["acme"]))
    assert (me.user.username, me.token.kind, me.token.scopes) == ("bob", "personal", {Scope.READ})
    assert [(own.slug, own.role) for own in me.namespaces] == [("acme", Role.OWNER)]
    assert Scope.ADMIN not in get_me(app, bob).token.scopes


def test_what_has_long_expired_is_forgotten(app: App, clock: FixedClock) -> None:
    ada = a_person(app, "ada")
    create_token(app, ada, name="ci", scopes=[Scope.READ], expires_in_days=1)
    counts = []
    for days in (1, 2, 90):
        clock.move(seconds=days * DAY_S)
        forget_expired_sign_ins.run(app)
        with app.database.reading() as tx:
            counts.append([len(tx.all(f"SELECT 1 FROM {table}")) for table in ("sign_in_links", "tokens")])
    assert counts == [[1, 2], [0, 1], [0, 0]]


@pytest.mark.parametrize("integrations", [None, ["github", "slack"]])
def test_a_key_for_integrations_calls_them_and_does_nothing_else(app: App, integrations: list[str] | None) -> None:
    ada = a_person(app, "ada")
    new = create_token(app, ada, name="agent", scopes=[Scope.CALL], integrations=integrations)
    assert re.fullmatch(r"sk_[0-9a-f]{64}", new.secret)
    assert new.token.prefix == new.secret[:8]
    key = authenticate(app, new.secret)
    assert key.may("call_integrations")
    assert key.may("connect")
    assert [right for right in RIGHTS if key.may(right, on="ada")] == ["identify", "call_integrations", "connect"]
    assert get_me(app, key).namespaces == ()


def test_a_key_for_some_integrations_reaches_no_others(app: App) -> None:
    ada = a_person(app, "ada")
    new = create_token(app, ada, name="agent", scopes=[Scope.CALL], integrations=["github", "slack"])
    key = authenticate(app, new.secret)
    key.must_reach_integration("slack")
    with pytest.raises(IntegrationNotInScope, match="not good for stripe, only for: github, slack"):
        key.must_reach_integration("stripe")
    a_machine(app, ada, Scope.CALL).must_reach_integration("stripe")
    ada.must_reach_integration("stripe")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"scopes": [Scope.CALL, Scope.READ], "integrations": ["github"]}, "more_than_calls"),
        ({"scopes": [Scope.MANAGE], "integrations": ["github"]}, "more_than_calls"),
        ({"scopes": [Scope.CALL], "integrations": []}, "bad_integrations"),
        ({"scopes": [Scope.CALL], "integrations": ["a"] * 101}, "bad_integrations"),
        ({"scopes": [Scope.CALL], "integrations": ["git hub"]}, "bad_integration"),
        ({"scopes": [Scope.CALL], "integrations": ["github\n"]}, "bad_integration"),
        ({"scopes": [Scope.CALL], "integrations": ["../x"]}, "bad_integration"),
        ({"scopes": [Scope.CALL], "namespaces": ["ada"]}, "no_use_for_namespaces"),
    ],
)
def test_a_key_that_would_be_wider_or_of_no_use_is_refused(app: App, limits: dict[str, Any], code: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        create_token(app, a_person(app, "ada"), name="agent", **limits)
    assert code in [fault["code"] for fault in refused.value.faults]


def test_keys_are_listed_among_the_tokens_and_by_themselves(app: App) -> None:
    ada = a_person(app, "ada")
    key = create_token(app, ada, name="agent", scopes=[Scope.CALL], integrations=["github"]).token
    both = create_token(app, ada, name="both", scopes=[Scope.CALL, Scope.READ]).token
    assert {token.id for token in list_tokens(app, ada).items} == {both.id, key.id}
    assert list_tokens(app, ada, only_keys=True).items == (key,)


def test_a_key_that_was_revoked_or_made_up_is_refused(app: App) -> None:
    ada = a_person(app, "ada")
    new = create_token(app, ada, name="agent", scopes=[Scope.CALL])
    revoke_token(app, ada, token_id=new.token.id)
    with pytest.raises(TokenRevoked):
        authenticate(app, new.secret)
    for bad in (f"sk_{'0' * 64}", new.secret.upper(), new.secret[:-1], new.secret + "0"):
        with pytest.raises(TokenNotValid):
            authenticate(app, bad)
