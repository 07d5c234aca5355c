"""The example programs of Skillett's API guide, as they stand there but for address and key, against a real server with
a GitHub behind it.
"""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.api.skillett.agent import HOST, TIMEOUT_S, Agent, Place
from tests.peers.myworld import REPO, GithubLike


@pytest.mark.parametrize("program", ["agent.py", "agent.mjs"])
def test_the_example_programs_open_an_issue(agent: Agent, github: GithubLike, program: str) -> None:
    before = len(github.issues())
    printed = agent.run(program).stdout.strip()
    issues = github.issues()
    assert len(issues) == before + 1
    newest = max(issues, key=lambda issue: int(issue["number"]))
    assert (newest["title"], newest["html_url"]) == ("Bug report", printed)


def test_the_careful_program_prints_what_was_done(agent: Agent) -> None:
    done = agent.run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert "Careful" in done.stdout
    assert not done.stderr


def test_the_careful_program_tells_what_the_other_side_refuses(agent: Agent) -> None:
    done = agent.run("careful.mjs", {"repo": "acme/none", "title": "Careful"})
    assert "Not Found" in done.stderr
    assert "Fix:" not in done.stderr


def test_the_careful_program_tells_who_has_connected_nothing_where_that_is_mended(stranger: Agent) -> None:
    done = stranger.run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert "You have no account connected at github." in done.stderr
    assert f"Fix: {stranger.url}/connections?integration=github" in done.stderr


def test_the_careful_program_tells_what_is_wrong_before_anything_is_sent(agent: Agent, github: GithubLike) -> None:
    before = len(github.issues())
    done = agent.run("careful.mjs", {"repo": REPO, "titel": "Careful"})
    assert "title" in done.stderr
    assert len(github.issues()) == before


def test_the_careful_program_tells_whose_key_is_no_good(agent: Agent) -> None:
    done = replace(agent, key="sk_" + "0" * 64).run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert f"Fix: {agent.url}/account#tokens" in done.stderr


@pytest.mark.parametrize("by", ["host", "port"])
def test_by_its_own_host_or_port_the_documented_paths_begin_at_the_root(server: Place, agent: Agent, by: str) -> None:
    base = server.running.url if by == "host" else f"http://127.0.0.1:{server.port}"
    headers = {"authorization": f"Bearer {agent.key}", **({"host": HOST} if by == "host" else {})}
    answer = httpx.get(f"{base}/v1/skills/github", headers=headers, timeout=TIMEOUT_S)
    assert answer.raise_for_status().json()["connected"]
