from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from skillyard.infra.isolation import Isolated, Isolation


def doubled(number: int) -> int:
    return number * 2


def whose_process(_: int) -> int:
    return os.getpid()


def fail(text: str) -> None:
    raise ValueError(text)


def take(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hoard(size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def chatter(text: str) -> str:
    print(text)
    return text


@pytest.fixture
def isolation(monkeypatch: pytest.MonkeyPatch) -> Isolation:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    return Isolation(2)


def test_a_function_runs_in_another_process_that_is_used_again(isolation: Isolation) -> None:
    assert isolation.run(doubled, 10, 21) == 42
    first = isolation.run(whose_process, 10, 0)
    assert first != os.getpid()
    assert isolation.run(whose_process, 10, 0) == first


def test_what_it_raises_is_raised_here(isolation: Isolation) -> None:
    with pytest.raises(ValueError, match="no good"):
        isolation.run(fail, 10, "no good")
    assert isolation.run(doubled, 10, 1) == 2


def test_what_takes_too_long_is_ended_and_the_next_call_goes_on(isolation: Isolation) -> None:
    began = time.monotonic()
    with pytest.raises(Isolated, match=r"longer than 0\.5 s"):
        isolation.run(take, 0.5, 60)
    assert time.monotonic() - began < 5
    assert isolation.run(doubled, 10, 4) == 8


def test_a_crash_stays_in_its_process(isolation: Isolation) -> None:
    with pytest.raises(Isolated, match="broke the process"):
        isolation.run(die, 10)
    assert isolation.run(doubled, 10, 4) == 8


def test_memory_is_bounded(isolation: Isolation) -> None:
    assert isolation.run(hoard, 10, 1 << 20) == 1 << 20
    with pytest.raises(MemoryError):
        isolation.run(hoard, 10, 4 << 30)


def test_what_is_printed_does_not_speak_in_between(isolation: Isolation) -> None:
    assert isolation.run(chatter, 10, "x" * 10_000) == "x" * 10_000


def test_calls_from_many_threads_each_get_their_answer(isolation: Isolation) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        answers[number] = isolation.run(doubled, 30, number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number * 2 for number in range(20)}
