"""Who somebody becomes who signs in with a provider, and who does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    IdentityTaken,
    NamespaceTaken,
    NotAcceptable,
    SetUpFirst,
    SignInLost,
    SignUpClosed,
    SignUpForOthers,
)
from skillyard.domain.accounts.identities import PROVEN_MS, create_account, list_identities
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.people import get_me, restore_user, suspend_user
from skillyard.domain.accounts.rights import Scope
from tests.domain.accounts.oidc.visits import ELSEWHERE, HERE, MovableClock, link, signed_up, visit
from tests.makers import a_person, make_app, signed_in
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient, Provider, Strict


def test_a_first_sign_in_proposes_an_account_and_the_next_one_is_that_account(app: App, provider: Provider) -> None:
    subject = provider.add_person("Ada", email="ada.lovelace@acme.example", name="Ada Lovelace")
    first = visit(app, provider, "Ada")
    assert first.session is None
    assert first.proven is not None
    assert (first.proven.username, first.proven.display_name) == ("ada-lovelace", "Ada Lovelace")
    assert (first.proven.issuer, first.proven.subject) == (provider.issuer, subject)
    made = create_account(app, ticket=first.ticket or "", browser=HERE, username="ada", display_name="Ada L.")
    assert made.goal == "/skills"
    assert made.session is not None
    assert (made.session.user.username, made.session.user.is_admin) == ("ada", False)
    second = visit(app, provider, "Ada")
    assert second.ticket is None
    assert second.session is not None
    ada = signed_in(app, second.session)
    assert get_me(app, ada).user.id == made.session.user.id
    (identity,) = list_identities(app, ada).items
    assert (identity.subject, identity.email) == (subject, "ada.lovelace@acme.example")
    assert identity.last_used_ms is not None


def test_an_account_is_its_subject_and_not_its_address_or_name(
    app: App, lenient_provider: Lenient, strict_provider: Strict
) -> None:
    for provider in (lenient_provider, strict_provider):
        provider.add_person("one", email="same@acme.example", email_verified=True)
        provider.add_person("other", email="same@acme.example", email_verified=True)
    one = signed_up(app, lenient_provider, "one", "one")
    assert visit(app, lenient_provider, "other").session is None
    assert visit(app, strict_provider, "one").session is None
    lenient_provider.add_person("one", email="new@elsewhere.example")
    session = visit(app, lenient_provider, "one").session
    assert session is not None
    assert session.user.id == one.user_id


def test_a_name_that_is_taken_or_none_leaves_the_way_open(app: App, provider: Provider) -> None:
    provider.add_person("bea", preferred_username="rita")
    first = visit(app, provider, "bea")
    assert first.proven is not None
    assert first.proven.username == "rita-2"
    for name, refusal in (("rita", NamespaceTaken), ("Not A Name", NotAcceptable), ("admin", NotAcceptable)):
        with pytest.raises(refusal):
            create_account(app, ticket=first.ticket or "", browser=HERE, username=name)
    assert create_account(app, ticket=first.ticket or "", browser=HERE, username="bea").session is not None
    with pytest.raises(SignInLost):
        create_account(app, ticket=first.ticket or "", browser=HERE, username="bea-again")


def test_two_tickets_of_one_identity_make_one_account(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("twice")
    first, second = visit(app, lenient_provider, "twice"), visit(app, lenient_provider, "twice")
    create_account(app, ticket=first.ticket or "", browser=HERE, username="twice")
    with pytest.raises(IdentityTaken):
        create_account(app, ticket=second.ticket or "", browser=HERE, username="twice-more")


def test_a_ticket_is_good_in_its_browser_and_for_ten_minutes(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("tick")
    ticket = visit(app, lenient_provider, "tick").ticket or ""
    for wrong, browser in ((ticket, ELSEWHERE), (ticket, None), (ticket[:-1], HERE), ("", HERE)):
        with pytest.raises(SignInLost):
            create_account(app, ticket=wrong, browser=browser, username="tick")
    clock.move(ms=PROVEN_MS)
    with pytest.raises(SignInLost):
        create_account(app, ticket=ticket, browser=HERE, username="tick")


def test_the_first_administrator_comes_by_the_link_that_the_server_printed(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app()
    lenient_provider.add_person("eager")
    with pytest.raises(SetUpFirst):
        visit(app, lenient_provider, "eager")
    assert a_person(app, "rita").is_admin
    assert visit(app, lenient_provider, "eager").ticket is not None


def test_a_closed_registry_makes_no_accounts(open_app: Callable[..., App], provider: Provider) -> None:
    app = open_app(oidc_sign_up="closed")
    rita = a_person(app, "rita")
    provider.add_person("outsider", email="outsider@acme.example", email_verified=True)
    with pytest.raises(SignUpClosed):
        visit(app, provider, "outsider")
    link(app, provider, "outsider", rita)
    session = visit(app, provider, "outsider").session
    assert session is not None
    assert session.user.username == "rita"


def test_a_registry_for_some_domains_asks_for_a_verified_address(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app(oidc_sign_up="domains", oidc_domains="acme.example, other.example")
    a_person(app, "rita")
    strangers = (
        {"email": "a@elsewhere.example", "email_verified": True},
        {"email": "a@acme.example"},
        {"email": "a@acme.example", "email_verified": False},
        {"email": "a@sub.acme.example", "email_verified": True},
        {"email": "a@acme.example@elsewhere.example", "email_verified": True},
        {"hd": "acme.example"},
        {},
    )
    for number, claims in enumerate(strangers):
        lenient_provider.add_person(f"stranger-{number}", **claims)
        with pytest.raises(SignUpForOthers):
            visit(app, lenient_provider, f"stranger-{number}")
    lenient_provider.add_person("colleague", email="a@ACME.example", email_verified=True)
    assert visit(app, lenient_provider, "colleague").ticket is not None


def test_a_provider_may_have_a_rule_of_its_own(
    open_app: Callable[..., App], lenient_provider: Lenient, strict_provider: Strict
) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    oidc = {
        "lenient": {"issuer": lenient_provider.issuer, **client},
        "strict": {"issuer": strict_provider.issuer, "sign_up": "open", **client},
    }
    app = open_app(oidc=oidc, oidc_sign_up="closed")
    a_person(app, "rita")
    for provider in (lenient_provider, strict_provider):
        provider.add_person("own")
    with pytest.raises(SignUpClosed):
        visit(app, lenient_provider, "own")
    assert visit(app, strict_provider, "own").ticket is not None


def test_googles_word_for_a_company_counts_and_an_old_address_does_not(
    open_app: Callable[..., App], lenient_provider: Lenient
) -> None:
    app = open_app(oidc_sign_up="domains", oidc_domains="acme.example", google_issuer=lenient_provider.issuer)
    a_person(app, "rita")
    lenient_provider.add_person("left-long-ago", email="a@acme.example", email_verified=True)
    with pytest.raises(SignUpForOthers):
        visit(app, lenient_provider, "left-long-ago")
    lenient_provider.add_person("still-there", email="b@acme.example", email_verified=True, hd="acme.example")
    assert visit(app, lenient_provider, "still-there").ticket is not None


def test_a_suspended_person_stays_out(app: App, provider: Provider) -> None:
    provider.add_person("mallory")
    signed_up(app, provider, "mallory", "mallory")
    rita = a_person(app, "rita-too")
    administrator = Caller(user_id="x", username="x", is_admin=True, scopes=frozenset(Scope))
    assert not rita.is_admin
    suspend_user(app, administrator, username="mallory")
    with pytest.raises(AccountSuspended):
        visit(app, provider, "mallory")
    restore_user(app, administrator, username="mallory")
    assert visit(app, provider, "mallory").session is not None


def test_a_registry_for_some_domains_must_name_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SKILLYARD_OIDC_DOMAINS names none"):
        make_app(tmp_path, oidc_sign_up="domains")
    with pytest.raises(ValueError, match="SKILLYARD_OIDC_DOMAINS names none"):
        make_app(tmp_path, oidc={"acme": {"client_id": "x", "issuer": "https://x", "sign_up": "domains"}})
    for oidc, wrong in (
        ({"acme": {"client_id": "x"}}, "SKILLYARD_OIDC__ACME__ISSUER is missing"),
        ({"no name": {"client_id": "x", "issuer": "https://x"}}, "no name of a provider"),
        ({"acme": {"client_id": "", "issuer": "https://x"}}, "client_id"),
        ({"acme": {"client_id": "x", "issuer": "x"}}, "issuer"),
    ):
        with pytest.raises(ValueError, match=wrong):
            make_app(tmp_path, oidc=oidc)
