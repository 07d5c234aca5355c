"""200 invocations of a sealed skill that wait, worked off by two workers, beside as many plain runs of the same script:
how many a second, and that each is delivered and paid once.

python -m benchmarks.invocation_queue
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer
from skillyard.domain.payments import ledger
from skillyard.domain.payments.credits import get_credits
from skillyard.domain.runs.model import LANE
from skillyard.domain.runs.read import get_run
from skillyard.domain.runs.start import start_run
from skillyard.infra.clock import FixedClock
from skillyard.infra.jobs import Worker
from skillyard.skill.names import SkillName
from tests.domain.market.stall import Stall, a_stall
from tests.makers import a_release, make_app

WAITING = 200
AT_ONCE = 2
ROUNDS = 3
STEP = "output = {'summary': input['url'][::-1]}\n"
SCRIPT = "import sys\nprint(sys.argv[1][::-1])\n"
PLAIN = SkillName("sal", "plain")


class Ticking(FixedClock):
    """Real time, for a stall whose clock tests move."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = Ticking()
        app = make_app(Path(folder), clock=clock, runs_waiting=WAITING)
        stall = a_stall(app, clock)
        steps = [{"type": "script", "label": "turn", "runtime": "python", "file": "steps/turn.py"}]
        offer = stall.offer(mode="sealed", price=0, steps=steps, files={"steps/turn.py": STEP})
        paid = stall.offer("sal/paid", mode="sealed", price=1, steps=steps, files={"steps/turn.py": STEP})
        a_release(app, stall.sal, str(PLAIN), files={"scripts/turn.py": SCRIPT})
        results = alternate(
            {"invocations": lambda: _drain(stall, offer), "plain runs": lambda: _runs(app, stall.bob)},
            unit="a second",
            rounds=ROUNDS,
        )
        _check_paid(stall, paid)
        app.close()
    rate = (ratio(results["invocations"], results["plain runs"]), "none lost, each paid once; aim 0.7")
    report(f"{WAITING} queued invocations, {AT_ONCE} at once", results, {"/ plain runs": rate})


def _drain(stall: Stall, offer: Offer, count: int = WAITING) -> float:
    """Invocations a second, from the first that is asked for to the last that has ended."""
    began = time.perf_counter()
    asked = [stall.invoke(offer, input={"url": f"number {n}"}) for n in range(count)]
    _with_worker(stall.app, lambda: all(_found(stall, one.id).status.is_settled for one in asked[-AT_ONCE:]))
    took_s = time.perf_counter() - began
    found = [_found(stall, one.id) for one in asked]
    assert Counter(one.status for one in found) == {InvocationStatus.COMPLETED: count}
    assert [one.output["summary"] for one in found] == [f"number {n}"[::-1] for n in range(count)]
    assert {one.claims for one in found} == {1}
    return count / took_s


def _found(stall: Stall, invocation_id: str) -> Invocation:
    return get_invocation(stall.app, stall.bob, invocation_id=invocation_id)


def _runs(app: App, bob: Caller) -> float:
    began = time.perf_counter()
    started = [start_run(app, bob, name=PLAIN, script="turn.py", arguments=[str(n)]) for n in range(WAITING)]
    _with_worker(app, lambda: all(get_run(app, bob, run_id=run.id).status.is_over for run in started[-AT_ONCE:]))
    return WAITING / (time.perf_counter() - began)


def _with_worker(app: App, is_done: Callable[[], bool]) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=Worker(app, concurrency=AT_ONCE, lane=LANE).run, args=(stop,))
    worker.start()
    while not is_done():
        time.sleep(0.02)
    stop.set()
    worker.join()


def _check_paid(stall: Stall, offer: Offer) -> None:
    """As many as there are credits for: each is charged once."""
    there = get_credits(stall.app, stall.bob).available
    _drain(stall, offer, count=there)
    stall.check()
    assert stall.credits() == (0, 0)
    with stall.app.database.reading() as tx:
        assert ledger.examine(tx) == []


if __name__ == "__main__":
    main()
