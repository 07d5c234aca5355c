"""Layers built in a real sandbox by the real installers, from an index of the test's own that has hostile packages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.public_addresses import read_allow_list
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.layers import BUILD_LIMITS, Indexes, LayerRefused, build_layer, layer_key, read_needs
from skillyard.sandbox.model import Limits, Result, Sandbox, Task
from skillyard.sandbox.needs.node import NodeNeeds
from skillyard.sandbox.needs.read import Needs
from tests.sandbox.package_index import PackageIndex, package_index, sdist, wheel

_LOOPBACK = read_allow_list("127.0.0.1")
_RUINS = "import pathlib; pathlib.Path('/work/ruined').touch()\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = open_sandbox()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    with package_index() as served:
        served.add(wheel("greet", "1.0", {"greet.py": "from base_words import HI\n"}, needs=("base-words>=1",)))
        served.add(wheel("base_words", "1.2", {"base_words.py": "HI = 'hello'\n"}))
        served.add(sdist("onlysource", "1.0", _RUINS))
        served.add(wheel("elsewhere", "1.0", {}, needs=("x @ http://127.0.0.1:9/x-1.0-py3-none-any.whl",)))
        served.add(wheel("escaping", "1.0", {"../../outside.py": "", "/work/absolute.py": ""}))
        served.add(wheel("starting", "1.0", {"starting.pth": f"import os; {_RUINS}"}))
        served.add_npm(
            "left",
            "1.0.0",
            {"index.js": "module.exports = 'left ' + require('right')"},
            dependencies={"right": "^1.0.0"},
        )
        served.add_npm(
            "right",
            "1.0.1",
            {"index.js": "module.exports = 'right'", "cli.js": "#!/usr/bin/env node\n"},
            bin={"right": "cli.js"},
        )
        served.add_npm("scripted", "1.0.0", {"index.js": ""}, scripts={"install": "touch ../../ruined /work/ruined"})
        served.add_npm("faraway", "1.0.0", {}, tarball="http://evil.test/faraway.tgz")
        yield served


def _indexes(index: PackageIndex) -> Indexes:
    return Indexes(python=index.python_url, npm=index.npm_url, private_hosts=_LOOPBACK)


def _build(needs: Needs, into: Path, sandbox: Sandbox, index: PackageIndex, limits: Limits = BUILD_LIMITS) -> Path:
    build_layer(needs, into, sandbox=sandbox, indexes=_indexes(index), limits=limits)
    return into


def _refused(needs: Needs, into: Path, sandbox: Sandbox, index: PackageIndex, limits: Limits = BUILD_LIMITS) -> str:
    with pytest.raises(LayerRefused) as caught:
        _build(needs, into, sandbox, index, limits)
    assert not into.exists()
    assert not list(into.parent.glob(".building-*"))
    return caught.value.why


def _run(sandbox: Sandbox, layer: Path, folder: Path, *arguments: str) -> Result:
    folder.mkdir()
    return sandbox.run(Task(arguments=arguments, workspace=folder, layer=layer))


def test_a_script_runs_with_what_its_block_asks_for(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    skill = tmp_path / "skill"
    skill.mkdir()
    (skill / "run.py").write_text(
        '# /// script\n# dependencies = ["greet==1.0"]\n# ///\nimport greet\nprint(greet.HI)\n'
    )
    needs = read_needs(skill, "run.py")
    layer = _build(needs, tmp_path / layer_key(needs), sandbox, index)
    folder = tmp_path / "work"
    folder.mkdir()
    result = sandbox.run(Task(arguments=("python", "/skill/run.py"), skill=skill, workspace=folder, layer=layer))
    assert result.stdout == b"hello\n", result.stderr
    assert {path.name for path in (layer / "python").glob("*.py")} == {"greet.py", "base_words.py"}


def test_packages_for_node_come_with_what_they_need(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    needs = Needs(node=NodeNeeds(package='{"dependencies":{"left":"^1.0.0"}}'))
    layer = _build(needs, tmp_path / "layer", sandbox, index)
    result = _run(sandbox, layer, tmp_path / "work", "node", "-e", "console.log(require('left'))")
    assert result.stdout == b"left right\n", result.stderr


def test_a_lock_holds_packages_to_their_hashes(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    right = index.npm["right"]["versions"]["1.0.1"]["dist"]
    entry = {"version": "1.0.1", "resolved": right["tarball"], "integrity": right["integrity"]}
    package = '{"dependencies":{"right":"^1.0.0"}}'

    def locked(entry: dict[str, str]) -> Needs:
        packages = {"": {"dependencies": {"right": "^1.0.0"}}, "node_modules/right": entry}
        return Needs(node=NodeNeeds(package=package, lock=json.dumps({"lockfileVersion": 3, "packages": packages})))

    assert (_build(locked(entry), tmp_path / "good", sandbox, index) / "node_modules" / "right" / "index.js").is_file()
    wrong = index.npm["left"]["versions"]["1.0.0"]["dist"]["integrity"]
    assert "EINTEGRITY" in _refused(locked(entry | {"integrity": wrong}), tmp_path / "bad", sandbox, index)


def test_requirements_are_held_to_their_hashes(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    good = index.add(wheel("base_words", "1.2", {"base_words.py": "HI = 'hello'\n"}))
    pinned = Needs(python=(f"base-words==1.2 --hash=sha256:{good}",))
    assert (_build(pinned, tmp_path / "good", sandbox, index) / "python" / "base_words.py").is_file()
    other = Needs(python=(f"base-words==1.2 --hash=sha256:{'0' * 64}",))
    assert "ash" in _refused(other, tmp_path / "bad", sandbox, index)


def test_nothing_of_a_package_runs_while_it_is_installed(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    why = _refused(Needs(python=("onlysource",)), tmp_path / "source", sandbox, index)
    assert "onlysource" in why
    assert "wheels" in why
    needs = Needs(python=("starting",), node=NodeNeeds(package='{"dependencies":{"scripted":"1.0.0"}}'))
    layer = _build(needs, tmp_path / "layer", sandbox, index)
    assert (layer / "node_modules" / "scripted").is_dir()
    assert not list(tmp_path.rglob("ruined"))


def test_a_package_from_elsewhere_is_refused(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    assert "x" in _refused(Needs(python=("elsewhere",)), tmp_path / "layer", sandbox, index)
    faraway = Needs(node=NodeNeeds(package='{"dependencies":{"faraway":"1.0.0"}}'))
    assert "evil.test:80" in _refused(faraway, tmp_path / "layer", sandbox, index)


def test_a_wheel_that_leads_out_of_its_folder_leaves_nothing_there(
    sandbox: Sandbox, index: PackageIndex, tmp_path: Path
) -> None:
    layer = _build(Needs(python=("escaping",)), tmp_path / "layer", sandbox, index)
    assert not list(layer.rglob("*.py"))
    assert not list(tmp_path.rglob("outside.py"))
    assert not list(tmp_path.rglob("absolute.py"))


def test_what_does_not_exist_is_said_to_be_missing(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    assert "no-such-thing" in _refused(Needs(python=("no-such-thing",)), tmp_path / "layer", sandbox, index)


def test_a_build_is_bounded(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    tight = Limits(wall_s=0.05)
    assert "wall_s" in _refused(Needs(python=("greet",)), tmp_path / "layer", sandbox, index, tight)


def test_the_configuration_of_the_machine_does_not_reach_a_build(
    sandbox: Sandbox, index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".config" / "uv").mkdir(parents=True)
    (home / ".config" / "uv" / "uv.toml").write_text('index-url = "http://evil.test/simple"\n')
    (home / ".npmrc").write_text("registry=http://evil.test/\n//127.0.0.1/:_authToken=secret\n")
    monkeypatch.setenv("HOME", str(home))
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "PIP_INDEX_URL", "npm_config_registry"):
        monkeypatch.setenv(name, "http://user:secret@evil.test/simple")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://evil.test:1")
    index.secrets.clear()
    needs = Needs(python=("greet",), node=NodeNeeds(package='{"dependencies":{"right":"1.0.1"}}'))
    layer = _build(needs, tmp_path / "layer", sandbox, index)
    assert (layer / "python" / "greet.py").is_file()
    assert (layer / "node_modules" / "right").is_dir()
    assert index.secrets == []


def test_a_private_index_is_reached_only_when_it_is_listed(
    sandbox: Sandbox, index: PackageIndex, tmp_path: Path
) -> None:
    unlisted = Indexes(python=index.python_url, npm=index.npm_url)
    with pytest.raises(LayerRefused, match="is at a private address"):
        build_layer(Needs(python=("greet",)), tmp_path / "layer", sandbox=sandbox, indexes=unlisted)


@pytest.mark.parametrize("address", ["file:///srv/wheels", "https://user:word@index.test/simple", "index.test", ""])
def test_an_index_is_an_address_without_credentials(address: str) -> None:
    with pytest.raises(ValueError, match="is not the https:// address of a package index") as caught:
        Indexes(python=address)
    assert "word" not in str(caught.value)


def test_builders_of_the_same_layer_do_not_disturb_each_other(
    sandbox: Sandbox, index: PackageIndex, tmp_path: Path
) -> None:
    into = tmp_path / "layer"
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: _build(Needs(python=("greet",)), into, sandbox, index), range(3)))
    assert (into / "python" / "greet.py").is_file()
    assert os.listdir(tmp_path) == ["layer"]  # noqa: PTH208


def test_a_run_cannot_change_its_layer(sandbox: Sandbox, index: PackageIndex, tmp_path: Path) -> None:
    layer = _build(Needs(python=("greet",)), tmp_path / "layer", sandbox, index)
    code = "import pathlib; pathlib.Path('/deps/python/greet.py').write_text('HI = 1')"
    result = _run(sandbox, layer, tmp_path / "work", "python", "-c", code)
    assert result.exit_code != 0
    assert "HI" in (layer / "python" / "greet.py").read_text()
    assert "HI = 1" not in (layer / "python" / "greet.py").read_text()
