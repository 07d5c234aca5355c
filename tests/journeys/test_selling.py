"""Selling and buying as people do it: a real server, the real command line, a real browser, and Stripe and TON played.

Ada is the administrator and sells; Grace buys.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from skillyard.app import build
from skillyard.domain.payments import ledger
from skillyard.domain.payments.jobs import mature_sales
from skillyard.settings import Settings
from tests.journeys.chromium import a_browser
from tests.journeys.running import Server, User, a_server, a_skill, sign_in
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

SECRET = "whsec_journey"
JOANS_WALLET = "0:" + "b0" * 32
RECIPE = "A recipe worth twenty-nine dollars."


@dataclass(frozen=True)
class Market:
    """`data`: the server's folder, for what otherwise happens after days."""

    server: Server
    data: Path
    ada: User
    stripe: Peer

    def person(self, name: str, home: Path) -> User:
        """Somebody whom Ada invites."""
        link = self.ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        user = User(home=home, registry=self.server.url)
        user.run("login", "--link", link, "--username", name)
        return user

    def sell(self, name: str, **prices: str) -> None:
        """Publish and sell ada/NAME. `prices`: currency → amount."""
        self.ada.run("publish", str(a_skill(self.ada.home / name, name, text=RECIPE)), "--visibility", "private")
        text = self.ada.home / "sale.md"
        text.write_text(f"# {name}, made for boards\n\nReads your tables.\n")
        self.ada.run("sell", f"ada/{name}", "--private", "--text", f"@{text}")
        for currency, amount in prices.items():
            self.ada.run("price", f"ada/{name}", amount, "--in", currency)

    def days_pass(self) -> None:
        """Sales mature; and the books are looked at."""
        app = build(Settings(data_dir=self.data, maturity_days=0))
        mature_sales(app)
        with app.database.reading() as tx:
            assert ledger.examine(tx) == []
        app.close()


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, ton_network: TonPeer) -> Iterator[Market]:
    folder, peer = tmp_path_factory.mktemp("market"), Peer()
    ton_network.reset()
    with serving(peer):
        settings = {
            "stripe_secret_key": "sk_test_peer",
            "stripe_webhook_secrets": SECRET,
            "stripe_api_url": peer.url,
            "ton_wallet_words": WALLET_WORDS,
            "ton_api_url": ton_network.url,
            "outbound_http_loopback": "true",
            "maturity_days": "0",
            "payout_cooling_hours": "0",
            "writes_per_minute": "100000",
        }
        with a_server(folder / "data", **settings) as server:
            peer.add_endpoint(f"{server.url}/api/v1/webhooks/stripe", SECRET)
            peer.add_endpoint(f"{server.url}/api/v1/webhooks/stripe", SECRET, connect=True)
            yield Market(server, folder / "data", sign_in(server, folder / "ada", "ada"), peer)


@contextlib.contextmanager
def a_page(home: str) -> Iterator[Page]:
    """Whatever the browser objects to fails the test."""
    objections: list[str] = []
    with a_browser() as browser:
        page = browser.new_page()
        page.on("console", lambda said: objections.append(f"{said.type}: {said.text} at {page.url}"))
        page.on("pageerror", lambda error: objections.append(f"error: {error} at {page.url}"))
        yield page
    assert [text for text in objections if text.startswith(("error", "warning")) and home in text] == []


def another_machine(user: User, home: Path) -> User:
    """The same person, signed in, where nothing was ever installed."""
    shutil.copytree(user.home / "config", home / "config")
    return User(home=home, registry=user.registry)


def test_from_a_sale_page_to_an_install_with_credits_and_back(market: Market, tmp_path: Path) -> None:
    grace = market.person("grace", tmp_path / "grace")
    market.sell("report", usd="29.00")

    refused = grace.run("install", "ada/report", "--agent", "agents", expect=1)
    assert "29.00 USD" in refused.stderr
    assert "skillyard buy ada/report" in refused.stderr
    assert list(grace.project.iterdir()) == []
    assert RECIPE not in grace.run("info", "ada/report").stdout
    nobody = User(home=tmp_path / "nobody", registry=market.server.url)
    assert "29.00 USD" in nobody.run("price", "ada/report").stdout
    nobody.run("buy", "ada/report", "--with", "credits", "--yes", expect=4)

    market.ada.run("credits", "grant", "grace", "5000", "--reason", "a present")
    assert "several ways" in grace.run("buy", "ada/report", "--yes", expect=4).stderr
    without_consent = grace.run("buy", "ada/report", "--with", "credits", expect=4)
    assert "--yes" in without_consent.stderr
    assert "5000" in grace.run("credits").stdout
    bought = grace.data("buy", "ada/report", "--with", "credits", "--yes")
    assert bought["invoice"]["status"] == "paid"
    assert "2100" in grace.run("credits").stdout
    assert "ada/report" in grace.run("bought").stdout
    grace.run("install", "ada/report", "--agent", "agents")
    assert RECIPE in (grace.project / ".agents/skills/report/SKILL.md").read_text()
    assert "already" in grace.run("buy", "ada/report", "--with", "credits", "--yes", expect=1).stderr

    (sold,) = market.ada.data("sales", "ada/report")
    assert (sold["buyer"], sold["your_share"]) == ("grace", "26.10")
    market.days_pass()
    (usd,) = [one for one in market.ada.data("balance")["assets"] if one["asset"] == "USD"]
    assert usd["available"] == "26.10"
    assert market.ada.data("payouts", "request", "20.00", "--to", "credits")["status"] == "paid"
    assert "2000" in market.ada.run("credits").stdout

    market.ada.run("refund", bought["invoice"]["id"], "--reason", "It was not what you wanted.")
    elsewhere = another_machine(grace, tmp_path / "elsewhere")
    assert "29.00 USD" in elsewhere.run("install", "ada/report", "--agent", "agents", expect=1).stderr
    assert "5000" in grace.run("credits").stdout
    market.days_pass()


