"""How often skills are used: repeating a call lifts nothing, and neither do those whose skill it is."""

from __future__ import annotations

import uuid

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.telemetry import adopt, record
from skillyard.domain.drive.telemetry_model import Report
from skillyard.domain.market.ratings import rate
from skillyard.domain.market.settle import complete
from skillyard.domain.market.uses import SkillRanking, follow_uses, rank_skills
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.runs.model import RunEnded, RunStatus
from skillyard.skill.names import SkillName
from tests.domain.market.stall import OUTPUT, Stall
from tests.makers import a_release

_DAY_S = 24 * 3600


def ran(app: App, caller: Caller, name: str = "sal/sum", *, status: RunStatus = RunStatus.SUCCEEDED) -> None:
    """What the worker records at the end of a run."""
    user_id, _ = caller.identity
    with app.database.transaction() as tx:
        event = RunEnded(
            run_id="run_x", run_kind="script", owner_id=user_id, name=name, version="1.0.0", status=status.value
        )
        app.events.record(tx, event)


def installed(app: App, name: str, *, install_id: str | None = None, address: str = "192.0.2.1") -> None:
    report = Report(install_id=install_id or str(uuid.uuid4()), kind="install", skills=(SkillName.parse(name),))
    record(app, report, address=address)


def board(stall: Stall, by: SkillRanking = "executions") -> dict[str, tuple[int, int]]:
    while follow_uses(stall.app):
        pass
    return {one.skill.name: (one.executions, one.installs) for one in rank_skills(stall.app, by=by)}


def test_of_each_person_a_skill_counts_once_a_day(both: Stall) -> None:
    a_release(both.app, both.sal, "sal/sum")
    for _ in range(5):
        ran(both.app, both.bob)
    assert board(both) == {"sal/sum": (1, 0)}
    ran(both.app, both.bob)
    ran(both.app, both.ada)
    assert board(both) == {"sal/sum": (2, 0)}
    both.clock.move(seconds=_DAY_S)
    ran(both.app, both.bob, status=RunStatus.FAILED)
    assert board(both) == {"sal/sum": (3, 0)}
    assert board(both) == {"sal/sum": (3, 0)}


def test_uses_of_its_own_people_count_for_nothing(stall: Stall) -> None:
    a_release(stall.app, stall.sal, "sal/sum")
    ran(stall.app, stall.sal)
    own = str(uuid.uuid4())
    adopt(stall.app, stall.sal, install_id=own)
    installed(stall.app, "sal/sum", install_id=own)
    assert board(stall) == {}


def test_what_never_ran_is_no_execution(stall: Stall) -> None:
    a_release(stall.app, stall.sal, "sal/sum")
    for status in (RunStatus.REFUSED, RunStatus.CANCELLED, RunStatus.LOST):
        ran(stall.app, stall.bob, status=status)
    assert board(stall) == {}


def test_what_is_delivered_counts_as_an_execution(stall: Stall) -> None:
    offer = stall.offer()
    for _ in range(2):
        complete(stall.app, stall.sal, invocation_id=stall.claimed(offer).id, output=OUTPUT)
    stall.invoke(offer)
    assert board(stall) == {"sal/sum": (1, 0)}


def test_installs_count_once_for_each_install_and_day(stall: Stall) -> None:
    a_release(stall.app, stall.sal, "sal/sum")
    a_release(stall.app, stall.sal, "sal/pdf")
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    for _ in range(3):
        installed(stall.app, "sal/sum", install_id=one)
    installed(stall.app, "sal/sum", install_id=other)
    installed(stall.app, "sal/pdf", install_id=one)
    assert list(board(stall, "installs").items()) == [("sal/sum", (0, 2)), ("sal/pdf", (0, 1))]


@pytest.mark.parametrize("by", ["executions", "installs", "rating"])
def test_only_public_skills_are_ranked(stall: Stall, by: SkillRanking) -> None:
    offer = stall.offer()
    complete(stall.app, stall.sal, invocation_id=stall.claimed(offer).id, output=OUTPUT)
    installed(stall.app, "sal/sum")
    rate(stall.app, stall.bob, offer_id=offer.id, stars=5)
    a_release(stall.app, stall.sal, "sal/hidden", visibility="private")
    ran(stall.app, stall.bob, "sal/hidden")
    assert list(board(stall, by)) == ["sal/sum"]
    set_visibility(stall.app, stall.sal, name=SkillName("sal", "sum"), visibility=Visibility.PRIVATE)
    assert board(stall, by) == {}


def test_the_liked_ones_are_ranked_by_their_ratings(stall: Stall) -> None:
    for name, stars in (("sal/sum", 3), ("sal/pdf", 5), ("sal/none", None)):
        offer = stall.offer(name)
        if stars:
            rate(stall.app, stall.bob, offer_id=offer.id, stars=stars)
            rate(stall.app, stall.bob, offer_id=offer.id, stars=stars)
    ranked = rank_skills(stall.app, by="rating")
    assert [(one.rank, one.skill.name, one.rating, one.ratings) for one in ranked] == [
        (1, "sal/pdf", 500, 1), (2, "sal/sum", 300, 1)
    ]  # fmt: skip


def test_the_limit_is_kept_and_ties_go_by_name(stall: Stall) -> None:
    for slug in ("c", "a", "b"):
        a_release(stall.app, stall.sal, f"sal/{slug}")
        ran(stall.app, stall.bob, f"sal/{slug}")
    assert list(board(stall)) == ["sal/a", "sal/b", "sal/c"]
    assert [one.rank for one in rank_skills(stall.app, limit=2)] == [1, 2]
