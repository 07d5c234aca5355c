"""The example skill git-changelog, run for real on repositories that the tests make."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.examples.running import output, refusal

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments], env={**os.environ, **IDENTITY}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(repo: Path, subject: str, *body: str) -> str:
    paragraphs = [part for text in (subject, *body) for part in ("-m", text)]
    git(repo, "commit", "--quiet", "--allow-empty", *paragraphs)
    return git(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One release, `v1.2.0`, and nothing after it."""
    made = tmp_path / "repo"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch", "main")
    commit(made, "feat: first")
    git(made, "tag", "v1.2.0")
    return made


def test_commits_stand_below_their_headings_newest_first(repo: Path) -> None:
    commit(repo, "fix(api): no <b> crash in `a*b`")
    commit(repo, "feat(search): forgive *typing* errors")
    commit(repo, "chore: bump")
    commit(repo, "Tidy up")
    changed = commit(repo, "perf: faster index", "Text.", "BREAKING CHANGE: rebuild the index\nonce\nRefs: 12")
    text = output("git-changelog", "--version", "2.0.0", "--date", "2026-03-09", cwd=repo)
    parts = text.split("\n\n")
    assert parts[0] == "## 2.0.0 (2026-03-09)"
    assert parts[1:3] == ["### Breaking changes", f"- rebuild the index once ({changed[:7]})"]
    assert parts[3] == "### Features"
    assert parts[4].startswith(r"- **search**: forgive \*typing\* errors (")
    assert parts[6].startswith(r"- **api**: no \<b\> crash in `a*b` (")
    assert parts[7] == "### Other changes"
    assert parts[8].startswith("- Tidy up (")
    assert "bump" not in text
    assert "- bump (" in output("git-changelog", "--all", cwd=repo)


def test_commits_are_linked_when_the_repository_is_on_the_web(repo: Path) -> None:
    made = commit(repo, "feat: second")
    text = output("git-changelog", "--url", "https://example.org/a/b.git", cwd=repo)
    assert f"- second ([{made[:7]}](https://example.org/a/b/commit/{made}))" in text


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        (["fix: x"], "v1.2.1"),
        (["fix: x", "feat: y"], "v1.3.0"),
        (["feat!: x", "fix: y"], "v2.0.0"),
        (["chore: x"], "v1.2.1"),
    ],
)
def test_the_next_version_follows_from_the_changes(repo: Path, subjects: list[str], expected: str) -> None:
    for subject in subjects:
        commit(repo, subject)
    assert output("git-changelog", "--suggest", cwd=repo) == f"{expected}\n"


def test_before_1_0_0_a_breaking_change_counts_as_a_feature(repo: Path) -> None:
    git(repo, "tag", "--delete", "v1.2.0")
    assert output("git-changelog", "--suggest", cwd=repo) == "0.1.0\n"
    git(repo, "tag", "0.4.2")
    commit(repo, "feat!: x")
    assert output("git-changelog", "--suggest", cwd=repo) == "0.5.0\n"


def test_a_commit_and_its_revert_take_each_other_out(repo: Path) -> None:
    outside = git(repo, "rev-parse", "HEAD")
    undone = commit(repo, "feat: undone")
    commit(repo, 'Revert "feat: undone"', f"This reverts commit {undone}.")
    commit(repo, 'Revert "feat: first"', f"This reverts commit {outside}.")
    text = output("git-changelog", cwd=repo)
    assert "undone" not in text
    assert '### Reverted\n\n- Revert "feat: first" (' in text


def test_a_tag_on_head_is_the_release_being_described(repo: Path) -> None:
    commit(repo, "feat: second")
    git(repo, "tag", "v1.3.0")
    assert "second" in output("git-changelog", cwd=repo)
    assert "first" in output("git-changelog", "--until", "v1.2.0", cwd=repo)
    assert "second" not in output("git-changelog", "--until", "v1.2.0", cwd=repo)


def test_tags_of_other_products_do_not_count(repo: Path) -> None:
    commit(repo, "feat: second")
    git(repo, "tag", "web-9.0.0")
    commit(repo, "feat: third")
    assert "second" not in output("git-changelog", cwd=repo)
    assert "second" in output("git-changelog", "--tags", "v*", cwd=repo)


def test_merges_are_left_out(repo: Path) -> None:
    git(repo, "switch", "--quiet", "--create", "side")
    commit(repo, "feat: on the side")
    git(repo, "switch", "--quiet", "main")
    commit(repo, "fix: on main")
    git(repo, "merge", "--quiet", "--no-ff", "-m", "Merge branch 'side'", "side")
    text = output("git-changelog", cwd=repo)
    assert "on the side" in text
    assert "Merge" not in text


def test_a_section_is_put_below_unreleased_and_above_the_last_release(repo: Path) -> None:
    changelog = repo / "CHANGELOG.md"
    changelog.write_bytes(b"# Changelog\r\n\r\n## [Unreleased]\r\n\r\n- soon\r\n\r\n## 1.2.0\r\n\r\n- old\r\n")
    commit(repo, "feat: second")
    said = output("git-changelog", "--version", "1.3.0", "--insert", "CHANGELOG.md", cwd=repo)
    assert said == "Wrote CHANGELOG.md\n"
    written = changelog.read_bytes().decode()
    assert written.count("\r\n") == written.count("\n"), "the line ends of the file stay"
    order = [written.index(part) for part in ("Unreleased", "- soon", "## 1.3.0", "- second", "## 1.2.0", "- old")]
    assert order == sorted(order)
    said = refusal("git-changelog", "--version", "v1.3.0", "--insert", "CHANGELOG.md", cwd=repo)
    assert "has a section v1.3.0 already" in said
    assert changelog.read_bytes().decode() == written


def test_a_changelog_is_begun_when_there_is_none(repo: Path) -> None:
    commit(repo, "feat: second")
    output("git-changelog", "--version", "1.3.0", "--insert", "CHANGELOG.md", cwd=repo)
    assert (repo / "CHANGELOG.md").read_text().startswith("# Changelog\n\n## 1.3.0 (")


def test_strict_lists_what_follows_no_convention(repo: Path) -> None:
    commit(repo, "Tidy up")
    commit(repo, "feat: second")
    said = refusal("git-changelog", "--strict", cwd=repo)
    assert "Tidy up" in said
    assert "second" not in said


def test_nothing_to_report_is_refused(repo: Path) -> None:
    assert "nothing to report since v1.2.0\n" in refusal("git-changelog", "--since", "v1.2.0", cwd=repo)
    commit(repo, "chore: x")
    assert "nothing to report since v1.2.0; 1 chores" in refusal("git-changelog", cwd=repo)


def test_what_git_does_not_know_is_named(repo: Path, tmp_path: Path) -> None:
    assert "'nope' is no tag" in refusal("git-changelog", "--since", "nope", cwd=repo)
    assert "'--output=x' is no tag" in refusal("git-changelog", "--since=--output=x", cwd=repo)
    assert "cannot change to" in refusal("git-changelog", "--repo", tmp_path / "nowhere", cwd=repo)
    plain = tmp_path / "plain"
    plain.mkdir()
    assert "not a git repository" in refusal("git-changelog", "--repo", plain, cwd=repo)
    assert not (repo / "x").exists()


@pytest.mark.parametrize("option", [["--date", "soon"], ["--url", "example.org"], ["--version", "a\nb"]])
def test_an_option_that_makes_no_sense_is_bad_usage(repo: Path, option: list[str]) -> None:
    refusal("git-changelog", *option, cwd=repo, code=2)
