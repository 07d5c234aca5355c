"""Buying and selling in the browser, without JavaScript: what is shown, what is withheld, what is done once only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.domain.payments.facts import apply_facts
from skillyard.domain.payments.invoices import get_invoice
from skillyard.domain.payments.jobs import mature_sales
from skillyard.domain.payments.model import Receipt
from skillyard.domain.payments.payouts import list_payouts
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.registry.sale import buy, set_price, set_sale
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from skillyard.skill.names import SkillName
from tests.api.web.browser import Browser
from tests.makers import a_person, a_release, make_app
from tests.peers.ton.driver import WALLET_WORDS

SENTENCE = "purple rain on mondays"
EVIL = "<script>alert(1)</script>"
RECIPE = "The secret recipe."
REPORT = SkillName("ada", "report")
OWN_WALLET = "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI"
DAYS_S = 24 * 3600


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    app = make_app(
        tmp_path, clock=clock, ton_wallet_words=WALLET_WORDS, payout_cooling_hours=0,
        access_token_minutes=60 * 24 * 365,
    )  # fmt: skip
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    """The administrator, who sells ada/report for 29 dollars or 5.5 TON."""
    ada = a_person(app, "ada", password=SENTENCE)
    a_release(app, ada, "ada/report", body=RECIPE, files={"scripts/run.py": RECIPE}, visibility="private")
    set_sale(app, ada, name=REPORT, is_for_sale=True, selling_text=f"# For boards\n\n{EVIL} *Quick.*")
    set_price(app, ada, name=REPORT, mode="fixed_usd", amount="29.00")
    set_price(app, ada, name=REPORT, mode="fixed_ton", amount="5.5")
    return ada


@pytest.fixture
def grace(app: App, ada: Caller) -> Caller:
    return a_person(app, "grace", password=SENTENCE)


@pytest.fixture
def browser(app: App, grace: Caller) -> Browser:
    """Grace's."""
    browser = Browser(app)
    browser.sign_in("grace", SENTENCE)
    return browser


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status == status, answer.body
    return answer.body.decode()


def test_a_private_skill_for_sale_has_a_page_and_no_content(app: App, ada: Caller, browser: Browser) -> None:
    for visitor in (browser, Browser(app)):
        html = page(visitor, "/ada/report")
        for part in ("<h2>For boards</h2>", "<em>Quick.</em>", "29.00 USD or 5.50 TON", "1.0.0", "sold by ada"):
            assert part in html
        assert RECIPE not in html
        assert EVIL not in html
        refused = page(visitor, "/ada/report/1.0.0/files/scripts/run.py", status=402)
        assert "29.00 USD" in refused
        assert RECIPE not in refused
    assert "Sign in to buy" in page(Browser(app), "/ada/report")


def test_of_a_public_skill_for_sale_everybody_reads_the_text(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, "ada/open", body="# Read me", files={"scripts/run.py": "print(1)"})
    set_sale(app, ada, name=SkillName("ada", "open"), is_for_sale=True)
    set_price(app, ada, name=SkillName("ada", "open"), mode="fixed_usd", amount="1.00")
    html = page(browser, "/ada/open")
    assert "Read me" in html
    assert "1.00 USD" in html
    assert "scripts/run.py" not in html
    assert page(browser, "/ada/open/1.0.0/files/scripts/run.py", status=402)


def test_one_click_buys_with_credits(app: App, ada: Caller, grace: Caller, browser: Browser) -> None:
    page(browser, "/ada/report")
    poor = browser.post("/ada/report/buy", rail="credits")
    assert poor.status == 402
    assert b'role="alert"' in poor.body
    grant_credits(app, ada, username="grace", amount="3000", reason="a test")
    page(browser, "/ada/report")
    bought = browser.post("/ada/report/buy", rail="credits", referral_code="")
    assert bought.status == 303
    assert "skillyard install ada/report" in page(browser, bought.headers["location"])
    assert "You have it." in page(browser, "/ada/report")
    assert RECIPE in page(browser, "/ada/report/1.0.0/files/scripts/run.py")
    shown = page(browser, "/account/purchases")
    assert 'href="/ada/report"' in shown
    assert "You have 100 credits" in shown


