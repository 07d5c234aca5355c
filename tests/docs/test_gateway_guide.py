"""The guide to the gateway: its commands are typed as they stand there, its settings are settings."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from skillyard.settings import Settings
from tests.docs.test_quoted_commands import EXAMPLES, EXIT, ROOT, Reader, commands
from tests.journeys.running import a_server, a_skill
from tests.peers.myworld import GithubLike

PAGE = "docs/guide/gateway.md"
WAITS_FOR_A_BROWSER = "skillyard connections add"  # the journey of the gateway goes through it
ASKS = re.compile(r"skillyard grants (give|approve) ")


def test_the_commands_do_as_the_guide_says(tmp_path: Path, github: GithubLike) -> None:
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", **settings) as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type('skillyard login --link "$LINK" --username yard')
        (reader.folder / "token.txt").write_text(f"{github.token}\n")
        (reader.folder / "findings.md").write_text("## The list is not sorted\n\nIt was before.\n")
        publish(reader, "1.0.0")
        said = {command: follow(reader, command) for command in commands(PAGE) if WAITS_FOR_A_BROWSER not in command}
    titles = [issue["title"] for issue in github.issues()]
    assert titles == ["The list is not sorted", "The search finds nothing", "The first page is slow"]
    assert len(said) >= 18
    assert "create_issue" in said["skillyard integrations show github"]
    assert said["skillyard grants needs yard/file-issues"].count("missing") == 2
    assert said["skillyard grants needs yard/file-issues@1.0.1"].count("stale") == 2
    assert "opened #3 The list is not sorted" in said[next(command for command in said if "file_issues.py" in command)]
    assert "yard/file-issues@1.0.0" in said["skillyard calls list"]


def test_the_script_calls_as_it_stands_there(tmp_path: Path, github: GithubLike) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / PAGE).read_text(encoding="utf-8"), re.DOTALL)
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", **settings) as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type('skillyard login --link "$LINK" --username yard')
        (reader.folder / "token.txt").write_text(f"{github.token}\n")
        reader.type("skillyard connections key github < token.txt")
        folder = a_skill(reader.folder / "caller", "caller")
        (folder / "scripts" / "call.py").write_text(script)
        (folder / "skills.json").write_text(json.dumps({"permissions": {"integrations": ["github.create_issue"]}}))
        reader.type("skillyard publish caller")
        reader.type("skillyard grants give yard/caller github.create_issue --yes")
        assert reader.type("skillyard run yard/caller call.py") == "2\n"
    assert github.issues()[0]["title"] == "Found by a skill"


def follow(reader: Reader, command: str) -> str:
    """Type it; before that does what stands between two commands: the author publishes, somebody reads an id."""
    expected = EXIT.search(command)
    if expected:
        publish(reader, "1.0.1")
    for name, path in (("GRANT", "grants"), ("CONNECTION", "connections")):
        if f"${name}" in command:
            reader.environment[name] = json.loads(reader.type(f"skillyard {path} list --json"))[0]["id"]
    agreed = " --yes" if ASKS.match(command) else ""
    return reader.type(command + agreed, expect=int(expected[1]) if expected else 0)


def publish(reader: Reader, version: str) -> None:
    folder = reader.folder / "file-issues"
    shutil.copytree(EXAMPLES / "file-issues", folder, dirs_exist_ok=True)
    skill = folder / "SKILL.md"
    skill.write_text(skill.read_text().replace('version: "1.0.0"', f'version: "{version}"'))
    reader.type("skillyard publish file-issues")


def test_the_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for line in [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]:
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value.strip('"'))
    settings = Settings()
    assert settings.integrations["github"].client_id == "Iv1.0123456789abcdef"
    assert settings.integrations["slack"].is_off
    assert settings.plans["team"].calls_per_day == 50000
    assert settings.gateway_plan == "free"
    named = {name for name in re.findall(r"SKILLYARD_([A-Z_]+)", text) if "__" not in name}
    assert named - {"GATEWAY", "LEASE"} <= {name.upper() for name in Settings.model_fields}


def test_what_the_skill_declares_is_as_quoted() -> None:
    (quoted,) = re.findall(r"```json\n(.*?)```", (ROOT / PAGE).read_text(encoding="utf-8"), re.DOTALL)
    skill = json.loads((EXAMPLES / "file-issues" / "skills.json").read_text(encoding="utf-8"))
    assert json.loads(quoted)["permissions"]["integrations"] == skill["permissions"]["integrations"]
