"""What a unit of an asset is worth in US dollars: read from an address that the operator names, or set by an
administrator, whose word comes first while it is fresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import Quote
from skillyard.domain.payments.store import rates as store
from skillyard.infra.database import Tx
from skillyard.infra.errors import Invalid, Upstream
from skillyard.infra.events import Event
from skillyard.infra.jobs import every
from skillyard.infra.money import Asset

ADMINISTRATOR = "administrator"
SET_FOR_MS = 24 * 3600 * 1000
READ_FOR_MS = 15 * 60 * 1000
_PLAIN = re.compile(r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,9})?", re.ASCII)
_LARGEST = Decimal(1_000_000)
_LARGEST_LEAP = 2
_LEAP_WITHIN_MS = 3600 * 1000


class RateNotValid(Invalid):
    code = "rate_not_valid"
    text = "This is no rate for {asset}: {why}."
    hint = 'Write what one unit is worth in US dollars as a decimal string, such as "5.2"; only TON has a rate.'


class RateNotBelieved(Upstream):
    code = "rate_not_believed"
    text = "{source} says that one {asset} is worth {usd} US dollars, and that is not believed: {why}."
    hint = "Look at that address; an administrator can set the rate meanwhile."


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSet(Event):
    """An administrator said what an asset is worth."""

    kind: ClassVar[str] = "rate.set"

    asset: str
    usd: str
    by: str


def set_rate(app: App, caller: Caller, *, asset: Asset, usd: str) -> Quote:
    """For a day, or until it is set again. Raises AdministratorsOnly or RateNotValid."""
    caller.must("administer")
    _, username = caller.identity
    quote = Quote(usd=read_rate(asset, usd), source=ADMINISTRATOR, at_ms=app.clock.now_ms())
    with app.database.transaction() as tx:
        store.put(tx, asset, quote)
        app.events.record(tx, RateSet(asset=asset.value, usd=quote.usd, by=username))
    return quote


def get_rate(app: App, *, asset: Asset) -> Quote | None:
    """The rate of now, for everybody; None when there is none that is fresh."""
    with app.database.reading() as tx:
        return find_rate(tx, asset, app.clock.now_ms())


def find_rate(tx: Tx, asset: Asset, now_ms: int) -> Quote | None:
    """US dollars for one unit, as a decimal string; None when nobody said so lately."""
    return choose_rate(store.list_of(tx, asset), now_ms)


def choose_rate(quotes: Iterable[Quote], now_ms: int) -> Quote | None:
    """Of those that still count, the administrator's, else the newest."""
    fresh = [quote for quote in quotes if 0 <= now_ms - quote.at_ms < _life_ms(quote)]
    return max(fresh, key=lambda quote: (quote.source == ADMINISTRATOR, quote.at_ms), default=None)


def read_rate(asset: Asset, usd: object) -> str:
    """A decimal string above zero, as it is kept. Raises RateNotValid."""
    if asset is not Asset.TON:
        raise RateNotValid(asset=asset.value, why="its worth is fixed")
    if not isinstance(usd, str) or not _PLAIN.fullmatch(usd):
        raise RateNotValid(asset=asset.value, why="it is not a plain decimal string with at most nine decimals")
    if not 0 < Decimal(usd) <= _LARGEST:
        raise RateNotValid(asset=asset.value, why=f"it must be above 0 and not above {_LARGEST}")
    return usd


@every(seconds=300)
def refresh_rates(app: App) -> None:
    """Read the rate of TON where the operator says. Raises CallFailed, RateNotBelieved."""
    url = app.settings.rates_url
    if not url:
        return
    source = str(urlsplit(url).hostname)
    quote = Quote(usd=_rate_in(app.outbound.get_json(url), source), source=source, at_ms=app.clock.now_ms())
    with app.database.transaction() as tx:
        _check_leap(store.list_of(tx, Asset.TON), quote)
        store.put(tx, Asset.TON, quote)


def _rate_in(found: Any, source: str) -> str:
    """The price in `{"rates": {"TON": {"prices": {"USD": 5.2}}}}`, as a number or as a string."""
    try:
        said = found["rates"]["TON"]["prices"]["USD"]
    except (LookupError, TypeError):
        raise RateNotBelieved(source=source, asset="TON", usd="nothing", why="there is no price of TON") from None
    if isinstance(said, float | int) and not isinstance(said, bool):
        said = f"{said:.9f}"
    try:
        return read_rate(Asset.TON, said)
    except RateNotValid as error:
        raise RateNotBelieved(source=source, asset="TON", usd=str(said)[:40], why=error.facts["why"]) from None


def _check_leap(quotes: Iterable[Quote], new: Quote) -> None:
    """A price that doubles or halves within the hour is sooner a mistake, or a theft, than the market."""
    for old in quotes:
        if 0 <= new.at_ms - old.at_ms < _LEAP_WITHIN_MS:
            low, high = sorted((Decimal(old.usd), Decimal(new.usd)))
            if high > low * _LARGEST_LEAP:
                why = f"{old.source} said {old.usd} within the hour"
                raise RateNotBelieved(source=new.source, asset="TON", usd=new.usd, why=why)


def _life_ms(quote: Quote) -> int:
    return SET_FOR_MS if quote.source == ADMINISTRATOR else READ_FOR_MS
