"""Sell a skill: put it up for sale, price it, see how it is sold; and buy one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import buy as payments
from skillyard.domain.payments import offers
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.errors import NothingToSell
from skillyard.domain.payments.events import PriceSet
from skillyard.domain.payments.model import Offer, Price, PriceMode
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import NotYours, SealedNotSold
from skillyard.domain.registry.model import SaleChanged, Visibility, VisibilityChanged
from skillyard.domain.registry.sight import Sight
from skillyard.domain.registry.statements import visibility_in_log
from skillyard.domain.registry.store import skills
from skillyard.domain.transparency.append import append
from skillyard.infra.database import Tx
from skillyard.infra.money import show_amount
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.names import SkillName

NEEDS_PRICE = "price"
NEEDS_RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the caller may do with the skill."""

    can_view_full_content: bool
    is_owner: bool
    is_buyer: bool
    can_buy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """How a skill is sold. `seller_username`: who is paid. `missing`: what its owner has yet to do before that."""

    name: str
    visibility: Visibility
    is_for_sale: bool
    selling_text: str
    prices: Mapping[PriceMode, Price]
    sold_total: int
    seller_username: str | None
    missing: tuple[str, ...]
    access: Access


def get_sale(app: App, caller: Caller, *, name: SkillName) -> Sale:
    """For everybody who may see the skill; of one that was never for sale too. Raises SkillNotFound."""
    with app.database.reading() as tx:
        return _read_sale(tx, name, access.check_visible(tx, caller, name))


def set_sale(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    is_for_sale: bool | None = None,
    visibility: Visibility | None = None,
    selling_text: str | None = None,
) -> Sale:
    """Change how a skill is sold; None leaves as it is. For owners of its namespace: the first to do so is paid.

    Raises SkillNotFound, RoleTooLow, ScopeMissing, SealedNotSold or SellingTextNotAcceptable.
    """
    seller_id, by = _check_may_sell(app, caller, name)
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        if is_for_sale and skills.find_sealed(tx, name):
            raise SealedNotSold(name=str(name))
        offer = offers.set_offer(
            tx, item=str(name), seller_id=seller_id, is_for_sale=is_for_sale, selling_text=selling_text, now_ms=now_ms
        )
        is_other = skills.set_for_sale(tx, name, offer.is_for_sale)
        _set_visibility(app, tx, name, visibility, is_other=is_other, by=by)
        app.events.record(tx, SaleChanged(name=str(name), is_for_sale=offer.is_for_sale, by=by))
        return _read_sale(tx, name, access.check_visible(tx, caller, name))


def set_price(app: App, caller: Caller, *, name: SkillName, mode: PriceMode, amount: str) -> Price:
    """A new price, a decimal string in dollars or TON; open invoices keep theirs. For owners of the namespace.

    Raises SkillNotFound, RoleTooLow, ScopeMissing or AmountNotValid.
    """
    seller_id, by = _check_may_sell(app, caller, name)
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        price = offers.set_price(
            tx, item=str(name), seller_id=seller_id, mode=mode, amount=amount, now_ms=app.clock.now_ms()
        )
        shown = show_amount(price.amount, price.asset)
        app.events.record(tx, PriceSet(item=str(name), mode=mode, amount=shown, by=by))
    return price


def buy(
    app: App, caller: Caller, *, name: SkillName, rail: str | None = None, referral_code: str | None = None
) -> Purchase:
    """An invoice for the skill, or what was bought at once with credits.

    Raises SkillNotFound, NothingToSell when no release is on offer, and what `payments.buy` raises.
    """
    caller.must("buy")
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name)
        if not _is_on_offer(tx, name):
            raise NothingToSell(item=str(name))
    return payments.buy(app, caller, item=str(name), rail=rail, referral_code=referral_code)


def _check_may_sell(app: App, caller: Caller, name: SkillName) -> tuple[str, str]:
    """Id and name of the caller. Somebody who does not see the skill learns nothing of it."""
    caller.must("identify")
    if not caller.may("sell", on=str(name)):
        with app.database.reading() as tx:
            access.check_visible(tx, caller, name)
        if caller.user_id is not None and name.namespace not in caller.roles:
            raise NotYours(name=str(name), namespace=name.namespace)
        caller.must("sell", on=str(name))
    return caller.identity


def _set_visibility(
    app: App, tx: Tx, name: SkillName, visibility: Visibility | None, *, is_other: bool, by: str
) -> None:
    """`is_other`: it was put up for sale, or taken off, so that the log may show it to others than before."""
    is_new = visibility is not None and skills.set_visibility(tx, name, visibility)
    if not is_new and not is_other:
        return
    (facts,) = skills.list_facts(tx, [str(name)])
    in_log = visibility_in_log(facts.visibility, is_for_sale=facts.is_for_sale)
    leaf = Leaf(
        kind=Kind.VISIBILITY, name=str(name), at_ms=app.clock.now_ms(), by=by, details={"visibility": in_log}
    )  # fmt: skip
    append(tx, leaf, visibility=in_log)
    if is_new:
        app.events.record(tx, VisibilityChanged(name=str(name), visibility=facts.visibility.value, by=by))


def _read_sale(tx: Tx, name: SkillName, sight: Sight) -> Sale:
    offer = offers.find_offer(tx, str(name))
    is_on_offer = _is_on_offer(tx, name)
    sellers = list_people(tx, [offer.seller_id]) if offer else {}
    seller = sellers.get(offer.seller_id) if offer else None
    return Sale(
        name=str(name),
        visibility=sight.facts.visibility,
        is_for_sale=sight.facts.is_for_sale,
        selling_text=offer.selling_text if offer else "",
        prices=offer.prices if offer else {},
        sold_total=offer.sold_total if offer else 0,
        seller_username=seller.username if seller else None,
        missing=_missing(offer, is_on_offer=is_on_offer),
        access=Access(
            can_view_full_content=sight.may_take,
            is_owner=sight.is_member,
            is_buyer=sight.is_entitled,
            can_buy=can_buy(offer, sight, is_on_offer=is_on_offer),
        ),
    )


def can_buy(offer: Offer | None, sight: Sight, *, is_on_offer: bool) -> bool:
    """Whether the caller can, and need, buy it."""
    return bool(offer and offer.is_for_sale and offer.prices) and is_on_offer and not sight.has_access


def _missing(offer: Offer | None, *, is_on_offer: bool) -> tuple[str, ...]:
    prices = offer.prices if offer else {}
    return (*(() if prices else (NEEDS_PRICE,)), *(() if is_on_offer else (NEEDS_RELEASE,)))


def _is_on_offer(tx: Tx, name: SkillName) -> bool:
    return bool(skills.list_channels(tx, [str(name)])[str(name)])
