"""What is decided of one folder, whatever meets: thousands of cases, held to what must never happen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import FULL, Role
from skillyard.domain.drive.model import DriveItem, Reached, ReachedBy
from skillyard.domain.drive.sync_model import Action, LocalSkill, LocalState, Mode
from skillyard.domain.drive.sync_modes import Tariff, decide_plan
from skillyard.domain.drive.sync_rules import Surroundings, classify
from skillyard.domain.registry.exact import ExactRelease
from skillyard.domain.registry.model import Archive, Visibility
from skillyard.domain.registry.sight import Sight
from skillyard.domain.registry.trust import Status

ADA = Caller(user_id="u", username="ada", scopes=FULL, roles={"ada": Role.OWNER, "acme": Role.READER})
ARCHIVE = Archive(sha256="0", sha512="0", size_bytes=1, format="zip")
NAMES, VERSIONS, DIGESTS = ("ada/pdf", "acme/pdf", "eve/pdf"), ("1.0.0", "2.0.0"), ("d1", "d2", "d3", "d4")


CASES = 4000


def drawn_releases(chance: random.Random) -> dict[tuple[str, str], ExactRelease]:
    """At most two of each skill, in any state."""
    found = {}
    for name in NAMES:
        visibility, is_for_sale = chance.choice([Visibility.PRIVATE, *Visibility]), chance.random() < 0.1
        is_sealed = chance.random() < 0.1
        for version in chance.sample(VERSIONS, chance.choice([0, 1, 2, 2, 2])):
            status = chance.choice([*[Status.LISTED] * 6, *Status])
            found[name, version] = ExactRelease(
                name=name, version=version, digest=chance.choice(DIGESTS), archive=ARCHIVE, visibility=visibility,
                status=status, is_yanked=chance.random() < 0.3, is_for_sale=is_for_sale, is_sealed=is_sealed,
                published_ms=0,
            )  # fmt: skip
    return found


def drawn_reached(chance: random.Random) -> dict[str, Reached]:
    found = {}
    for name in chance.sample(NAMES, chance.randint(0, 3)):
        via: ReachedBy = chance.choice(["personal", "team", "shared"])
        upstream = chance.choice([None, "acme/pdf", "eve/pdf"]) if name == "ada/pdf" else None
        item = DriveItem(
            drive={"personal": "ada", "team": "acme", "shared": "eve"}[via], name=name,
            version=chance.choice(VERSIONS), enabled=chance.random() < 0.8, pinned=chance.random() < 0.2,
            dismissed_version=None, via="fork" if upstream else chance.choice(["registry", "upload", "git"]),
            upstream_name=upstream, upstream_version="1.0.0" if upstream else None,
            upstream_accepted=chance.choice([None, "2.0.0"]) if upstream else None, upstream_dismissed=None,
            added_ms=0, added_by="ada", updated_ms=0,
        )  # fmt: skip
        found[name] = Reached(name=name, item=item, via=via)
    return found


def drawn_surroundings(chance: random.Random) -> Surroundings:
    known = drawn_releases(chance)
    by_digest: dict[str, list[ExactRelease]] = {}
    for release in known.values():
        by_digest.setdefault(release.digest, []).append(release)
    seen = chance.sample(NAMES, chance.choice([1, 2, 3, 3, 3]))
    sights = {
        release.name: Sight(facts=release.facts, is_member=release.name == "ada/pdf", is_entitled=chance.random() < 0.5)
        for release in known.values()
        if release.name in seen
    }
    return Surroundings(
        caller=ADA, push_drive="ada", forks=chance.random() < 0.5, reached=drawn_reached(chance), releases=known,
        by_digest=by_digest, sights=sights, taken=frozenset(name for name, _ in known),
    )  # fmt: skip


def drawn_state(chance: random.Random) -> LocalState:
    local = LocalSkill(
        slug="pdf",
        digest=chance.choice(DIGESTS),
        name=chance.choice([None, *NAMES]),
        base_digest=chance.choice([None, *DIGESTS]),
        base_version=chance.choice([None, *VERSIONS]),
    )
    known = frozenset(chance.sample(NAMES, chance.randint(0, 3)))
    return LocalState(skills=(local,) if chance.random() < 0.9 else (), known=known)


def cases(seed: int) -> Iterator[tuple[random.Random, LocalState, Surroundings]]:
    chance = random.Random(seed)
    return ((chance, drawn_state(chance), drawn_surroundings(chance)) for _ in range(CASES))


def test_no_edit_is_ever_written_over_or_taken_away() -> None:
    seen: Counter[Action] = Counter()
    for _, state, around in cases(1):
        items = classify(state, around)
        assert all(item.reason for item in items)
        of_folder = [item for item in items if item.action is not Action.UNAVAILABLE]
        assert len(of_folder) <= 1
        seen.update(item.action for item in of_folder)
        for local, item in zip(state.skills, of_folder, strict=False):
            releases = {one.name for one in around.by_digest.get(local.digest, ())}
            if item.action in (Action.UPDATE, Action.REMOVE):
                is_as_put = local.base_digest == local.digest
                assert is_as_put or (item.action is Action.UPDATE and item.name in releases)
            if item.action is Action.REMOVE:
                assert local.name in state.known
            if item.action in (Action.IN_SYNC, Action.CLAIM_PUBLIC):
                assert item.target is not None
                assert item.target.digest == local.digest
            assert item.action is not Action.INSTALL
    assert set(seen) == set(Action) - {Action.UNAVAILABLE}, seen


def test_nothing_is_handed_out_or_taken_in_that_the_caller_may_not_have() -> None:
    for _, state, around in cases(2):
        for item in classify(state, around):
            for release in (item.target, item.base):
                assert release is None or not around.why_not(release)
            if item.action in (Action.INSTALL, Action.UPDATE, Action.MERGE, Action.MERGE_UPSTREAM, Action.CLAIM_PUBLIC):
                assert item.target is not None
            if item.publish_as is not None:
                assert (item.publish_as, item.drive) == ("ada/pdf", "ada")
            if item.action is Action.FORK:
                assert item.base is not None
                assert not item.base.is_for_sale
            if item.action in (Action.UPLOAD_PRIVATE, Action.FORK):
                assert "ada/pdf" not in around.taken


def test_a_plan_leaves_nothing_out_unsaid_and_spends_what_there_is() -> None:
    for chance, state, around in cases(3):
        mode, classified = chance.choice(list(Mode)), classify(state, around)
        tariff = Tariff(
            held=chance.randint(0, 5),
            free=chance.randint(0, 5),
            upload_credits=chance.randint(0, 5),
            balance=chance.randint(-2, 10),
        )
        plan = decide_plan(classified, ADA, mode, tariff)
        assert len(plan.items) + len(plan.left_out) == len(classified)
        assert all(item.reason for item in plan.left_out)
        assert plan.summary.total_credits == sum(item.credits for item in plan.items)
        if mode in (Mode.PULLS_ONLY, Mode.PUBLIC_ONLY):
            assert not any(item.is_upload for item in plan.items)
        if mode is Mode.PULLS_ONLY:
            assert not any(item.action is Action.CLAIM_PUBLIC for item in plan.items)
        if mode is Mode.AS_MANY_AS_CREDITS_ALLOW and plan.summary.total_credits:
            assert plan.summary.is_sufficient
