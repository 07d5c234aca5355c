"""Paying out, once: a message is signed and stored before it is sent, and the same one is sent again and again.

The wallet takes each number once and nothing after `valid_until`. So only the chain says what became of a message:
it is there; or another took its number, or its time is over, and then it can never come.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.ton.address import WalletNotValid, read_address
from skillyard.domain.payments.ton.set_up import SetUp, TonNotSetUp
from skillyard.domain.payments.ton.transactions import Message, Transaction
from skillyard.domain.payments.ton.wallet import SignedMessage, Transfer, read_message_seqno, read_seqno, sign_transfer
from skillyard.infra.errors import SkillyardError, Unavailable
from skillyard.infra.money import Asset, show_amount

VALID_S = 300
MARGIN_S = 60
_KEPT_FOR_FEES = 50_000_000  # nanoTON
_MOST_PAGES = 30


class TonWalletTooLow(Unavailable):
    code = "ton_wallet_too_low"
    text = "The server's TON wallet has {balance} TON, and {needed} are needed."
    hint = "The operator sends TON to the wallet; then it goes on by itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A signed message, and the `lt` of the wallet's last transaction before it."""

    boc: str
    body_hash: str
    seqno: int
    valid_until_s: int
    since_lt: int


def prepare(here: SetUp, *, destination: str, nano: int, comment: str) -> str:
    """A signed message for the wallet as it is now, as JSON to store.

    Raises TonNotSetUp, WalletNotValid, TonWalletTooLow, or an Upstream.
    """
    if not here.words:
        raise TonNotSetUp(why="the server has no words to sign payouts with")
    receiver = read_address(destination, here.network)
    if receiver == here.wallet:
        raise WalletNotValid(why="it is the server's own wallet")
    wallet, valid_until_s = here.api.account(here.wallet), here.api.time().at_s + VALID_S
    if wallet.balance < nano + _KEPT_FOR_FEES:
        raise TonWalletTooLow(
            balance=show_amount(wallet.balance, Asset.TON), needed=show_amount(nano + _KEPT_FOR_FEES, Asset.TON)
        )
    transfer = Transfer(destination=receiver, nano=nano, comment=comment, bounce=here.api.account(receiver).is_active)
    signed = sign_transfer(here.words, here.network, wallet, transfer, valid_until_s)
    return _write(signed, since_lt=wallet.last_lt)


def send(here: SetUp, prepared: str) -> Outcome:
    """Hand it to the network. Whether it was taken is not said before the chain shows it."""
    message = _read(prepared)
    try:
        refused = here.api.send(message.boc)
    except SkillyardError as error:
        return Outcome(state="unknown", reference=message.body_hash, why=error.message)
    if refused:
        return Outcome(state="unknown", reference=message.body_hash, why=f"the node does not take it: {refused}")
    return Outcome(state="submitted", reference=message.body_hash)


def find(here: SetUp, prepared: str, *, destination: str, nano: int, comment: str) -> Outcome:
    """What became of it: paid; failed, and it can never be paid any more; or not known yet."""
    try:
        return _find(here, _read(prepared), read_address(destination, here.network), nano, comment)
    except SkillyardError as error:
        return Outcome(state="unknown", why=error.message)


def _find(here: SetUp, message: Prepared, receiver: str, nano: int, comment: str) -> Outcome:
    over_s = message.valid_until_s + MARGIN_S
    now_s = here.api.time().at_s  # before the reading, which then is of this time or later
    page = here.api.all_transactions(here.wallet, most_pages=_MOST_PAGES, start_lt=message.since_lt + 1)
    for transaction in page.transactions:
        if any(_is_payment(sent, receiver, nano, comment) for sent in transaction.outgoing):
            return Outcome(
                state="paid" if transaction.is_final else "submitted",
                reference=transaction.reference,
                fee=transaction.cost,
            )
    taken = next((one for one in page.transactions if one.is_final and _takes_number(one, message)), None)
    reaches_the_end = page.is_last or page.transactions[-1].at_s > over_s
    if taken is None and (now_s <= over_s or not reaches_the_end):
        return Outcome(state="unknown", why="it is on its way")
    is_number_past = read_seqno(here.api.account(here.wallet)) > message.seqno
    if is_number_past is not (taken is not None):
        return Outcome(state="unknown", why="the node and its index do not say the same of the wallet")
    why = _why_not(taken, message) if taken else "the network did not take it in time"
    return Outcome(state="failed", reference=taken.reference if taken else None, why=why)


def _is_payment(sent: Message, receiver: str, nano: int, comment: str) -> bool:
    return sent.destination == receiver and sent.value == nano and sent.comment == comment


def _takes_number(transaction: Transaction, message: Prepared) -> bool:
    incoming = transaction.incoming
    return incoming is not None and incoming.source is None and read_message_seqno(incoming.body) == message.seqno


def _why_not(transaction: Transaction, message: Prepared) -> str:
    if transaction.incoming is not None and transaction.incoming.body_hash == message.body_hash:
        return "the wallet could not pay it: its balance was too low"
    return "another message of the wallet took its turn"


def _write(signed: SignedMessage, *, since_lt: int) -> str:
    return orjson.dumps(Prepared(
        boc=signed.boc, body_hash=signed.body_hash, seqno=signed.seqno,
        valid_until_s=signed.valid_until_s, since_lt=since_lt,
    )).decode()  # fmt: skip


def _read(prepared: str) -> Prepared:
    return Prepared(**orjson.loads(prepared))
