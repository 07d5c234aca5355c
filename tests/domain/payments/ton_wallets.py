"""A server's wallet on the tests' TON network."""

from __future__ import annotations

from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.ton.sending import find, prepare, send
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.domain.payments.ton.toncenter import Toncenter
from skillyard.domain.payments.ton.wallet import wallet_address
from skillyard.infra.outbound import Outbound
from tests.peers.ton.driver import WALLET_WORDS, TonPeer


def ton_set_up(peer: TonPeer) -> SetUp:
    return SetUp(
        network="mainnet",
        wallet=wallet_address(WALLET_WORDS, "mainnet"),
        words=WALLET_WORDS,
        api=Toncenter(outbound=Outbound(http_loopback=True), url=peer.url, key=""),
    )


def pay_out(here: SetUp, destination: str, nano: int, comment: str) -> Outcome:
    """Sign, send, and find it on the chain."""
    prepared = prepare(here, destination=destination, nano=nano, comment=comment)
    assert send(here, prepared).state == "submitted"
    return find(here, prepared, destination=destination, nano=nano, comment=comment)
