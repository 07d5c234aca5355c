"""An identity counts as a claim for as long as it is linked and its provider vouches for the e-mail address."""

from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.claim import Level
from skillyard.domain.accounts.claims import level_of, list_claims, revoke_claim
from skillyard.domain.accounts.errors import ClaimOfIdentity
from skillyard.domain.accounts.identities import list_identities, unlink_identity
from skillyard.domain.accounts.model import Caller
from tests.domain.accounts.oidc.visits import MovableClock, link, signed_up, visit
from tests.makers import a_person
from tests.peers.oidc.providers import Lenient, Provider


def level(app: App, person: Caller) -> Level:
    with app.database.reading() as tx:
        return level_of(tx, person.identity[0], now_ms=app.clock.now_ms())


def test_a_verified_address_makes_trust_until_the_identity_is_unlinked(app: App, provider: Provider) -> None:
    provider.add_person("ida", email="ida@acme.example", email_verified=True)
    ida = a_person(app, "ida", password="a sentence of a few words")
    assert level(app, ida) == Level.L0
    link(app, provider, "ida", ida)
    (claim,) = list_claims(app, ida)
    assert (claim.claim_type, claim.layer, claim.assurance) == ("verified_email", "identity", "substantial")
    assert (claim.provider, claim.claim_ref) == (provider.issuer, "ida@acme.example")
    assert level(app, ida) == Level.L1
    with pytest.raises(ClaimOfIdentity, match="identity that you sign in with"):
        revoke_claim(app, ida, claim_id=claim.id)
    unlink_identity(app, ida, identity_id=claim.id)
    assert level(app, ida) == Level.L0


def test_an_address_that_is_not_verified_makes_none(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("uma", email="uma@acme.example", email_verified=False)
    uma = signed_up(app, lenient_provider, "uma", "uma")
    assert list_identities(app, uma).items[0].email == "uma@acme.example"
    assert level(app, uma) == Level.L0


def test_a_sign_in_renews_the_claim_or_takes_it_back(app: App, clock: MovableClock, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("vic", email="vic@acme.example", email_verified=True)
    vic = signed_up(app, lenient_provider, "vic", "vic")
    (before,) = list_claims(app, vic)
    clock.move(ms=60_000)
    visit(app, lenient_provider, "vic")
    (after,) = list_claims(app, vic)
    assert after.verified_ms > before.verified_ms
    lenient_provider.add_person("vic", email="vic@acme.example", email_verified=False)
    visit(app, lenient_provider, "vic")
    assert list_claims(app, vic) == []
