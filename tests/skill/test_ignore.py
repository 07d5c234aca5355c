"""Patterns as git reads them. The verdicts below are those of `git check-ignore`."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.ignore import read_ignore_rules


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("a", ["a", "b/a"], ["ab", "ba"]),
        ("/a", ["a"], ["b/a"]),
        ("a/b", ["a/b"], ["c/a/b", "a/bc"]),
        ("*.log", ["x.log", "d/y.log", ".log"], ["x.log2"]),
        ("d/*.log", ["d/x.log"], ["d/e/x.log"]),
        ("?.py", ["a.py"], [".py", "ab.py"]),
        ("[ab].py", ["a.py"], ["c.py"]),
        ("[!ab].py", ["c.py"], ["a.py"]),
        ("[^ab].py", ["c.py"], ["a.py"]),
        ("[a-c]x", ["bx"], ["dx"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax"]),
        ("a/**", ["a/x", "a/b/x"], ["a"]),
        ("a/**/x", ["a/x", "a/b/x", "a/b/c/x"], ["x", "b/a/x"]),
        ("a/***/x", ["a/b/c/x"], ["x"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("\\*", ["*"], ["a"]),
        ("\\#a", ["#a"], ["a"]),
        ("\\!a", ["!a"], ["a"]),
        ("a\\ ", ["a "], ["a"]),
        ("a   ", ["a"], ["a "]),
        ("a b", ["a b"], ["a"]),
        ("# a", [], ["a", "# a"]),
        ("", [], ["a"]),
        ("/", [], ["a"]),
        ("[", ["["], ["a"]),
        ("\u00e9*", ["\u00e9a"], ["e"]),
        ("A", ["A"], ["a"]),
    ],
)
def test_a_pattern_leaves_out_what_git_would(pattern, left_out, kept):
    rules = read_ignore_rules([pattern])
    assert [path for path in left_out if not rules.leaves_out(path, folder=False)] == []
    assert [path for path in kept if rules.leaves_out(path, folder=False)] == []


def test_a_trailing_slash_means_folders_only():
    rules = read_ignore_rules(["out/"])
    assert rules.leaves_out("out", folder=True)
    assert rules.leaves_out("a/out", folder=True)
    assert not rules.leaves_out("out", folder=False)


def test_the_last_matching_pattern_decides():
    rules = read_ignore_rules(["*.log", "!keep.log", "a/keep.log"])
    assert rules.leaves_out("x.log", folder=False)
    assert not rules.leaves_out("keep.log", folder=False)
    assert rules.leaves_out("a/keep.log", folder=False)


@given(
    st.lists(st.text(alphabet="ab*?[]!^-/\\# .\u00e9", max_size=12), max_size=4),
    st.text("ab/.", min_size=1, max_size=12),
)
def test_any_pattern_is_read(lines, path):
    assert read_ignore_rules(lines).leaves_out(path, folder=False) in (True, False)


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**/" * 60 + "b", "/".join(["**", "a*"] * 8) + "/b"])
def test_no_pattern_takes_long(pattern):
    started = time.process_time()
    rules = read_ignore_rules([pattern])
    rules.leaves_out("a" * 250, folder=False)
    rules.leaves_out("/".join("a" * 16), folder=False)
    assert time.process_time() - started < 0.5
