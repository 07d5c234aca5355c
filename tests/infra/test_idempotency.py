"""A write with a key is claimed by one, replayed to the others, and free again after a crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.infra.clock import FixedClock
from skillyard.infra.database import Database
from skillyard.infra.idempotency import (
    MOST_BYTES,
    IdempotencyAnswerLost,
    IdempotencyInProgress,
    IdempotencyMismatch,
    Replay,
    claim,
    complete,
    release,
)


def test_a_completed_write_is_replayed(database: Database) -> None:
    clock = FixedClock()
    assert claim(database, clock, "key", "request") is None
    complete(database, clock, "key", b"sealed answer")
    assert claim(database, clock, "key", "request") == Replay(b"sealed answer")


def test_a_key_is_for_one_request_only(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    with pytest.raises(IdempotencyMismatch):
        claim(database, clock, "key", "another request")
    complete(database, clock, "key", b"sealed answer")
    with pytest.raises(IdempotencyMismatch):
        claim(database, clock, "key", "another request")


def test_while_the_first_runs_the_second_is_told_to_wait(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    with pytest.raises(IdempotencyInProgress) as refused:
        claim(database, clock, "key", "request")
    assert refused.value.facts["retry_after_s"] == 1


def test_of_many_at_once_exactly_one_has_the_claim(database: Database) -> None:
    clock = FixedClock()

    def try_to_claim(_: int) -> bool:
        try:
            return claim(database, clock, "key", "request") is None
        except IdempotencyInProgress:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(try_to_claim, range(16))).count(True) == 1


def test_a_released_key_may_try_again(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    release(database, "key")
    assert claim(database, clock, "key", "request") is None


def test_releasing_does_not_forget_an_answer(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    complete(database, clock, "key", b"sealed answer")
    release(database, "key")
    assert claim(database, clock, "key", "request") == Replay(b"sealed answer")


def test_the_claim_of_a_dead_process_is_free_after_its_lease(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    clock.move(seconds=119)
    with pytest.raises(IdempotencyInProgress):
        claim(database, clock, "key", "request")
    clock.move(seconds=1)
    assert claim(database, clock, "key", "request") is None


def test_an_answer_is_kept_for_a_day_and_then_forgotten(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "key", "request")
    complete(database, clock, "key", b"sealed answer")
    clock.move(seconds=24 * 3600 - 1)
    assert claim(database, clock, "key", "request") == Replay(b"sealed answer")
    clock.move(seconds=1)
    claim(database, clock, "other key", "request")
    with database.reading() as tx:
        assert [row["name"] for row in tx.all("SELECT name FROM idempotency_keys")] == ["other key"]


def test_an_answer_that_is_too_large_is_not_kept_but_the_write_is_not_repeated(database: Database) -> None:
    clock = FixedClock()
    claim(database, clock, "large", "request")
    complete(database, clock, "large", bytes(MOST_BYTES + 1))
    with pytest.raises(IdempotencyAnswerLost):
        claim(database, clock, "large", "request")
    claim(database, clock, "fits", "request")
    complete(database, clock, "fits", bytes(MOST_BYTES))
    assert claim(database, clock, "fits", "request") == Replay(bytes(MOST_BYTES))
