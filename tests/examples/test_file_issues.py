"""The example skill file-issues: its script calls GitHub by the gateway, here with a key in place of a run's lease."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.running import SKILLS, refusal
from tests.journeys.running import a_server, sign_in
from tests.peers.myworld import REPO, GithubLike

SCRIPT = SKILLS / "file-issues" / "scripts" / "file_issues.py"
FINDINGS = """# Review of the web app

Nothing here is an issue.

## The search finds nothing

With two words it does.

```
## this is a comment in a code block
```

## The first page is slow ##

There is an issue of this title.

## Titles may have "quotes", ümlauts and <tags>
"""


@pytest.fixture
def gateway(tmp_path: Path, github: GithubLike) -> Iterator[dict[str, str]]:
    """What is in the environment of somebody who has connected GitHub; there is a file with findings, too."""
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", worker=False, **settings) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        ada.run("connections", "key", "github", stdin=f"{github.token}\n")
        key = ada.run("tokens", "create", "agent", "--integrations", "github").stdout.strip()
        (tmp_path / "findings.md").write_text(FINDINGS, encoding="utf-8")
        yield {"SKILLYARD_GATEWAY": f"{server.url}/skillett", "SKILLYARD_LEASE": key}


def _file(folder: Path, gateway: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, SCRIPT, "findings.md", "--repo", REPO, *arguments],
        cwd=folder, env={**os.environ, **gateway}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_what_is_missing_is_opened_once(tmp_path: Path, github: GithubLike, gateway: dict[str, str]) -> None:
    titles = ["The search finds nothing", 'Titles may have "quotes", ümlauts and <tags>']
    dry = _file(tmp_path, gateway, "--dry-run")
    would = [f"would open {title}" for title in titles]
    assert dry.splitlines() == ["there is #1 The first page is slow", *would, "2 to open, 1 there already"]
    assert len(github.issues()) == 1
    assert "2 opened, 1 there already" in _file(tmp_path, gateway, "--label", "bug")
    assert "0 opened, 3 there already" in _file(tmp_path, gateway)
    issues = {issue["title"]: issue for issue in github.issues()}
    assert set(issues) == {"The first page is slow", *titles}
    found = issues[titles[0]]
    assert found["body"] == "With two words it does.\n\n```\n## this is a comment in a code block\n```"
    assert [label["name"] for label in found["labels"]] == ["bug"]


def test_what_is_refused_is_told_with_what_to_do(tmp_path: Path, gateway: dict[str, str]) -> None:
    wrong_key = gateway | {"SKILLYARD_LEASE": "sk_" + "0" * 64}
    assert "http" in _file(tmp_path, wrong_key, code=3)
    nobody = gateway | {"SKILLYARD_GATEWAY": "http://127.0.0.1:9"}
    assert "cannot be reached" in _file(tmp_path, nobody, code=3)
    (tmp_path / "findings.md").write_text("## Only one\n", encoding="utf-8")
    assert "404" in _file(tmp_path, gateway, "--repo", "acme/no-such-repository", code=3)


def test_without_a_gateway_it_says_how_it_is_run(tmp_path: Path) -> None:
    (tmp_path / "findings.md").write_text(FINDINGS, encoding="utf-8")
    assert "skillyard run" in refusal("file-issues", "findings.md", "--repo", REPO, cwd=tmp_path, code=2)
