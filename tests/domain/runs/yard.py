"""A registry with one skill whose scripts do this and that, and somebody who runs them in a real sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.model import LANE, Run
from skillyard.domain.runs.read import get_run, read_stream
from skillyard.domain.runs.start import start_run
from skillyard.infra.jobs import Worker
from skillyard.sandbox.lazy import LazySandbox
from skillyard.sandbox.model import Result, Sandbox, Task
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, make_app

NAME = SkillName.parse("ada/tools")
SCRIPTS: Mapping[str, str] = {
    "scripts/echo.py": "import sys\nprint(*sys.argv[1:])\nprint(sys.stdin.read(), end='', file=sys.stderr)\n",
    "scripts/copy.py": "import shutil, sys\nshutil.copy(sys.argv[1], sys.argv[2])\n",
    "scripts/count.py": "import pathlib\nkept = pathlib.Path('data/count.txt')\nkept.parent.mkdir(exist_ok=True)\n"
    "number = int(kept.read_text()) + 1 if kept.exists() else 1\nkept.write_text(str(number))\nprint(number)\n",
    "scripts/fail.py": "import sys\nsys.exit(3)\n",
    "scripts/slow.py": "import time\nfor number in range(600):\n    print(number, flush=True)\n    time.sleep(0.1)\n",
    "scripts/variable.py": "import os\nprint(os.environ.get('API_KEY'), os.environ.get('HOME'))\n",
    "scripts/call.py": "import urllib.request\nurllib.request.urlopen('http://collect.example:8080/', timeout=5)\n",
    "scripts/loud.py": "print('x' * 3_000_000)\n",
    "scripts/hi.sh": "echo shell $1\n",
    "scripts/hi.mjs": "console.log('node', process.argv[2]);\n",
    "assets/notes.txt": "no script",
}
PERMISSIONS = {"filesystem": {"read": ["data/**"], "write": ["data/**", "out/**"]}, "environment": ["API_KEY"]}


@dataclass(frozen=True)
class Yard:
    """`sandbox` counts what it runs."""

    app: App
    ada: Caller
    sandbox: CountingSandbox

    def start(self, script: str, *arguments: str, **more: Any) -> Run:
        caller = more.pop("caller", self.ada)
        return start_run(self.app, caller, name=NAME, script=script, arguments=arguments, **more)

    def run(self, script: str, *arguments: str, **more: Any) -> Run:
        """Start it, and do it in this thread."""
        run = self.start(script, *arguments, **more)
        execute(self.app, run_id=run.id)
        return self.look(run)

    def look(self, run: Run) -> Run:
        return get_run(self.app, self.ada, run_id=run.id)

    def stdout(self, run: Run) -> str:
        return read_stream(self.app, self.ada, run_id=run.id, stream="stdout").decode()

    def stderr(self, run: Run) -> str:
        return read_stream(self.app, self.ada, run_id=run.id, stream="stderr").decode()


@dataclass
class CountingSandbox(Sandbox):
    """The real one, which also remembers what it was given."""

    real: LazySandbox
    tasks: list[Task] = field(default_factory=list)
    name: str = "counting"

    def probe(self) -> Any:
        return self.real.probe()

    def run(self, task: Task) -> Result:
        self.tasks.append(task)
        return self.real.get().run(task)

    def close(self) -> None:
        self.real.close()


def a_yard(folder: Path, **settings: Any) -> Yard:
    app = make_app(folder, **settings)
    sandbox = CountingSandbox(app.sandbox)
    counting = LazySandbox(lambda: sandbox)
    app = replace(app, sandbox=counting)
    ada = a_person(app)
    a_release(app, ada, str(NAME), files={**SCRIPTS, "skills.json": json.dumps({"permissions": PERMISSIONS})})
    return Yard(app, ada, sandbox)


@contextmanager
def working(app: App, concurrency: int = 2) -> Iterator[None]:
    """A worker of the lane of runs, in a thread."""
    stop = threading.Event()
    worker = Worker(app, concurrency=concurrency, lease_s=3, lane=LANE)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
    assert not thread.is_alive()
