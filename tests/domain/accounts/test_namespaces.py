from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import (
    LastOwner,
    MemberNotFound,
    NamespaceNotFound,
    NamespaceTaken,
    NotAcceptable,
    PersonalNamespace,
    RoleTooLow,
    UserNotFound,
)
from skillyard.domain.accounts.members import list_members, remove_member, set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.namespaces import create_namespace, get_namespace, list_my_namespaces
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Role
from skillyard.infra.errors import Unauthenticated
from tests.makers import a_person, again, an_organization


@pytest.fixture
def ada(app: App) -> Caller:
    return an_organization(app, a_person(app, "ada"), "acme")


@pytest.fixture
def bob(app: App, ada: Caller) -> Caller:
    return a_person(app, "bob")


def as_member(app: App, owner: Caller, person: Caller, role: Role) -> Caller:
    set_member(app, owner, namespace="acme", username=str(person.username), role=role)
    return again(app, person)


def test_anybody_signed_in_creates_a_namespace_and_owns_it(app: App, bob: Caller) -> None:
    new = create_namespace(app, bob, slug="bobs-tools", display_name="Bob's tools")
    assert (new.namespace.kind, new.namespace.role, new.notes) == ("organization", Role.OWNER, ())
    assert get_namespace(app, again(app, bob), namespace="bobs-tools").display_name == "Bob's tools"
    with pytest.raises(Unauthenticated):
        create_namespace(app, ANONYMOUS, slug="nobodys")


@pytest.mark.parametrize("slug", ["acme", "ada"])
def test_a_taken_name_is_a_conflict(app: App, bob: Caller, slug: str) -> None:
    with pytest.raises(NamespaceTaken):
        create_namespace(app, bob, slug=slug)


@pytest.mark.parametrize("slug", ["api", "cli", "Acme", "", "a b", "skillyard"])
def test_a_bad_or_reserved_name_is_refused(app: App, ada: Caller, slug: str) -> None:
    with pytest.raises(NotAcceptable):
        create_namespace(app, ada, slug=slug)


def test_names_that_look_alike_are_noted(app: App, ada: Caller) -> None:
    create_namespace(app, ada, slug="paypal")
    for number in range(60):
        create_namespace(app, ada, slug=f"pb-{number}")
    assert create_namespace(app, ada, slug="paypa1").notes == ("paypa1 looks like paypal, which exists already.",)
    assert "paypall looks like paypal, which exists already." in create_namespace(app, ada, slug="paypall").notes
    assert create_namespace(app, ada, slug="unrelated").notes == ()


def test_what_one_does_not_belong_to_does_not_exist(app: App, bob: Caller) -> None:
    for namespace in ("acme", "never-made"):
        with pytest.raises(NamespaceNotFound):
            get_namespace(app, bob, namespace=namespace)
        with pytest.raises(NamespaceNotFound):
            list_members(app, bob, namespace=namespace)
        with pytest.raises(NamespaceNotFound):
            set_member(app, bob, namespace=namespace, username="bob", role=Role.OWNER)


def test_roles_give_what_the_table_says(app: App, ada: Caller, bob: Caller) -> None:
    rights = ("read", "publish", "manage", "manage_members")
    allowed = {}
    for role in Role:
        member = as_member(app, ada, bob, role)
        allowed[role] = [right for right in rights if member.may(right, on="acme")]
    assert allowed == {
        Role.READER: ["read"],
        Role.MAINTAINER: ["read", "publish", "manage"],
        Role.OWNER: ["read", "publish", "manage", "manage_members"],
    }


def test_a_refusal_names_the_role_that_is_needed(app: App, ada: Caller, bob: Caller) -> None:
    reader = as_member(app, ada, bob, Role.READER)
    with pytest.raises(RoleTooLow, match="You are reader of acme; this needs maintainer or owner"):
        reader.must("publish", on="acme")
    with pytest.raises(RoleTooLow):
        remove_member(app, reader, namespace="acme", username="ada")


def test_a_member_may_leave(app: App, ada: Caller, bob: Caller) -> None:
    reader = as_member(app, ada, bob, Role.READER)
    assert remove_member(app, reader, namespace="acme", username="bob").role == Role.READER
    with pytest.raises(NamespaceNotFound):
        again(app, bob).must("read", on="acme")


def test_the_last_owner_neither_leaves_nor_steps_down(app: App, ada: Caller, bob: Caller) -> None:
    as_member(app, ada, bob, Role.MAINTAINER)
    with pytest.raises(LastOwner):
        remove_member(app, ada, namespace="acme", username="ada")
    with pytest.raises(LastOwner):
        set_member(app, ada, namespace="acme", username="ada", role=Role.READER)
    as_member(app, ada, bob, Role.OWNER)
    remove_member(app, ada, namespace="acme", username="ada")
    assert [member.username for member in list_members(app, again(app, bob), namespace="acme").items] == ["bob"]


def test_an_owner_who_is_locked_out_does_not_count(app: App, ada: Caller, bob: Caller) -> None:
    as_member(app, ada, bob, Role.OWNER)
    suspend_user(app, ada, username="bob")
    with pytest.raises(LastOwner):
        remove_member(app, ada, namespace="acme", username="ada")


def test_a_personal_namespace_stays_personal(app: App, ada: Caller, bob: Caller) -> None:
    with pytest.raises(PersonalNamespace):
        set_member(app, ada, namespace="ada", username="bob", role=Role.OWNER)
    with pytest.raises(PersonalNamespace):
        remove_member(app, ada, namespace="ada", username="ada")


@pytest.mark.parametrize("username", ["nobody", "", "\x00", "é", "x" * 999])
def test_somebody_unknown_is_no_member(app: App, ada: Caller, username: str) -> None:
    with pytest.raises(UserNotFound):
        set_member(app, ada, namespace="acme", username=username, role=Role.READER)
    with pytest.raises(MemberNotFound):
        remove_member(app, ada, namespace="acme", username=username)


def test_setting_the_same_role_again_changes_nothing(app: App, ada: Caller, bob: Caller) -> None:
    first = set_member(app, ada, namespace="acme", username="bob", role=Role.READER)
    position = last_event(app)
    assert set_member(app, ada, namespace="acme", username="bob", role=Role.READER) == first
    assert last_event(app) == position


def test_lists_come_in_pages(app: App, ada: Caller) -> None:
    for name in ("zoe", "bob", "eve"):
        a_person(app, name)
        set_member(app, ada, namespace="acme", username=name, role=Role.READER)
    first = list_members(app, ada, namespace="acme", limit=3)
    rest = list_members(app, ada, namespace="acme", limit=3, cursor=first.next_cursor)
    assert [member.username for member in (*first.items, *rest.items)] == ["ada", "bob", "eve", "zoe"]
    mine = list_my_namespaces(app, ada, limit=1)
    more = list_my_namespaces(app, ada, limit=1, cursor=mine.next_cursor)
    assert [own.slug for own in (*mine.items, *more.items)] == ["acme", "ada"]
    assert more.next_cursor is None


def last_event(app: App) -> int:
    with app.database.reading() as tx:
        return tx.one("SELECT max(position) AS position FROM events")["position"]
