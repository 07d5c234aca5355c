"""What a caller may have of a skill: its page, its text, its content. Members and those who bought it have all of it.

Of a private skill that is for sale everybody sees the page, and what its seller wrote for it, and no more. Of a sealed
one nobody but its members has more than the page and the description: the registry runs it for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.entitlements import entitled
from skillyard.domain.payments.model import Offer
from skillyard.domain.payments.offers import list_offers, purchase_required
from skillyard.domain.registry.errors import SealedSkill
from skillyard.domain.registry.model import Release, Skill, Visibility
from skillyard.infra.database import Tx

_TEASER_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides it, of one skill."""

    name: str
    visibility: Visibility
    is_for_sale: bool
    is_sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Of a skill that the caller may see. `is_member`: of its namespace; `is_entitled`: bought it, or was granted it.
    `offer`: how it is sold, where it has to be bought first.
    """

    facts: Facts
    is_member: bool
    is_entitled: bool
    offer: Offer | None = None

    @property
    def has_access(self) -> bool:
        return self.is_member or self.is_entitled

    @property
    def may_read(self) -> bool:
        """Its description, and its readme unless it is sealed."""
        return self.has_access or self.facts.visibility.is_open

    @property
    def may_take(self) -> bool:
        """Its files."""
        if self.facts.is_sealed:
            return self.is_member
        return self.has_access or (self.facts.visibility.is_open and not self.facts.is_for_sale)

    def must_take(self) -> None:
        """Raises SealedSkill or PurchaseRequired."""
        if self.facts.is_sealed and not self.is_member:
            raise SealedSkill(name=self.facts.name)
        if not self.may_take:
            raise purchase_required(self.facts.name, self.offer)


def look_at(tx: Tx, caller: Caller, skills: Iterable[Facts]) -> dict[str, Sight]:
    """Those of the skills that the caller may see, by name. No query for skills that all may have; else
    one, and another for prices where something has to be bought first.
    """
    known = {one.name: one for one in skills}
    members = {name for name in known if caller.may("read", on=name)}
    asked = [one.name for one in known.values() if one.name not in members and not _is_free(one)]
    bought = entitled(tx, caller, asked) if asked else frozenset()
    seen = {
        name: Sight(facts=one, is_member=name in members, is_entitled=name in bought) for name, one in known.items()
    }
    visible = {name: sight for name, sight in seen.items() if _is_seen(sight)}
    shut = [name for name, sight in visible.items() if not sight.may_take]
    offers = list_offers(tx, shut) if shut else {}
    return {name: replace(sight, offer=offers.get(name)) for name, sight in visible.items()}


def facts_of(skill: Skill | Release) -> Facts:
    return Facts(name=skill.name, visibility=skill.visibility, is_for_sale=skill.is_for_sale, is_sealed=skill.is_sealed)


def release_as_seen(release: Release, sight: Sight) -> Release:
    """Without what the caller may not read."""
    if sight.may_take:
        return release
    if not sight.may_read:
        return replace(release, description="", readme="", files=())
    return replace(release, readme="" if sight.facts.is_sealed else release.readme, files=())


def skills_as_seen(tx: Tx, skills: Iterable[Skill], sights: Mapping[str, Sight]) -> list[Skill]:
    """Those of the skills that are in `sights`; what their seller wrote in place of what may not be read."""
    seen = [skill for skill in skills if skill.name in sights]
    offers = list_offers(tx, [skill.name for skill in seen if not sights[skill.name].may_read])
    return [
        skill if sights[skill.name].may_read else replace(skill, description=teaser(offers.get(skill.name)))
        for skill in seen
    ]


def teaser(offer: Offer | None) -> str:
    """The first paragraph of a selling text, as one line."""
    text = " ".join(offer.selling_text.strip().partition("\n\n")[0].split()) if offer else ""
    return text if len(text) <= _TEASER_CHARS else f"{text[:_TEASER_CHARS]}…"


def _is_free(one: Facts) -> bool:
    return one.visibility.is_open and not one.is_for_sale


def _is_seen(sight: Sight) -> bool:
    return sight.may_read or sight.facts.is_for_sale
