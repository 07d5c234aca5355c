import json

import pytest

from skillyard.skill.scan.rules.dependencies import FAMILY
from tests.skill.scan.subjects import found, skill_md, worst

INDEX = "https://pypi.unknown.invalid/simple"


def test_where_packages_come_from_decides():
    def installs(address):
        return worst(FAMILY, {"SKILL.md": skill_md(f"`pip install {address}`")}).get("dependencies.direct-address")

    assert installs("https://files.unknown.invalid/a-1.0.tar.gz") == "high"
    assert installs("git+https://github.com/some-stranger/a") == "low"
    assert installs("git+https://github.com/psf/requests") is None
    assert installs("https://your-company.invalid/a.whl") == "low"
    assert installs("./vendor/a.whl") is None


@pytest.mark.parametrize(
    "files",
    [
        {"requirements/dev.txt": f"-i {INDEX}\npytest\n"},
        {"scripts/a.sh": f"uv pip install --default-index={INDEX} tool\n"},
        {"scripts/a.py": f"import os\n\nos.system('pip install -i {INDEX} tool')\n"},
        {"scripts/a.py": f"run(['pip', 'install', '--extra-index-url', '{INDEX}', 'tool'])\n"},
        {"Pipfile": f'[[source]]\nurl = "{INDEX}"\nname = "x"\n'},
        {"Gemfile": "source 'https://gems.unknown.invalid'\ngem 'rails'\n"},
        {"SKILL.md": skill_md("`npm install tool --registry https://npm.unknown.invalid`")},
    ],
)
def test_an_unknown_index_is_met_wherever_it_is_named(files):
    assert worst(FAMILY, files)["dependencies.index-option"] == "high"


def test_a_list_that_pip_is_told_to_read_may_have_any_name():
    files = {"SKILL.md": skill_md("`pip install -r assets/tools.list`"), "assets/tools.list": "reqeusts\n"}
    assert worst(FAMILY, files) == {"dependencies.near-name": "high"}


def test_the_line_of_a_requirement_is_told():
    (finding,) = found(FAMILY, {"requirements.txt": "pandas\n# a comment\nreqeusts==2.0  # pinned\n"})
    assert (finding.line, finding.evidence) == (3, "reqeusts is almost requests: reqeusts==2.0")


def test_names_are_read_from_every_kind_of_manifest():
    manifests = {
        "pyproject.toml": '[project]\ndependencies = ["reqeusts>=2"]\n',
        "Pipfile": '[packages]\nreqeusts = "*"\n',
        "setup.py": "from setuptools import setup\n\nsetup(install_requires=['reqeusts>=2'])\n",
        "environment.yml": "dependencies:\n  - python\n  - pip:\n      - reqeusts\n",
        "scripts/a.py": '# /// script\n# dependencies = [\n#   "reqeusts",\n# ]\n# ///\n',
    }
    for path, text in manifests.items():
        assert worst(FAMILY, {path: text}) == {"dependencies.near-name": "high"}, path


def test_sentences_are_no_lists_of_packages():
    body = "Run `pip install requests` then reqeust a page, or pip install the reqeusts that you need."
    assert worst(FAMILY, {"SKILL.md": skill_md(body)}) == {}


def test_benign_life_cycle_scripts_are_silent():
    for command in (
        "husky",
        "husky install || true",
        "prisma generate",
        "tsc -p .",
        "node-gyp rebuild",
        "patch-package",
    ):
        package = json.dumps({"scripts": {"postinstall": command}})
        assert worst(FAMILY, {"package.json": package}) == {}, command


def test_a_locked_package_from_elsewhere_is_met_once_for_each_host():
    lock = {"packages": {f"node_modules/a{n}": {"resolved": f"https://npm.unknown.invalid/a{n}.tgz"} for n in range(9)}}
    assert len(found(FAMILY, {"package-lock.json": json.dumps(lock)})) == 1


@pytest.mark.parametrize(
    "name", ["package.json", "pyproject.toml", "requirements.txt", "setup.py", "package-lock.json"]
)
@pytest.mark.parametrize(
    "text", ["[" * 50_000, '{"scripts": 3, "dependencies": [1]}', "[1]", "a@" * 50_000, "=" * 100_000]
)
def test_manifests_of_any_shape_are_survived(name, text):
    found(FAMILY, {name: text})
