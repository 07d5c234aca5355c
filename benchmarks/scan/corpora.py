"""The skills that are scanned: those we wrote, those that were published, and folders of others."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.scan.packages import pinned, skill_in
from skillyard.skill.files import SkillFiles, skill_files

HERE = Path(__file__).parent
_PLACE = re.compile(r"@@([a-z]+)@@")


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
    return [*bodies(), *_written(HERE / "look_alikes", "look-alikes", hostile=False)]


def bodies() -> list[Sample]:
    """The ordinary skills that written samples are made from, with nothing put in."""
    return [
        Sample(name=f"bodies/{name}", corpus="look-alikes", hostile=False, files=_encoded(_on_body(name, {})))
        for name in _bodies()
    ]


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
            files = _on_body(table.get("body"), table.get("at", {})) | table.get("files", {})
            name = f"{path.stem}/{table['name']}"
            yield Sample(name=name, corpus=corpus, hostile=hostile, technique=table["technique"], files=_encoded(files))


@cache
def _bodies() -> dict[str, dict[str, str]]:
    tables = tomllib.loads((HERE / "bodies.toml").read_text(encoding="utf-8"))["body"]
    return {table["name"]: table["files"] for table in tables}


def _on_body(name: str | None, at: Mapping[str, str]) -> dict[str, Any]:
    """The files of an ordinary skill, with a sample's own text instead of the lines that mark its places."""
    if name is None:
        return {}
    files = {path: _fill(text, at) for path, text in _bodies()[name].items()}
    if unused := [place for place in at if not any(f"@@{place}@@" in text for text in _bodies()[name].values())]:
        raise ValueError(f"{name} has no place {unused}")
    return files


def _fill(text: str, at: Mapping[str, str]) -> str:
    lines = []
    for line in text.removeprefix("\n").split("\n"):
        if not (place := _PLACE.search(line)):
            lines.append(line)
        elif place[1] in at:
            lines.append(at[place[1]].strip("\n") + ("\n" if place[1] in ("setup", "use", "end") else ""))
    return "\n".join(lines)


def _encoded(files: Mapping[str, Any]) -> dict[str, bytes]:
    return {path: _content(value) for path, value in files.items()}


def _content(value: str | dict[str, Any]) -> bytes:
    """A text, or {base64 = "..."} for bytes, or {hex = "..."}."""
    if isinstance(value, str):
        return value.removeprefix("\n").encode()
    return base64.b64decode(value["base64"]) if "base64" in value else bytes.fromhex(value["hex"])
