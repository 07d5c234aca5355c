"""What is for sale, as the domains see it that know what an item is: they decide who may change it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from skillyard.domain.payments import rules
from skillyard.domain.payments.errors import PurchaseRequired, SellingTextNotAcceptable
from skillyard.domain.payments.model import PRICE_ASSETS, Offer, Price, PriceMode
from skillyard.domain.payments.store import offers as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import read_amount, show_amount


def list_offers(tx: Tx, items: Collection[str]) -> dict[str, Offer]:
    """Those of the items that are, or were, for sale, by item."""
    return store.list_offers(tx, items)


def find_offer(tx: Tx, item: str) -> Offer | None:
    return store.find_offer(tx, item)


def set_offer(
    tx: Tx, *, item: str, seller_id: str, is_for_sale: bool | None, selling_text: str | None, now_ms: int
) -> Offer:
    """Put an item up for sale, take it off, or change its text; None leaves as it is. Who first does it is the seller.

    Raises SellingTextNotAcceptable.
    """
    if selling_text is not None and not rules.is_selling_text(selling_text):
        raise SellingTextNotAcceptable(most=rules.MOST_SELLING_CHARS)
    before = store.find_offer(tx, item) or Offer(
        item=item, seller_id=seller_id, is_for_sale=False, selling_text="", sold_total=0, prices={}, updated_ms=now_ms
    )
    after = replace(
        before,
        is_for_sale=before.is_for_sale if is_for_sale is None else is_for_sale,
        selling_text=before.selling_text if selling_text is None else selling_text,
        updated_ms=now_ms,
    )
    store.set_offer(tx, after)
    return after


def set_price(tx: Tx, *, item: str, seller_id: str, mode: PriceMode, amount: str, now_ms: int) -> Price:
    """A new price of this mode, in place of the one there is. Raises AmountNotValid."""
    tx.lock(f"price {item} {mode}")
    if store.find_offer(tx, item) is None:
        set_offer(tx, item=item, seller_id=seller_id, is_for_sale=None, selling_text=None, now_ms=now_ms)
    units = read_amount(amount, PRICE_ASSETS[mode], what="price")
    price = Price(id=new_id("prc"), item=item, mode=mode, amount=units, created_ms=now_ms)
    store.set_price(tx, price)
    return price


def purchase_required(item: str, offer: Offer | None) -> PurchaseRequired:
    """What is said to those who have not bought an item: what it costs, and what to do."""
    prices = [
        {"mode": price.mode, "asset": price.asset.value, "amount": show_amount(price.amount, price.asset)}
        for mode in PRICE_ASSETS
        if offer and (price := offer.prices.get(mode))
    ]
    cost = " or ".join(f"{price['amount']} {price['asset']}" for price in prices)
    return PurchaseRequired(
        item=item, terms=f"it costs {cost}" if cost else "its seller has set no price yet", prices=prices
    )