def test_a_refusal_is_told_beside_the_buttons(browser: Browser) -> None:
    page(browser, "/ada/report")
    refused = browser.post("/ada/report/buy", rail="ton", referral_code="nobody-here")
    assert refused.status == 422
    assert b"There is no referral code nobody-here." in refused.body
    assert b'name="rail"' in refused.body


def test_an_invoice_in_ton_shows_all_that_a_wallet_needs_and_looks_again_by_itself(app: App, browser: Browser) -> None:
    page(browser, "/ada/report")
    address = browser.post("/ada/report/buy", rail="ton").headers["location"]
    html = page(browser, address)
    memo = re.search(r"text=([0-9A-Z]+)", html)
    assert memo
    for part in (f">{memo[1]}<", ">5.500000000<", "ton://transfer/UQ", "<svg", 'http-equiv="refresh" content="5"'):
        assert part in html
    assert browser.post("/ada/report/buy", rail="ton").headers["location"] == address, "one open invoice is enough"
    assert browser.post(f"{address}/cancel").status == 303
    cancelled = page(browser, address)
    assert "cancelled" in cancelled
    assert "http-equiv" not in cancelled
    assert "ton://" not in cancelled
    assert browser.post(f"{address}/cancel").status == 409


def test_an_invoice_is_shown_to_its_buyer_only(app: App, browser: Browser) -> None:
    page(browser, "/ada/report")
    address = browser.post("/ada/report/buy", rail="ton").headers["location"]
    a_person(app, "eve", password=SENTENCE)
    eve = Browser(app)
    assert eve.get(address).headers["location"].startswith("/sign-in")
    eve.sign_in("eve", SENTENCE)
    assert eve.get(address).status == 404
    assert eve.post(f"{address}/cancel").status == 404


def test_no_other_site_can_buy_for_somebody(app: App, ada: Caller, grace: Caller, browser: Browser) -> None:
    grant_credits(app, ada, username="grace", amount="3000", reason="a test")
    page(browser, "/ada/report")
    browser.form_key = "0" * 64
    assert browser.post("/ada/report/buy", rail="credits").status == 403
    assert get_credits(app, grace).available == 3000


def test_sellers_see_what_they_earned_and_ask_for_it(app: App, ada: Caller, grace: Caller, clock: FixedClock) -> None:
    grant_credits(app, ada, username="grace", amount="3000", reason="a test")
    buy(app, grace, name=REPORT, rail="credits")
    clock.move(seconds=8 * DAYS_S)
    mature_sales(app)
    browser = Browser(app)
    browser.sign_in("ada", SENTENCE)
    html = page(browser, "/account/selling")
    assert "26.10" in html
    assert "grace" in html
    key = re.search(r'name="key" value="([0-9a-f]+)"', html)
    assert key
    for _ in range(2):
        assert browser.post("/account/selling/payouts", amount="20.00", to="credits", key=key[1]).status == 303
    assert len(list_payouts(app, ada).items) == 1
    refused = browser.post("/account/selling/payouts", amount="20.00", to="credits", key="another")
    assert b"6.10 USD available" in refused.body
    assert browser.post("/account/selling/payouts", amount="1", to="nowhere", key="x").status == 422


def test_a_wallet_is_checked_before_it_is_kept(app: App, ada: Caller) -> None:
    browser = Browser(app)
    browser.sign_in("ada", SENTENCE)
    page(browser, "/account/selling")
    assert browser.post("/account/selling/wallet", address=OWN_WALLET[:-1] + "A").status == 422
    assert browser.post("/account/selling/wallet", address=OWN_WALLET).status == 303
    assert OWN_WALLET in page(browser, "/account/selling")
    assert browser.post("/account/selling/connect").status in (409, 503)