def test_paying_by_card_in_a_browser_opens_the_skill(market: Market, tmp_path: Path) -> None:
    hedy = market.person("hedy", tmp_path / "hedy")
    market.sell("charts", usd="59.00")
    link = market.ada.data("request", "POST", "/admin/sign-in-links", "--body", '{"username": "hedy"}')["url"]
    with a_page(market.server.url) as page:
        page.goto(f"{market.server.url}/ada/charts")
        expect(page.get_by_role("heading", name="charts, made for boards")).to_be_visible()
        expect(page.get_by_text("59.00 USD", exact=True)).to_be_visible()
        assert RECIPE not in page.content()
        page.goto(link)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.goto(f"{market.server.url}/ada/charts")
        page.get_by_role("button", name="Pay by card").click()
        expect(page.get_by_text("waiting for your payment")).to_be_visible()
        page.get_by_role("link", name="Go on to pay").click()
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.locator("[data-status=paid]")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("skillyard install ada/charts")).to_be_visible()
        page.goto(f"{market.server.url}/account/purchases")
        expect(page.get_by_role("link", name="ada/charts").first).to_be_visible()
    hedy.run("install", "ada/charts", "--agent", "agents")
    assert RECIPE in (hedy.project / ".agents/skills/charts/SKILL.md").read_text()

    started = market.ada.data("payouts", "connect", "--country", "US")
    market.stripe.finish_onboarding(started["account"]["account_id"])
    account = market.ada.data("payouts", "connect", "--status")["account"]
    assert account["status"] == "active"
    market.ada.run("payouts", "set-stripe", account["account_id"], "--label", "Main")
    market.days_pass()
    market.stripe.fund(100_00)
    payout = market.ada.data("payouts", "request", "25.00", "--to", "stripe")
    assert paid(market.ada, payout["id"]) == "paid"
    assert market.stripe.balance(account["account_id"]) == 25_00


def paid(seller: User, payout_id: str) -> str:
    """The status of a payout, once the worker has had the time to send it."""
    until = time.monotonic() + 40
    while (status := str(seller.data("payouts", "show", payout_id)["payout"]["status"])) != "paid":
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return status


def test_paying_in_ton_needs_no_page_at_all(market: Market, ton_network: TonPeer, tmp_path: Path) -> None:
    joan = market.person("joan", tmp_path / "joan")
    market.sell("maps", ton="2.5")
    invoice = joan.data("buy", "ada/maps", "--yes")["invoice"]
    assert (invoice["amount"], invoice["asset"], invoice["status"]) == ("2.500000000", "TON", "open")
    shown = joan.run("invoice", invoice["id"]).stdout
    for part in (invoice["pay_to"]["address"], invoice["pay_to"]["memo"], "ton://transfer/"):
        assert part in shown
    ton_network.send(invoice["pay_to"]["address"], 2_500_000_000, invoice["pay_to"]["memo"])
    assert joan.data("invoice", invoice["id"], "--wait")["status"] == "paid"
    joan.run("install", "ada/maps", "--agent", "agents")
    market.days_pass()

    ton_network.send(invoice["pay_to"]["address"], 1_000_000_000)  # the operator's own, for the fees of the network
    refunded = market.ada.run("refund", invoice["id"], "--reason", "It was not what you wanted.").stdout
    assert f"skillyard invoice {invoice['id']} --claim" in refunded
    (made,) = joan.data("invoice", invoice["id"], "--claim", "--address", JOANS_WALLET)["items"]
    assert (made["amount"], made["asset"]) == ("2.500000000", "TON")
    until = time.monotonic() + 60
    while not (arrived := ton_network.transactions(JOANS_WALLET)) and time.monotonic() < until:
        time.sleep(0.5)
    assert [one["in_msg"]["value"] for one in arrived] == ["2500000000"]
    joan.run("uninstall", "ada/maps")
    assert "5" in joan.run("install", "ada/maps", expect=1).stderr
