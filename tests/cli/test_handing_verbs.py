"""The verbs around a drive: bundles, tickets, what is told, what is used most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_quoted_commands import commands
from tests.journeys.running import User, a_server, sign_in
from tests.makers import a_skill_archive


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """Has uploaded a skill into her drive with the script of a ticket."""
    with a_server(tmp_path_factory.mktemp("served"), worker=False) as server:
        user = sign_in(server, tmp_path_factory.mktemp("home"), "ada")
        (user.project / "pdf.zip").write_bytes(a_skill_archive("pdf"))
        script = user.run("ticket", "--filename", "pdf.zip", "--script").stdout
        done = subprocess.run(
            ["bash", "-c", script], cwd=user.project, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield user


def test_a_bundle_takes_the_place_of_no_file_and_leaves_none_when_it_fails(ada: User) -> None:
    made = ada.data("bundle")
    assert made == {"file": "ada-drive.zip", "size_bytes": (ada.project / "ada-drive.zip").stat().st_size}
    with zipfile.ZipFile(ada.project / "ada-drive.zip") as opened:
        assert opened.namelist() == ["bundle.json", "pdf/SKILL.md"]
    assert "is there already" in ada.run("bundle", expect=2).stderr
    ada.run("bundle", "ada/pdf", "--collection", "x", expect=2)
    ada.run("bundle", "--collection", "none", "-o", "none.zip", expect=1)
    assert [path.name for path in ada.project.iterdir() if "none" in path.name] == []


def test_what_is_told_is_shown_and_switched(ada: User, tmp_path: Path) -> None:
    assert "DO_NOT_TRACK" in ada.run("telemetry", "show").stdout
    told = ada.data("telemetry", "show")
    assert (told["enabled"], told["report"]["skills"]) == (False, [])
    ada.run("telemetry", "off")
    assert json.loads((ada.home / "config/telemetry.json").read_text()) == {"enabled": False, "install_id": None}
    ada.run("telemetry", "on")
    assert json.loads((ada.home / "config/telemetry.json").read_text())["enabled"] is True


def test_the_guide_works_word_by_word(ada: User, tmp_path: Path) -> None:
    (tmp_path / "pdf.zip").write_bytes(a_skill_archive("pdf"))
    typed = [line for line in commands("docs/guide/agents.md") if line.startswith(("skillyard ", "bash "))]
    environment = ada.environment | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in typed:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert {"ada-drive.zip", "pdf-skill.zip"} < {path.name for path in tmp_path.iterdir()}
    assert len(typed) == 8
    ada.run("telemetry", "on")
