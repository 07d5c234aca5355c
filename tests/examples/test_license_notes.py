"""The example skill license-notes, run for real on environments that the tests lay out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.examples.running import output, refusal, run

MIT_TEXT = "MIT License\n\nCopyright (c) 2026 Ada\n"


def add_distribution(environment: Path, name: str, *headers: str, files: Mapping[str, str] | None = None) -> None:
    """A distribution as pip leaves it, with these lines in its METADATA."""
    site = environment / "lib" / "python3.11" / "site-packages"
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "\n".join(("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *headers)) + "\n"
    )
    listed = []
    for path, text in (files or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        listed.append(f"{path},,\n")
    (folder / "RECORD").write_text("".join(listed))


def add_node_package(folder: Path, facts: object, licence_text: str | None = None) -> None:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps(facts))
    if licence_text:
        (folder / "LICENSE.txt").write_text(licence_text)


def gathered(*arguments: str | Path, cwd: Path) -> dict[str, str | None]:
    """Each package's licence by its name."""
    found = json.loads(output("license-notes", "--json", *arguments, cwd=cwd))
    return {one["name"]: one["licence"] for one in found}


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: ignored"], "MIT OR Apache-2.0"),
        (["License: The MIT License"], "MIT"),
        (["License: BSD-3-Clause", "Classifier: License :: OSI Approved :: BSD License"], "BSD-3-Clause"),
        (["License: see below", "Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["Classifier: License :: OSI Approved :: BSD License"], "BSD License"),
        (["Classifier: License :: OSI Approved :: MIT License",
          "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], "MIT; GPL-3.0-only"),
        (["License: Ask me first"], "Ask me first"),
        (["License: UNKNOWN"], None),
        ([], None),
    ],
)  # fmt: skip
def test_a_python_licence_is_read_from_the_best_place(headers: list[str], licence: str | None, tmp_path: Path) -> None:
    add_distribution(tmp_path / "env", "one", *headers)
    assert gathered("--python", "env", cwd=tmp_path) == {"one": licence}


@pytest.mark.parametrize(
    ("facts", "licence"),
    [
        ({"license": "ISC"}, "ISC"),
        ({"license": "(MIT OR CC0-1.0)"}, "(MIT OR CC0-1.0)"),
        ({"license": {"type": "Apache 2.0", "url": "x"}}, "Apache-2.0"),
        ({"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}, "MIT OR Apache-2.0"),
        ({"license": 7}, None),
        ({}, None),
    ],
)
def test_a_node_licence_is_read_in_all_its_spellings(
    facts: dict[str, object], licence: str | None, tmp_path: Path
) -> None:
    add_node_package(tmp_path / "node_modules" / "one", {"name": "one", "version": "1.0.0", **facts})
    assert gathered("--node", ".", cwd=tmp_path) == {"one": licence}


def test_scoped_nested_and_pnpm_packages_are_found_and_broken_ones_named(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    mit = {"version": "1.0.0", "license": "MIT"}
    add_node_package(modules / "@acme" / "a", {"name": "@acme/a", **mit})
    add_node_package(modules / "b", {"name": "b", **mit})
    add_node_package(modules / "b" / "node_modules" / "c", {"name": "c", **mit})
    add_node_package(modules / ".pnpm" / "d@1.0.0" / "node_modules" / "d", {"name": "d", **mit})
    (modules / "e").symlink_to(modules)
    add_node_package(modules / "b" / "test" / "fixture", {"name": "fixture", **mit})
    add_node_package(modules / "list", [1])
    (modules / "torn").mkdir()
    (modules / "torn" / "package.json").write_text("{")
    done = run("license-notes", "--node", ".", "--json", cwd=tmp_path)
    assert [one["name"] for one in json.loads(done.stdout)] == ["@acme/a", "b", "c", "d"]
    assert "torn/package.json cannot be read" in done.stderr
    assert "list/package.json names no package" in done.stderr


def test_the_notice_is_a_table_with_equal_texts_once(tmp_path: Path) -> None:
    text = {"one-1.0.dist-info/licenses/LICENSE": MIT_TEXT}
    add_distribution(
        tmp_path / "env", "one", "License-Expression: MIT", "Home-page: https://example.org/one", files=text
    )
    add_node_package(tmp_path / "node_modules" / "two", {"name": "two", "version": "2.0.0", "license": "MIT"}, MIT_TEXT)
    asked = ["--python", "env", "--node", ".", "--texts", "--output", "THIRD-PARTY.md"]
    assert output("license-notes", *asked, cwd=tmp_path) == "Wrote THIRD-PARTY.md: 2 packages\n"
    notice = (tmp_path / "THIRD-PARTY.md").read_text()
    assert "| one | 1.0 | MIT | https://example.org/one |" in notice
    assert "| two | 2.0.0 | MIT |  |" in notice
    assert "### one 1.0, two 2.0.0\n\n```text\nMIT License\n" in notice
    assert notice.count("Copyright (c) 2026 Ada") == 1


def test_words_of_strangers_cannot_leave_their_cell_or_code_block(tmp_path: Path) -> None:
    text = {"one-1.0.dist-info/LICENSE": "x\n```\n<script>\n````\n"}
    headers = ["License: a | b <script> [x](y)", "Home-page: javascript:alert(1)"]
    add_distribution(tmp_path / "env", "one", *headers, files=text)
    notice = output("license-notes", "--python", "env", "--texts", cwd=tmp_path)
    assert r"| one | 1.0 | a \| b \<script\> \[x\](y) |  |" in notice
    assert "`````text\nx\n```\n<script>\n````\n`````" in notice


def test_a_record_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("secret")
    add_distribution(tmp_path / "env", "one", "License: MIT")
    record = next(tmp_path.rglob("RECORD"))
    record.write_text("../../../../LICENSE,,\none-1.0.dist-info/../../../../../LICENSE,,\n/etc/passwd,,\n")
    assert "secret" not in output("license-notes", "--python", "env", "--texts", cwd=tmp_path)


@pytest.mark.parametrize(
    ("licence", "avoid", "code"),
    [
        ("GPL-3.0-only", "GPL-3.0", 1),
        ("GPL-3.0-or-later", "GPL-*", 1),
        ("GPL-2.0+", "gpl-2.0", 1),
        ("LGPL-3.0-only", "GPL-3.0", 0),
        ("AGPL-3.0-only", "GPL-*", 0),
        ("MIT OR GPL-3.0-only", "GPL-3.0", 0),
        ("MIT AND GPL-3.0-only", "GPL-3.0", 1),
        ("(MIT OR Apache-2.0) AND (GPL-3.0-only OR AGPL-3.0-only)", "*GPL-3.0", 1),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0", 1),
        ("MIT; GPL-3.0-only", "GPL-3.0", 1),
        ("MIT OR", "MIT", 1),
    ],
)
def test_licences_to_avoid_are_found_by_identifier(licence: str, avoid: str, code: int, tmp_path: Path) -> None:
    add_distribution(tmp_path / "env", "one", f"License-Expression: {licence}")
    done = run("license-notes", "--python", "env", "--avoid", avoid, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert (f"error: one 1.0 (python) has {licence}" in done.stderr) is bool(code)
    assert "| one | 1.0 |" in done.stdout, "the notice is written in any case"


def test_a_missing_licence_warns_and_fails_only_when_strict(tmp_path: Path) -> None:
    add_distribution(tmp_path / "env", "one")
    done = run("license-notes", "--python", "env", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "warning: one 1.0 (python) names no licence\n")
    assert run("license-notes", "--python", "env", "--strict", cwd=tmp_path).returncode == 1
    assert run("license-notes", "--python", "env", "--leave-out", "One", cwd=tmp_path).returncode == 1


def test_what_the_current_folder_holds_is_the_default(tmp_path: Path) -> None:
    assert "neither .venv, venv nor node_modules" in refusal("license-notes", cwd=tmp_path, code=2)
    add_distribution(tmp_path / ".venv", "one", "License: MIT")
    add_node_package(tmp_path / "node_modules" / "two", {"name": "two", "license": "MIT"})
    assert gathered(cwd=tmp_path) == {"one": "MIT", "two": "MIT"}


def test_an_environment_of_this_machine_can_be_read(tmp_path: Path) -> None:
    licences = gathered("--python", Path(sys.prefix), cwd=tmp_path)
    assert licences["pytest"] == "MIT"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "there is no folder nowhere" in refusal("license-notes", "--python", "nowhere", cwd=tmp_path, code=2)
    assert "install the packages first" in refusal("license-notes", "--node", ".", cwd=tmp_path, code=2)
    (tmp_path / "empty").mkdir()
    assert "no package is installed" in refusal("license-notes", "--python", "empty", cwd=tmp_path)
    add_distribution(tmp_path / "env", "one", "License: MIT")
    said = refusal("license-notes", "--python", "env", "--output", "no/such/folder.md", cwd=tmp_path)
    assert "cannot write" in said
