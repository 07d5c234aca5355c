"""Sellers' accounts with Stripe."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.domain.payments.stripe.accounts import StripeAccountNotFound
from skillyard.domain.payments.stripe.asking import StripeRefused, StripeSilent
from tests.domain.payments.stripe_makers import an_app
from tests.peers.stripe.peer import Peer


@pytest.fixture
def app(tmp_path: Path, stripe_peer: Peer) -> Iterator[App]:
    app = an_app(tmp_path, stripe_peer)
    yield app
    app.close()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def visit(url: str, form: bytes | None = None) -> tuple[int, str]:
    """Status, and where it leads or what it shows."""
    try:
        with urllib.request.build_opener(_Stay).open(url, form, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("location", "")


def test_a_new_account_waits_for_its_owner(app: App) -> None:
    account = RAIL.open_account(app, user_id="usr_seller", country="de")
    assert (account.user_id, account.status, account.country) == ("usr_seller", "onboarding", "DE")
    assert (account.details_submitted, account.charges_enabled, account.payouts_enabled) == (False, False, False)
    assert "external_account" in account.requirements_due
    assert len(account.requirements_due) == len(set(account.requirements_due))
    assert account.requirements_disabled_reason == "requirements.past_due"
    assert account.created_ms == account.synced_ms == app.clock.now_ms()


def test_one_person_gets_one_account_however_often_asked(app: App, stripe_peer: Peer) -> None:
    stripe_peer.accidents.order("cut_after", "/v1/accounts", times=2)
    with pytest.raises(StripeSilent):
        RAIL.open_account(app, user_id="usr_seller", country=None)
    stripe_peer.accidents.stop()
    first = RAIL.open_account(app, user_id="usr_seller", country=None)
    assert RAIL.open_account(app, user_id="usr_seller", country=None) == first
    assert RAIL.open_account(app, user_id="usr_other", country=None) != first
    assert len(stripe_peer.world.lists["acct_platform", "account"]) == 2


def test_the_seller_completes_it_on_a_page_that_is_new_each_time(app: App) -> None:
    account = RAIL.open_account(app, user_id="usr_seller", country="US").account_id
    first, second = RAIL.onboarding_url(app, account), RAIL.onboarding_url(app, account)
    assert first != second
    assert visit(first)[0] == 200
    ours = "https://skills.example.org/account/selling"
    assert visit(first) == (303, ours)  # good once
    visit(second)
    assert visit(second, b"do=leave") == (303, ours)
    assert RAIL.find_account(app, account).status == "onboarding"
    third = RAIL.onboarding_url(app, account)
    assert visit(third, b"do=finish") == (303, ours)
    done = RAIL.find_account(app, account)
    assert (done.status, done.payouts_enabled, done.requirements_due) == ("active", True, ())


def test_an_account_about_which_stripe_wants_to_know_more_is_restricted(app: App, stripe_peer: Peer) -> None:
    account = stripe_peer.new_account()["id"]
    stripe_peer.restrict(account)
    found = RAIL.find_account(app, account)
    assert (found.status, found.details_submitted, found.payouts_enabled) == ("restricted", True, False)
    assert found.requirements_due == ("individual.verification.document",)


def test_an_account_that_is_not_ours_any_more_is_not_found(app: App, stripe_peer: Peer) -> None:
    account = stripe_peer.new_account()["id"]
    stripe_peer.disconnect(account)
    for unknown in (account, "acct_unknown"):
        with pytest.raises(StripeAccountNotFound):
            RAIL.find_account(app, unknown)


def test_who_took_our_access_away_gets_a_new_account_at_once(app: App, stripe_peer: Peer) -> None:
    seen = set()
    for _ in range(3):
        account = RAIL.open_account(app, user_id="usr_seller", country="US")
        assert account.status == "onboarding"
        seen.add(account.account_id)
        stripe_peer.disconnect(account.account_id)
    assert len(seen) == 3


def test_asking_again_for_an_account_shows_it_as_it_is_now(app: App, stripe_peer: Peer) -> None:
    first = RAIL.open_account(app, user_id="usr_seller", country="US")
    stripe_peer.finish_onboarding(first.account_id)
    again = RAIL.open_account(app, user_id="usr_seller", country="US")
    assert (again.account_id, again.status) == (first.account_id, "active")


def test_a_wrong_key_is_not_taken_for_an_account_that_is_gone(app: App, stripe_peer: Peer) -> None:
    account = stripe_peer.new_account()["id"]
    stripe_peer.world.secret_key = "sk_test_replaced"
    with pytest.raises(StripeSilent):
        RAIL.find_account(app, account)


def test_a_country_that_stripe_does_not_serve_is_refused_in_its_words(app: App) -> None:
    with pytest.raises(StripeRefused, match="unknown"):
        RAIL.open_account(app, user_id="usr_seller", country="XXX")
