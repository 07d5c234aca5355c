"""Which folders an install fills, for which agents."""

from pathlib import Path

import pytest

from skillyard.sdk.agents import AGENTS, choose_agents, detect, find_agents, targets
from skillyard.sdk.errors import UsageError


def folders(base, scope, *names):
    return [target.folder.relative_to(base).as_posix() for target in targets(base, scope, find_agents(names))]


@pytest.mark.parametrize(
    ("name", "project", "user"),
    [
        ("claude-code", ".claude/skills", ".claude/skills"),
        ("codex", ".agents/skills", ".agents/skills"),
        ("copilot", ".github/skills", ".copilot/skills"),
        ("gemini", ".gemini/skills", ".gemini/skills"),
        ("cursor", ".cursor/skills", ".cursor/skills"),
        ("opencode", ".opencode/skills", ".config/opencode/skills"),
        ("agents", ".agents/skills", ".agents/skills"),
    ],
)
def test_each_agent_has_its_folder(tmp_path, name, project, user):
    assert folders(tmp_path, "project", name) == [project]
    assert folders(tmp_path, "user", name) == [user]


def test_the_plain_folder_is_for_projects_only(tmp_path):
    assert folders(tmp_path, "project", "folder") == ["skills"]
    with pytest.raises(UsageError):
        folders(tmp_path, "user", "folder")


def test_every_agent_is_documented_and_ends_in_skills():
    for agent in AGENTS.values():
        assert agent.source
        assert agent.project_folder.rpartition("/")[2] == "skills"


def test_an_agent_that_reads_a_chosen_folder_gets_no_second_copy(tmp_path):
    found = targets(tmp_path, "project", find_agents(["cursor", "claude-code", "codex", "opencode"]))
    assert [target.folder.relative_to(tmp_path).as_posix() for target in found] == [".claude/skills", ".agents/skills"]
    assert {agent.id for target in found for agent in (*target.agents, *target.also)} == {
        "cursor",
        "claude-code",
        "codex",
        "opencode",
    }
    assert "reads it too" in str(found[0])


def test_two_agents_of_one_folder_share_it(tmp_path):
    (target,) = targets(tmp_path, "project", find_agents(["codex", "agents"]))
    assert [agent.id for agent in target.agents] == ["codex", "agents"]


def test_agents_that_do_not_read_each_other_get_a_folder_each(tmp_path):
    assert folders(tmp_path, "project", "gemini", "copilot") == [".gemini/skills", ".github/skills"]


def test_names_that_people_use_are_understood_once():
    assert [agent.id for agent in find_agents(["claude", "Claude-Code", "gemini-cli", "github-copilot"])] == [
        "claude-code",
        "gemini",
        "copilot",
    ]


def test_an_unknown_agent_is_refused_with_the_nearest():
    with pytest.raises(UsageError) as refused:
        find_agents(["cluade"])
    assert "claude" in refused.value.hint


def test_what_is_in_the_project_decides_then_the_home_folder_then_the_generic_one(tmp_path):
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir(exist_ok=True)
    project.mkdir()
    assert [agent.id for agent in choose_agents(project, "project", home)] == ["agents"]
    (home / ".gemini").mkdir()
    assert [agent.id for agent in choose_agents(project, "project", home)] == ["gemini"]
    (project / ".cursor").mkdir()
    (project / "CLAUDE.md").write_text("x")
    assert [found.because for found in detect(project, "project")] == ["CLAUDE.md", ".cursor"]
    assert [agent.id for agent in choose_agents(project, "project", home)] == ["claude-code", "cursor"]


def test_an_agent_that_was_moved_is_found_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "moved"))
    (target,) = targets(tmp_path, "user", find_agents(["claude"]))
    assert target.folder == Path(tmp_path / "moved" / "skills")
    assert [found.agent.id for found in detect(tmp_path / "nothing", "user")] == ["claude-code"]
