"""The peer behaves as Stripe's documentation says, and its answers are as Stripe's OpenAPI file says."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.peers.stripe.api import Api
from tests.peers.stripe.conformance import Conformance, faults_of
from tests.peers.stripe.openapi import read_openapi
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.world import API_VERSION, PLATFORM, World

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(stripe_peer: Peer) -> stripe.StripeClient:
    """The official SDK as it comes."""
    return stripe.StripeClient(
        "sk_test_peer", base_addresses={"api": stripe_peer.url}, stripe_version=API_VERSION, max_network_retries=0
    )


def a_page(cents: int = 2900) -> Any:
    price = {"currency": "usd", "unit_amount": cents, "product_data": {"name": "A <b>report</b>"}}
    return {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "https://shop.example.org/thanks?page={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example.org/back",
    }


# Faithfulness


def test_the_file_is_stripes_and_of_the_version_that_we_speak() -> None:
    info = read_openapi()["info"]
    assert (info["title"], info["version"]) == ("Stripe API", API_VERSION)


def test_every_operation_of_the_peer_answers_as_the_file_says(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    conformance = Conformance(stripe_peer)
    v1 = client.v1
    page = v1.checkout.sessions.create(a_page())
    charge = stripe_peer.pay(page.id)
    refund = v1.refunds.create({"charge": charge["id"], "amount": 100})
    dispute = stripe_peer.dispute(charge["id"])
    transfers: Any = {"transfers": {"requested": True}}
    account = v1.accounts.create({"type": "express", "country": "US", "capabilities": transfers})
    addresses = {"return_url": "https://shop.example.org", "refresh_url": "https://shop.example.org"}
    v1.account_links.create({"account": account.id, "type": "account_onboarding", **addresses})  # type: ignore[typeddict-item]
    stripe_peer.finish_onboarding(account.id)
    v1.accounts.login_links.create(account.id)
    stripe_peer.fund(10_000)
    transfer = v1.transfers.create({"amount": 1000, "currency": "usd", "destination": account.id})
    v1.transfers.reversals.create(transfer.id, {"amount": 400})
    payout = v1.payouts.create({"amount": 100, "currency": "usd"}, {"stripe_account": account.id})
    endpoint = v1.webhook_endpoints.create({"url": "https://shop.example.org/hook", "enabled_events": ["*"]})
    entries = v1.balance_transactions.list({"expand": ["data.source"], "limit": 3}).data
    looked_up: list[Callable[[], Any]] = [
        lambda: v1.checkout.sessions.retrieve(
            page.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
        ),
        lambda: v1.checkout.sessions.expire(v1.checkout.sessions.create(a_page()).id),
        lambda: v1.charges.retrieve(charge["id"], {"expand": ["balance_transaction"]}),
        lambda: v1.payment_intents.retrieve(charge["payment_intent"]),
        lambda: v1.refunds.retrieve(refund.id),
        lambda: v1.disputes.retrieve(dispute["id"]),
        lambda: v1.disputes.close(dispute["id"]),
        lambda: v1.accounts.retrieve(account.id),
        v1.accounts.retrieve_current,
        lambda: v1.transfers.retrieve(transfer.id),
        lambda: v1.payouts.retrieve(payout.id, options={"stripe_account": account.id}),
        v1.balance.retrieve,
        lambda: v1.balance_transactions.retrieve(entries[0].id),
        lambda: v1.events.retrieve(v1.events.list().data[0].id),
        lambda: v1.webhook_endpoints.retrieve(endpoint.id),
        lambda: v1.transfers.reversals.list(transfer.id),
    ]
    lists = [
        v1.checkout.sessions, v1.charges, v1.refunds, v1.disputes, v1.transfers, v1.payouts, v1.accounts, v1.events,
        v1.balance_transactions, v1.webhook_endpoints,
    ]  # fmt: skip
    for call in looked_up:
        call()
    for service in lists:
        service.list({"limit": 2})  # type: ignore[attr-defined]
    v1.webhook_endpoints.delete(endpoint.id)
    assert conformance.faults == []
    assert len({(method, path) for method, path, status in conformance.seen if status == 200}) == 36


def test_refusals_have_stripes_envelope(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    conformance = Conformance(stripe_peer)
    for expected, call in [
        (stripe.InvalidRequestError, lambda: client.v1.refunds.create({"charge": "ch_none"})),
        (stripe.InvalidRequestError, lambda: client.v1.charges.retrieve("ch_none")),
        (stripe.InvalidRequestError, lambda: client.v1.checkout.sessions.create({"mode": "payment"})),
        (stripe.PermissionError, lambda: client.v1.accounts.retrieve("acct_none")),
    ]:
        with pytest.raises(expected):
            call()
    stripe_peer.accidents.order("rate_limit")
    with pytest.raises(stripe.RateLimitError):
        client.v1.checkout.sessions.create(a_page())
    assert conformance.faults == []
    assert {status for _, _, status in conformance.seen} == {400, 403, 404, 429}


def test_what_the_file_does_not_allow_is_noticed() -> None:
    peer = Peer()
    conformance = Conformance(peer)
    headers = {"authorization": "Bearer sk_test_peer"}
    peer.call("GET", "/v1/refunds", "colour=red", "", headers)
    peer.call("POST", "/v1/transfers", "", "amount=1", headers)
    peer.world.happened("charge.updated", {"id": "ch_1", "object": "charge", "amount": "29.00"})
    assert "there is no parameter .colour" in conformance.faults[0]
    assert len(conformance.faults) == 2
    assert faults_of({"object": "balance", "available": [], "livemode": False}, "/components/schemas/balance")
    assert faults_of({"id": "acct_1", "object": "account", "made_up": 1}, "/components/schemas/account")


# Idempotency (https://docs.stripe.com/api/idempotent_requests)


def test_the_same_key_gives_the_same_answer_for_a_day(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    first = client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    again = client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    assert again.id == first.id
    assert again.last_response is not None
    assert first.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.last_response.headers
    stripe_peer.move(24 * 60 * 60)
    assert client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"}).id != first.id


def test_the_same_key_for_something_else_is_refused(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.create(a_page(3000), {"idempotency_key": "k"})


def test_parameters_that_are_wrong_do_not_use_up_a_key_and_a_run_that_fails_does(
    stripe_peer: Peer, client: stripe.StripeClient
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create({"mode": "payment"}, {"idempotency_key": "k"})
    client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    account = stripe_peer.new_account()["id"]
    wish: Any = {"amount": 100, "currency": "usd", "destination": account}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="insufficient"):
            client.v1.transfers.create(wish, {"idempotency_key": "t"})
        stripe_peer.fund(1000)
    client.v1.transfers.create(wish, {"idempotency_key": "t2"})


@pytest.mark.parametrize(
    ("accident", "is_made", "is_kept"),
    [
        ("rate_limit", False, False), ("fail_before", False, False), ("cut_before", False, False),
        ("fail_saved", False, True), ("fail_after", True, True), ("cut_after", True, False),
    ],
)  # fmt: skip
def test_accidents_do_what_they_are_called(
    stripe_peer: Peer, client: stripe.StripeClient, accident: Any, is_made: bool, is_kept: bool
) -> None:
    """Kept: the same key meets the same failure again."""
    stripe_peer.accidents.order(accident, "/v1/checkout")
    with pytest.raises(stripe.StripeError):
        client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    assert len(stripe_peer.world.lists[PLATFORM, "checkout.session"]) == is_made
    if is_kept:
        with pytest.raises(stripe.APIError):
            client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
    else:
        client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "k"})
        assert len(stripe_peer.world.lists[PLATFORM, "checkout.session"]) == 1


# Money


def test_money_is_pending_first_and_then_available(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    stripe_peer.pay(client.v1.checkout.sessions.create(a_page()).id)
    assert stripe_peer.world.balance() == (0, 2786)
    stripe_peer.move(stripe_peer.world.settle_s)
    assert stripe_peer.world.balance() == (2786, 0)


def test_no_money_is_made_or_lost_between_accounts(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    account = stripe_peer.new_account()["id"]
    stripe_peer.fund(5000)
    transfer = client.v1.transfers.create({"amount": 3000, "currency": "usd", "destination": account})
    payout = client.v1.payouts.create({"amount": 1000, "currency": "usd"}, {"stripe_account": account})
    with pytest.raises(stripe.InvalidRequestError, match="insufficient"):
        client.v1.payouts.create({"amount": 2001, "currency": "usd"}, {"stripe_account": account})
    with pytest.raises(stripe.InvalidRequestError, match="insufficient"):
        client.v1.transfers.reversals.create(transfer.id)
    client.v1.transfers.reversals.create(transfer.id, {"amount": 500})
    with pytest.raises(stripe.InvalidRequestError, match="only 2500 left"):
        client.v1.transfers.reversals.create(transfer.id, {"amount": 2501})
    assert (stripe_peer.balance(), stripe_peer.balance(account)) == (2500, 1500)
    stripe_peer.settle_payout(payout.id, ok=False)
    assert stripe_peer.balance(account) == 2500


def test_a_disputed_charge_cannot_be_refunded(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    charge = stripe_peer.pay(client.v1.checkout.sessions.create(a_page()).id)
    stripe_peer.dispute(charge["id"])
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create({"charge": charge["id"]})


def test_lists_go_page_by_page_in_both_directions(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    made = [client.v1.checkout.sessions.create(a_page()).id for _ in range(7)]
    assert [page.id for page in client.v1.checkout.sessions.list({"limit": 3}).auto_paging_iter()] == made[::-1]
    before = client.v1.checkout.sessions.list({"limit": 2, "ending_before": made[3]})
    assert ([page.id for page in before.data], before.has_more) == ([made[5], made[4]], True)


# Pages


def visit(url: str, **form: str) -> tuple[str, str]:
    """Where a browser would end up, without going to other hosts; and what it would see."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.build_opener(Stay).open(url, data, timeout=10) as answer:
            return url, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.headers.get("location") or url, error.read().decode()


