"""This machine as a sync finds it: the user's project, the agents' folders, and the skills that are in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skillyard.sdk.agents import FALLBACK, Agent, Target, detect, find_agents, targets
from skillyard.sdk.installed import InstalledFolder, read_installed
from skillyard.sdk.plan import real_targets
from skillyard.sdk.project import Project, ProjectFile
from skillyard.sdk.sync.memory import Memory, read_memory
from skillyard.sdk.sync.scan import LocalSkill, scan
from skillyard.skill.lockfile import Lockfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`skills` by slug. `agents`: those that were chosen, and those that are here."""

    project: Project
    manifest: ProjectFile
    lock: Lockfile | None
    installed: Mapping[Path, InstalledFolder]
    memory: Memory
    agents: tuple[Agent, ...]
    targets: tuple[Target, ...]
    skills: Mapping[str, LocalSkill]

    def places(self, slug: str) -> list[Path]:
        """The folders that are to have the skill, so that each agent sees it once."""
        return [target.folder / slug for target in self.targets]

    def known(self, drive: str | None) -> dict[str, str]:
        """The skills of `drive`, or of all, that the last sync left here."""
        return {name: of for name, of in self.memory.known.items() if drive in (None, of)}

    def is_of_other(self, local: LocalSkill, drive: str | None) -> bool:
        """Whether it came from another drive than the one that is to be synced."""
        of = self.memory.known.get(local.name or "")
        return drive is not None and of is not None and of != drive


def look_at(project: Project, more_agents: tuple[str, ...] = ()) -> Machine:
    """Read all of it; nothing is changed."""
    manifest, installed = project.read_manifest(), read_installed(project)
    agents = _agents(project, (*manifest.agents, *more_agents))
    places = real_targets(project, targets(project.base, project.scope, agents))
    return Machine(
        project=project,
        manifest=manifest,
        lock=project.read_lock(),
        installed=installed,
        memory=read_memory(project),
        agents=agents,
        targets=places,
        skills={local.slug: local for local in scan(places, installed)},
    )


def _agents(project: Project, named: tuple[str, ...]) -> tuple[Agent, ...]:
    here = [found.agent.id for found in detect(project.base, project.scope)]
    return tuple(find_agents((*named, *here))) or (FALLBACK,)
