"""Read offers: one by id or name, those that can be found, one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.errors import NotTheProvider, OfferNotFound
from skillyard.domain.market.model import Offer, OfferOrder, OfferPage, OfferStatus
from skillyard.domain.market.store import offers as store
from skillyard.domain.market.store.offers import Wanted
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.infra.database import Tx
from skillyard.skill.executable import Mode, TrustLevel
from skillyard.skill.names import SkillName

MOST = 100
_MOST_WORDS = 10
_MOST_TAGS = 10
_SHOWN_CHARS = 130
_MOST_OFFSET = 1_000_000


def get_offer(app: App, caller: Caller, *, offer_id: str | None = None, name: str | None = None) -> Offer:
    """By id, or by the name of its skill. Without its steps, unless the caller may see them. Raises OfferNotFound."""
    with app.database.reading() as tx:
        return as_seen(caller, see_offer(tx, caller, offer_id=offer_id, name=name))


def browse_offers(
    app: App,
    caller: Caller,
    *,
    text: str = "",
    tags: Sequence[str] = (),
    trust_level: TrustLevel | None = None,
    status: OfferStatus = OfferStatus.ACTIVE,
    sort: OfferOrder = "newest",
    limit: int = 20,
    offset: int = 0,
) -> OfferPage:
    """Offers with all of these words and tags. Those that are not active are found by members of their namespaces, and
    by administrators, only. `limit` is 1 to 100.
    """
    own = None if caller.may("review") else caller.namespaces_with("read")
    wanted = Wanted(
        text=" ".join(word for word in text.split()[:_MOST_WORDS] if word.isprintable())[:_SHOWN_CHARS],
        tags=tuple(tag.strip().lower() for tag in tags if tag.strip() and tag.isprintable())[:_MOST_TAGS],
        trust_level=trust_level,
        status=status,
        own=own,
    )
    limit, offset = max(1, min(limit, MOST)), max(0, min(offset, _MOST_OFFSET))
    with app.database.reading() as tx:
        found, total = store.browse(tx, wanted, sort, limit=limit, offset=offset)
    return OfferPage(offers=tuple(as_seen(caller, offer) for offer in found), total=total)


def list_my_offers(app: App, caller: Caller) -> list[Offer]:
    """All in the namespaces whose maintainer the caller is, the newest first. Raises Unauthenticated."""
    caller.must("identify")
    with app.database.reading() as tx:
        return store.list_of_namespaces(tx, caller.namespaces_with("offer"))


def see_offer(tx: Tx, caller: Caller, *, offer_id: str | None = None, name: str | None = None) -> Offer:
    """With its steps, for a decision. Raises OfferNotFound unless the caller may know that it is there."""
    wanted = offer_id or name or ""
    is_text = wanted.isprintable() and len(wanted) <= _SHOWN_CHARS
    find = store.find_offer if offer_id is not None else store.find_by_name
    offer = find(tx, wanted) if is_text else None
    if offer is None or not _may_know(tx, caller, offer):
        raise OfferNotFound(offer=wanted[:_SHOWN_CHARS])
    return offer


def see_own_offer(tx: Tx, caller: Caller, offer_id: str) -> Offer:
    """One that the caller may change. Raises OfferNotFound or NotTheProvider, or what narrows the token."""
    caller.must("identify")
    offer = see_offer(tx, caller, offer_id=offer_id)
    if offer.namespace not in caller.roles:
        raise NotTheProvider(name=offer.name, namespace=offer.namespace)
    caller.must("offer", on=offer.name)
    return offer


def as_seen(caller: Caller, offer: Offer) -> Offer:
    """Without the steps of a sealed skill, for those who are not members."""
    if offer.mode is not Mode.SEALED or caller.may("read", on=offer.name):
        return offer
    return replace(offer, executable=replace(offer.executable, steps=()))


def _may_know(tx: Tx, caller: Caller, offer: Offer) -> bool:
    """Members and administrators always; others unless it waits for a review or the skill is hidden from them."""
    if caller.may("read", on=offer.name) or caller.may("review"):
        return True
    if offer.status in (OfferStatus.PENDING_REVIEW, OfferStatus.REJECTED):
        return False
    try:
        access.check_visible(tx, caller, SkillName.parse(offer.name))
    except SkillNotFound:
        return False
    return True
