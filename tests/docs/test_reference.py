"""docs/reference is what the code says; what guides and README quote exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from skillyard.cli.main import build_commands
from skillyard.infra.errors import every_error
from skillyard.operate.reference import write_reference

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_the_reference_is_what_the_code_says(tmp_path: Path) -> None:
    for made in write_reference(tmp_path):
        kept = ROOT / "docs" / "reference" / made.name
        assert kept.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), (
            f"run `make reference`: {made.name}"
        )


def test_each_error_code_means_one_thing(tmp_path: Path) -> None:
    write_reference(tmp_path)  # loads every module that refuses anything
    codes = Counter(error.code for error in every_error())
    assert [code for code, times in codes.items() if times > 1] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [target for target in targets if target and "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_every_path_in_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:src|tests|docs)/[\w./-]+)`", text)
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_benchmark_of_the_performance_page_can_be_run() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    named = set(re.findall(r"python -m benchmarks\.(\w+)", text))
    assert named >= {"documents", "blobs", "publish", "install", "resolve", "search", "durability", "jobs", "startup"}
    places = {name: (ROOT / "benchmarks" / f"{name}.py", ROOT / "benchmarks" / name / "__main__.py") for name in named}
    assert [name for name, files in places.items() if not any(file.is_file() for file in files)] == []


def test_every_verb_that_is_quoted_exists() -> None:
    verbs = set(build_commands())
    for page in PAGES:
        quoted = re.findall(r"^\$ (?:echo .* \| )?skillyard (\S+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(quoted) <= verbs, page
