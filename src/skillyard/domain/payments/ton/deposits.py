"""What has arrived in the wallet, as facts; and what it had sent that came back.

The chain is read from a place a hundred transactions before the end of the last reading, so that what the index shows
late, or twice, or out of order makes no difference: facts are the same each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from skillyard.domain.payments.model import Fact, PayoutMoved, Receipt, RefundMoved
from skillyard.domain.payments.ton.address import Network, show_address
from skillyard.domain.payments.ton.memo import read_memo
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.domain.payments.ton.transactions import Message, Transaction, came_back, pays
from skillyard.infra.money import Asset

RAIL = "ton"
PAYOUT, REFUND = "po_", "ref_"
WINDOW = 100
_MOST_PAGES = 20
_FIRST_LOOK_BACK_S = 24 * 3600
_CLOCKS_DIFFER_S = 120
_MOST_COMMENT_CHARS = 120


def sweep(here: SetUp, cursor: str | None) -> tuple[list[Fact], str | None]:
    """Facts since the cursor, and the next one. Without any, the last day is read. Raises CallFailed.

    The cursor is the `lt` from which to read again; it stays before what is not final yet.
    """
    wanted = {"start_lt": int(cursor)} if cursor else {"start_utime": here.api.time().at_s - _FIRST_LOOK_BACK_S}
    found = here.api.all_transactions(here.wallet, most_pages=_MOST_PAGES, **wanted).transactions
    final = list(takewhile(lambda transaction: transaction.is_final, found))
    if len(final) > WINDOW:
        cursor = str(final[-WINDOW].lt)
    elif cursor is None:
        cursor = str(found[0].lt if found else here.api.account(here.wallet).last_lt)
    return [*_receipts(here, found), *_returns(here, found)], cursor


def look_for(here: SetUp, memo: str, since_ms: int) -> list[Fact]:
    """The payments with a memo since a time. Raises CallFailed."""
    since_s = since_ms // 1000 - _CLOCKS_DIFFER_S
    found = here.api.all_transactions(here.wallet, most_pages=_MOST_PAGES, start_utime=since_s)
    return [receipt for receipt in _receipts(here, found.transactions) if receipt.memo == memo]


def _receipts(here: SetUp, found: Iterable[Transaction]) -> list[Receipt]:
    return [_receipt(one, one.incoming, here.network) for one in found if pays(one, here.wallet) and one.incoming]


def _receipt(transaction: Transaction, message: Message, network: Network) -> Receipt:
    """`fee`: what taking it cost the wallet; the payer is credited with the whole of what was sent."""
    comment = message.comment or ""
    return Receipt(
        rail=RAIL,
        reference=transaction.reference,
        asset=Asset.TON,
        amount=message.value,
        fee=min(transaction.cost, message.value),
        received_ms=transaction.at_s * 1000,
        memo=read_memo(comment),
        payer=show_address(message.source, network) if message.source else None,
        details={"transaction": transaction.hash, "comment": _plain(comment)},
    )


def _returns(here: SetUp, found: Sequence[Transaction]) -> list[Fact]:
    """What came back. The network returns only the beginning of a comment, so what was sent is looked up."""
    facts = []
    for back in (one for one in found if came_back(one, here.wallet)):
        sent = _find_sent(found, back)
        if sent is None:
            older = here.api.transactions(here.wallet, {"end_lt": back.lt}, oldest_first=False)
            sent = _find_sent(older.transactions, back)
        if sent is not None:
            facts.append(_return(back, *sent))
    return facts


def _find_sent(known: Iterable[Transaction], back: Transaction) -> tuple[Transaction, Message] | None:
    """The payout or refund that came back, and the transaction that had sent it."""
    assert back.incoming is not None
    start, receiver = back.incoming.bounced_comment or "", back.incoming.source
    if not start.startswith((PAYOUT, REFUND)):
        return None
    for transaction in known:
        for sent in transaction.outgoing:
            if sent.destination == receiver and (sent.comment or "").startswith(start):
                return transaction, sent
    return None


def _return(back: Transaction, sending: Transaction, sent: Message) -> Fact:
    """`fee`, or what `amount` lacks: what the network kept of it. A payout is named as it was when it was paid."""
    assert back.incoming is not None
    about, value = sent.comment or "", back.incoming.value
    why = "the receiver's contract refused it, and the network sent it back"
    if about.startswith(PAYOUT):
        fee = sent.value - value + back.cost
        return PayoutMoved(
            rail=RAIL, payout_id=about, reference=sending.reference, state="returned", fee=fee, why=why
        )  # fmt: skip
    return RefundMoved(
        rail=RAIL, refund_id=about, reference=sending.reference, receipt_reference="",
        amount=value, state="failed", why=why,
    )  # fmt: skip


def _plain(comment: str) -> str:
    return "".join(character if character.isprintable() else " " for character in comment[:_MOST_COMMENT_CHARS])
