"""The program around a step in JavaScript finds packages for `import` as well as for `require`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import skillyard.domain.market.steps
from tests.tools import node

AROUND = Path(skillyard.domain.market.steps.__file__).with_name("inside") / "javascript_step.cjs"
MODULE = "export const word = 'from a module';"
COMMON = "module.exports = { word: 'from a package' };"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name, kind, text in (("modern", "module", MODULE), ("classic", "commonjs", COMMON)):
        folder = tmp_path / "deps" / "node_modules" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", "type": kind}))
        (folder / "index.js").write_text(text)
    return tmp_path / "deps" / "node_modules"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("import { word } from 'modern'; export default () => word;", "from a module"),
        ("import classic from 'classic'; export const run = (input) => classic.word + input;", "from a package!"),
        ("const { word } = await import('modern'); return word;", "from a module"),
        ("return require('classic').word + input;", "from a package!"),
        ("try { await import('nowhere') } catch (error) { return error.code }", "ERR_MODULE_NOT_FOUND"),
    ],
)
def test_a_step_finds_its_packages(tmp_path: Path, packages: Path, text: str, word: str) -> None:
    script = tmp_path / "step.js"
    script.write_text(text)
    ended = subprocess.run(
        [node(), str(AROUND), str(script)],
        input=json.dumps({"input": "!", "steps": {}, "context": {}}),
        env={**os.environ, "NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(ended.stdout.splitlines()[-1]) == {"output": word}
