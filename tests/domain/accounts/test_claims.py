"""What is on record about people, and the trust that it makes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.claim import ASSURANCES, CLAIM_TYPES, Assertion, Level, check_trust_of, level_of_claims
from skillyard.domain.accounts.claims import (
    attest,
    change_settings,
    check_own_trust,
    delegate,
    explain,
    get_settings,
    level_of,
    list_claims,
    list_claims_of,
    revoke_claim,
)
from skillyard.domain.accounts.errors import (
    AdministratorsOnly,
    ClaimNotFound,
    NotAcceptable,
    ScopeMissing,
    UserNotFound,
)
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.events import read_after
from tests.makers import a_person

DAY_S = 24 * 3600

assertions = st.builds(
    Assertion,
    claim_type=st.sampled_from([*CLAIM_TYPES, "likes_cheese"]),
    assurance=st.sampled_from([*ASSURANCES, "total"]),
)


def level(app: App, person: Caller, *, by_agent: bool = False) -> Level:
    assert person.user_id is not None
    with app.database.reading() as tx:
        return level_of(tx, person.user_id, now_ms=app.clock.now_ms(), by_agent=by_agent)


@pytest.fixture
def ada(app: App) -> Caller:
    """The administrator."""
    return a_person(app, "ada")


@pytest.fixture
def eve(app: App, ada: Caller) -> Caller:
    return a_person(app, "eve")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({}, "L0"),
        ({"verified_human": "low"}, "L0"),
        ({"verified_human": "substantial"}, "L1"),
        ({"verified_human": "high"}, "L1"),
        ({"verified_email": "substantial"}, "L1"),
        ({"verified_human": "substantial", "verified_email": "substantial"}, "L1"),
        ({"verified_human": "high", "verified_email": "low"}, "L1"),
        ({"verified_human": "high", "verified_email": "substantial"}, "L2"),
        ({"unique_human": "substantial", "verified_document": "high"}, "L2"),
        ({"delegated_authority": "high"}, "L0"),
        ({"likes_cheese": "high"}, "L0"),
        ({"verified_human": "total"}, "L0"),
    ],
)
def test_levels_follow_from_humanity_and_identity(said: dict[str, str], wanted: str) -> None:
    claims = [Assertion(claim_type=claim_type, assurance=assurance) for claim_type, assurance in said.items()]
    assert level_of_claims(claims) == wanted


@given(st.lists(assertions, max_size=6), st.lists(assertions, max_size=3), st.sampled_from(Level))
def test_more_claims_never_allow_less(some: list[Assertion], more: list[Assertion], wanted: Level) -> None:
    before, after = check_trust_of(some, wanted), check_trust_of([*more, *some], wanted)
    assert after.level >= before.level
    assert after.allowed or not before.allowed
    assert before.allowed == (before.missing == ())


@given(st.lists(assertions, max_size=6))
def test_a_level_implies_those_below_it(some: list[Assertion]) -> None:
    for lower, higher in combinations(Level, 2):
        assert check_trust_of(some, lower).allowed or not check_trust_of(some, higher).allowed


def test_a_refusal_says_what_is_missing() -> None:
    human = [Assertion(claim_type="verified_human", assurance="substantial")]
    check = check_trust_of(human, Level.L2)
    assert check.missing == (
        "an identity claim of assurance substantial or high",
        "one of the two with assurance high",
    )
    assert "the claims reach L1" in check.reason
    assert check_trust_of([], Level.L0).allowed


def test_administrators_vouch_for_people(app: App, clock: FixedClock, ada: Caller, eve: Caller) -> None:
    assert level(app, eve) == Level.L0
    attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    assert level(app, eve) == Level.L1
    clock.move(seconds=1)
    claim = attest(app, ada, username="eve", claim_type="verified_identity", assurance="substantial", claim_ref="ID-7")
    assert level(app, eve) == Level.L2
    assert (claim.layer, claim.provider, claim.claim_ref) == ("identity", "administrator", "ID-7")
    assert list_claims(app, eve) == list_claims_of(app, ada, username="eve")
    assert [known.claim_type for known in list_claims(app, eve)] == ["verified_human", "verified_identity"]
    assert level(app, ada) == Level.L0


def test_the_newest_attestation_replaces_the_one_before(app: App, ada: Caller, eve: Caller) -> None:
    attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    attest(app, ada, username="eve", claim_type="verified_human", assurance="low")
    assert [known.assurance for known in list_claims(app, eve)] == ["low"]
    assert level(app, eve) == Level.L0


def test_a_claim_ends_when_it_was_said_to(app: App, clock: FixedClock, ada: Caller, eve: Caller) -> None:
    attest(app, ada, username="eve", claim_type="verified_human", assurance="high", expires_in_days=10)
    clock.move(seconds=10 * DAY_S - 1)
    assert level(app, eve) == Level.L1
    clock.move(seconds=1)
    assert level(app, eve) == Level.L0


def test_a_claim_ends_no_later_than_its_owner_wants(app: App, clock: FixedClock, ada: Caller, eve: Caller) -> None:
    attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    change_settings(app, eve, life_days=30)
    clock.move(seconds=30 * DAY_S)
    with app.database.reading() as tx:
        assert not explain(tx, eve.identity[0], Level.L1, now_ms=clock.now_ms()).allowed


def test_agents_do_without_the_claims_where_the_person_says_so(app: App, ada: Caller, eve: Caller) -> None:
    attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    assert level(app, eve, by_agent=True) == Level.L1
    assert change_settings(app, eve, inheritance="opt_in") == get_settings(app, eve)
    assert level(app, eve, by_agent=True) == Level.L0
    assert level(app, eve) == Level.L1


def test_the_owner_and_administrators_withdraw_a_claim_once(app: App, ada: Caller, eve: Caller) -> None:
    max_ = a_person(app, "max")
    for person in (eve, ada):
        claim = attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
        with pytest.raises(ClaimNotFound):
            revoke_claim(app, max_, claim_id=claim.id)
        assert revoke_claim(app, person, claim_id=claim.id).id == claim.id
        assert level(app, eve) == Level.L0
        with pytest.raises(ClaimNotFound):
            revoke_claim(app, person, claim_id=claim.id)


def test_attesting_and_withdrawing_are_on_record(app: App, ada: Caller, eve: Caller) -> None:
    claim = attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    revoke_claim(app, eve, claim_id=claim.id)
    with app.database.reading() as tx:
        kinds = [(event.kind, event.data["by"]) for event in read_after(tx, 0) if event.kind.startswith("claim.")]
    assert kinds == [("claim.attested", "ada"), ("claim.revoked", "eve")]


def test_what_one_says_of_oneself_adds_no_trust(app: App, eve: Caller) -> None:
    claim = delegate(app, eve, scopes=["invoke", "read"])
    assert (claim.layer, claim.provider, claim.claim_ref) == ("delegation", "self", "invoke read")
    delegate(app, eve, scopes=["read"])
    assert [known.claim_ref for known in list_claims(app, eve)] == ["read"]
    assert check_own_trust(app, eve, wanted=Level.L0).allowed
    assert not check_own_trust(app, eve, wanted=Level.L1).allowed
    for scopes in (["\x00"], ["x" * 101], [""]):
        with pytest.raises(NotAcceptable):
            delegate(app, eve, scopes=scopes)


def test_all_faults_of_an_attestation_are_listed(app: App, ada: Caller) -> None:
    with pytest.raises(NotAcceptable) as refused:
        attest(app, ada, username="ada", claim_type="x", assurance="y", claim_ref="\x07", expires_in_days=0)  # type: ignore[arg-type]
    codes = [fault["code"] for fault in refused.value.faults]
    assert codes == ["bad_text", "bad_claim_type", "bad_assurance", "bad_expiry"]
    with pytest.raises(NotAcceptable):
        change_settings(app, ada, life_days=31)
    for username in ("nobody", "../x", "\x00"):
        with pytest.raises(UserNotFound):
            attest(app, ada, username=username, claim_type="verified_human", assurance="high")


def test_nobody_vouches_for_themselves(app: App, ada: Caller, eve: Caller) -> None:
    narrow = authenticate(app, create_token(app, ada, name="ci", scopes=[Scope.MANAGE]).secret)
    for caller, error in ((eve, AdministratorsOnly), (narrow, ScopeMissing), (ANONYMOUS, Unauthenticated)):
        with pytest.raises(error):
            attest(app, caller, username="eve", claim_type="verified_human", assurance="high")
        with pytest.raises(error):
            list_claims_of(app, caller, username="eve")
