"""What is on offer follows what is published; found, changed, reviewed, and never shown to those who may not see it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.market.errors import (
    NotTheProvider,
    OfferNotActive,
    OfferNotChangeable,
    OfferNotFound,
    OfferNotInReview,
    OfferNotValid,
)
from skillyard.domain.market.follow import follow_registry
from skillyard.domain.market.model import OfferChanges, OfferSpec, OfferStatus
from skillyard.domain.market.offers import browse_offers, get_offer, list_my_offers
from skillyard.domain.market.publish_offer import publish_offer, update_offer
from skillyard.domain.market.states import (
    activate_offer,
    approve_offer,
    list_pending_reviews,
    reject_offer,
    suspend_offer,
)
from skillyard.domain.registry.errors import SkillRefused
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, Unauthenticated
from skillyard.skill.executable import Executable, LlmStep, Mode, ScriptStep
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import Permissions
from skillyard.skill.schemas import stored_schema
from tests.domain.market.stall import Stall, a_stall, an_executable
from tests.domain.market.test_settle import SEALED
from tests.makers import a_release, make_app


def names(stall: Stall, **wanted: Any) -> list[str]:
    return [offer.name for offer in browse_offers(stall.app, wanted.pop("by", ANONYMOUS), **wanted).offers]


def test_a_skill_with_an_executable_json_is_on_offer_and_others_are_not(both: Stall) -> None:
    a_release(both.app, both.sal, "sal/plain")
    made = both.offer()
    while follow_registry(both.app):
        pass
    assert names(both) == ["sal/sum"]
    assert get_offer(both.app, ANONYMOUS, name="sal/sum") == both.fresh(made)
    assert (made.owner_id, made.price, made.status) == (both.sal.identity[0], 10, OfferStatus.ACTIVE)
    assert follow_registry(both.app) == 0


def test_browsing_finds_by_words_tags_trust_and_in_an_order(both: Stall) -> None:
    for slug, tags, fields in (
        ("pdf-sum", "pdf, text", {"price": 3}),
        ("pdf-read", "pdf", {"price": 1, "trust_level": "L1"}),
        ("csv", "table", {"price": 2}),
    ):
        files = {"executable.json": json.dumps(an_executable(**fields))}
        a_release(both.app, both.sal, f"sal/{slug}", tags=tags, description=f"About {slug}: 100%.", files=files)
    both.work()
    assert names(both) == ["sal/csv", "sal/pdf-read", "sal/pdf-sum"]
    assert names(both, text="PDF") == ["sal/pdf-read", "sal/pdf-sum"]
    assert names(both, text="about 100%") == ["sal/csv", "sal/pdf-read", "sal/pdf-sum"]
    assert names(both, text="_") == names(both, text="%%") == names(both, text="' OR 1=1 --") == []
    assert names(both, tags=["pdf", "text"]) == ["sal/pdf-sum"]
    assert names(both, tags=["pd"]) == []
    assert names(both, trust_level="L1") == ["sal/pdf-read"]
    assert names(both, sort="price") == ["sal/pdf-read", "sal/csv", "sal/pdf-sum"]
    assert names(both, sort="name", limit=1, offset=1) == ["sal/pdf-read"]
    assert browse_offers(both.app, ANONYMOUS, limit=1).total == 3


def test_what_is_not_active_is_found_by_its_own_people_only(stall: Stall) -> None:
    offer = stall.offer()
    suspend_offer(stall.app, stall.sal, offer_id=offer.id)
    assert names(stall) == []
    suspended = OfferStatus.SUSPENDED
    assert names(stall, status=suspended) == names(stall, status=suspended, by=stall.bob) == []
    assert names(stall, status=suspended, by=stall.sal) == names(stall, status=suspended, by=stall.ada) == ["sal/sum"]
    assert get_offer(stall.app, stall.bob, offer_id=offer.id).status is suspended
    assert [one.id for one in list_my_offers(stall.app, stall.sal)] == [offer.id]
    assert list_my_offers(stall.app, stall.bob) == []
    with pytest.raises(Unauthenticated):
        list_my_offers(stall.app, ANONYMOUS)


def test_only_maintainers_change_an_offer(stall: Stall) -> None:
    offer = stall.offer()
    for change in (suspend_offer, activate_offer):
        with pytest.raises(NotTheProvider):
            change(stall.app, stall.bob, offer_id=offer.id)
        with pytest.raises(OfferNotFound):
            change(stall.app, stall.bob, offer_id="skl_none")
        with pytest.raises(Unauthenticated):
            change(stall.app, ANONYMOUS, offer_id=offer.id)
    with pytest.raises(NotTheProvider):
        update_offer(stall.app, stall.bob, offer_id=offer.id, changes=OfferChanges(price=0))


def test_terms_change_without_a_release(both: Stall) -> None:
    offer = both.offer()
    before = both.invoke(offer)
    changes = OfferChanges(price=20, tags=("PDF", "two words"), trust_level="L1", description=" Better now. ")
    changed = update_offer(both.app, both.sal, offer_id=offer.id, changes=changes)
    assert (changed.price, changed.tags, changed.trust_level) == (20, ("pdf", "two-words"), "L1")
    assert (changed.description, changed.version) == ("Better now.", "1.0.0")
    both.work()
    assert both.fresh(offer) == changed
    assert before.price == 10


def test_schemas_change_with_a_release_of_the_same_files(stall: Stall) -> None:
    offer = stall.offer(**SEALED)
    changes = OfferChanges(output_schema={"type": "string"}, price=3)
    changed = update_offer(stall.app, stall.sal, offer_id=offer.id, changes=changes)
    assert (changed.version, changed.price) == ("1.0.1", 3)
    assert changed.executable.output_schema.document == {"type": "string"}
    assert changed.executable.steps == offer.executable.steps
    release = get_release(stall.app, stall.sal, name=SkillName("sal", "sum"), version="latest")
    assert (release.version, release.digest) == ("1.0.1", changed.digest)
    again = update_offer(stall.app, stall.sal, offer_id=offer.id, changes=OfferChanges(version="3.0.0"))
    assert (again.version, again.price) == ("3.0.0", 3)


def test_all_that_is_wrong_with_a_change_is_said_at_once(stall: Stall) -> None:
    offer = stall.offer()
    wrong = OfferChanges(price=-1, trust_level="L9", description="", tags=("<>",))  # type: ignore[arg-type]
    with pytest.raises(OfferNotValid) as refused:
        update_offer(stall.app, stall.sal, offer_id=offer.id, changes=wrong)
    assert {fault["code"] for fault in refused.value.faults} == {
        "bad_number", "unknown_word", "bad_description", "bad_tag",
    }  # fmt: skip
    changes = OfferChanges(input_schema={"$ref": "https://example.com/schema"})
    with pytest.raises(OfferNotValid):
        update_offer(stall.app, stall.sal, offer_id=offer.id, changes=changes)
    assert stall.fresh(offer) == offer


def test_what_has_no_folder_is_published_as_an_ordinary_release(stall: Stall) -> None:
    spec = a_spec()
    offer = publish_offer(stall.app, stall.sal, spec)
    assert (offer.name, offer.version, offer.agent_id) == ("sal/fetch", "1.2.3", "agt_1")
    assert offer.description == 'Says "what" it does: all of it.'
    assert offer.executable == spec.executable
    release = get_release(stall.app, stall.sal, name=spec.name, version="1.2.3")
    assert release.permissions["network"] == {"outbound": ["example.com"]}
    assert (release.tags, release.digest) == (("pdf", "web"), offer.digest)


def test_one_that_may_not_publish_there_publishes_nothing(stall: Stall) -> None:
    with pytest.raises(NamespaceNotFound):
        publish_offer(stall.app, stall.bob, a_spec())


@pytest.mark.parametrize("description", ["", "a\x00b", "a\ud800b", "x" * 2000])
def test_a_description_that_cannot_be_one_is_refused_with_a_reason(stall: Stall, description: str) -> None:
    with pytest.raises((SkillRefused, OfferNotValid)) as refused:
        publish_offer(stall.app, stall.sal, replace(a_spec(), description=description))
    assert refused.value.faults
    assert list_my_offers(stall.app, stall.sal) == []


def test_the_steps_of_a_sealed_skill_are_for_its_members(stall: Stall) -> None:
    offer = publish_offer(stall.app, stall.sal, a_spec())
    for stranger in (ANONYMOUS, stall.bob, stall.ada):
        assert get_offer(stall.app, stranger, offer_id=offer.id).executable.steps == ()
        found = browse_offers(stall.app, stranger).offers
        assert [one.executable.steps for one in found] == [()]
    assert len(get_offer(stall.app, stall.sal, offer_id=offer.id).executable.steps) == 2


def test_when_the_latest_release_is_withdrawn_the_one_before_is_on_offer_again(both: Stall) -> None:
    offer = both.offer()
    both.offer(version="2.0.0", price=99)
    assert (both.fresh(offer).version, both.fresh(offer).price) == ("2.0.0", 99)
    yank(both.app, both.sal, name=SkillName("sal", "sum"), version="2.0.0", reason="broken")
    both.work()
    assert (both.fresh(offer).version, both.fresh(offer).price) == ("1.0.0", 10)
    yank(both.app, both.sal, name=SkillName("sal", "sum"), version="1.0.0", reason="broken")
    both.work()
    assert names(both) == []
    assert not both.fresh(offer).is_offered


def test_the_review_lets_nothing_through_before_an_administrator(tmp_path: Path) -> None:
    app = make_app(tmp_path, clock=FixedClock(), market_review="new_sellers")
    stall = a_stall(app, FixedClock())
    offer = stall.offer()
    assert offer.status is OfferStatus.PENDING_REVIEW
    assert names(stall) == []
    with pytest.raises(OfferNotFound):
        stall.invoke(offer)
    assert stall.invoke(offer, by=stall.sal).price == 0
    with pytest.raises(OfferNotChangeable):
        activate_offer(app, stall.sal, offer_id=offer.id)
    for decide in (approve_offer, reject_offer):
        with pytest.raises(Forbidden):
            decide(app, stall.sal, offer_id=offer.id)
    with pytest.raises(Forbidden):
        list_pending_reviews(app, stall.sal)
    assert [one.id for one in list_pending_reviews(app, stall.ada)] == [offer.id]
    rejected = reject_offer(app, stall.ada, offer_id=offer.id, reason="Say what it does.")
    assert (rejected.status, rejected.reason) == (OfferStatus.REJECTED, "Say what it does.")
    assert reject_offer(app, stall.ada, offer_id=offer.id).reason == "Rejected by admin"
    with pytest.raises(OfferNotActive):
        stall.invoke(offer, by=stall.sal)
    assert stall.offer(version="1.1.0").status is OfferStatus.PENDING_REVIEW
    approved = approve_offer(app, stall.ada, offer_id=offer.id)
    assert (approved.status, approved.reason) == (OfferStatus.ACTIVE, "")
    with pytest.raises(OfferNotInReview):
        approve_offer(app, stall.ada, offer_id=offer.id)
    assert stall.offer("sal/other").status is OfferStatus.ACTIVE
    assert stall.invoke(offer).price == 10
    app.close()


def a_spec() -> OfferSpec:
    executable = Executable(
        input_schema=stored_schema('{"type":"object"}'),
        output_schema=stored_schema("{}"),
        mode=Mode.SEALED,
        price=10,
        steps=(
            ScriptStep(label="fetch", runtime="python", file="steps/1-fetch.py"),
            LlmStep(label="sum", provider="openai", model="gpt-4o", temperature=0.3, system_prompt="Be brief."),
        ),
    )
    return OfferSpec(
        name=SkillName("sal", "fetch"),
        version="1.2.3",
        description='Says "what" it does: all of it.',
        tags=("pdf", "web"),
        executable=executable,
        files={"steps/1-fetch.py": b"output = {}\n"},
        permissions=Permissions(network_outbound=("example.com",)),
        agent_id="agt_1",
    )
