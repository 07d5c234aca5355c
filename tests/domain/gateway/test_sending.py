"""When a call is made again, how long that waits, and when nobody tries any more."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from skillyard.domain.gateway.calls.breakers import Breakers
from skillyard.domain.gateway.calls.building import Built
from skillyard.domain.gateway.calls.call_errors import UpstreamResting, UpstreamUnavailable
from skillyard.domain.gateway.calls.sending import Sending, send
from skillyard.domain.gateway.catalog.integration import Habits, Integration, Origin
from skillyard.infra.outbound import Answer, Outbound
from tests.domain.gateway.upstream import Says, Upstream, says, upstream


@pytest.fixture
def there() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


class Trying:
    """Sends with a clock of its own, and notes how long it waited."""

    def __init__(
        self,
        there: Upstream,
        *,
        habits: Habits = Habits(),  # noqa: B008 (a frozen value)
        may_repeat: bool = True,
        changes: bool | None = None,
    ) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.breakers = Breakers(now=lambda: self.now)
        self._outbound = Outbound(http_loopback=True)
        self._there = there
        self._integration = Integration(
            slug="acme", version=1, title="", description="", base_url=there.url, ways=(), groups={}, endpoints={},
            origin=Origin(description="", version="", licence=""), habits=habits, hosts=("127.0.0.1",),
        )  # fmt: skip
        self._may_repeat, self._changes = may_repeat, not may_repeat if changes is None else changes

    def send(self, *, within_s: float = 60.0, method: str = "GET") -> Answer:
        how = Sending(
            integration=self._integration,
            person="ada",
            changes=self._changes,
            may_repeat=self._may_repeat,
            until=time.monotonic() + within_s,
            most_bytes=1_000_000,
            sleep=self.waited.append,
            breakers=self.breakers,
        )
        return send(self._outbound, Built(method=method, url=f"{self._there.url}/things", headers={}), how)


def test_what_is_down_for_a_moment_is_asked_again_at_most_twice(there: Upstream) -> None:
    trying = Trying(there)
    there.last = says({}, 503)
    assert trying.send().status == 503
    assert len(there.asked) == 3
    assert len(trying.waited) == 2
    assert 0 <= trying.waited[0] <= 0.4
    assert 0 <= trying.waited[1] <= 0.8


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
def test_what_is_refused_is_not_asked_again(there: Upstream, status: int) -> None:
    there.last = says({}, status)
    assert Trying(there).send().status == status
    assert len(there.asked) == 1


def test_as_long_as_the_other_side_asks_for_is_waited(there: Upstream) -> None:
    trying = Trying(there)
    there.answers = [says({}, 429, retry_after="7"), says({}, 503, retry_after="0")]
    assert trying.send().status == 200
    assert trying.waited == [7, 0]


def test_nobody_waits_longer_than_there_is_time(there: Upstream) -> None:
    trying = Trying(there)
    for asked in ("31", "99999999999", "Fri, 31 Dec 2100 23:59:59 GMT"):
        there.answers = [says({}, 429, retry_after=asked)]
        assert trying.send().status == 429
    there.answers = [says({}, 429, retry_after="7")]
    assert trying.send(within_s=5).status == 429
    assert trying.waited == []


def test_a_limit_that_says_when_it_ends_is_waited_for(there: Upstream) -> None:
    habits = Habits(limited_statuses=(403, 429), remaining="x-left", reset="x-reset", reset_is="seconds")
    trying = Trying(there, habits=habits)
    there.answers = [says({}, 403, x_left="0", x_reset="5"), says({}, 403, x_left="10")]
    assert trying.send().status == 403
    assert trying.waited == [5]
    assert len(there.asked) == 2


def test_what_changes_something_is_sent_once(there: Upstream) -> None:
    trying = Trying(there, may_repeat=False)
    there.answers = [says({}, 503), says({}, 429, retry_after="0"), Says(hang_up=True)]
    assert [trying.send(method="POST").status for _ in range(2)] == [503, 429]
    with pytest.raises(UpstreamUnavailable, match="may have been carried out"):
        trying.send(method="POST")
    assert len(there.asked) == 3


def test_what_has_a_key_of_its_own_is_sent_again_and_may_be_done_all_the_same(there: Upstream) -> None:
    trying = Trying(there, changes=True)
    there.answers = [Says(hang_up=True)] * 3
    with pytest.raises(UpstreamUnavailable, match="may have been carried out"):
        trying.send(method="POST")
    assert len(there.asked) == 3


def test_what_surely_was_not_sent_is_sent_again(there: Upstream) -> None:
    nobody = Upstream(port=1)
    trying = Trying(nobody, may_repeat=False)
    with pytest.raises(UpstreamUnavailable) as failed:
        trying.send(method="POST")
    assert failed.value.facts["may_be_done"] is False
    assert len(trying.waited) == 2


def test_a_host_that_fails_five_times_rests_and_one_call_tries_it_then(there: Upstream) -> None:
    trying = Trying(there)
    there.last = Says(hang_up=True)
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable):
            trying.send()
    seen = len(there.asked)
    with pytest.raises(UpstreamResting) as resting:
        trying.send()
    assert resting.value.facts["retry_after_s"] == 10
    assert len(there.asked) == seen
    trying.now = 10.5
    with pytest.raises(UpstreamUnavailable):
        trying.send()
    with pytest.raises(UpstreamResting):
        trying.send()
    trying.now = 21.0
    there.last = says({})
    assert [trying.send().status for _ in range(3)] == [200] * 3


def test_one_success_in_between_ends_the_count(there: Upstream) -> None:
    trying = Trying(there, may_repeat=False)
    for _ in range(3):
        there.answers = [says({}, 503)] * 4
        assert [trying.send().status for _ in range(5)] == [503] * 4 + [200]


def test_only_one_tries_what_has_rested() -> None:
    now = 0.0
    breakers = Breakers(now=lambda: now)
    key = ("acme", "https://api.example.com")
    for _ in range(5):
        breakers.failed(key, "ada")
    now = 11.0
    breakers.check(key, "ada")
    with pytest.raises(UpstreamResting):
        breakers.check(key, "ada")
    breakers.check(("acme", "https://other.example.com"), "ada")


def test_one_persons_failures_rest_a_host_for_nobody_else() -> None:
    breakers, key = Breakers(now=lambda: 0.0), ("acme", "https://api.example.com")
    for _ in range(6):
        breakers.failed(key, "ada")
    with pytest.raises(UpstreamResting):
        breakers.check(key, "ada")
    breakers.check(key, "bob")
    breakers.failed(key, "bob")
    for person in ("ada", "bob", "eve"):
        with pytest.raises(UpstreamResting):
            breakers.check(key, person)
    breakers.succeeded(key)
    breakers.check(key, "ada")
