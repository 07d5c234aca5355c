from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import (
    AlreadyMember,
    InvitationNotFound,
    NamespaceNotFound,
    NotAcceptable,
    PersonalNamespace,
    RoleTooLow,
    ScopeMissing,
    TooManyInvitations,
    UserNotFound,
)
from skillyard.domain.accounts.invitations import (
    MOST_INVITATIONS,
    accept_invitation,
    decline_invitation,
    invite_member,
    list_invitations,
    list_my_invitations,
    revoke_invitation,
)
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.members import list_members, set_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unauthenticated
from tests.makers import a_person, again, an_organization

DAY_S = 24 * 3600


@pytest.fixture
def ada(app: App) -> Caller:
    """Owns acme."""
    return an_organization(app, a_person(app, "ada"))


@pytest.fixture
def eve(app: App, ada: Caller) -> Caller:
    return a_person(app, "eve")


def members(app: App, ada: Caller) -> dict[str, str]:
    return {one.username: one.role.value for one in list_members(app, ada, namespace="acme").items}


def test_who_is_invited_has_no_right_until_they_accept(app: App, ada: Caller, eve: Caller) -> None:
    made = invite_member(app, ada, namespace="acme", username="eve", role=Role.MAINTAINER)
    assert (made.role, made.invited_by) == (Role.MAINTAINER, "ada")
    assert not again(app, eve).may("read", on="acme")
    assert list_my_invitations(app, eve).items == list_invitations(app, ada, namespace="acme").items == (made,)
    assert members(app, ada) == {"ada": "owner"}
    member = accept_invitation(app, eve, namespace="acme")
    assert (member.username, member.role) == ("eve", Role.MAINTAINER)
    assert again(app, eve).may("publish", on="acme")
    assert list_my_invitations(app, eve).items == list_invitations(app, ada, namespace="acme").items == ()
    with pytest.raises(InvitationNotFound):
        accept_invitation(app, eve, namespace="acme")


def test_an_invitation_that_was_declined_revoked_or_has_expired_is_void(
    app: App, clock: FixedClock, ada: Caller, eve: Caller
) -> None:
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    assert decline_invitation(app, eve, namespace="acme").username == "eve"
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    assert revoke_invitation(app, ada, namespace="acme", username="eve").username == "eve"
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER, expires_in_days=1)
    clock.move(seconds=DAY_S)
    for attempt in (accept_invitation, decline_invitation):
        with pytest.raises(InvitationNotFound):
            attempt(app, eve, namespace="acme")
    with pytest.raises(InvitationNotFound):
        revoke_invitation(app, ada, namespace="acme", username="eve")
    assert list_my_invitations(app, eve).items == ()
    forget_expired_sign_ins(app)
    with app.database.reading() as tx:
        assert tx.one("SELECT 1 FROM namespace_invitations") is None
    assert members(app, ada) == {"ada": "owner"}


def test_another_invitation_takes_the_place_of_the_first(app: App, ada: Caller, eve: Caller) -> None:
    invite_member(app, ada, namespace="acme", username="eve", role=Role.OWNER)
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    assert accept_invitation(app, eve, namespace="acme").role is Role.READER


def test_who_became_a_member_otherwise_keeps_their_role(app: App, ada: Caller, eve: Caller) -> None:
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    set_member(app, ada, namespace="acme", username="eve", role=Role.MAINTAINER)
    assert accept_invitation(app, eve, namespace="acme").role is Role.MAINTAINER
    with pytest.raises(AlreadyMember):
        invite_member(app, ada, namespace="acme", username="eve", role=Role.OWNER)


def test_only_owners_invite_and_only_the_invited_answer(app: App, ada: Caller, eve: Caller) -> None:
    bob = a_person(app, "bob")
    set_member(app, ada, namespace="acme", username="bob", role=Role.MAINTAINER)
    bob = again(app, bob)
    invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    for attempt in (
        lambda who: invite_member(app, who, namespace="acme", username="eve", role=Role.OWNER),
        lambda who: list_invitations(app, who, namespace="acme"),
        lambda who: revoke_invitation(app, who, namespace="acme", username="eve"),
    ):
        with pytest.raises(RoleTooLow):
            attempt(bob)
        with pytest.raises(NamespaceNotFound):
            attempt(eve)
    for answer in (accept_invitation, decline_invitation):
        for who in (ada, bob):
            with pytest.raises(InvitationNotFound):
                answer(app, who, namespace="acme")
        with pytest.raises(Unauthenticated):
            answer(app, Caller(), namespace="acme")
        with pytest.raises(ScopeMissing):
            answer(app, replace(eve, scopes=frozenset({Scope.READ})), namespace="acme")
    assert members(app, ada) == {"ada": "owner", "bob": "maintainer"}


def test_what_cannot_be_invited_is_refused(app: App, ada: Caller, eve: Caller) -> None:
    with pytest.raises(PersonalNamespace):
        invite_member(app, ada, namespace="ada", username="eve", role=Role.READER)
    for name in ("nobody", "", "EVE", "a/b", "x" * 300, "\x00"):
        with pytest.raises(UserNotFound):
            invite_member(app, ada, namespace="acme", username=name, role=Role.READER)
        with pytest.raises(InvitationNotFound):
            revoke_invitation(app, ada, namespace="acme", username=name)
        with pytest.raises(InvitationNotFound):
            accept_invitation(app, ada, namespace=name)
    for days in (0, -1, 91, 10**9):
        with pytest.raises(NotAcceptable):
            invite_member(app, ada, namespace="acme", username="eve", role=Role.READER, expires_in_days=days)


def test_a_namespace_has_only_so_many_open_invitations(
    app: App, ada: Caller, eve: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_INVITATIONS >= 100
    monkeypatch.setattr("skillyard.domain.accounts.invitations.MOST_INVITATIONS", 1)
    a_person(app, "bob")
    invite_member(app, ada, namespace="acme", username="bob", role=Role.READER)
    with pytest.raises(TooManyInvitations):
        invite_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    assert list_my_invitations(app, eve).items == ()


def test_of_many_answers_at_once_one_counts(each_app: App) -> None:
    ada = an_organization(each_app, a_person(each_app, "ada"))
    eve = a_person(each_app, "eve")
    invite_member(each_app, ada, namespace="acme", username="eve", role=Role.READER)

    def answer(number: int) -> bool:
        try:
            (accept_invitation if number % 2 else decline_invitation)(each_app, eve, namespace="acme")
        except InvitationNotFound:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(answer, range(6))) == 1
