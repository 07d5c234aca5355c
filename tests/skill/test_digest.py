import base64
import hashlib
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.digest import Digests, FileEntry, read_digests, sha256_hex, sha512_sri, tree_digest
from skillyard.skill.faults import SkillError


def entry(path: str, data: bytes = b"", *, executable: bool = False) -> FileEntry:
    return FileEntry(path=path, size_bytes=len(data), sha256=sha256_hex(data), executable=executable)


def test_hashes_have_the_spellings_of_lockfiles():
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha512_sri(b"x") == "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode()


@given(st.binary(max_size=4000))
def test_a_stream_and_its_bytes_have_the_same_hashes(data):
    expected = Digests(sha256=sha256_hex(data), sha512=sha512_sri(data), size_bytes=len(data))
    assert read_digests(io.BytesIO(data)) == expected


def test_the_tree_digest_is_the_hash_of_a_list_anybody_can_write():
    listed = f"skillyard-tree-v1\n{sha256_hex(b'# x')}  3  SKILL.md\n{sha256_hex(b'')}  0  scripts/\u00e9.py\n"
    files = [entry("scripts/\u00e9.py"), entry("SKILL.md", b"# x")]
    assert tree_digest(files) == "sha256:" + hashlib.sha256(listed.encode()).hexdigest()


def test_the_tree_digest_never_changes_between_releases():
    assert tree_digest([]) == "sha256:" + hashlib.sha256(b"skillyard-tree-v1\n").hexdigest()
    assert tree_digest([entry("SKILL.md", b"hello")]) == (
        "sha256:15dd4ce326f527e0361efa5edc171bc9a630eff05e8377ca62ddecd5e74bfa75"
    )


def test_files_are_sorted_by_the_bytes_of_their_paths():
    files = [entry(path) for path in ("a/b", "a.b", "a", "B", "\U0001f600", "\ufffd")]
    digest = tree_digest(files)
    for _ in range(5):
        random.shuffle(files)
        assert tree_digest(files) == digest
    by_bytes = sorted(files, key=lambda file: file.path.encode())
    lines = "".join(f"{file.sha256}  {file.size_bytes}  {file.path}\n" for file in by_bytes)
    assert digest == "sha256:" + hashlib.sha256(b"skillyard-tree-v1\n" + lines.encode()).hexdigest()


def test_content_and_path_enter_the_tree_digest_and_modes_do_not():
    digest = tree_digest([entry("a", b"1")])
    assert digest == tree_digest([entry("a", b"1", executable=True)])
    assert digest != tree_digest([entry("a", b"2")])
    assert digest != tree_digest([entry("b", b"1")])


@pytest.mark.parametrize("path", ["a\nb", "\ud800"])
def test_a_path_that_could_forge_a_line_is_refused(path):
    with pytest.raises(SkillError, match="rename the file"):
        tree_digest([entry(path)])
