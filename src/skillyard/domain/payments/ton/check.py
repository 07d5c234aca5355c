"""What `doctor` asks about TON: the rate, the words, the wallet, the API, its network and its clock."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.app import App
from skillyard.domain.payments.rail import Check
from skillyard.domain.payments.rates import get_rate
from skillyard.domain.payments.ton.address import show_address
from skillyard.domain.payments.ton.set_up import SetUp, set_up_of
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset, show_amount

_GLOBAL_IDS = {"mainnet": -239, "testnet": -3}
_MOST_LAG_S = 60
_LOW_NANO = 100_000_000


def check_set_up(app: App) -> Iterator[Check]:
    """Does not raise; stops at the first thing without which the others cannot be asked."""
    yield _rate(app)
    try:
        here = set_up_of(app)
        yield _wallet(here)
        yield from _network(app, here)
        yield _balance(here)
    except SkillyardError as error:
        yield Check(name="ton", ok=False, detail=error.message, hint=error.advice)


def _rate(app: App) -> Check:
    """Without a rate, prices in dollars cannot be paid in TON; that is wrong only where one should be read."""
    rate, url = get_rate(app, asset=Asset.TON), app.settings.rates_url
    detail = f"1 TON is {rate.usd} USD, says {rate.source}" if rate else "none: prices in USD cannot be paid in TON"
    hint = "Look at SKILLYARD_RATES_URL, and whether the worker runs; an administrator can set a rate meanwhile."
    return Check(name="ton rate", ok=rate is not None or not url, detail=detail, hint="" if rate or not url else hint)


def _wallet(here: SetUp) -> Check:
    does = "takes payments and pays out" if here.words else "takes payments; it has no words to pay out with"
    return Check(name="ton wallet", ok=True, detail=f"{show_address(here.wallet, here.network)} {does}")


def _network(app: App, here: SetUp) -> Iterator[Check]:
    now = here.api.time()
    lag_s = app.clock.now_ms() // 1000 - now.at_s
    yield Check(
        name="ton clock",
        ok=abs(lag_s) <= _MOST_LAG_S,
        detail=f"the newest block is {lag_s} seconds old",
        hint="" if abs(lag_s) <= _MOST_LAG_S else "Check this machine's clock; if it is right, the API lags behind.",
    )
    if now.global_id is not None:
        right = now.global_id == _GLOBAL_IDS[here.network]
        yield Check(
            name="ton network",
            ok=right,
            detail=f"{here.api.host} serves the network {now.global_id}; {here.network} is {_GLOBAL_IDS[here.network]}",
            hint="" if right else "Set SKILLYARD_TON_NETWORK and SKILLYARD_TON_API_URL to the same network.",
        )


def _balance(here: SetUp) -> Check:
    account = here.api.account(here.wallet)
    low = bool(here.words) and account.balance < _LOW_NANO
    state = "in use" if account.is_active else "not used for sending yet"
    return Check(
        name="ton balance",
        ok=not low,
        detail=f"{show_amount(account.balance, Asset.TON)} TON, {state}",
        hint="Send it some TON: paying out costs about 0.01 TON each time." if low else "",
    )
