"""All example skills: valid for us and by the specification, unharmed by running, and a graph with a diamond."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from skillyard.skill.archive import open_safely, pack
from skillyard.skill.folder import read_folder
from skillyard.skill.manifest import Manifest, read_manifest
from skillyard.skill.resolve import Candidate, resolve, why
from tests.examples.running import SKILLS, run

NAMES = sorted(folder.name for folder in SKILLS.iterdir())
OF_THE_SPECIFICATION = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
NEEDED = {
    "text-kit": set(),
    "csv-tables": {"yard/text-kit"},
    "svg-charts": {"yard/text-kit"},
    "data-report": {"yard/csv-tables", "yard/svg-charts"},
    "git-changelog": set(),
    "license-notes": set(),
    "link-check": set(),
    "file-issues": set(),
}


@cache
def manifest(name: str) -> Manifest:
    return Manifest.read(read_folder(SKILLS / name))


class Examples:
    """The example skills as what a registry would offer."""

    def candidates(self, name: str) -> Sequence[Candidate]:
        one = manifest(name.removeprefix("yard/"))
        assert one.version is not None
        return [Candidate(version=one.version, dependencies=one.dependencies)]


def test_there_are_eight_and_the_graph_is_as_planned() -> None:
    assert set(NAMES) == set(NEEDED)
    assert {name: set(manifest(name).dependencies) for name in NAMES} == NEEDED


@pytest.mark.parametrize("name", NAMES)
def test_its_manifest_is_complete_and_without_a_warning(name: str) -> None:
    report = read_manifest(read_folder(SKILLS / name))
    assert report.faults == ()
    one = manifest(name)
    assert one.name == name
    assert one.license == "Apache-2.0"
    assert one.version is not None
    assert one.version.startswith("1.")
    assert len(one.tags) >= 3
    assert "Use it" in one.description, "a description says when to use the skill"
    assert one.permissions.network_outbound == ()
    assert one.permissions.subprocess is (name == "git-changelog")


@pytest.mark.parametrize("name", NAMES)
def test_its_front_matter_has_only_keys_of_the_specification(name: str) -> None:
    front = (SKILLS / name / "SKILL.md").read_text(encoding="utf-8").split("---\n")[1]
    keys = set(re.findall(r"^([\w-]+):", front, re.MULTILINE))
    assert keys <= OF_THE_SPECIFICATION
    assert all(isinstance(value, str) for value in manifest(name).metadata.values())


@pytest.mark.parametrize("name", NAMES)
def test_its_text_names_only_files_and_options_that_exist(name: str) -> None:
    body = manifest(name).body
    assert all((SKILLS / name / file).is_file() for file in re.findall(r"\]\(((?:references|assets)/[^)]+)\)", body))
    scripts = set(re.findall(r"python (scripts/\w+\.py)", body))
    assert scripts, "an agent is told what to run"
    assert all((SKILLS / name / script).is_file() for script in scripts)


def help_of(name: str, tmp_path: Path) -> str:
    done = run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    commands = re.findall(r"^    (\w+)\s", done.stdout, re.MULTILINE)
    return done.stdout + "".join(run(name, command, "--help", cwd=tmp_path).stdout for command in commands)


@pytest.mark.parametrize("name", NAMES)
def test_its_help_knows_every_option_of_its_text(name: str, tmp_path: Path) -> None:
    known = set(re.findall(r"--[a-z][a-z-]*", help_of(name, tmp_path)))
    script = name.replace("-", "_")
    commands = re.findall(rf"{script}\.py((?:[^\n`]|\\\n)*)", manifest(name).body)
    named = {option for command in commands for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", command)}
    assert named <= known


@pytest.mark.parametrize("name", NAMES)
def test_bad_usage_ends_with_2(name: str, tmp_path: Path) -> None:
    done = run(name, "--no-such-option", cwd=tmp_path)
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.parametrize("script", sorted(SKILLS.glob("*/scripts/*.py")), ids=lambda path: path.stem)
def test_it_imports_nothing_but_the_standard_library_and_its_skills(script: Path) -> None:
    own = {path.stem for path in SKILLS.glob("*/scripts/*.py")}
    imported: set[str] = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    assert imported <= own | sys.stdlib_module_names


def test_data_report_brings_three_levels_with_a_diamond() -> None:
    requirements = {"yard/data-report": "^1.0.0"}
    resolution = resolve(requirements, Examples())
    assert {name: set(needed) for name, needed in resolution.dependencies.items()} == {
        f"yard/{name}": NEEDED[name] for name in ("data-report", "csv-tables", "svg-charts", "text-kit")
    }
    (path,) = why(resolution, requirements, "yard/text-kit")
    assert (path[0], path[-1], len(path)) == ("yard/data-report", "yard/text-kit", 3)


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_packed_and_unpacked_it_runs_from_a_folder_that_it_leaves_unchanged(tmp_path: Path) -> None:
    installed = tmp_path / "project" / ".claude" / "skills"
    for name in NAMES:
        files = open_safely(pack(read_folder(SKILLS / name)))
        for entry in files.entries:
            target = installed / name / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.read(entry.path))
    before = contents(installed)
    sample = installed / "csv-tables" / "assets" / "sales.csv"
    output = tmp_path / "report.html"
    done = run("data-report", sample, "--output", output, cwd=tmp_path, skills=installed)
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        run(name, "--help", cwd=tmp_path, skills=installed)
    assert contents(installed) == before
    assert "<svg" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("skill", "missing"),
    [
        ("csv-tables", ["text-kit"]),
        ("svg-charts", ["text-kit"]),
        ("data-report", ["csv-tables"]),
        ("data-report", ["svg-charts", "csv-tables"]),
        ("data-report", ["text-kit"]),
    ],
)
def test_a_missing_dependency_is_named_with_the_command_that_installs_it(
    skill: str, missing: list[str], tmp_path: Path
) -> None:
    for name in set(NAMES) - set(missing):
        shutil.copytree(SKILLS / name, tmp_path / name)
    done = run(skill, "--help", cwd=tmp_path, skills=tmp_path)
    assert done.returncode == 3
    assert "skillyard install yard/" in done.stderr
    assert all(f"yard/{name}" in done.stderr for name in missing)
    assert "Traceback" not in done.stderr
