"""The project's files: where they are found, and what is refused in them."""

import json
from pathlib import Path

import pytest

from skillyard.sdk.errors import SdkError
from skillyard.sdk.project import find_project, is_channel, user_project


def test_a_project_is_found_from_below(project):
    project.manifest_path.write_text("{}")
    below = project.folder / "src" / "deep"
    below.mkdir(parents=True)
    assert find_project(below) == project


def test_the_home_folder_is_nobodys_project(own_home):
    (own_home / "skillyard.json").write_text("{}")
    below = own_home / "code"
    below.mkdir()
    assert find_project(below).folder == below


def test_without_a_manifest_the_folder_itself_is_the_project(tmp_path):
    assert find_project(tmp_path).folder == tmp_path.resolve()
    assert find_project(tmp_path).read_manifest().skills == {}
    assert find_project(tmp_path).read_lock() is None


def test_the_user_has_files_beside_the_settings(own_home, tmp_path):
    assert user_project().folder == tmp_path / "config" / "user"
    assert user_project().base == own_home


def test_all_faults_of_a_manifest_are_told_at_once(project):
    project.manifest_path.write_text(
        json.dumps({"registry": "ftp://x", "skills": {"pdf": "^1", "acme/x": ">>1", "acme/y": 1}, "agents": "claude"})
    )
    with pytest.raises(SdkError) as refused:
        project.read_manifest()
    assert refused.value.code == "bad_project_file"
    assert len(refused.value.faults) == 5


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "\xff"])
def test_a_manifest_that_is_none_is_refused_with_its_path(project, text):
    project.manifest_path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SdkError) as refused:
        project.read_manifest()
    assert str(project.manifest_path) in refused.value.message


@pytest.mark.parametrize("content", [b"{", b"\xff", b"{}"])
def test_a_lock_that_cannot_be_used_is_refused(project, content):
    project.lock_path.write_bytes(content)
    with pytest.raises(SdkError) as refused:
        project.read_lock()
    assert refused.value.code == "bad_lockfile"


def test_what_is_read_is_written_as_it_was(project):
    text = '{\n  "skills": {\n    "acme/pdf": "^1.0.0"\n  },\n  "name": "x",\n  "agents": [\n    "gemini"\n  ]\n}\n'
    project.manifest_path.write_text(text)
    assert project.read_manifest().show() == text


@pytest.mark.parametrize(
    ("text", "expected"), [("latest", True), ("next", True), ("x", False), ("v1", False), ("^1", False)]
)
def test_channels_and_ranges_are_told_apart(text, expected):
    assert is_channel(text) is expected


def test_the_modules_that_a_command_loads_first_are_light():
    import subprocess
    import sys

    program = """
import sys
from skillyard.sdk import agents, config, errors, project
heavy = {'urllib3', 'ssl', 'asyncio', 'http.client', 'email', 'concurrent.futures', 'zipfile'} & set(sys.modules)
print(', '.join(heavy))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2] / "src"
    )
    assert done.stdout == "\n"
