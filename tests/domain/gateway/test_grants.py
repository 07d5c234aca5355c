"""Consent follows content: given for one digest, one action, within limits and time; and it says what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration
from skillyard.domain.gateway.connect.connection_errors import ConnectionNotFound
from skillyard.domain.gateway.consent.consent import Content, check
from skillyard.domain.gateway.consent.grant import Grant
from skillyard.domain.gateway.consent.grant_errors import (
    ActionUndeclared,
    GrantEnded,
    GrantForOtherContent,
    GrantMissing,
    GrantNotAcceptable,
    GrantNotFound,
    GrantStale,
    OutsideGrant,
)
from skillyard.domain.gateway.consent.grants import approve, give, list_grants, revoke
from skillyard.domain.gateway.consent.needs import find_needs
from skillyard.domain.registry.errors import ReleaseNotFound, ReleaseQuarantined, SkillNotFound
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import Clock
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.infra.events import read_after
from tests.domain.gateway.granting import CREATE_ISSUE, NAME, Town, a_town
from tests.makers import a_person

PARAMS = {"repo": "acme/webapp", "title": "Bug"}


class SetClock(Clock):
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    with a_town(tmp_path, database_url=url) as made:
        yield made


@pytest.fixture
def one_town(tmp_path: Path) -> Iterator[Town]:
    with a_town(tmp_path) as made:
        yield made


def ask(town: Town, release: Release, endpoint: str = "create_issue", **params: Any) -> Grant:
    """What a run of the release is told before it calls."""
    github = find_integration(town.app, "github")
    with town.app.database.reading() as tx:
        return check(
            tx,
            owner_id=str(town.ada.user_id),
            content=Content(name=release.name, version=release.version, digest=release.digest),
            integration=github,
            endpoint=find_endpoint(github, endpoint),
            params=params or PARAMS,
            now_ms=town.app.clock.now_ms(),
            address="https://yard.example",
        )


def test_what_was_granted_may_be_called_and_nothing_else(town: Town) -> None:
    release = town.publish(declares=[CREATE_ISSUE, "github.list_issues"])
    with pytest.raises(GrantMissing) as missing:
        ask(town, release)
    assert missing.value.facts["action_url"] == "https://yard.example/grants/approve?skill=ada/bot&version=1.0.0"
    given = town.give()
    assert ask(town, release) == given
    with pytest.raises(GrantMissing):
        ask(town, release, "list_issues", repo="acme/webapp")


def test_one_changed_byte_makes_it_stale_and_the_refusal_says_what_changed(town: Town) -> None:
    town.publish(notes__txt="a", old__txt="gone")
    town.give()
    changed = town.publish(
        "2.0.0", declares=[CREATE_ISSUE, "github.list_issues"], notes__txt="b", new__txt="x",
        permissions={"network": {"outbound": ["evil.example"]}},
    )  # fmt: skip
    with pytest.raises(GrantStale) as stale:
        ask(town, changed)
    facts = stale.value.facts
    assert facts["difference"] == {
        "since": "1.0.0",
        "may_newly": ("contact evil.example", "use the integration github.list_issues"),
        "changed": ("SKILL.md", "notes.txt", "skills.json"),
        "added": ("new.txt",),
        "removed": ("old.txt",),
    }
    assert facts["action_url"].endswith("/grants/approve?skill=ada/bot&version=2.0.0")


def test_approving_gives_the_new_content_what_the_old_one_had_and_no_more(town: Town) -> None:
    first = town.publish()
    given = town.give(limits={"repo": ["acme/*"]}, lasts_s=3600)
    second = town.publish("2.0.0", declares=[CREATE_ISSUE, "github.list_issues"], notes__txt="b")
    (renewed,) = approve(town.app, town.ada, name=NAME, version="2.0.0", expected_digest=second.digest)
    assert (renewed.action, renewed.digest, renewed.limits) == (CREATE_ISSUE, second.digest, {"repo": ("acme/*",)})
    assert renewed.expires_ms == given.expires_ms
    assert ask(town, second) == renewed
    assert ask(town, first) == given
    with pytest.raises(GrantMissing):
        ask(town, second, "list_issues", repo="acme/webapp")
    assert approve(town.app, town.ada, name=NAME, version="2.0.0", expected_digest=second.digest) == []


def test_only_what_was_looked_at_is_approved_or_granted(town: Town) -> None:
    first = town.publish()
    town.give()
    town.publish("1.1.0", notes__txt="b")
    with pytest.raises(GrantForOtherContent):
        approve(town.app, town.ada, name=NAME, version="1.1.0", expected_digest=first.digest)
    with pytest.raises(GrantForOtherContent):
        town.give("1.1.0", expected_digest=first.digest)


def test_the_same_content_under_another_version_needs_no_new_consent(town: Town) -> None:
    """It is the content that people agree to; the number it has says nothing."""
    first = town.publish()
    given = town.give()
    content = Content(name=first.name, version="1.0.0", digest=first.digest)
    assert content.digest == given.digest
    other = Content(name=first.name, version="1.0.0", digest="sha256:" + "0" * 64)
    github = find_integration(town.app, "github")
    with town.app.database.reading() as tx, pytest.raises(ReleaseNotFound):
        check(
            tx, owner_id=str(town.ada.user_id), content=other, integration=github,
            endpoint=find_endpoint(github, "create_issue"), params=PARAMS, now_ms=1, address="",
        )  # fmt: skip


def test_what_is_taken_back_is_over_at_once(town: Town) -> None:
    release, given = town.publish(), town.give()
    revoke(town.app, town.ada, grant_id=given.id)
    with pytest.raises(GrantMissing):
        ask(town, release)
    with pytest.raises(GrantNotFound):
        revoke(town.app, town.ada, grant_id=given.id)
    assert list_grants(town.app, town.ada).items == ()
    again = town.give()
    assert ask(town, release) == again


def test_time_ends_it(tmp_path: Path) -> None:
    clock = SetClock()
    with a_town(tmp_path, clock=clock) as town:
        release = town.publish()
        town.give(lasts_s=60)
        clock.ms += 59_999
        ask(town, release)
        clock.ms += 1
        with pytest.raises(GrantEnded):
            ask(town, release)
        assert [need.state for need in find_needs(town.app, town.ada, name=NAME).needs] == ["ended"]
        newer = town.publish("1.1.0", notes__txt="b")
        assert approve(town.app, town.ada, name=NAME, version="1.1.0", expected_digest=newer.digest) == []
        town.give()
        ask(town, release)


@pytest.mark.parametrize("seconds", [0, -1, 10**12])
def test_a_grant_lasts_a_time_that_can_be(one_town: Town, seconds: int) -> None:
    one_town.publish()
    with pytest.raises(GrantNotAcceptable):
        one_town.give(lasts_s=seconds)


def test_limits_hold_and_name_what_is_outside(town: Town) -> None:
    release = town.publish()
    town.give(limits={"repo": ["acme/*"], "labels": ["bug"]})
    ask(town, release, repo="acme/webapp", title="x", labels=["bug"])
    with pytest.raises(OutsideGrant, match="only where repo is acme/"):
        ask(town, release, repo="evil/webapp", title="x", labels=["bug"])
    with pytest.raises(OutsideGrant, match="labels"):
        ask(town, release, repo="acme/webapp", title="x")
    with pytest.raises(ParamsInvalid):
        ask(town, release, repo="acme/../x/y", title="x", labels=["bug"], more=1)


@pytest.mark.parametrize(
    "limits",
    [
        {"rpo": ["acme/*"]},
        {"repo": []},
        {"repo": ["x" * 501]},
        {"repo": ["x"] * 51},
        {f"a{n}": ["x"] for n in range(21)},
    ],
)
def test_limits_that_would_not_hold_are_refused(one_town: Town, limits: dict[str, list[str]]) -> None:
    one_town.publish()
    with pytest.raises(GrantNotAcceptable):
        one_town.give(limits=limits)


def test_everything_means_what_reads_and_writes_and_never_what_destroys(town: Town) -> None:
    release = town.publish(declares=["github"])
    town.give(action="github.*")
    ask(town, release)
    ask(town, release, "list_issues", repo="acme/webapp")
    with pytest.raises(GrantMissing):
        ask(town, release, "delete_repo", repo="acme/webapp")
    town.give(action="github.delete_repo")
    ask(town, release, "delete_repo", repo="acme/webapp")


def test_nothing_is_granted_that_the_release_does_not_declare(town: Town) -> None:
    release = town.publish()
    for action in ("github.delete_repo", "github.*", "github"):
        with pytest.raises(ActionUndeclared, match="does not declare"):
            town.give(action=action)
    with pytest.raises(ActionUndeclared):
        ask(town, release, "delete_repo", repo="acme/webapp")


def test_what_a_newer_version_does_not_declare_any_more_is_not_renewed(town: Town) -> None:
    town.publish(declares=[CREATE_ISSUE, "github.list_issues"])
    town.give()
    town.give(action="github.list_issues")
    newer = town.publish("1.1.0")
    renewed = approve(town.app, town.ada, name=NAME, version="1.1.0", expected_digest=newer.digest)
    assert [one.action for one in renewed] == [CREATE_ISSUE]


def test_a_release_that_is_recalled_calls_nothing_and_is_granted_nothing(town: Town) -> None:
    release = town.publish()
    town.give()
    severity = AdvisorySeverity.HIGH
    recall(town.app, town.ada, name=NAME, versions="1.0.0", severity=severity, reason="It sends what it should not.")
    with pytest.raises(ReleaseQuarantined):
        ask(town, release)
    with pytest.raises(ReleaseQuarantined):
        town.give()


def test_a_yanked_release_keeps_its_consent_and_is_what_newer_ones_are_compared_with(town: Town) -> None:
    release = town.publish(notes__txt="a")
    town.give()
    yank(town.app, town.ada, name=NAME, version="1.0.0", reason="old")
    ask(town, release)
    with pytest.raises(GrantStale) as stale:
        ask(town, town.publish("1.1.0", notes__txt="b"))
    assert stale.value.facts["difference"]["changed"] == ("SKILL.md", "notes.txt")


def test_consent_is_ones_own(town: Town) -> None:
    town.publish()
    given = town.give()
    bob = a_person(town.app, "bob")
    assert list_grants(town.app, bob).items == ()
    with pytest.raises(GrantNotFound):
        revoke(town.app, bob, grant_id=given.id)
    assert [need.state for need in find_needs(town.app, bob, name=NAME).needs] == ["missing"]
    assert town.give(caller=bob).owner_id == bob.user_id


def test_a_private_skill_of_others_is_granted_nothing(town: Town) -> None:
    town.publish()
    bob = a_person(town.app, "bob")
    with pytest.raises(SkillNotFound):
        give(town.app, bob, name=NAME.parse("ada/other"), action=CREATE_ISSUE)
    with pytest.raises(Unauthenticated):
        town.give(caller=Caller())


@pytest.mark.parametrize(
    ("action", "error"),
    [("githb.create_issue", IntegrationNotFound), ("github.create_isue", EndpointNotFound)],
)
def test_what_there_is_not_is_not_granted(one_town: Town, action: str, error: type[SkillyardError]) -> None:
    one_town.publish(declares=[CREATE_ISSUE, "githb"])
    with pytest.raises(error):
        one_town.give(action=action)


def test_an_account_is_named_by_its_connection(town: Town) -> None:
    town.publish()
    assert str(town.give(connection="ada").connection_id).startswith("conn_")
    with pytest.raises(ConnectionNotFound):
        town.give(connection="somebody-else")


def test_needs_list_what_is_declared_with_its_state_and_the_difference(town: Town) -> None:
    town.publish(declares=[CREATE_ISSUE])
    town.give()
    town.publish("2.0.0", declares=[CREATE_ISSUE, "github.delete_repo", "nowhere.to_go", "gitlab"], notes__txt="b")
    found = find_needs(town.app, town.ada, name=NAME)
    states = {need.action: (need.state, need.effect) for need in found.needs}
    assert states[CREATE_ISSUE] == ("stale", "write")
    assert states["github.delete_repo"] == ("missing", "destructive")
    assert states["nowhere.to_go"] == ("unknown", None)
    assert states["gitlab.*"][0] == "missing"
    assert found.difference is not None
    assert found.difference.since == "1.0.0"
    assert find_needs(town.app, town.ada, name=NAME, version="1.0.0").difference is None
    assert found.unconnected == ("gitlab",)


def test_giving_again_replaces_and_everybody_concerned_hears_of_it(town: Town) -> None:
    town.publish()
    first, second = town.give(), town.give(limits={"repo": ["acme/*"]})
    assert [one.id for one in list_grants(town.app, town.ada).items] == [second.id]
    revoke(town.app, town.ada, grant_id=second.id)
    with town.app.database.reading() as tx:
        told = [(event.kind, event.data["grant_id"]) for event in read_after(tx, 0) if event.kind.startswith("grant.")]
    assert told == [("grant.given", first.id), ("grant.given", second.id), ("grant.revoked", second.id)]


def test_the_list_comes_in_pages(town: Town) -> None:
    town.publish(declares=["github"])
    given = [town.give(action=f"github.{name}") for name in ("list_issues", "create_issue", "delete_repo")]
    first = list_grants(town.app, town.ada, name=NAME, limit=2)
    rest = list_grants(town.app, town.ada, name=NAME, limit=2, cursor=first.next_cursor)
    assert [one.id for one in (*first.items, *rest.items)] == [one.id for one in reversed(given)]
    assert rest.next_cursor is None


def test_what_was_granted_with_everything_is_renewed_as_far_as_the_newer_version_declares_it(town: Town) -> None:
    town.publish(declares=["github"])
    town.give(action="github.*", limits={"repo": ["acme/*"]})
    narrower = town.publish("1.1.0", declares=[CREATE_ISSUE, "github.delete_repo"])
    states = {need.action: need.state for need in find_needs(town.app, town.ada, name=NAME).needs}
    assert states == {CREATE_ISSUE: "stale", "github.delete_repo": "missing"}
    (renewed,) = approve(town.app, town.ada, name=NAME, version="1.1.0", expected_digest=narrower.digest)
    assert (renewed.action, renewed.limits) == (CREATE_ISSUE, {"repo": ("acme/*",)})
    ask(town, narrower)
    whole = town.publish("2.0.0", declares=["github", CREATE_ISSUE], notes__txt="x")
    renewals = approve(town.app, town.ada, name=NAME, version="2.0.0", expected_digest=whole.digest)
    assert sorted(one.action for one in renewals) == ["github.*", CREATE_ISSUE]
