"""The example skill link-check, run for real on trees that the tests make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples.running import output, refusal, run

GUIDE = """Guide
=====

## Set up
## Set up
### *Emphasis*, [a link](../README.md) and `code_x` \u2014 ok
## Own {#mine}
<a id="from-html"></a>
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "img").mkdir(parents=True)
    (docs / "guide.md").write_text(GUIDE, encoding="utf-8")
    (tmp_path / "README.md").write_text("# The `x` option & more\n")
    for name in ("img/a.png", "my file.md", "a_(b).md", "README.md"):
        (docs / name).touch()
    return tmp_path


def faults(tree: Path, text: str, *arguments: str) -> list[str]:
    """What is broken in a file `page.md` with this text."""
    (tree / "page.md").write_text(text, encoding="utf-8")
    done = run("link-check", "page.md", *arguments, cwd=tree)
    assert done.returncode in (0, 1), done.stderr
    return [line.removeprefix("page.md:") for line in done.stdout.splitlines() if line.startswith("page.md:")]


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/guide.md)", "[a](docs/guide.md 'title')", "![a](docs/img/a.png)", "[a](docs/)", "[a](/docs/guide.md)",
        "[a](<docs/my file.md>)", "[a](docs/my%20file.md)", "[a](docs/a_(b).md)", "[a](docs/guide.md?raw=1#set-up)",
        "[a](docs/guide.md#set-up-1)", "[a](docs/guide.md#emphasis-a-link-and-code_x--ok)", "[a](docs/guide.md#mine)",
        "[a](docs/guide.md#from-html)", "[a](docs/guide.md#guide)", "[a](README.md#the-x-option--more)",
        "[a](#top)", "[a][r]\n\n[r]: docs/guide.md", "[r][]\n\n[R]: <docs/guide.md> 'title'", "values[0][1]",
        "[a](https://example.org/nope)", "[a](mailto:a@example.org)", "[a]({{ url }})", "[^1]\n\n[^1]: note",
        "`[a](no.md)`", "``[a ` ](no.md)``", "`two\nlines [a](no.md)`", "```\n[a](no.md)\n```",
        "~~~\n```\n[a](no.md)\n~~~", "    [a](no.md)", "<!-- [a](no.md)\n -->", r"\[a\](no.md)",
        "1. ```\n   [a](no.md)\n   ```",
    ],
)  # fmt: skip
def test_this_is_not_broken(tree: Path, link: str) -> None:
    assert faults(tree, f"{link}\n") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](docs/guid.md)", "1: there is no file docs/guid.md; did you mean docs/guide.md?"),
        ("\n\n[a](docs/Guide.md)", "3: there is no file docs/Guide.md; Guide.md is spelled guide.md"),
        ("[a](docs/guide.md#setup)", "1: docs/guide.md has no heading #setup; did you mean #set-up?"),
        ("[a](docs/guide.md#set-up-2)", "1: docs/guide.md has no heading #set-up-2"),
        ("# T\n[a](#nope)", "2: this file has no heading #nope"),
        ("![a](docs/img/b.png)", "1: there is no file docs/img/b.png"),
        ('<img src="docs/zz.png">', "1: there is no file docs/zz.png"),
        ("[a](../outside.md)", "1: ../outside.md leaves the checked tree"),
        ("[a](C:/docs/guide.md)", "1: C:/docs/guide.md is a path of one machine"),
        ("[a](file:///etc/hosts)", "1: file:///etc/hosts is a path of one machine"),
        ("[a][nobody]", "1: nothing defines the reference [nobody]"),
        ("text\n\n[r]: docs/gone.md", "3: there is no file docs/gone.md"),
        ("- item\n\n    [a](docs/no.md)", "3: there is no file docs/no.md"),
        ("```\nx\n```\n[a](no/no.md)", "4: there is no file no/no.md"),
        ("`a` [b](docs/no.md) `c`", "1: there is no file docs/no.md"),
        ("[a](docs/%00.md)", "1: the link holds a NUL character"),
    ],
)
def test_this_is_broken(tree: Path, text: str, fault: str) -> None:
    (found,) = faults(tree, f"{text}\n")
    assert found.startswith(fault)


def test_a_whole_tree_is_checked_but_for_hidden_and_foreign_folders(tree: Path) -> None:
    for folder in ("node_modules", ".hidden", "docs/venv"):
        (tree / folder).mkdir()
        (tree / folder / "x.md").write_text("[a](nope.md)")
    (tree / ".github").mkdir()
    (tree / ".github" / "CONTRIBUTING.md").write_text("[a](nope.md) [web](https://example.org)")
    done = run("link-check", cwd=tree)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        ".github/CONTRIBUTING.md:1: there is no file nope.md",
        "1 broken of 2 links in 6 files (1 addresses on the web were not opened)",
    ]


def test_a_tree_elsewhere_is_its_own_root(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = tmp_path_factory.mktemp("elsewhere")
    assert "0 broken of 1 links" in output("link-check", tree, cwd=here)
    assert "leaves the checked tree" in run("link-check", tree / "docs", cwd=here).stdout
    assert "0 broken" in output("link-check", tree / "docs", "--root", tree, cwd=here)


def test_json_holds_the_same(tree: Path) -> None:
    (tree / "page.md").write_text("[a](no.md) [b](/api/x) [c](https://example.org)\n")
    done = run("link-check", "page.md", "--json", "--ignore", "/api/*", cwd=tree)
    assert json.loads(done.stdout) == {
        "files": 1, "links": 1, "web": 1, "ignored": 1,
        "broken": [{"file": "page.md", "line": 1, "link": "no.md", "why": "there is no file no.md"}],
    }  # fmt: skip


def test_nothing_to_check_is_bad_usage_and_not_a_success(tree: Path) -> None:
    assert "there is no" in refusal("link-check", "nowhere", cwd=tree, code=2)
    assert "no Markdown file" in refusal("link-check", "docs/img", cwd=tree, code=2)
    assert "is not below the root" in refusal("link-check", "docs", "--root", "docs/img", cwd=tree, code=2)


@pytest.mark.parametrize("piece", ["[", "](", "[a](", "[a][", "<a ", "<!--", "` ", "`` ` ", "](a '", "<a href='"])
def test_nonsense_is_read_quickly(tree: Path, piece: str) -> None:
    (tree / "page.md").write_text(piece * 40_000)
    done = run("link-check", "page.md", cwd=tree)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_the_example_skills_link_to_nothing_that_is_missing(tmp_path: Path) -> None:
    skills = Path(__file__).resolve().parents[2] / "examples" / "skills"
    assert "0 broken of" in output("link-check", skills, cwd=tmp_path)