def test_what_came_too_much_can_be_claimed_to_a_wallet(app: App, grace: Caller, browser: Browser) -> None:
    page(browser, "/ada/report")
    address = browser.post("/ada/report/buy", rail="ton").headers["location"]
    invoice = get_invoice(app, grace, invoice_id=address.rpartition("/")[2])
    came = Receipt(
        rail="ton", reference="0:ab:1:cd", asset=invoice.asset, amount=invoice.amount + 10**9, memo=invoice.memo,
        received_ms=app.clock.now_ms(),
    )  # fmt: skip
    apply_facts(app, [came])
    assert "1.00 TON are yours" in page(browser, address)
    assert browser.post(f"{address}/claim", address="nonsense").status == 422
    assert browser.post(f"{address}/claim", address=OWN_WALLET).status == 303
    shown = page(browser, address)
    assert "1.00 TON back to you: requested" in shown
    assert "are yours" not in shown


def test_owners_sell_from_the_page_of_the_skill(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, "ada/maps")
    assert 'action="/ada/maps/sale' not in page(browser, "/ada/maps")
    assert browser.post("/ada/maps/sale", is_for_sale="yes", fixed_usd="5.00").status == 403
    owner = Browser(app)
    owner.sign_in("ada", SENTENCE)
    assert 'action="/ada/maps/sale' in page(owner, "/ada/maps")
    refused = owner.post("/ada/maps/sale", is_for_sale="yes", fixed_usd="5,00", selling_text="# Maps")
    assert refused.status == 422
    assert b"decimal string" in refused.body
    sold = owner.post(
        "/ada/maps/sale", is_for_sale="yes", is_private="yes", fixed_usd="5.00", selling_text="# Maps\r\n"
    )
    assert sold.status == 303
    shown = page(browser, "/ada/maps")
    assert "<h2>Maps</h2>" in shown
    assert "5.00 USD" in shown
    page(owner, "/ada/maps")
    assert owner.post("/ada/maps/sale", selling_text="# Maps").status == 303
    assert browser.get("/ada/maps").status == 404


def test_credits_are_bought_on_their_page_and_paid_as_an_invoice(app: App, ada: Caller, browser: Browser) -> None:
    set_rate(app, ada, asset=Asset.TON, usd="2.00")
    html = page(browser, "/account/credits")
    assert 'value="ton"' in html
    assert "100 to 100,000 at once" in html
    refused = browser.post("/account/credits", amount=EVIL, rail="ton")
    assert refused.status == 422
    assert EVIL.encode() not in refused.body
    address = browser.post("/account/credits", amount="1500", rail="ton").headers["location"]
    shown = page(browser, address)
    for part in ("<h1>1,500 credits</h1>", ">7.500000000<", "ton://transfer/UQ"):
        assert part in shown
    assert "1,500 credits" in page(browser, "/account/purchases")
    assert browser.post(f"{address}/cancel").status == 303
    assert 'href="/account/credits">Begin again' in page(browser, address)


def test_paid_credits_are_shown_and_belong_to_their_buyer(
    app: App, clock: FixedClock, ada: Caller, grace: Caller, browser: Browser
) -> None:
    set_rate(app, ada, asset=Asset.TON, usd="2.00")
    page(browser, "/account/credits")
    address = browser.post("/account/credits", amount="1500", rail="ton").headers["location"]
    invoice = get_invoice(app, grace, invoice_id=address.rpartition("/")[2])
    came_in = Receipt(
        rail="ton", reference="0:ab:1:cd", asset=invoice.asset, amount=invoice.amount, received_ms=clock.now_ms(),
        memo=invoice.memo,
    )  # fmt: skip
    apply_facts(app, [came_in])
    assert "They are yours." in page(browser, address)
    html = page(browser, "/account/credits")
    assert "1,500 credits" in html
    assert "+1,500" in html
    assert ">bought<" in html
    assert Browser(app).get(address).status != 200


def test_who_is_not_signed_in_is_sent_to_sign_in_before_buying_credits(app: App, ada: Caller) -> None:
    answer = Browser(app).get("/account/credits")
    assert (answer.status, "sign-in" in answer.headers.get("location", "")) == (303, True)
