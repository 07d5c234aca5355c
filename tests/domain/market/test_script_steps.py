"""Sealed skills whose steps are scripts: run in a real sandbox, settled once, and nothing of them told to the buyer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from skillyard.domain.market.execute import execute
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.model import Failure
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.infra.clock import FixedClock
from skillyard.skill.names import SkillName
from tests.domain.market.sealed import JS, PY, a_rich_stall, done, failure, output, script, sealed
from tests.domain.market.stall import Stall
from tests.makers import make_app


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path_factory.mktemp("steps"), clock=clock)
    made = a_rich_stall(app, clock)
    yield made
    made.check()
    app.close()


@pytest.mark.parametrize(
    ("runtime", "text"),
    [
        (PY, 'output = {"summary": input["url"]}'),
        (PY, 'def run(input):\n    return {"summary": input["url"]}'),
        (PY, 'def main(given, steps, context):\n    return {"summary": given["url"]}'),
        (PY, 'async def run(input):\n    return {"summary": input["url"]}'),
        (PY, 'import json\nprint("working")\nprint(json.dumps({"summary": input["url"]}))'),
        (PY, 'print(42)\nif __name__ == "__main__":\n    output = {"summary": input["url"]}'),
        (JS, "return {summary: input.url};"),
        (JS, "output = {summary: await Promise.resolve(input.url)}"),
        (JS, "const output = {summary: input.url} // done"),
        (JS, "console.log('working'); console.log(JSON.stringify({summary: input.url}))"),
        (JS, "const { basename } = require('node:path'); basename('x'); return {summary: input.url}"),
        (JS, "const path = await import('node:path'); setInterval(() => {}, 1000); return {summary: input.url}"),
        (JS, "import { basename } from 'node:path';\nexport default async (given) => ({summary: given.url});"),
        (JS, "export const output = {summary: globalThis.input.url};"),
    ],
)
def test_a_script_gives_its_output_in_the_ways_of_its_language(stall: Stall, runtime: str, text: str) -> None:
    before, earned = stall.credits(), stall.earned()
    assert output(stall, sealed(stall, script(runtime, text))) == {"summary": "https://example.com/report.pdf"}
    assert stall.credits() == (before[0] - 10, 0)
    assert stall.earned() == earned + 9


def test_steps_see_what_those_before_them_gave(stall: Stall) -> None:
    offer = sealed(
        stall,
        script(PY, 'output = {"words": ["a", "b"], "ü": 1.5, "nothing": None}'),
        script(JS, "return [...steps.s0.words, steps.s0['ü'], steps.s0.nothing, context.step]"),
        script(PY, 'output = {"summary": str(steps["s1"])}'),
    )
    found = done(stall, offer)
    assert found.output == {"summary": "['a', 'b', 1.5, None, 's1']"}
    assert [(step["label"], step["type"]) for step in found.usage.steps] == [
        ("s0", "script"), ("s1", "script"), ("s2", "script"),
    ]  # fmt: skip
    assert len(found.receipts) == 3


def test_files_beside_the_script_are_there(stall: Stall) -> None:
    files = {"steps/words.py": "WORD = 'beside'", "steps/data.json": '{"word": "it"}'}
    text = "import json, pathlib, words\ndata = json.loads(pathlib.Path(__file__).with_name('data.json').read_text())\n"
    text += "output = {'summary': words.WORD + data['word']}"
    assert output(stall, sealed(stall, script(PY, text), files=files)) == {"summary": "besideit"}


@pytest.mark.parametrize(
    ("runtime", "text", "told"),
    [
        (PY, "secret_name = 1\nraise ValueError('SECRETCODE in ' + __file__)", "step_failed: s0: it broke off."),
        (PY, "SECRETCODE = (", "step_failed: s0: it broke off."),
        (JS, "const SECRETCODE = 1; SECRETCODE.nothing.at.all", "step_failed: s0: it broke off."),
        (JS, "SECRETCODE (", "step_failed: s0: it broke off."),
        (PY, "import os; os._exit(3)", "step_failed: s0: it broke off."),
        (PY, "import os; os._exit(0)", "step_failed: s0: it gave no output."),
        (PY, "SECRETCODE = 1", "step_failed: s0: the step gave no output"),
        (JS, "console.log('SECRETCODE')", "step_failed: s0: the step gave no output"),
        (PY, "fail('The page is empty.\\n\\x1b[31m')", "step_failed: s0: The page is empty.  [31m"),
        (JS, "fail('The page is empty.')", "step_failed: s0: The page is empty."),
        (PY, "output = {'summary': float('nan')}", "step_failed: s0: it broke off."),
        (PY, "output = {'summary': {1, 2}}", "step_failed: s0: it broke off."),
        (JS, "const a = {}; a.summary = a; return a", "step_failed: s0: it broke off."),
        (PY, "output = {'summary': 42}", "output_not_valid: "),
        (PY, "output = [[[]]]", "output_not_valid: "),
        (PY, "x = []\nfor _ in range(100000): x = [x]\noutput = x", "step_failed: s0: it broke off."),
        (PY, "output = {'summary': 'x' * 1_100_000}", "output_not_valid: "),
        (JS, "let x = []; for (let i = 0; i < 900; i++) x = [x]; return x", "step_failed: s0: it gave no output."),
        (JS, "return '\\ud800'", "step_failed: s0: it gave no output."),
        (PY, "output = 10 ** 400", "step_failed: s0: it gave no output."),
    ],
)  # fmt: skip
def test_what_fails_costs_nothing_and_tells_nothing_of_the_code(
    stall: Stall, runtime: str, text: str, told: str
) -> None:
    said = failure(stall, sealed(stall, script(runtime, text)))
    assert said.startswith(told)
    assert "SECRETCODE" not in said
    assert "/skill" not in said


def test_source_skills_say_why_they_broke_off(stall: Stall) -> None:
    offer = sealed(stall, script(PY, "print(input['nothing'])"), mode="source")
    assert failure(stall, offer) == "step_failed: s0: KeyError: 'nothing'."


def test_a_step_that_takes_too_long_is_ended(stall: Stall) -> None:
    offer = sealed(stall, script(PY, "import time; time.sleep(30)"), timeout_s=2)
    assert "wall_s" in failure(stall, offer)


def test_endless_output_and_a_flood_of_memory_are_cut(stall: Stall) -> None:
    assert "output_bytes" in failure(stall, sealed(stall, script(PY, "while True: print('x' * 100000)"), timeout_s=20))


def test_what_was_not_declared_is_not_there(stall: Stall) -> None:
    text = """
