"""The limiter counts per key in fixed windows, and never remembers more keys than it may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from skillyard.infra.ratelimit import Limiter


class Watch:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_limit_is_allowed_and_the_next_one_is_not() -> None:
    limiter = Limiter(now=Watch())
    verdicts = [limiter.check("ada", limit=3, window_s=60) for _ in range(5)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]
    assert {verdict.limit for verdict in verdicts} == {3}


def test_the_window_ends_when_the_verdict_says() -> None:
    watch = Watch()
    limiter = Limiter(now=watch)
    limiter.check("ada", limit=1, window_s=60)
    watch.seconds += 45
    refused = limiter.check("ada", limit=1, window_s=60)
    assert (refused.allowed, refused.reset_s) == (False, 15)
    watch.seconds += refused.reset_s
    assert limiter.check("ada", limit=1, window_s=60).allowed


def test_being_refused_does_not_prolong_the_window() -> None:
    watch = Watch()
    limiter = Limiter(now=watch)
    for _ in range(59):
        limiter.check("ada", limit=1, window_s=60)
        watch.seconds += 1
    assert not limiter.check("ada", limit=1, window_s=60).allowed
    watch.seconds += 1
    assert limiter.check("ada", limit=1, window_s=60).allowed


def test_reset_is_never_zero_seconds_away() -> None:
    watch = Watch()
    limiter = Limiter(now=watch)
    limiter.check("ada", limit=1, window_s=60)
    watch.seconds += 59.9
    assert limiter.check("ada", limit=1, window_s=60).reset_s == 1


def test_one_caller_does_not_use_up_what_another_has() -> None:
    limiter = Limiter(now=Watch())
    limiter.check("ada", limit=1, window_s=60)
    assert not limiter.check("ada", limit=1, window_s=60).allowed
    assert limiter.check("bob", limit=1, window_s=60).allowed


def test_whoever_was_not_seen_for_longest_is_forgotten_first() -> None:
    limiter = Limiter(now=Watch(), most_keys=2)
    for key in ("ada", "bob", "ada", "eve"):
        limiter.check(key, limit=2, window_s=60)
    assert not limiter.check("ada", limit=2, window_s=60).allowed
    assert limiter.check("bob", limit=2, window_s=60).remaining == 1


def test_callers_at_once_get_exactly_the_limit() -> None:
    limiter = Limiter(now=Watch())
    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(lambda _: limiter.check("ada", limit=100, window_s=60).allowed, range(400)))
    assert allowed.count(True) == 100
