"""The skills that are scanned: those we wrote, those that were published, and folders of others."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.scan.packages import pinned, skill_in
from skillyard.skill.files import SkillFiles, skill_files

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A skill, what it is, and the corpus it counts for. `technique`: what is hostile in it, or only looks so."""

    name: str
    corpus: str
    hostile: bool
    technique: str = ""
    files: Mapping[str, bytes] = field(repr=False)

    def skill(self) -> SkillFiles:
        return skill_files(self.files)


def hostile(use: str) -> list[Sample]:
    """Those we wrote; `use` is "tune" or "held_out"."""
    return list(_written(HERE / "hostile" / use, f"hostile, {use}", hostile=True))


def look_alikes() -> list[Sample]:
    """Benign ones we wrote that a careless scanner would flag."""
    return list(_written(HERE / "look_alikes", "look-alikes", hostile=False))


def published(use: str) -> Iterator[Sample]:
    """Benign ones out of packages; downloads what the cache does not have."""
    for package in pinned():
        if package.use == use:
            files = package.fetch()
            for folder in package.skills:
                name = f"{package.registry}/{package.name}/{folder}"
                yield Sample(name=name, corpus=f"published, {use}", hostile=False, files=skill_in(files, folder))


def given(folder: Path) -> Iterator[Sample]:
    """The skills in the sub-folders `hostile` and `benign` of a folder."""
    for kind in ("hostile", "benign"):
        for skill in sorted((folder / kind).iterdir()):
            files = {str(path.relative_to(skill)): path.read_bytes() for path in skill.rglob("*") if path.is_file()}
            yield Sample(name=f"{kind}/{skill.name}", corpus=f"given {kind}", hostile=kind == "hostile", files=files)


def _written(folder: Path, corpus: str, *, hostile: bool) -> Iterator[Sample]:
    for path in sorted(folder.glob("*.toml")):
        for table in tomllib.loads(path.read_text(encoding="utf-8")).get("skill", []):
            files = {name: _content(value) for name, value in table["files"].items()}
            name = f"{path.stem}/{table['name']}"
            yield Sample(name=name, corpus=corpus, hostile=hostile, technique=table["technique"], files=files)


def _content(value: str | dict[str, Any]) -> bytes:
    """A text, or {base64 = "..."} for bytes, or {hex = "..."}."""
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(value["base64"]) if "base64" in value else bytes.fromhex(value["hex"])