def test_a_buyer_pays_declines_or_goes_back_on_the_page(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    page = client.v1.checkout.sessions.create(a_page())
    assert page.url is not None
    assert "A &lt;b&gt;report&lt;/b&gt;: 29.00 USD" in visit(page.url)[1]
    assert visit(page.url, do="abandon")[0] == "https://shop.example.org/back"
    assert "declined" in visit(page.url, do="decline")[1]
    assert client.v1.checkout.sessions.retrieve(page.id).payment_status == "unpaid"
    assert visit(page.url, do="pay")[0] == f"https://shop.example.org/thanks?page={page.id}"
    paid = client.v1.checkout.sessions.retrieve(page.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert "expired" in visit(page.url)[1]
    later = client.v1.checkout.sessions.create(a_page())
    visit(str(later.url), do="later")
    waiting = client.v1.checkout.sessions.retrieve(later.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")


# Webhooks


def test_events_are_signed_as_the_sdk_expects_also_while_a_secret_is_replaced(stripe_peer: Peer) -> None:
    got: list[tuple[Mapping[str, str], bytes]] = []
    stripe_peer.webhooks.by_itself = False
    stripe_peer.add_endpoint("https://shop.example.org/hook", "whsec_old", "whsec_new", events=["account.updated"])
    stripe_peer.add_endpoint("https://shop.example.org/sellers", "whsec_old", "whsec_new", connect=True)
    account = stripe_peer.new_account()["id"]
    stripe_peer.webhooks.deliver(lambda url, headers, body: got.append((headers, body)) or 200)  # type: ignore[func-returns-value]
    [(headers, body)] = got
    for secret in ("whsec_old", "whsec_new"):
        event = stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)
        assert (event.type, event.account) == ("account.updated", account)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["stripe-signature"], "whsec_other")


def test_the_weather_doubles_loses_delays_and_mixes_events() -> None:
    def sent(**weather: Any) -> list[str]:
        peer = Peer()
        peer.add_endpoint("https://shop.example.org/hook", "whsec_test")
        for name, value in weather.items():
            setattr(peer.webhooks.weather, name, value)
        for number in range(100):
            peer.world.happened("charge.updated", {"id": f"ch_{number}", "object": "charge"})
        got: list[str] = []
        deliver = lambda url, headers, body: got.append(body.decode()) or 200  # type: ignore[func-returns-value]  # noqa: E731
        peer.webhooks.deliver(deliver)
        return got

    in_order = sent()
    assert len(in_order) == 100
    assert 120 < len(sent(duplicates=0.5)) < 180
    assert 20 < len(sent(loss=0.5)) < 80
    assert sent(delay_s=(60, 600)) == []
    mixed = sent(reorder=True)
    assert len(mixed) == 100
    assert mixed != sent(reorder=True)[::-1] != in_order


def test_what_is_refused_comes_again_for_three_days() -> None:
    peer = Peer()
    peer.add_endpoint("https://shop.example.org/hook", "whsec_test")
    peer.world.happened("charge.updated", {"id": "ch_1", "object": "charge"})
    for _ in range(5 * 24 * 60):
        peer.webhooks.deliver(lambda url, headers, body: 503)
        peer.move(60)
    assert 8 <= len(peer.webhooks.answers) <= 16
    assert peer.webhooks.queue == []


# As a program


def test_it_runs_as_a_program_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.peers.stripe", "--port", "0", "--webhook-url", "http://127.0.0.1:9/"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = dict(part.split("=", 1) for part in program.stdout.readline().split())
        client = stripe.StripeClient(
            said["SKILLYARD_STRIPE_SECRET_KEY"], base_addresses={"api": said["SKILLYARD_STRIPE_API_URL"]}
        )
        assert len(client.v1.webhook_endpoints.list().data) == 2
        program.terminate()


def test_many_at_once_are_each_served(stripe_peer: Peer, client: stripe.StripeClient) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(client.v1.checkout.sessions.create(a_page(), {"idempotency_key": "one"}).id)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_an_unknown_address_is_refused() -> None:
    reply = Api(World()).call("GET", "/v1/nothing", headers={"authorization": "Bearer sk_test_peer"})
    assert (reply.status, b"Unrecognized request URL" in reply.body) == (404, True)
