"""200 runs that wait, worked off two at a time: how many a second, beside the same scripts in the bare sandbox, and
that none of them is lost, doubled or mixed up.

python -m benchmarks.run_queue
"""

from __future__ import annotations

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.model import LANE, Run, RunStatus
from skillyard.domain.runs.read import get_run, read_stream
from skillyard.domain.runs.start import start_run
from skillyard.infra.jobs import Worker
from skillyard.sandbox.model import Task
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, make_app

RUNS = 200
AT_ONCE = 2
ROUNDS = 3
SCRIPT = "import sys\nprint(2 * int(sys.argv[1]))\n"
NAME = SkillName.parse("ada/pdf")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), runs_waiting=RUNS)
        ada = a_person(app)
        a_release(app, ada, files={"scripts/double.py": SCRIPT})
        bare = Path(folder) / "bare"
        (bare / "scripts").mkdir(parents=True)
        (bare / "scripts" / "double.py").write_text(SCRIPT)
        results = alternate(
            {"queued runs": lambda: _drain(app, ada), "sandbox alone": lambda: _alone(app, bare)},
            unit="runs/s",
            rounds=ROUNDS,
        )
        app.close()
    rate = (ratio(results["queued runs"], results["sandbox alone"]), "none lost; aim 0.5")
    report(f"{RUNS} queued runs, {AT_ONCE} at once", results, {"/ sandbox alone": rate})


def _drain(app: App, ada: Caller) -> float:
    """Runs a second, from the first that is asked for to the last that is over."""
    stop = threading.Event()
    worker = threading.Thread(target=Worker(app, concurrency=AT_ONCE, lane=LANE).run, args=(stop,))
    began = time.perf_counter()
    started = [start_run(app, ada, name=NAME, script="double.py", arguments=[str(n)]) for n in range(RUNS)]
    worker.start()
    while any(not get_run(app, ada, run_id=run.id).status.is_over for run in started[-AT_ONCE:]):
        time.sleep(0.02)
    took_s = time.perf_counter() - began
    stop.set()
    worker.join()
    _check(app, ada, started)
    return RUNS / took_s


def _check(app: App, ada: Caller, started: list[Run]) -> None:
    for number, run in enumerate(started):
        over = get_run(app, ada, run_id=run.id)
        assert over.status is RunStatus.SUCCEEDED, over.why
        assert over.receipt
        assert read_stream(app, ada, run_id=run.id, stream="stdout") == b"%d\n" % (2 * number)


def _alone(app: App, skill: Path) -> float:
    """The same programs, without a queue, a database or receipts."""

    def run(number: int) -> None:
        with tempfile.TemporaryDirectory() as workspace:
            arguments = ("python", "/skill/scripts/double.py", str(number))
            result = app.sandbox.get().run(Task(arguments=arguments, workspace=Path(workspace), skill=skill))
        assert result.stdout == b"%d\n" % (2 * number)

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run, range(RUNS)))
    return RUNS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