import os, socket
found = []
try:
    socket.create_connection(("example.com", 443), timeout=2)
    found.append("network")
except OSError:
    pass
try:
    if os.fork() == 0:
        os._exit(0)
    found.append("fork")
except OSError:
    pass
for path in ("/etc/shadow", "/root/.ssh/id_rsa", "/proc/1/environ"):
    if os.access(path, os.R_OK):
        found.append(path)
output = {"summary": ",".join(found)}
"""
    assert output(stall, sealed(stall, script(PY, text))) == {"summary": ""}


def test_what_a_step_prints_is_for_its_seller_only(stall: Stall) -> None:
    found = done(stall, sealed(stall, script(PY, "print('INTERNAL')\noutput = {'summary': 'fine'}")))
    assert "INTERNAL" not in json.dumps([found.output, str(found.usage), str(found.failure)])


def test_an_invocation_that_was_worked_off_is_not_worked_off_again(stall: Stall) -> None:
    before, _ = stall.credits()
    asked = stall.invoke(sealed(stall, script(PY, "output = {'summary': 'once'}")))
    for _ in range(3):
        execute(stall.app, asked.id)
    found = get_invocation(stall.app, stall.bob, invocation_id=asked.id)
    assert (found.claims, len(found.receipts), stall.credits()) == (1, 1, (before - 10, 0))


def test_a_version_that_was_withdrawn_meanwhile_is_not_run_and_nothing_is_told_of_why(stall: Stall) -> None:
    before, offer = stall.credits(), sealed(stall, script(PY, "output = {'summary': 'ran'}"))
    asked = stall.invoke(offer)
    recall(
        stall.app,
        stall.ada,
        name=SkillName.parse(offer.name),
        versions="*",
        severity=AdvisorySeverity.HIGH,
        reason="SECRETCODE",
    )
    execute(stall.app, asked.id)
    found = get_invocation(stall.app, stall.bob, invocation_id=asked.id)
    assert found.failure == Failure(code="withdrawn", message="This version was withdrawn.")
    assert stall.credits() == before
