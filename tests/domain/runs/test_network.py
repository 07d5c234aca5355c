"""Which hosts a script reaches: those it declared, and private ones only when the operator opens them to scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.start import start_run
from skillyard.skill.names import SkillName
from tests.domain.runs.yard import a_yard
from tests.makers import a_release
from tests.sandbox.web import LOOPBACK, mirror

NAME = SkillName.parse("ada/caller")
SCRIPT = """
import sys
import urllib.error
import urllib.request

for address in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(address, timeout=10).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""
DECLARED = json.dumps({"permissions": {"network": {"outbound": [LOOPBACK]}}})


@pytest.mark.parametrize(
    ("opened", "said"), [({"outbound_allow": LOOPBACK}, "403"), ({"run_private_hosts": LOOPBACK}, "200")]
)
def test_what_the_server_may_call_is_not_open_to_scripts(tmp_path: Path, opened: dict[str, str], said: str) -> None:
    yard = a_yard(tmp_path, **opened)
    a_release(yard.app, yard.ada, str(NAME), files={"scripts/call.py": SCRIPT, "skills.json": DECLARED})
    with mirror() as port:
        addresses = (f"http://{LOOPBACK}:{port}/", "http://undeclared.example/")
        run = start_run(yard.app, yard.ada, name=NAME, script="call.py", arguments=addresses)
        execute(yard.app, run_id=run.id)
    assert yard.stdout(run).split() == [said, "403"], yard.stderr(run)
    yard.app.close()
