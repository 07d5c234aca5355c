"""Files out of a folder that a hostile program has filled: plain ones come out, everything else stays and is named."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

from skillyard.skill.left_files import take_files
from skillyard.skill.limits import DEFAULT_LIMITS

FEW = replace(DEFAULT_LIMITS, max_entries=5, max_unpacked_bytes=1000)


def test_plain_files_come_out_with_their_digests(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.txt").write_text("b")
    (tmp_path / "a.sh").write_text("a")
    (tmp_path / "a.sh").chmod(0o755)
    (tmp_path / "empty").mkdir()
    left = take_files(tmp_path, limits=DEFAULT_LIMITS)
    assert [(file.path, file.size_bytes, file.executable) for file in left.files] == [
        ("a.sh", 1, True),
        ("out/b.txt", 1, False),
    ]
    assert left.left_out == ()
    assert left.read("out/b.txt") == b"b"


def test_links_devices_pipes_and_sockets_stay(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("secret")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        if os.geteuid() == 0:
            os.mknod(folder / "device", 0o600 | 0o060000, os.makedev(7, 0))
        left = take_files(folder, limits=DEFAULT_LIMITS)
    assert left.files == ()
    assert {fault.file for fault in left.left_out} >= {"link", "folder", "pipe", "socket"}
    assert {fault.code for fault in left.left_out} == {"not_a_file"}


def test_names_that_mean_something_else_elsewhere_stay(tmp_path: Path) -> None:
    names = [b"con", b"a:b", b"back\\slash", b"new\nline", b"\xff\xfe", b"dot.", b"\xe2\x80\xaetxt", b"x" * 200]
    for name in names:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("[core]")
    (tmp_path / "same").write_text("1")
    (tmp_path / "SAME").write_text("2")
    left = take_files(tmp_path, limits=DEFAULT_LIMITS)
    assert [file.path for file in left.files] == ["SAME"]
    assert len(left.left_out) >= len(names) + 2
    assert all(str(fault).isprintable() for fault in left.left_out)


def test_neither_sizes_nor_numbers_go_beyond_the_limits(tmp_path: Path) -> None:
    with (tmp_path / "0-sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    for number in range(20):
        (tmp_path / f"f{number:02}").write_bytes(b"x" * 10)
    left = take_files(tmp_path, limits=FEW)
    assert len(left.files) == 5
    assert {"too_large", "too_many_entries"} <= {fault.code for fault in left.left_out}
    assert sum(file.size_bytes for file in left.files) <= 1000


def test_depth_and_a_flood_of_refused_names_are_bounded(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    (deep / "file").write_text("x")
    flood = tmp_path / "flood"
    flood.mkdir()
    for number in range(3000):
        (flood / f"bad:{number}").touch()
    left = take_files(tmp_path, limits=FEW)
    assert left.files == ()
    assert "too_deep" in {fault.code for fault in left.left_out}
    assert len(left.left_out) <= 100
