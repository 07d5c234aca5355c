"""The verbs of selling and buying, as they are typed: what they print, what they ask, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.commerce import NotPaidYet
from tests.journeys.running import Server, User, a_server, a_skill, sign_in
from tests.peers.ton.driver import WALLET_WORDS


@dataclass(frozen=True)
class People:
    """`ada` administers and sells ada/report for 29 dollars or 5 TON; `bea` buys; `eve` has nothing to do with it."""

    ada: User
    bea: User
    eve: User


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"ton_wallet_words": WALLET_WORDS, "ton_api_url": "http://127.0.0.1:1", "outbound_http_loopback": "true"}
    with a_server(tmp_path_factory.mktemp("server"), worker=False, writes_per_minute="100000", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def people(server: Server, tmp_path_factory: pytest.TempPathFactory) -> People:
    home = tmp_path_factory.mktemp("people")
    ada = sign_in(server, home / "ada", "ada")
    guests = {name: User(home=home / name, registry=server.url) for name in ("bea", "eve")}
    for name, guest in guests.items():
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        guest.run("login", "--link", link, "--username", name)
    ada.run("publish", str(a_skill(home / "report", "report")))
    ada.run("sell", "ada/report")
    ada.run("price", "ada/report", "29.00")
    ada.run("price", "ada/report", "5", "--in", "ton")
    return People(ada, **guests)


def test_what_is_sold_says_what_it_lacks(people: People) -> None:
    people.ada.run("publish", str(a_skill(people.ada.home / "bare", "bare")))
    put_up = people.ada.run("sell", "ada/bare", "--private", "--text", "Just a line.")
    assert "no price yet" in put_up.stdout
    assert "skillyard price ada/bare 29.00" in put_up.stderr
    assert people.ada.data("price", "ada/bare")["missing"] == ["price"]
    assert "no longer" in people.ada.run("sell", "ada/bare", "--off").stdout
    people.ada.run("sell", "ada/bare", "--text", "@nowhere.md", expect=2)
    people.ada.run("price", "ada/bare", "29,00", expect=1)
    people.eve.run("sell", "ada/report", expect=1)
    people.eve.run("price", "ada/report", "1.00", expect=1)


def test_info_says_what_it_costs_and_search_that_it_costs(people: People) -> None:
    shown = people.eve.run("info", "ada/report").stdout
    assert "29.00 USD, 5.000000000 TON" in shown
    assert "skillyard buy ada/report" in shown
    assert people.eve.data("info", "ada/report")["sale"]["access"]["can_buy"] is True
    (found,) = [one for one in people.eve.data("search")["items"] if one["name"] == "ada/report"]
    assert found["is_for_sale"] is True


def test_nothing_is_bought_without_a_way_and_without_consent(people: People) -> None:
    several = people.eve.data("buy", "ada/report", "--yes", expect=4)["error"]
    assert (several["code"], several["facts"]["ways"]) == ("rail_missing", ["credits", "ton"])
    assert "--yes" in people.eve.run("buy", "ada/report", "--with", "credits", expect=4).stderr
    poor = people.eve.data("buy", "ada/report", "--with", "credits", "--yes", expect=1)["error"]
    assert poor["hint"]
    assert people.eve.data("buy", "ada/report", "--with", "shells", "--yes", expect=1)["error"]["hint"]
    people.eve.run("buy", "ada/nothing", "--yes", expect=1)
    people.eve.run("buy", "nothing", "--yes", expect=2)
    assert people.eve.data("invoice") == []
    assert people.eve.data("bought") == []


def test_an_invoice_in_ton_is_shown_with_all_that_a_wallet_needs_and_cancelled(people: People) -> None:
    opened = people.eve.run("buy", "ada/report", "--with", "ton", "--yes", "--referral", "bea")
    (invoice,) = people.eve.data("invoices")
    for part in (invoice["pay_to"]["memo"], invoice["pay_to"]["address"], "ton://transfer/", invoice["page_url"]):
        assert part in opened.stdout
    assert "memo" in opened.stderr
    again = people.eve.data("buy", "ada/report", "--with", "ton", "--yes")
    assert (again["created"], again["invoice"]["id"]) == (False, invoice["id"])
    assert people.eve.data("invoice", invoice["id"], "--cancel")["status"] == "cancelled"
    people.eve.run("invoice", invoice["id"], "--wait", expect=1)
    people.eve.run("invoice", "--wait", expect=2)
    people.bea.run("invoice", invoice["id"], expect=1)


def test_waiting_ends_when_its_time_is_over(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = people.bea.data("buy", "ada/report", "--with", "ton", "--yes")["invoice"]
    for name, value in people.bea.environment.items():
        if name.startswith("SKILLYARD_"):
            monkeypatch.setenv(name, value)
    naps: list[float] = []
    with Client() as client, pytest.raises(NotPaidYet, match=r"5\.000000000 TON have yet to arrive") as refused:
        client.wait_for_invoice(invoice["id"], timeout_s=0.3, sleep=lambda seconds: naps.append(seconds))
    assert refused.value.exit_code == 3
    assert naps
    people.bea.run("invoice", invoice["id"], "--cancel")


def test_credits_buy_and_what_was_bought_is_listed(people: People) -> None:
    people.ada.run("credits", "grant", "bea", "3000", "--reason", "a present")
    bought = people.bea.run("buy", "ada/report", "--with", "credits", "--yes").stdout
    assert "skillyard install ada/report" in bought
    assert people.bea.data("credits")["available"] == "100"
    (one,) = people.bea.data("bought")
    assert (one["name"], one["how"]) == ("ada/report", "bought")
    assert "bea" in people.ada.run("sales").stdout
    assert "bea" in people.ada.run("access", "list", "ada/report").stdout
    assert people.ada.data("balance")["assets"][0]["pending"] == "26.10"
    assert "26.10" in people.ada.run("balance", "--transactions").stdout
    refunded = people.ada.run("refund", one["invoice_id"], "--reason", "a test", "--amount", "9.00")
    assert "back" in refunded.stdout
    assert people.bea.data("credits")["available"] == "1000"
    people.ada.run("refund", one["invoice_id"], expect=2)
    assert people.eve.data("refund", one["invoice_id"], "--reason", "x", expect=1)["error"]["code"]


def test_access_is_given_and_taken_back(people: People) -> None:
    people.ada.run("access", "grant", "ada/report", "eve")
    assert people.eve.data("bought")[0]["how"] == "granted"
    people.ada.run("access", "revoke", "ada/report", "eve")
    assert people.eve.data("bought") == []


def test_payouts_are_asked_for_and_refused_in_words(people: People) -> None:
    assert [one["kind"] for one in people.ada.data("payouts", "methods")] == ["credits"]
    too_much = people.ada.data("payouts", "request", "1000.00", "--to", "credits", expect=1)["error"]
    assert too_much["code"] == "not_enough_available"
    people.ada.run("payouts", "set-wallet", "0:" + "5e" * 32)
    assert "UQ" in people.ada.run("payouts", "methods").stdout
    people.ada.run("payouts", "set-wallet", "nonsense", expect=1)
    people.ada.run("payouts", "request", "1", "--to", "ton", expect=1)
    people.ada.run("payouts", "request", "1", "--to", "the-moon", expect=2)
    assert people.ada.data("payouts") == []
    assert people.ada.data("payouts", "list", "--all") == []
    assert "Not connected" in people.ada.run("payouts", "connect", "--status").stdout


def test_operators_look_after_money(people: People) -> None:
    assert people.ada.data("deposits") == []
    assert "Nobody has said" in people.eve.run("rate").stdout
    assert people.ada.data("rate", "ton", "5.20")["usd"] == "5.20"
    assert "5.20" in people.eve.run("rate").stdout
    for verb in (["deposits"], ["rate", "ton", "1"], ["credits", "grant", "eve", "1", "--reason", "x"]):
        assert people.eve.data(*verb, expect=1)["error"]["code"] == "administrators_only"


def test_charges_in_doubt_are_for_administrators(people: People) -> None:
    assert people.ada.data("charges") == []
    people.eve.run("charges", expect=1)
    unknown = people.ada.data("charges", "decide", "sinv_none", "--not-taken", expect=1)["error"]
    assert unknown["code"] == "charge_not_found"


def test_credits_are_ordered_and_wait_to_be_paid(people: People) -> None:
    people.ada.run("rate", "ton", "2.00")
    assert "credits buy" in people.eve.run("credits").stderr
    assert "--yes" in people.eve.run("credits", "buy", "500", expect=4).stderr
    ordered = people.eve.run("credits", "buy", "500", "--yes")
    assert "2.500000000 TON" in ordered.stdout
    again = people.eve.data("credits", "buy", "500", "--with", "ton", "--yes")
    assert (again["created"], again["invoice"]["name"]) == (False, "credits")
    assert people.eve.data("credits")["pay_with"] == [{"rail": "ton", "asset": "TON"}]
    few = people.eve.data("credits", "buy", "5", "--with", "ton", "--yes", expect=1)["error"]
    assert few["code"] == "credits_out_of_bounds"
    other = people.eve.data("credits", "buy", "5", "--with", "stripe", "--yes", expect=1)["error"]
    assert other["code"] in ("payment_provider_not_set_up", "credits_out_of_bounds")
