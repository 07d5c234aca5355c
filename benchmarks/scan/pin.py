"""Prints what `benign.toml` should say of more packages: python -m benchmarks.scan.pin npm:NAME@VERSION ...

From each package at most so many skills are taken, half of them by chance and half of those that look hardest, so that
no single author weighs too much. Skills that the list has already, word for word or with the same description, are
left out.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.scan.packages import download, integrity, pinned, skill_in, unpack
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SKILL_FILE, skill_files

_MOST_PER_PACKAGE = 16
_HARD = re.compile(
    rb"curl |wget |sudo |base64|cron|hook|exploit|inject|payload|token|secret|password|eval\(|exec\(|subprocess|\.env\b"
    rb"|webhook|telegram|ignore (?:all|previous)|never tell|reverse shell|mcp|settings\.json|auto-approve|ssh",
    re.I,
)


def main() -> None:
    seen = _known()
    for wanted in sys.argv[1:]:
        registry, _, release = wanted.partition(":")
        name, _, version = release.rpartition("@")
        with tempfile.TemporaryDirectory() as folder:
            download(registry, name, version, Path(folder))
            (archive,) = (path for path in Path(folder).iterdir() if path.suffix in (".tgz", ".whl"))
            data = archive.read_bytes()
        print(describe(registry, name, version, integrity(data), choose(unpack(archive.name, data), seen)))


def choose(files: Mapping[str, bytes], seen: set[str]) -> list[str]:
    """The folders of the skills to take; what is taken is added to `seen`."""
    found: dict[str, int] = {}
    for folder in _skill_folders(files):
        content = skill_in(files, folder)
        marks = marks_of(content[SKILL_FILE])
        if marks & seen or not _is_valid(content):
            continue
        seen |= marks
        found[folder] = sum(min(len(_HARD.findall(data)), 20) for data in content.values()) + 10 * len(content)
    by_chance = sorted(found, key=lambda folder: hashlib.sha256(folder.encode()).hexdigest())
    taken = by_chance[: _MOST_PER_PACKAGE // 2]
    hardest = sorted(by_chance[_MOST_PER_PACKAGE // 2 :], key=lambda folder: -found[folder])
    return sorted(taken + hardest[: _MOST_PER_PACKAGE // 2])


def marks_of(skill: bytes) -> set[str]:
    """What two skills have in common if they are the same one: their text, or their description."""
    text = skill.decode("utf-8", "replace")
    described = re.search(r"^description:\s*(.{40,})$", text, re.M)
    marks = {" ".join(text.split())} | ({described[1].strip("'\" ")[:200]} if described else set())
    return {hashlib.sha256(mark.encode()).hexdigest() for mark in marks}


def describe(registry: str, name: str, version: str, archive_integrity: str, skills: list[str]) -> str:
    """One table of `benign.toml`. Whole packages are held out by chance, so that no author is on both sides."""
    use = "held_out" if hashlib.sha256(f"{registry}:{name}".encode()).digest()[0] % 5 < 2 else "tune"
    lines = "".join(f'  "{skill}",\n' for skill in skills)
    release = f'registry = "{registry}"\nname = "{name}"\nversion = "{version}"\nintegrity = "{archive_integrity}"\n'
    return f'[[package]]\n{release}use = "{use}"\nskills = [\n{lines}]\n'


def _known() -> set[str]:
    known: set[str] = set()
    for package in pinned():
        files = package.fetch()
        for folder in package.skills:
            known |= marks_of(files[f"{folder}/{SKILL_FILE}"])
    return known


def _skill_folders(files: Mapping[str, bytes]) -> list[str]:
    folders = sorted(path.removesuffix(f"/{SKILL_FILE}") for path in files if path.endswith(f"/{SKILL_FILE}"))
    return [
        folder
        for folder in folders
        if '"' not in folder
        and "\\" not in folder
        and not any(other.startswith(f"{folder}/") for other in folders)
        and 1 <= sum(path.startswith(f"{folder}/") for path in files) <= 300
    ]


def _is_valid(content: Mapping[str, bytes]) -> bool:
    try:
        skill_files(content)
    except SkillError:
        return False
    return len(content[SKILL_FILE]) > 300


if __name__ == "__main__":
    main()
