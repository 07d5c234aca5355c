"""The wallet that pays out (version 5, revision 1): its address and key from 24 words, and its signed messages.

Signing needs no network: what the network says about the wallet is handed in.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from skillyard.domain.payments.ton.address import Network
from skillyard.domain.payments.ton.toncenter import Account
from skillyard.infra.errors import Unavailable, Upstream

_SIGNED = 0x7369676E  # the operation of a message from outside that is signed

if TYPE_CHECKING:
    from tonutils.contracts.wallet import WalletV5R1


class TonWordsNotValid(Unavailable):
    code = "ton_words_not_valid"
    text = "The words of the server's TON wallet are not those of a wallet."
    hint = "The operator writes the 24 words into SKILLYARD_TON_WALLET_WORDS, in their order, with spaces in between."


class TonStateNotReadable(Upstream):
    code = "ton_state_not_readable"
    text = "What the API says of the server's TON wallet cannot be read."
    hint = "Try again in a moment; if it stays, the operator compares SKILLYARD_TON_API_URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One payment. `bounce`: let the network send it back when the receiver's contract refuses it."""

    destination: str
    nano: int
    comment: str
    bounce: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """`boc`: base64, good until `valid_until_s` and for one use. `body_hash`: by which the network shows it again."""

    boc: str
    body_hash: str
    seqno: int
    valid_until_s: int


def wallet_address(words: str, network: Network) -> str:
    """The raw address. Raises TonWordsNotValid."""
    return str(_open(words, network, Account.unused()).address.to_str(is_user_friendly=False))


def sign_transfer(
    words: str, network: Network, state: Account, transfer: Transfer, valid_until_s: int
) -> SignedMessage:
    """A message for the next use of the wallet; at its first it also creates the contract. `state`: of the wallet now.

    Raises TonWordsNotValid or TonStateNotReadable.
    """
    from ton_core import Address, WalletV5Params
    from tonutils.contracts.wallet import TONTransferBuilder

    seqno = read_seqno(state)
    payment = TONTransferBuilder(
        destination=Address(transfer.destination), amount=transfer.nano, body=transfer.comment, bounce=transfer.bounce
    )
    message = asyncio.run(
        _open(words, network, state).build_external_message(
            [payment], WalletV5Params(seqno=seqno, valid_until=valid_until_s)
        )
    )
    return SignedMessage(
        boc=b64encode(message.to_boc()).decode(),
        body_hash=message.body.hash.hex(),
        seqno=seqno,
        valid_until_s=valid_until_s,
    )


def read_seqno(state: Account) -> int:
    """The number that the wallet's next message must have; 0 before its first. Raises TonStateNotReadable."""
    from ton_core import Cell

    if not state.is_active:
        return 0
    try:
        return int(Cell.one_from_boc(state.data).begin_parse().skip_bits(1).load_uint(32))
    except Exception:  # the parser is another's, and what it reads came from outside
        raise TonStateNotReadable from None


def read_message_seqno(body: str) -> int | None:
    """The number that a signed message to such a wallet bears, from its body in base64; None for another message."""
    from ton_core import Cell

    try:
        content = Cell.one_from_boc(body).begin_parse()
        is_signed = content.load_uint(32) == _SIGNED
        return int(content.skip_bits(64).load_uint(32)) if is_signed else None
    except Exception:  # the parser is another's, and anybody may write to the wallet
        return None


class _LookedUp:
    """What the library asks of a client while it signs, answered from what was looked up before."""

    def __init__(self, network: Network, state: Account) -> None:
        from ton_core import ContractState, NetworkGlobalID
        from tonutils.types import ContractInfo

        self.network = NetworkGlobalID[network.upper()]
        self._info = ContractInfo(state=ContractState.ACTIVE if state.is_active else ContractState.UNINIT)

    async def get_info(self, address: object) -> Any:  # noqa: ARG002 (named by the library)
        return self._info


def _open(words: str, network: Network, state: Account) -> WalletV5R1:
    from tonutils.contracts.wallet import WalletV5R1

    client: Any = _LookedUp(network, state)
    return WalletV5R1.from_private_key(client, _private_key(words))


@lru_cache(maxsize=4)
def _private_key(words: str) -> Any:
    """Deriving it takes a tenth of a second."""
    from tonutils.contracts.wallet import WalletV5R1

    client: Any = _LookedUp("mainnet", Account.unused())
    try:
        return WalletV5R1.from_mnemonic(client, words)[2]
    except ValueError:
        raise TonWordsNotValid from None
