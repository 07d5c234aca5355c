"""Transactions of an account as version 3 of the API lists them, and which of them pay us. Pure decisions.

Whether a contract's code ran well says nothing about the money: a transfer to a wallet that was never used is marked
as aborted and credited all the same. What counts is the message that came in and that nothing was sent back.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.domain.payments.ton.comment import read_bounced_comment, read_comment

_LARGEST = 2**63 - 1
LATEST_S = 4_000_000_000  # the year 2096; messages have 32 bits for a time
_NOT_FINAL = ("pending", "signed", "confirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Addresses are raw, in lower case; `source` is None for one from outside. `body`: a bag of cells in base64."""

    source: str | None
    destination: str | None
    value: int
    forward_fee: int
    is_bounced: bool
    body: str
    body_hash: str

    @property
    def comment(self) -> str | None:
        return read_comment(self.body)

    @property
    def bounced_comment(self) -> str | None:
        """How the comment began of the message that comes back with this one."""
        return read_bounced_comment(self.body) if self.is_bounced else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """`lt` orders the transactions of an account; `hash` is in hexadecimal."""

    account: str
    lt: int
    hash: str
    at_s: int
    is_final: bool
    fees: int
    incoming: Message | None
    outgoing: tuple[Message, ...]

    @property
    def reference(self) -> str:
        """`<raw address>:<lt>:<hash>`, which no other transaction has."""
        return f"{self.account}:{self.lt}:{self.hash}"

    @property
    def cost(self) -> int:
        """What the network kept of the account's balance."""
        return self.fees + sum(message.forward_fee for message in self.outgoing)


def pays(transaction: Transaction, wallet: str) -> bool:
    """Whether it is a payment to the wallet that stays there."""
    message = transaction.incoming
    return (
        transaction.is_final
        and transaction.account == wallet
        and message is not None
        and message.source is not None
        and message.source != wallet
        and message.destination == wallet
        and message.value > 0
        and not message.is_bounced
        and not any(sent.is_bounced for sent in transaction.outgoing)
    )


def came_back(transaction: Transaction, wallet: str) -> bool:
    """Whether it brings back what the wallet had sent."""
    message = transaction.incoming
    return (
        transaction.is_final
        and transaction.account == wallet
        and message is not None
        and message.is_bounced
        and message.destination == wallet
    )


def read_transaction(found: Mapping[str, Any]) -> Transaction:
    """Raises KeyError, TypeError or ValueError for what is not as documented.

    Final is only what stands in a block of the masterchain, is not emulated, and is not said to be otherwise.
    """
    return Transaction(
        account=str(found["account"]).lower(),
        lt=read_number(found["lt"]),
        hash=_hexadecimal(found["hash"]),
        at_s=read_number(found["now"], most=LATEST_S),
        is_final=bool(found.get("mc_block_seqno"))
        and not found.get("emulated")
        and found.get("finality") not in _NOT_FINAL,
        fees=read_number(found.get("total_fees") or 0),
        incoming=_message(found["in_msg"]) if found.get("in_msg") else None,
        outgoing=tuple(_message(sent) for sent in found.get("out_msgs") or ()),
    )


def read_number(found: Any, *, most: int = _LARGEST) -> int:
    """A whole number that comes as one or as a string. Raises TypeError or ValueError, also for one out of bounds."""
    number = int(found)
    if isinstance(found, float) or not 0 <= number <= most:
        raise ValueError(f"{number} is out of bounds")
    return number


def _message(found: Mapping[str, Any]) -> Message:
    content = found.get("message_content") or {}
    return Message(
        source=_address(found.get("source")),
        destination=_address(found.get("destination")),
        value=read_number(found.get("value") or 0),
        forward_fee=read_number(found.get("fwd_fee") or 0),
        is_bounced=bool(found.get("bounced")),
        body=str(content.get("body") or ""),
        body_hash=_hexadecimal(content["hash"]) if content.get("hash") else "",
    )


def _address(text: Any) -> str | None:
    return str(text).lower() if text else None


def _hexadecimal(text: Any) -> str:
    return b64decode(str(text), validate=True).hex()
