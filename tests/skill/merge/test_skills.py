"""Whole skills: which files there are after a merge, and what a person is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.merge.skills import merge_executable, merge_skills

Files = Mapping[str, bytes]
SKILL: Files = {"SKILL.md": b"---\nname: a\ndescription: A.\n---\n", "run.py": b"1\n2\n3\n", "logo.png": b"\x89PNG\0\1"}
PATHS = st.sampled_from(["SKILL.md", "a.txt", "b.txt", "c/d.txt", "e.bin"])
CONTENTS = st.sampled_from([b"", b"1\n2\n3\n", b"1\nx\n3\n", b"1\n2\n3\n4\n", b"\0\1", b"\0\2", b"z"])
TREES = st.dictionaries(PATHS, CONTENTS, max_size=5)


def kinds(base: Files, ours: Files, theirs: Files) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in merge_skills(base, ours, theirs).conflicts]


def without(*paths: str) -> Files:
    return {path: content for path, content in SKILL.items() if path not in paths}


@given(base=TREES, changed=TREES)
def test_what_one_side_did_is_the_result(base: Files, changed: Files) -> None:
    for ours, theirs in ((base, changed), (changed, base), (changed, changed)):
        found = merge_skills(base, ours, theirs)
        assert found.is_clean
        assert found.files == changed


@given(base=TREES, ours=TREES, theirs=TREES)
def test_a_file_that_nobody_deleted_is_never_gone_and_no_change_is_dropped(
    base: Files, ours: Files, theirs: Files
) -> None:
    found = merge_skills(base, ours, theirs)
    disputed = {one.path for one in found.conflicts}
    for path in {*base, *ours, *theirs} - disputed:
        sides = {ours.get(path), theirs.get(path)} - {base.get(path)}
        if path not in found.files:
            assert None in sides or {ours.get(path), theirs.get(path)} == {None}
        elif len(sides) == 1:
            assert found.files[path] in sides


@given(base=TREES, ours=TREES, theirs=TREES)
def test_the_sides_may_change_places(base: Files, ours: Files, theirs: Files) -> None:
    one, other = merge_skills(base, ours, theirs), merge_skills(base, theirs, ours)
    assert {conflict.path for conflict in one.conflicts} == {conflict.path for conflict in other.conflicts}
    assert one.conflicts or one.files == other.files


def test_files_added_deleted_and_changed_on_different_sides_come_together() -> None:
    ours = {**without("logo.png"), "new.txt": b"new"}
    theirs = {**SKILL, "run.py": b"1\n2\n3\n4\n", "other.txt": b""}
    found = merge_skills(SKILL, ours, theirs)
    assert found.is_clean
    assert found.files == {**without("logo.png"), "run.py": b"1\n2\n3\n4\n", "new.txt": b"new", "other.txt": b""}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected", "left"),
    [
        (without("run.py"), {**SKILL, "run.py": b"4\n"}, [("run.py", "deleted_here")], b"4\n"),
        ({**SKILL, "run.py": b""}, without("run.py"), [("run.py", "deleted_there")], b""),
        (without("run.py"), {**SKILL, "run.py": b""}, [("run.py", "deleted_here")], b""),
        ({**SKILL, "run.py": b"1\n\0\n"}, {**SKILL, "run.py": b"4\n"}, [("run.py", "binary")], b"1\n\0\n"),
    ],
)
def test_what_nobody_can_decide_is_left_as_it_was_changed(
    ours: Files, theirs: Files, expected: list[tuple[str, str]], left: bytes
) -> None:
    assert kinds(SKILL, ours, theirs) == expected
    assert merge_skills(SKILL, ours, theirs).files["run.py"] == left


def test_binary_files_are_taken_whole_or_disputed() -> None:
    other = {**SKILL, "logo.png": b"\x89PNG\0\2"}
    assert merge_skills(SKILL, SKILL, other).files == other
    assert kinds(SKILL, {**SKILL, "logo.png": b"\x89PNG\0\3"}, other) == [("logo.png", "binary")]


def test_the_same_new_file_on_both_sides_is_agreed_or_disputed() -> None:
    ours, theirs = {**SKILL, "n.txt": b"same\nours\n"}, {**SKILL, "n.txt": b"same\ntheirs\n"}
    assert merge_skills(SKILL, ours, ours).is_clean
    assert kinds(SKILL, ours, theirs) == [("n.txt", "added")]
    marked = b"same\n<<<<<<< here\nours\n=======\ntheirs\n>>>>>>> drive\n"
    assert merge_skills(SKILL, ours, theirs).files["n.txt"] == marked


@pytest.mark.parametrize(
    ("here", "there"), [("Notes.txt", "notes.txt"), ("a/b.txt", "A/c.txt"), ("a", "a/b"), ("caf\u00e9", "cafe\u0301")]
)
def test_paths_that_cannot_stand_side_by_side_are_disputed(here: str, there: str) -> None:
    found = merge_skills(SKILL, {**SKILL, here: b"1"}, {**SKILL, there: b"2"})
    assert [(one.path, one.kind) for one in found.conflicts] == [(there, "clash")]
    assert here in found.files
    assert there not in found.files


def test_a_file_renamed_in_case_only_is_no_dispute() -> None:
    renamed = {**without("run.py"), "RUN.py": SKILL["run.py"]}
    assert merge_skills(SKILL, renamed, {**SKILL, "more.txt": b""}).files == {**renamed, "more.txt": b""}


def test_files_too_long_to_compare_are_taken_whole_or_disputed() -> None:
    long = b"a\n" * 250_000
    base, theirs = {**SKILL, "long.txt": long}, {**SKILL, "long.txt": long + b"b\n"}
    assert merge_skills(base, base, theirs).files == theirs
    assert kinds(base, {**SKILL, "long.txt": b"c\n" + long}, theirs) == [("long.txt", "binary")]


def test_whether_a_file_may_be_executed_is_as_on_the_side_that_changed_it() -> None:
    base, ours, theirs = {"a", "b"}, {"b", "c"}, {"a", "b", "d"}
    assert merge_executable(base, ours, theirs, ["a", "b", "c", "d", "e"]) == {"b", "c", "d"}
