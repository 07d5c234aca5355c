"""Packing: what goes in comes out, in the same bytes everywhere."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.skill.archive import Limits, open_safely, pack, skill_files
from skillyard.skill.faults import SkillError
from skillyard.skill.limits import DEFAULT_LIMITS
from skillyard.skill.paths import Tree, check_path
from tests.skill.crafted import Zipped, zip_of

SKILL = {"SKILL.md": b"# pdf\n", "scripts/run.sh": b"#!/bin/sh\n", "a": b"", "\u00e9.md": b"2" * 70_000}


def is_plain(path: str) -> bool:
    special = ("skill.md", "__macosx", ".ds_store", "._")
    return not check_path(path, limits=DEFAULT_LIMITS) and not any(name in path.lower() for name in special)


def is_free_of_collisions(tree: dict[str, bytes]) -> bool:
    seen = Tree()
    return not [fault for path in tree for fault in seen.add_file(path)]


paths = st.text(min_size=1, max_size=30).map(lambda text: "/".join(text.split())).filter(is_plain)
trees = st.dictionaries(paths, st.binary(max_size=200), max_size=8).map(lambda tree: {"SKILL.md": b"x", **tree})
trees = trees.filter(is_free_of_collisions)
formats = st.sampled_from(["zip", "tar.gz"])
tops = st.sampled_from([None, "pdf", "\u00fcber"])


@given(trees, formats, tops, st.data())
@settings(max_examples=200)
def test_what_is_packed_is_what_is_opened(tree, format, top, data):
    executable = data.draw(st.sets(st.sampled_from(sorted(tree))))
    files = skill_files(tree, executable=executable)
    opened = open_safely(pack(files, format=format, top_folder=top))
    assert opened.entries == files.entries
    assert opened.digest == files.digest
    assert opened.top_folder == top
    assert {path: opened.read(path) for path in tree} == tree
    assert {entry.path for entry in opened.entries if entry.executable} == executable


def test_what_was_opened_can_be_packed_with_another_top_folder_or_none():
    files = open_safely(zip_of(*(Zipped(name=f"pdf/{path}") for path in ("SKILL.md", "__MACOSX/a", "b")), skill=False))
    for top in (None, "other"):
        assert open_safely(pack(files, top_folder=top)).digest == files.digest


@given(trees, formats, st.randoms())
@settings(max_examples=30)
def test_the_order_in_which_files_come_does_not_matter(tree, format, random):
    shuffled = list(tree.items())
    random.shuffle(shuffled)
    assert pack(skill_files(tree), format=format) == pack(skill_files(dict(shuffled)), format=format)


@pytest.mark.parametrize(
    ("format", "sha256"),
    [
        ("zip", "21a4614590384089c0f5d9972be92f19b75c0609ba9b19fb2511f22d08b21de4"),
        ("tar.gz", "e0aea5775160b67df03c50eb148e583ce0d7cdbbbf41db41a3b70134e8ffe353"),
    ],
)
def test_the_packed_bytes_never_change_between_releases(format, sha256):
    packed = pack(skill_files(SKILL, executable={"scripts/run.sh"}), format=format, top_folder="pdf")
    assert hashlib.sha256(packed).hexdigest() == sha256


@pytest.mark.parametrize("format", ["zip", "tar.gz"])
def test_no_compressor_has_a_part_in_the_packed_bytes(format):
    script = (
        "import sys, zlib; zlib.compressobj = zlib.compress = None; sys.modules['isal'] = None\n"
        "from skillyard.skill.archive import pack, skill_files\n"
        f"sys.stdout.buffer.write(pack(skill_files({SKILL!r}), format={format!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ran.stdout == pack(skill_files(SKILL), format=format)


def test_other_programs_read_a_packed_zip():
    with zipfile.ZipFile(
        io.BytesIO(pack(skill_files(SKILL, executable={"scripts/run.sh"}), top_folder="pdf"))
    ) as archive:
        assert archive.testzip() is None
        found = {member.filename: member for member in archive.infolist()}
        assert {path: archive.read(f"pdf/{path}") for path in SKILL} == SKILL
    assert list(found) == sorted(found)
    assert {member.date_time for member in found.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert {member.create_system for member in found.values()} == {3}
    assert oct(found["pdf/scripts/run.sh"].external_attr >> 16) == "0o100755"
    assert oct(found["pdf/a"].external_attr >> 16) == "0o100644"


def test_other_programs_read_a_packed_tar_gz():
    packed = pack(skill_files(SKILL, executable={"scripts/run.sh"}), format="tar.gz")
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {member.name: member for member in archive}
        assert {path: archive.extractfile(path).read() for path in SKILL} == SKILL
    assert list(found) == sorted(SKILL)
    assert {member.mtime for member in found.values()} == {315532800}
    assert {(member.uid, member.gid, member.uname, member.gname) for member in found.values()} == {(0, 0, "", "")}
    assert {path: oct(member.mode) for path, member in found.items() if path in ("a", "scripts/run.sh")} == {
        "a": "0o644",
        "scripts/run.sh": "0o755",
    }


@pytest.mark.parametrize("sizes", [(99,), (100,), (50, 60), (100, 100), (54, 100, 99)])
def test_a_packed_tar_holds_plain_ustar_members_only(sizes):
    path = "/".join("n" * size for size in sizes)
    packed = pack(skill_files({"SKILL.md": b"x", path: b"1"}, limits=Limits(max_path_bytes=300)), format="tar.gz",
                  limits=Limits(max_path_bytes=300))  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == ["SKILL.md", path]
        assert {member.type for member in archive} == {tarfile.REGTYPE}
        assert archive.pax_headers == {}


def test_names_that_a_plain_tar_cannot_hold_are_refused_there_and_fit_into_a_zip():
    files = skill_files({"SKILL.md": b"x", "n" * 101: b"1", "m" * 120: b"2"})
    with pytest.raises(SkillError, match="pack it as zip") as refused:
        pack(files, format="tar.gz")
    assert len(refused.value.faults) == 2
    assert open_safely(pack(files)).digest == files.digest


@pytest.mark.parametrize("top", ["../x", "/x", "a\\b", "con", "x" * 121, ".git"])
def test_a_top_folder_follows_the_rules_of_paths(top):
    with pytest.raises(SkillError):
        pack(skill_files(SKILL), top_folder=top)


def test_an_archive_that_would_be_refused_is_not_packed():
    with pytest.raises(SkillError, match="are allowed"):
        pack(skill_files(SKILL), limits=Limits(max_archive_bytes=1000))


@pytest.mark.parametrize("path", ["../a", "/a", "con", "a\nb", "skill.MD", "SKILL.md/a", "\ud800"])
def test_files_made_in_memory_follow_the_rules_of_paths(path):
    with pytest.raises(SkillError):
        skill_files({"SKILL.md": b"x", path: b"1"})


def test_files_made_in_memory_have_their_skill_file_at_the_root():
    with pytest.raises(SkillError, match=r"no SKILL\.md"):
        skill_files({"pdf/SKILL.md": b"x"})


def test_reading_a_path_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        skill_files(SKILL).read("nothing")
