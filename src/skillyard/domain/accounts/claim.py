"""What is known for sure about a person, and how much trust that makes. Nouns, events and pure decisions.

Claim types belong to a layer: humanity (a human being, not a program), identity (who it is), delegation (whom it may
act for; it adds no trust). Levels, each with all that the one before asks for:

    L0  nothing
    L1  a humanity or identity claim, of assurance substantial or high
    L2  a humanity and an identity claim, both substantial or high, at least one of them high
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Literal, Protocol

from skillyard.infra.events import Event

Layer = Literal["humanity", "identity", "delegation"]
Assurance = Literal["low", "substantial", "high"]
Inheritance = Literal["auto", "opt_in"]

ADMINISTRATOR, ONESELF = "administrator", "self"
DELEGATED = "delegated_authority"
VERIFIED_EMAIL = "verified_email"
CLAIM_TYPES: Mapping[str, Layer] = MappingProxyType(
    {
        "verified_human": "humanity",
        "unique_human": "humanity",
        VERIFIED_EMAIL: "identity",
        "verified_phone": "identity",
        "verified_identity": "identity",
        "verified_document": "identity",
        "verified_organization": "identity",
        DELEGATED: "delegation",
    }
)
ASSURANCES: tuple[Assurance, ...] = ("low", "substantial", "high")
LIFE_DAYS = (30, 90, 180, 365)
DAY_MS = 24 * 3600 * 1000


class Level(StrEnum):
    """How far somebody is trusted; later ones compare as greater."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"


class Said(Protocol):
    """A claim as far as levels look at it: who made it is for others to judge."""

    @property
    def claim_type(self) -> str: ...
    @property
    def assurance(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A claim that somebody makes about themselves: good for asking what it would be worth, and no proof."""

    claim_type: str
    assurance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim on record. `provider`: who vouches for it, `administrator` or the issuer of an identity; `claim_ref`: its
    own reference, for people to read. `expires_ms`: when it ends, its owner's choice included."""

    id: str
    user_id: str
    provider: str
    claim_type: str
    claim_ref: str
    assurance: Assurance
    verified_ms: int
    expires_ms: int | None

    @property
    def layer(self) -> Layer:
        return CLAIM_TYPES[self.claim_type]

    def is_in_force(self, now_ms: int) -> bool:
        return self.verified_ms <= now_ms and (self.expires_ms is None or now_ms < self.expires_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSettings:
    """What a person chose for their claims. `life_days`: how long one counts after it was verified; `inheritance`
    opt_in: agents that sign in with their own key do without them; `is_auto_revoked`: when one is withdrawn, the keys
    of all agents are void, too."""

    life_days: int = 365
    inheritance: Inheritance = "auto"
    is_auto_revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCheck:
    """Whether claims suffice; `reason` in a sentence, `missing` what more it takes, in words."""

    allowed: bool
    wanted: Level
    level: Level
    reason: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAttested(Event):
    """An administrator vouches for something about somebody, or somebody says for what others may act for them."""

    kind: ClassVar[str] = "claim.attested"

    claim_id: str
    username: str
    claim_type: str
    assurance: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRevoked(Event):
    """A claim counts no longer; `by`: its owner or an administrator."""

    kind: ClassVar[str] = "claim.revoked"

    claim_id: str
    username: str
    claim_type: str
    by: str


def level_of_claims(claims: Iterable[Said]) -> Level:
    """The level that these reach together, if all of them are true. Unknown types and assurances count nothing."""
    best = _best(claims)
    human, identity = best["humanity"], best["identity"]
    if min(human, identity) >= _SUBSTANTIAL and max(human, identity) >= _HIGH:
        return Level.L2
    return Level.L1 if max(human, identity) >= _SUBSTANTIAL else Level.L0


def check_trust_of(claims: Iterable[Said], wanted: Level) -> TrustCheck:
    """Whether these would suffice, if all of them are true."""
    known = list(claims)
    level = level_of_claims(known)
    if level >= wanted:
        reason = "anybody is allowed" if wanted is Level.L0 else f"the claims reach {level}, and {wanted} is asked for"
        return TrustCheck(allowed=True, wanted=wanted, level=level, reason=reason)
    missing = _missing(_best(known), wanted)
    reason = f"{wanted} is asked for and the claims reach {level}: missing is {' and '.join(missing)}"
    return TrustCheck(allowed=False, wanted=wanted, level=level, reason=reason, missing=missing)


_SUBSTANTIAL = ASSURANCES.index("substantial")
_HIGH = ASSURANCES.index("high")
_NONE = -1


def _best(claims: Iterable[Said]) -> dict[Layer, int]:
    """The highest assurance of each layer."""
    best: dict[Layer, int] = {"humanity": _NONE, "identity": _NONE, "delegation": _NONE}
    for claim in claims:
        layer = CLAIM_TYPES.get(claim.claim_type)
        if layer is not None and claim.assurance in ASSURANCES:
            best[layer] = max(best[layer], ASSURANCES.index(claim.assurance))
    return best


def _missing(best: Mapping[Layer, int], wanted: Level) -> tuple[str, ...]:
    if wanted is Level.L1:
        return ("a humanity or identity claim of assurance substantial or high",)
    layers: tuple[Layer, ...] = ("humanity", "identity")
    absent = tuple(
        f"{'an' if layer == 'identity' else 'a'} {layer} claim of assurance substantial or high"
        for layer in layers
        if best[layer] < _SUBSTANTIAL
    )
    nothing_high = max(best[layer] for layer in layers) < _HIGH
    return absent + (("one of the two with assurance high",) if nothing_high else ())
