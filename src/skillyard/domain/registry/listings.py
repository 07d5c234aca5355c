"""Many skills at once, each with its author and its highest versions, for lists whose readers see no more of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import Offer
from skillyard.domain.payments.offers import list_offers
from skillyard.domain.registry.model import Skill
from skillyard.domain.registry.sale import can_buy
from skillyard.domain.registry.sight import Sight, facts_of, look_at, skills_as_seen
from skillyard.domain.registry.store import listings, skills

_MOST_VERSIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`author`: who published the latest release, by username. `versions`: the highest ones on offer, at most five.
    `offer`: how it is sold, where it is for sale; `can_buy`: whether the caller can, and need.
    """

    skill: Skill
    author: str
    versions: tuple[str, ...]
    offer: Offer | None = None
    can_buy: bool = False


def list_entries(app: App, caller: Caller, names: Sequence[str]) -> list[Entry]:
    """Those of `names` that the caller may see, in their order."""
    with app.database.reading() as tx:
        known = skills.list_skills(tx, names)
        sights = look_at(tx, caller, map(facts_of, known.values()))
        seen = skills_as_seen(tx, [known[name] for name in names if name in known], sights)
        highest = listings.list_highest(tx, names, most=_MOST_VERSIONS)
        offers = list_offers(tx, [skill.name for skill in seen if skill.is_for_sale])
    return [_entry(skill, highest[skill.name], sights[skill.name], offers.get(skill.name)) for skill in seen]


def list_published_by(app: App, caller: Caller, *, author: str, limit: int, offset: int = 0) -> list[str]:
    """Names of skills with a release of this author that the caller may find, those that changed last first."""
    with app.database.reading() as tx:
        return listings.list_published_by(
            tx, author, sorted(caller.namespaces_with("read")), limit=limit, offset=offset
        )


def _entry(skill: Skill, highest: Sequence[listings.Offered], sight: Sight, offer: Offer | None) -> Entry:
    by_version = dict(highest)
    last = highest[0][1] if highest else skill.namespace
    return Entry(
        skill=skill,
        author=by_version.get(skill.latest_version or "", last),
        versions=tuple(by_version),
        offer=offer,
        can_buy=can_buy(offer, sight, is_on_offer=bool(highest)),
    )
