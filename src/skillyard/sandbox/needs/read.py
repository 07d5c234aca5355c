"""What one script needs, from whichever of the files around it says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skillyard.sandbox.needs.node import NodeNeeds, needs_of_package
from skillyard.sandbox.needs.python import needs_of_block, needs_of_list
from skillyard.sandbox.needs.source import Source

_PYTHON = (".py", ".pyw")
_NODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """`python`: requirements as PEP 508 writes them, each with its hashes where it has some."""

    python: tuple[str, ...] = ()
    node: NodeNeeds | None = None

    @property
    def is_empty(self) -> bool:
        return not self.python and self.node is None


def read_needs(skill_dir: Path, script: str) -> Needs:
    """What `script`, a path relative to the skill, needs. Raises SkillError with every fault.

    The block of a Python script (PEP 723) says all that it needs. Without one, the nearest `requirements.txt` counts:
    beside the script, or in a folder around it within the skill. For Node the nearest `package.json` does, and for
    other scripts both.
    """
    source = Source(skill_dir)
    suffix = PurePosixPath(script).suffix.lower()
    python = needs_of_block(source, script) if suffix in _PYTHON else None
    requirements = source.nearest(script, "requirements.txt") if suffix not in _NODE and python is None else None
    package = source.nearest(script, "package.json") if suffix not in _PYTHON else None
    if requirements:
        python = needs_of_list(source, requirements)
    node = needs_of_package(source, package) if package else None
    source.check()
    return Needs(python=python or (), node=node)
