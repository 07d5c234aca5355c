"""Folders on disk: what would be packed, and what is written."""

import os
import socket
import stat

import pytest

from skillyard.skill.archive import Limits, open_safely, pack, read_folder, skill_files, write_files
from skillyard.skill.faults import SkillError


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "pdf", "SKILL.md", "scripts/run.py")


def fill(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())
    return folder


def paths(folder):
    return [entry.path for entry in read_folder(folder).entries]


def faults(folder, **limits):
    with pytest.raises(SkillError) as refused:
        read_folder(folder, limits=Limits(**limits))
    return [(fault.code, fault.file) for fault in refused.value.faults]


def test_a_folder_has_the_digest_of_its_archive(folder):
    files = read_folder(folder)
    assert files.read("scripts/run.py") == b"scripts/run.py"
    assert open_safely(pack(files)).digest == open_safely(pack(files, format="tar.gz")).digest == files.digest


def test_executable_bits_are_read(folder):
    (folder / "scripts/run.py").chmod(0o755)
    assert [entry.executable for entry in read_folder(folder).entries] == [False, True]


def test_what_tools_leave_behind_is_left_out_and_builds_are_not(folder):
    left_out = [
        ".git/config", ".hg/x", ".svn/x", ".DS_Store", "a/.DS_Store", "a/__pycache__/x.pyc", "x.pyc", ".venv/x",
        "venv/x", "node_modules/x/y", ".pytest_cache/x", ".mypy_cache/x", ".ruff_cache/x", ".idea/x", ".vscode/x",
        ".env", "a/.env",
    ]  # fmt: skip
    kept = ["SKILL.md", "build/b", "dist/d", ".env.example", ".gitattributes", "environment"]
    fill(folder, *left_out, *kept)
    assert paths(folder) == sorted([*kept, "scripts/run.py"])


def test_a_skillyardignore_replaces_the_gitignore(folder):
    fill(folder, "a.log", "b.tmp")
    (folder / ".gitignore").write_text("*.log\n")
    assert paths(folder) == [".gitignore", "SKILL.md", "b.tmp", "scripts/run.py"]
    (folder / ".skillyardignore").write_text("*.tmp\n.*ignore\n")
    assert paths(folder) == ["SKILL.md", "a.log", "scripts/run.py"]


def test_a_default_may_be_brought_back(folder):
    fill(folder, ".env", "node_modules/x", ".vscode/a", ".vscode/b")
    (folder / ".skillyardignore").write_text("!.env\n!.vscode\n.vscode/b\n.skillyardignore")
    assert paths(folder) == [".env", ".vscode/a", "SKILL.md", "scripts/run.py"]


def test_an_ignore_file_of_windows_is_understood(folder):
    fill(folder, "a.log")
    (folder / ".skillyardignore").write_bytes(b"\xef\xbb\xbf*.log\r\n.skillyardignore\r\n")
    assert paths(folder) == ["SKILL.md", "scripts/run.py"]


@pytest.mark.parametrize("target", ["/etc/passwd", "SKILL.md", "scripts", "nowhere", "."])
def test_links_are_refused_and_never_followed(folder, target):
    (folder / "link").symlink_to(target)
    assert faults(folder) == [("link_entry", "link")]


def test_a_link_that_is_left_out_does_no_harm(folder):
    (folder / "venv").symlink_to("/usr")
    assert paths(folder) == ["SKILL.md", "scripts/run.py"]


def test_an_ignore_file_that_is_a_link_is_refused(folder, tmp_path):
    (tmp_path / "list").write_text(".skillyardignore")
    (folder / ".skillyardignore").symlink_to(tmp_path / "list")
    assert faults(folder) == [("link_entry", ".skillyardignore")]


def test_pipes_and_sockets_are_refused_without_waiting(folder, monkeypatch):
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert faults(folder) == [("special_file", "pipe"), ("special_file", "socket")]


def test_set_id_files_are_refused(folder):
    (folder / "scripts/run.py").chmod(0o4755)
    assert faults(folder) == [("bad_mode", "scripts/run.py")]


def test_a_folder_shared_by_a_group_is_read(folder):
    (folder / "scripts").chmod(0o2775)
    assert stat.S_ISGID & (folder / "scripts").stat().st_mode
    assert "scripts/run.py" in read_folder(folder)


def test_names_that_are_not_text_are_refused(folder):
    (folder / os.fsdecode(b"caf\xe9")).touch()
    assert faults(folder) == [("bad_path", "caf\\udce9")]


def test_all_faults_of_a_folder_are_found_at_once(folder):
    fill(folder, "con", "a b ", "x", "X", "other/SKILL.md")
    (folder / "SKILL.md").unlink()
    assert [code for code, _ in faults(folder)] == ["bad_path", "bad_path", "colliding_paths", "no_skill_file"]


def test_the_skill_file_must_be_in_the_folder_itself(tmp_path):
    fill(tmp_path, "pdf/SKILL.md")
    with pytest.raises(SkillError, match=r"pack the folder that pdf/SKILL\.md is in"):
        read_folder(tmp_path)


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    assert faults(tmp_path / "nothing")[0][0] == "no_folder"
    (tmp_path / "file").touch()
    assert faults(tmp_path / "file")[0][0] == "no_folder"


def test_limits_hold_for_folders(folder):
    assert faults(folder, max_entries=1) == [("too_many_entries", None)]
    assert faults(folder, max_file_bytes=9) == [("too_large", "scripts/run.py")]
    assert faults(folder, max_unpacked_bytes=10) == [("too_large", None)]


def test_a_bottomless_folder_is_left_in_time(folder):
    deep = folder
    for _ in range(60):
        deep /= "d"
    fill(deep, "x")
    assert faults(folder) == [("bad_path", "/".join("d" * 17))]


def test_files_are_written_with_their_modes(tmp_path):
    files = skill_files({"SKILL.md": b"x", "a/b/c.sh": b"1", "a/d": b"2", "a.b": b"3"}, executable={"a/b/c.sh"})
    write_files(files, tmp_path / "deep" / "pdf")
    again = read_folder(tmp_path / "deep" / "pdf")
    assert again.entries == files.entries
    assert (tmp_path / "deep/pdf/a/b/c.sh").stat().st_mode & 0o100
    assert not (tmp_path / "deep/pdf/a/d").stat().st_mode & 0o111


def test_an_empty_folder_may_be_written_into(tmp_path):
    write_files(skill_files({"SKILL.md": b"x"}), tmp_path)
    assert (tmp_path / "SKILL.md").read_bytes() == b"x"


def test_nothing_is_written_over_or_through_what_is_there(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "new")
    for target in (folder, tmp_path / "link", tmp_path / "file", tmp_path / "dangling"):
        with pytest.raises(SkillError, match="does not exist yet"):
            write_files(skill_files({"SKILL.md": b"evil"}), target)
    assert (folder / "SKILL.md").read_bytes() == b"SKILL.md"
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    long = "x" * 200
    files = skill_files(
        {"SKILL.md": b"x", f"a/{'n' * 300}": b"1", long: b"2"}, limits=Limits(max_path_bytes=400, max_name_bytes=400)
    )
    with pytest.raises(OSError, match="too long"):
        write_files(files, tmp_path / "pdf")
    assert not (tmp_path / "pdf").exists()
