"""What the operator has set up for TON: the wallet, the words that sign for it, and the API of a network."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillyard.app import App
from skillyard.domain.payments.ton.address import Network, read_address, show_address
from skillyard.domain.payments.ton.toncenter import Toncenter
from skillyard.domain.payments.ton.wallet import wallet_address
from skillyard.infra.errors import Unavailable
from skillyard.settings import Settings

_APIS: dict[Network, str] = {"mainnet": "https://toncenter.com", "testnet": "https://testnet.toncenter.com"}


class TonNotSetUp(Unavailable):
    code = "ton_not_set_up"
    text = "Payment in TON is not set up on this server: {why}."
    hint = "The operator sets SKILLYARD_TON_WALLET_WORDS or SKILLYARD_TON_WALLET_ADDRESS, and runs `doctor`."


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """`wallet`: the raw address that is paid. `words`: of that wallet; empty when the server may only watch it."""

    network: Network
    wallet: str
    words: str = field(repr=False)
    api: Toncenter = field(repr=False)


def is_set_up(settings: Settings) -> bool:
    return bool(words_of(settings) or settings.ton_wallet_address.strip())


def words_of(settings: Settings) -> str:
    return " ".join(settings.ton_wallet_words.get_secret_value().lower().split())


def api_of(app: App) -> Toncenter:
    settings = app.settings
    return Toncenter(
        outbound=app.outbound,
        url=(settings.ton_api_url or _APIS[settings.ton_network]).rstrip("/"),
        key=settings.ton_api_key.get_secret_value(),
    )


def set_up_of(app: App) -> SetUp:
    """Raises TonNotSetUp, TonWordsNotValid, or WalletNotValid for what the settings say."""
    settings, words = app.settings, words_of(app.settings)
    if not is_set_up(settings):
        raise TonNotSetUp(why="no wallet is named")
    own = wallet_address(words, settings.ton_network) if words else ""
    named = read_address(settings.ton_wallet_address, settings.ton_network) if settings.ton_wallet_address else own
    if own and own != named:
        belongs, is_named = show_address(own, settings.ton_network), show_address(named, settings.ton_network)
        raise TonNotSetUp(why=f"the words are those of {belongs} (a W5 wallet), and the wallet named is {is_named}")
    return SetUp(network=settings.ton_network, wallet=named, words=words, api=api_of(app))
