"""No order of publishing, granting, approving, revoking, yanking, recalling and waiting lets content call that nobody
consented to; and what was consented to can call. Beside the registry stands a small model of who agreed to what.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.consent.consent import Content, check
from skillyard.domain.gateway.consent.grant_errors import ActionUndeclared, GrantNotFound
from skillyard.domain.gateway.consent.grants import approve, give, revoke
from skillyard.domain.registry.errors import ReleaseQuarantined
from skillyard.domain.registry.model import Release, Wish
from skillyard.domain.registry.publish import publish
from skillyard.domain.registry.recall import recall, withdraw_recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.yank import unyank, yank
from skillyard.infra.clock import Clock
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from tests.domain.gateway.granting import NAME, Town, a_town
from tests.makers import FAILING, a_person, a_skill_archive

ENDPOINTS = ("create_issue", "list_issues", "delete_repo")
DESTROYS = {"delete_repo"}
PARAMS = {"repo": "acme/webapp", "title": "x"}
PEOPLE = ("ada", "bob")
CREATE, LIST, DELETE = (f"github.{name}" for name in ENDPOINTS)
# What may be published, by a letter: what it declares, and whether the scan fails it. A and B declare the same.
CONTENTS = {"A": ({CREATE}, False), "B": ({CREATE}, False), "C": ({"github"}, False), "D": ({CREATE, LIST}, False)}
CONTENTS |= {"E": ({CREATE, DELETE}, True), "F": (set(), False)}

versions = st.integers(0, 7)
people = st.sampled_from(["ada", "ada", "bob"])
actions = st.one_of(st.none(), st.sampled_from([*ENDPOINTS, "*"]))


class SetClock(Clock):
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Agreed:
    """Of one person to one content for one endpoint; `number`: in which order they agreed."""

    number: int
    ends_ms: int | None


class Machine(RuleBasedStateMachine):
    """`make`: opens an empty registry."""

    make: Callable[[Clock], tuple[Town, ExitStack]]
    steps: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        self.clock = SetClock()
        self.town, self.open_things = type(self).make(self.clock)
        self.callers: dict[str, Caller] = {"ada": self.town.ada, "bob": a_person(self.town.app, "bob")}
        self.github = find_integration(self.town.app, "github")
        self.releases: list[tuple[Release, str]] = []
        self.agreed: dict[tuple[str, str, str], Agreed] = {}  # person, content, endpoint
        self.grant_ids: list[tuple[tuple[str, str, str], str]] = []
        self.recalls: dict[str, str] = {}  # advisory → content
        for content in "ABCD":
            self.publish(content)
        self.give(0, "create_issue", "ada", None)

    def teardown(self) -> None:
        self.open_things.close()

    @rule(content=st.sampled_from(sorted(CONTENTS)))
    def publish(self, content: str) -> None:
        if len(self.releases) >= 8:
            return
        declared, is_failing = CONTENTS[content]
        files = {"notes.txt": content, "skills.json": json.dumps({"permissions": {"integrations": sorted(declared)}})}
        archive = a_skill_archive(NAME.slug, None, files={**files, **(FAILING if is_failing else {})})
        wish = Wish(name=NAME, version=f"{len(self.releases) + 1}.0.0")
        release = publish(self.town.app, self.town.ada, wish, io.BytesIO(archive)).release
        same = {one.digest for one, known in self.releases if known == content}
        assert same <= {release.digest}, "the same content under other versions has the same digest"
        self.releases.append((release, content))

    @rule(version=versions, action=actions, who=people, lasts_s=st.sampled_from([None, 60, 600]))
    def give(self, version: int, action: str | None, who: str, lasts_s: int | None) -> None:
        """`action`: None for what it declares."""
        release, content = self._release(version)
        action = action or min(CONTENTS[content][0], default=CREATE).partition(".")[2] or "*"
        is_declared, is_whole = _declares(content, action), "github" in CONTENTS[content][0]
        may = (is_whole if action == "*" else is_declared) and self._may_run(content)
        try:
            given = give(
                self.town.app, self.callers[who], name=NAME, version=release.version, action=f"github.{action}",
                lasts_s=lasts_s, expected_digest=release.digest,
            )  # fmt: skip
        except (ActionUndeclared, ReleaseQuarantined):
            assert not may
            return
        assert may
        self._agree((who, content, action), given.id, None if lasts_s is None else self.clock.ms + lasts_s * 1000)
        self.steps["given"] += 1

    @rule(version=versions, who=people, looked_at=st.one_of(st.none(), versions))
    def approve(self, version: int, who: str, looked_at: int | None) -> None:
        """Also with the digest of something else than is approved, which must do nothing."""
        looked_at = version if looked_at is None else looked_at
        (release, content), (seen, seen_content) = self._release(version), self._release(looked_at)
        expected = self._to_renew(who, content)
        try:
            renewed = approve(
                self.town.app, self.callers[who], name=NAME, version=release.version, expected_digest=seen.digest
            )
        except SkillyardError:
            assert seen_content != content or not self._may_run(content)
            return
        assert seen_content == content
        assert {one.endpoint for one in renewed} == set(expected)
        for one in renewed:
            self._agree((who, content, one.endpoint), one.id, expected[one.endpoint].ends_ms)
            self.steps["approved"] += 1

    @rule(number=st.integers(0, 30), who=people)
    def revoke(self, number: int, who: str) -> None:
        if not self.grant_ids:
            return
        key, grant_id = self.grant_ids[-1 - number % len(self.grant_ids)]
        is_theirs = key[0] == who and [known for at, known in self.grant_ids if at == key][-1] == grant_id
        try:
            revoke(self.town.app, self.callers[who], grant_id=grant_id)
        except GrantNotFound:
            assert not (is_theirs and key in self.agreed)
            return
        assert is_theirs
        del self.agreed[key]
        self.steps["revoked"] += 1

    @rule(seconds=st.sampled_from([30, 59, 60, 600]))
    def wait(self, seconds: int) -> None:
        self.clock.ms += seconds * 1000

    @rule(version=versions, is_back=st.booleans())
    def yank(self, version: int, is_back: bool) -> None:
        meant: dict[str, Any] = {"name": NAME, "version": self._release(version)[0].version}
        if is_back:
            unyank(self.town.app, self.town.ada, **meant)
        else:
            yank(self.town.app, self.town.ada, **meant, reason="old")

    @rule(version=versions)
    def recall(self, version: int) -> None:
        """One at a time: it is taken back before the next."""
        release, content = self._release(version)
        if self.recalls:
            advisory_id, _ = self.recalls.popitem()
            withdraw_recall(self.town.app, self.town.ada, advisory_id=advisory_id)
            return
        made = recall(
            self.town.app, self.town.ada, name=NAME, versions=release.version, severity=AdvisorySeverity.HIGH,
            reason="It sends what it should not.",
        )  # fmt: skip
        self.recalls[made.id] = content
        self.steps["recalled"] += 1

    @invariant()
    def content_calls_exactly_what_was_agreed_to_for_it(self) -> None:
        with self.town.app.database.reading() as tx:
            for who, (release, content), endpoint in product(PEOPLE, self.releases, ENDPOINTS):
                may = self._may_call(who, content, endpoint)
                assert self._calls(tx, who, release, endpoint) is may, (who, release.version, content, endpoint)
                self.steps["may" if may else "may not"] += 1

    def _calls(self, tx: Tx, who: str, release: Release, endpoint: str) -> bool:
        try:
            check(
                tx,
                owner_id=str(self.callers[who].user_id),
                content=Content(name=release.name, version=release.version, digest=release.digest),
                integration=self.github,
                endpoint=self.github.endpoints[endpoint],
                params=PARAMS if endpoint == "create_issue" else {"repo": PARAMS["repo"]},
                now_ms=self.clock.ms,
                address="",
            )
        except SkillyardError:
            return False
        return True

    def _may_call(self, who: str, content: str, endpoint: str) -> bool:
        if not self._may_run(content) or not _declares(content, endpoint):
            return False
        named, wide = self.agreed.get((who, content, endpoint)), self.agreed.get((who, content, "*"))
        deciding = named if named or endpoint in DESTROYS else wide
        return deciding is not None and self._holds(deciding)

    def _may_run(self, content: str) -> bool:
        return content not in self.recalls.values() and not CONTENTS[content][1]

    def _holds(self, agreed: Agreed) -> bool:
        return agreed.ends_ms is None or agreed.ends_ms > self.clock.ms

    def _to_renew(self, who: str, content: str) -> dict[str, Agreed]:
        """By endpoint, what they agreed to last for other contents."""
        found: dict[str, Agreed] = {}
        is_whole = "github" in CONTENTS[content][0]
        named = {endpoint for person, _, endpoint in self.agreed if person == who and endpoint != "*"}
        for endpoint in ({"*"} | named) if is_whole else {text.partition(".")[2] for text in CONTENTS[content][0]}:
            covers = {endpoint} if endpoint in DESTROYS else {endpoint, "*"}
            if any((who, content, one) in self.agreed for one in covers):
                continue
            for wanted in (endpoint, *(covers - {endpoint} if not is_whole else ())):
                others = [
                    agreed
                    for (person, other, agreed_endpoint), agreed in self.agreed.items()
                    if (person, agreed_endpoint) == (who, wanted) and other != content and self._holds(agreed)
                ]
                if others:
                    found[endpoint] = max(others, key=lambda agreed: agreed.number)
                    break
        return found

    def _agree(self, key: tuple[str, str, str], grant_id: str, ends_ms: int | None) -> None:
        self.agreed[key] = Agreed(len(self.grant_ids), ends_ms)
        self.grant_ids.append((key, grant_id))
        self.clock.ms += 1  # no two grants at the same moment

    def _release(self, number: int) -> tuple[Release, str]:
        return self.releases[number % len(self.releases)]


def _declares(content: str, endpoint: str) -> bool:
    declared = CONTENTS[content][0]
    return "github" in declared or f"github.{endpoint}" in declared


@pytest.fixture
def make(tmp_path: Path) -> Callable[[Clock], tuple[Town, ExitStack]]:
    def a_new_town(clock: Clock) -> tuple[Town, ExitStack]:
        opened = ExitStack()
        return opened.enter_context(a_town(Path(tempfile.mkdtemp(dir=tmp_path)), clock=clock)), opened

    return a_new_town


def test_no_order_lets_content_call_that_nobody_consented_to(
    make: Callable[[Clock], tuple[Town, ExitStack]],
) -> None:
    machine = type("Run", (Machine,), {"make": staticmethod(make), "steps": Counter()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=16, stateful_step_count=30, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
    assert {"given", "approved", "revoked", "recalled", "may", "may not"} <= set(machine.steps), machine.steps
