"""Rates: an administrator's, or read from an address; only fresh ones count, and not every word is believed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import Quote
from skillyard.domain.payments.rates import (
    READ_FOR_MS,
    SET_FOR_MS,
    RateNotBelieved,
    RateNotValid,
    RateSet,
    choose_rate,
    get_rate,
    refresh_rates,
    set_rate,
)
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, Unauthenticated
from skillyard.infra.events import read_after
from skillyard.infra.money import Asset
from skillyard.infra.outbound import CallFailed
from tests.makers import a_person, make_app


class PricePage:
    """An address that says what TON costs; `body` is what it answers."""

    def __init__(self) -> None:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(page.status)
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *args: object) -> None:
                pass

        self.status, self.body = 200, b""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, price: object) -> None:
        self.body = json.dumps({"rates": {"TON": {"prices": {"USD": price}, "diff_24h": {"USD": "+1%"}}}}).encode()


@pytest.fixture(scope="module")
def page() -> Iterator[PricePage]:
    made = PricePage()
    yield made
    made.server.shutdown()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock, page: PricePage) -> Iterator[App]:
    url = f"http://127.0.0.1:{page.server.server_port}/v2/rates?tokens=ton&currencies=usd"
    page.status = 200
    made = make_app(tmp_path, clock=clock, rates_url=url, outbound_http_loopback=True)
    yield made
    made.close()


def rate_of(app: App) -> str | None:
    quote = get_rate(app, asset=Asset.TON)
    return quote.usd if quote else None


def test_without_anybodys_word_there_is_no_rate(app: App) -> None:
    assert get_rate(app, asset=Asset.TON) is None


def test_an_administrators_rate_holds_for_a_day(app: App, clock: FixedClock) -> None:
    set_rate(app, a_person(app), asset=Asset.TON, usd="5.25")
    assert get_rate(app, asset=Asset.TON) == Quote(usd="5.25", source="administrator", at_ms=clock.now_ms())
    clock.move(seconds=SET_FOR_MS / 1000 - 1)
    assert rate_of(app) == "5.25"
    clock.move(seconds=1)
    assert rate_of(app) is None


def test_a_rate_that_was_read_holds_for_a_quarter_of_an_hour(app: App, clock: FixedClock, page: PricePage) -> None:
    page.says(5.2)
    refresh_rates(app)
    found = get_rate(app, asset=Asset.TON)
    assert found is not None
    assert (found.usd, found.source) == ("5.200000000", "127.0.0.1")
    clock.move(seconds=READ_FOR_MS / 1000)
    assert rate_of(app) is None


def test_the_administrators_word_comes_first(app: App, page: PricePage, clock: FixedClock) -> None:
    set_rate(app, a_person(app), asset=Asset.TON, usd="5")
    clock.move(seconds=60)
    page.says("6")
    refresh_rates(app)
    assert rate_of(app) == "5"
    assert choose_rate([Quote(usd="6", source="a", at_ms=0), Quote(usd="7", source="b", at_ms=1)], 2) == Quote(
        usd="7", source="b", at_ms=1
    )


def test_only_an_administrator_sets_a_rate_and_it_is_on_record(app: App) -> None:
    ada, eve = a_person(app, "ada"), a_person(app, "eve")
    with pytest.raises(Forbidden):
        set_rate(app, eve, asset=Asset.TON, usd="0.01")
    with pytest.raises(Unauthenticated):
        set_rate(app, Caller(), asset=Asset.TON, usd="0.01")
    set_rate(app, ada, asset=Asset.TON, usd="5")
    with app.database.reading() as tx:
        events = [event for event in read_after(tx, 0) if event.kind == RateSet.kind]
    assert [event.data for event in events] == [{"asset": "TON", "usd": "5", "by": "ada"}]


@pytest.mark.parametrize(
    "usd", ["", "0", "0.0", "-1", "+1", "5,2", "1e3", "5.", ".5", "NaN", "1000001", "1.0000000001", "\u0665"]
)
def test_what_is_no_rate_is_refused(app: App, usd: str) -> None:
    with pytest.raises(RateNotValid):
        set_rate(app, a_person(app), asset=Asset.TON, usd=usd)


@pytest.mark.parametrize("asset", [Asset.USD, Asset.CREDIT])
def test_dollars_and_credits_have_no_rate(app: App, asset: Asset) -> None:
    with pytest.raises(RateNotValid, match="fixed"):
        set_rate(app, a_person(app), asset=asset, usd="1")


@pytest.mark.parametrize("price", [None, 0, -1, "much", True, 10**9, [], {}, 1e-12])
def test_nonsense_from_the_address_is_not_believed(app: App, page: PricePage, price: object) -> None:
    page.says(price)
    with pytest.raises(RateNotBelieved):
        refresh_rates(app)
    assert rate_of(app) is None


@pytest.mark.parametrize("body", [b"[]", b'{"rates": 5}', b"null", b'"x"'])
def test_another_shape_is_not_believed(app: App, page: PricePage, body: bytes) -> None:
    page.body = body
    with pytest.raises(RateNotBelieved):
        refresh_rates(app)


def test_an_address_that_fails_changes_nothing(app: App, page: PricePage) -> None:
    page.says(5)
    refresh_rates(app)
    for status, body in ((500, page.body), (200, b"<html>")):
        page.status, page.body = status, body
        with pytest.raises(CallFailed):
            refresh_rates(app)
    assert rate_of(app) == "5.000000000"


@pytest.mark.parametrize("leap", [2.49, 10.01, 500])
def test_a_price_that_leaps_is_not_believed_within_the_hour(
    app: App, page: PricePage, clock: FixedClock, leap: float
) -> None:
    page.says(5)
    refresh_rates(app)
    page.says(leap)
    clock.move(seconds=600)
    with pytest.raises(RateNotBelieved, match="within the hour"):
        refresh_rates(app)
    assert rate_of(app) == "5.000000000"
    clock.move(seconds=3000)
    refresh_rates(app)
    assert rate_of(app) == f"{leap:.9f}"


def test_without_an_address_nobody_is_asked(tmp_path: Path) -> None:
    made = make_app(tmp_path)
    refresh_rates(made)
    assert get_rate(made, asset=Asset.TON) is None
    made.close()


def test_rates_are_kept_on_both_foundations(each_app: App) -> None:
    ada = a_person(each_app)
    set_rate(each_app, ada, asset=Asset.TON, usd="5")
    set_rate(each_app, ada, asset=Asset.TON, usd="6.5")
    assert rate_of(each_app) == "6.5"
