"""Where each coding agent looks for skills, which agents are there, and which folders an install therefore fills."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skillyard.sdk.errors import UsageError

Scope = Literal["project", "user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent. Folders are relative to the project, or to the home folder; `source` is where that is documented.

    `also_reads_*` are folders of other agents that it reads as well: a skill there needs no second copy.
    `home_variable` is the agent's own variable that moves the part of `user_folder` before `/skills`.
    """

    id: str
    title: str
    project_folder: str
    user_folder: str | None
    source: str
    also_reads_project: tuple[str, ...] = ()
    also_reads_user: tuple[str, ...] = ()
    project_signs: tuple[str, ...] = ()
    user_signs: tuple[str, ...] = ()
    home_variable: str | None = None

    def folder(self, scope: Scope) -> str | None:
        return self.project_folder if scope == "project" else self.user_folder

    def also_reads(self, scope: Scope) -> tuple[str, ...]:
        return self.also_reads_project if scope == "project" else self.also_reads_user


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """An agent that seems to be in use, and the file or folder that says so."""

    agent: Agent
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder that gets one folder per skill: for `agents`; the agents in `also` read it too."""

    folder: Path
    agents: tuple[Agent, ...]
    also: tuple[Agent, ...] = ()

    def __str__(self) -> str:
        titles = ", ".join(agent.title for agent in self.agents)
        also = f"; {', '.join(agent.title for agent in self.also)} reads it too" if self.also else ""
        return f"{self.folder} ({titles}{also})"


_SHARED = ".agents/skills"
_KNOWN = (
    Agent(
        id="claude-code",
        title="Claude Code",
        project_folder=".claude/skills",
        user_folder=".claude/skills",
        home_variable="CLAUDE_CONFIG_DIR",
        project_signs=(".claude", "CLAUDE.md"),
        user_signs=(".claude",),
        source="code.claude.com/docs/en/skills",
    ),
    Agent(
        id="codex",
        title="Codex",
        project_folder=_SHARED,
        user_folder=_SHARED,
        also_reads_user=(".codex/skills",),
        project_signs=(".codex",),
        user_signs=(".codex",),
        source="developers.openai.com/codex/skills",
    ),
    Agent(
        id="copilot",
        title="GitHub Copilot",
        project_folder=".github/skills",
        user_folder=".copilot/skills",
        also_reads_project=(".claude/skills", _SHARED),
        also_reads_user=(".claude/skills", _SHARED),
        project_signs=(".github/copilot-instructions.md", ".github/skills", ".github/agents", ".github/instructions"),
        user_signs=(".copilot",),
        source="docs.github.com/copilot/concepts/agents/about-agent-skills",
    ),
    Agent(
        id="gemini",
        title="Gemini CLI",
        project_folder=".gemini/skills",
        user_folder=".gemini/skills",
        also_reads_project=(_SHARED,),
        also_reads_user=(_SHARED,),
        project_signs=(".gemini", "GEMINI.md"),
        user_signs=(".gemini",),
        source="geminicli.com/docs/cli/using-agent-skills",
    ),
    Agent(
        id="cursor",
        title="Cursor",
        project_folder=".cursor/skills",
        user_folder=".cursor/skills",
        also_reads_project=(_SHARED, ".claude/skills"),
        also_reads_user=(_SHARED, ".claude/skills"),
        project_signs=(".cursor", ".cursorrules"),
        user_signs=(".cursor",),
        source="cursor.com/docs/skills",
    ),
    Agent(
        id="opencode",
        title="OpenCode",
        project_folder=".opencode/skills",
        user_folder=".config/opencode/skills",
        also_reads_project=(".claude/skills", _SHARED),
        also_reads_user=(".claude/skills", _SHARED),
        project_signs=(".opencode", "opencode.json", "opencode.jsonc"),
        user_signs=(".config/opencode",),
        source="opencode.ai/docs/skills",
    ),
    Agent(
        id="agents",
        title="any agent that reads .agents/skills",
        project_folder=_SHARED,
        user_folder=_SHARED,
        project_signs=(".agents",),
        user_signs=(".agents",),
        source="agentskills.io",
    ),
    Agent(
        id="folder",
        title="a plain skills folder",
        project_folder="skills",
        user_folder=None,
        source="agentskills.io",
    ),
)
AGENTS: Mapping[str, Agent] = {agent.id: agent for agent in _KNOWN}
FALLBACK = AGENTS["agents"]
_ALIASES = {
    "claude": "claude-code",
    "openai-codex": "codex",
    "github-copilot": "copilot",
    "gemini-cli": "gemini",
    "generic": "agents",
    "universal": "agents",
    "skills": "folder",
}


def find_agents(names: Iterable[str]) -> list[Agent]:
    """The agents of these ids or usual other names, each once. Raises UsageError with suggestions."""
    return list({id: AGENTS[id] for id in map(_known_id, names)}.values())


def detect(base: Path, scope: Scope) -> list[Detected]:
    """The agents that left a trace in the project or, for the scope of a user, in the home folder."""
    found = []
    for agent in AGENTS.values():
        signs = agent.project_signs if scope == "project" else agent.user_signs
        sign = next((sign for sign in signs if (base / sign).exists()), None)
        if scope == "user" and agent.home_variable and os.environ.get(agent.home_variable):
            sign = agent.home_variable
        if sign:
            found.append(Detected(agent=agent, because=sign))
    return found


def choose_agents(base: Path, scope: Scope, home: Path) -> list[Agent]:
    """The agents to install for when nobody chose: those of the project, else of the user, else the generic one."""
    found = detect(base, scope) or detect(home, "user")
    return [detected.agent for detected in found] or [FALLBACK]


def targets(base: Path, scope: Scope, agents: Sequence[Agent]) -> list[Target]:
    """The folders to fill, so that each of `agents` sees each skill exactly once.

    An agent that reads the folder of another chosen one gets no copy of its own. Raises UsageError for an agent that
    has no folder in this scope.
    """
    own: dict[str, list[Agent]] = {}
    for agent in agents:
        folder = agent.folder(scope)
        if folder is None:
            raise UsageError(
                f"{agent.title} has no place for the skills of a user.",
                code="no_user_folder",
                hint="Install into a project, or choose another agent.",
            )
        own.setdefault(folder, []).append(agent)
    needed = {
        folder
        for folder, owners in own.items()
        if any(not set(agent.also_reads(scope)) & set(own) - {folder} for agent in owners)
    }
    return [
        Target(
            folder=_place(base, scope, folder, owners[0]),
            agents=tuple(owners),
            also=tuple(agent for agent in agents if folder == _read_instead(agent, scope, needed)),
        )
        for folder, owners in own.items()
        if folder in needed
    ]


def _read_instead(agent: Agent, scope: Scope, needed: set[str]) -> str | None:
    if agent.folder(scope) in needed:
        return None
    return next((folder for folder in agent.also_reads(scope) if folder in needed), None)


def _place(base: Path, scope: Scope, folder: str, agent: Agent) -> Path:
    moved = os.environ.get(agent.home_variable) if scope == "user" and agent.home_variable else None
    return Path(moved).expanduser().absolute() / "skills" if moved else base / folder


def _known_id(name: str) -> str:
    id = _ALIASES.get(name.lower(), name.lower())
    if id in AGENTS:
        return id
    from difflib import get_close_matches

    near = get_close_matches(id, [*AGENTS, *_ALIASES], n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(AGENTS)}"
    raise UsageError(f"The agent {name!r} is not known.", code="unknown_agent", hint=hint)
