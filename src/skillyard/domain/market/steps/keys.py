"""Whose key a step works with: the buyer's or the seller's, as the skill says; and what was opened, to be hidden."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person
from skillyard.domain.gateway.budgets import Allowance
from skillyard.domain.gateway.errors import CredentialMissing
from skillyard.domain.gateway.llm import MICRO_USD_PER_CREDIT
from skillyard.domain.gateway.vault import list_stored, use_credential
from skillyard.domain.market.model import Invocation
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Secret
from skillyard.infra.redaction import Redactor
from skillyard.skill.executable import CredentialMode, Credentials

_NOBODYS = Allowance(ref="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A secret, and how far it may be used."""

    secret: Secret
    allowance: Allowance


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one invocation. It remembers all that it opened. `publisher`: the username of who published its code,
    which need not be the seller: others of the namespace publish, too.
    """

    app: App
    invocation: Invocation
    terms: Credentials
    publisher: str
    _opened: set[str] = field(default_factory=set)

    def open(self, provider: str, *, for_script: bool = False) -> Key:
        """Raises CredentialMissing, CredentialNotForScripts, SecretNotReadable."""
        with self.app.database.reading() as tx:
            owner_id = _whose(tx, self.terms.mode, self.invocation, provider)
            publisher = find_person(tx, self.publisher)
        if owner_id is None:
            raise CredentialMissing(provider=provider)
        is_sellers = owner_id == self.invocation.owner_id
        is_of_another = publisher is None or publisher.id != owner_id
        is_handed_over = for_script or owner_id != self.invocation.buyer_id
        secret = use_credential(
            self.app, owner_id, provider, self.invocation.id, by_another=is_of_another and is_handed_over
        )
        self._opened.add(secret.reveal())
        return Key(secret=secret, allowance=self._sellers_allowance() if is_sellers else _NOBODYS)

    @property
    def redactor(self) -> Redactor:
        return Redactor(self._opened)

    def _sellers_allowance(self) -> Allowance:
        most_cost = self.terms.max_cost_credits
        return Allowance(
            ref=self.invocation.offer_id,
            most_calls=self.terms.max_calls,
            most_cost=None if most_cost is None else most_cost * MICRO_USD_PER_CREDIT,
        )


def _whose(tx: Tx, mode: CredentialMode, invocation: Invocation, provider: str) -> str | None:
    """With both, the buyer's comes first."""
    people = _who(mode, invocation.buyer_id, invocation.owner_id)
    return next((person for person in people if provider in list_stored(tx, person)), None)


def _who(mode: CredentialMode, buyer_id: str, owner_id: str) -> tuple[str, ...]:
    people = {
        CredentialMode.NONE: (),
        CredentialMode.BUYER: (buyer_id,),
        CredentialMode.SELLER: (owner_id,),
        CredentialMode.BOTH: (buyer_id, owner_id),
    }
    return people[mode]
