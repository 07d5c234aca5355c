"""What a tar.gz can lie about."""

import gzip

import pytest

from skillyard.skill.archive import open_safely
from tests.skill.crafted import SKILL, codes, gz, pax, refusal, tar_gz_of, tarred

NAMED = pax(("path", "dir/\u00e9 long"))


TAR = tarred("SKILL.md", SKILL) + bytes(1024)


def test_executable_bits_are_read():
    files = open_safely(tar_gz_of(tarred("a", mode=0o755), tarred("b")))
    assert [entry.executable for entry in files.entries] == [False, True, False]


def test_a_leading_dot_slash_is_taken_off():
    files = open_safely(
        tar_gz_of(tarred("./", b"", kind=b"5"), tarred("./SKILL.md", SKILL), tarred("./a/b"), skill=False)
    )
    assert [entry.path for entry in files.entries] == ["SKILL.md", "a/b"]


def test_a_dot_slash_does_not_hide_a_duplicate():
    assert codes(tar_gz_of(tarred("./SKILL.md"))) == {"duplicate_entry"}


@pytest.mark.parametrize("name", ["././a", "./../a", ".//a"])
def test_only_one_leading_dot_slash_is_taken_off(name):
    assert codes(tar_gz_of(tarred(name))) == {"bad_path"}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ([NAMED, tarred("short")], "dir/\u00e9 long"),
        ([tarred("././@LongLink", b"x/" * 60 + b"y\0", kind=b"L"), tarred("short")], None),
        ([tarred("name", prefix=b"some/folder")], "some/folder/name"),
        ([tarred("name", magic=b"ustar  \0", prefix=b"11111111111")], "name"),
        ([tarred("name", magic=bytes(8))], "name"),
        ([tarred("name", kind=b"\0")], "name"),
        ([pax(("comment", "0" * 40), kind=b"g"), tarred("name")], "name"),
        ([pax(("path", "name"), ("size", "1")), tarred("other")], "name"),
        ([pax(("mtime", "1.5"), ("SCHILY.xattr.user.x", "y")), tarred("name")], "name"),
    ],
)
def test_names_are_read_in_every_spelling(members, path):
    if path is None:
        assert codes(tar_gz_of(*members)) == {"bad_path"}
    else:
        assert open_safely(tar_gz_of(*members)).read(path) == b"x"


def test_a_long_name_counts_for_one_entry_only():
    files = open_safely(tar_gz_of(NAMED, tarred("one"), tarred("two")))
    assert [entry.path for entry in files.entries] == ["SKILL.md", "dir/\u00e9 long", "two"]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([tarred("a", b"", kind=b"1", link=b"SKILL.md")], "link_entry"),
        ([tarred("a", b"", kind=b"2", link=b"/etc/passwd")], "link_entry"),
        ([tarred("a", b"", kind=b"3")], "special_file"),
        ([tarred("a", b"", kind=b"4")], "special_file"),
        ([tarred("a", b"", kind=b"6")], "special_file"),
        ([tarred("a", b"", kind=b"7")], "special_file"),
        ([tarred("a", b"", kind=b"D")], "special_file"),
        ([tarred("a", b"", kind=b"K")], "special_file"),
        ([tarred("a", b"", kind=b"M")], "special_file"),
        ([tarred("a", b"", kind=b"S")], "special_file"),
        ([tarred("a", b"", kind=b"V")], "special_file"),
        ([tarred("a", b"", kind=b"X")], "special_file"),
        ([tarred("a", mode=0o4755)], "bad_mode"),
        ([tarred("a", mode=0o2755)], "bad_mode"),
        ([tarred("a", mode=0o1755)], "bad_mode"),
        ([tarred("d/", b"x", kind=b"5")], "wrong_size"),
        ([tarred("d/", b"x")], "wrong_size"),
        ([tarred("a", padding=b"hidden ")], "hidden_data"),
        ([tarred("a", checksum=b"0000000\0")], "bad_checksum"),
        ([tarred("a", size=b"\x80" + bytes(10) + b"\x01")], "bad_archive"),
        ([tarred("a", size=b"0000000000_1")], "bad_archive"),
        ([tarred("a", size=b"-0000000001\0")], "bad_archive"),
        ([tarred("a", magic=b"ustar\x0000", size=10_000)], "truncated"),
        ([tarred("a", magic=b"tarxx\x0000")], "bad_archive"),
        ([pax(("GNU.sparse.major", "1")), tarred("a")], "bad_archive"),
        ([pax(("GNU.sparse.map", "0,1")), tarred("a")], "bad_archive"),
        ([pax(("size", "100")), tarred("a")], "mismatched_header"),
        ([pax(("size", "1"), kind=b"g"), tarred("a")], "bad_archive"),
        ([pax(("size", "1")), pax(("size", "1")), tarred("a")], "bad_archive"),
        ([pax(("linkpath", "/etc/passwd")), tarred("a")], "bad_archive"),
        ([pax(("hdrcharset", "BINARY")), tarred("a")], "bad_archive"),
        ([pax(("path", "evil"), kind=b"g"), tarred("a")], "bad_archive"),
        ([pax(("path", "../evil")), tarred("a")], "bad_path"),
        ([pax(("path", "evil\0.md")), tarred("a")], "bad_path"),
        ([pax(("path", "")), tarred("a")], "bad_path"),
        ([NAMED, NAMED, tarred("a")], "bad_archive"),
        ([NAMED, tarred("././@LongLink", b"b\0", kind=b"L"), tarred("a")], "bad_archive"),
        ([NAMED], "truncated"),
        ([tarred("x", b"99 path=a\n", kind=b"x"), tarred("a")], "bad_archive"),
        ([tarred("x", b"9 path=a!", kind=b"x"), tarred("a")], "bad_archive"),
        ([tarred("x", b"path=a\n", kind=b"x"), tarred("a")], "bad_archive"),
        ([tarred("x", b"10 path=a\n10 path=b\n", kind=b"x"), tarred("a")], "bad_archive"),
        ([tarred("x", b"a" * 70_000, kind=b"x"), tarred("a")], "too_large"),
        ([tarred("x", b"a" * 70_000, kind=b"L"), tarred("a")], "too_large"),
        ([bytes(512), tarred("a")], "truncated"),
        ([bytes(1024), tarred("../evil")], "trailing_data"),
        ([bytes(1024), b"hidden"], "trailing_data"),
        ([bytes(100_000)], "trailing_data"),
    ],
)
def test_a_member_that_is_not_a_plain_file_told_truly_is_refused(members, code):
    assert code in codes(tar_gz_of(*members))


def test_faults_before_the_one_that_stops_are_kept():
    faults = refusal(
        tar_gz_of(tarred("../a"), tarred("b", b"", kind=b"2"), tarred("c", b"", kind=b"S"), tarred("../d"))
    )
    assert [fault.code for fault in faults] == ["bad_path", "link_entry", "special_file"]
    assert "sparse" in faults[2].message


@pytest.mark.parametrize("end", [b"", bytes(511), bytes(512), bytes(1023)])
def test_an_archive_without_its_whole_end_marker_is_refused(end):
    assert codes(tar_gz_of(end=end)) == {"truncated"}


@pytest.mark.parametrize("end", [bytes(1024), bytes(10240 - 1024), bytes(20 * 512 * 3)])
def test_zeros_that_fill_a_record_are_no_trailing_data(end):
    assert "SKILL.md" in open_safely(tar_gz_of(end=end))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gz(TAR) + b"x", "trailing_data"),
        (gz(TAR) + bytes(512), "trailing_data"),
        (gz(TAR) + gz(TAR), "trailing_data"),
        (gz(TAR) + gzip.compress(b""), "trailing_data"),
        (gz(TAR, crc=1), "bad_checksum"),
        (gz(TAR, size=1), "bad_checksum"),
        (gz(TAR)[:-1], "truncated"),
        (gz(TAR)[:-9], "truncated"),
        (gz(TAR)[:40], "truncated"),
        (gz(TAR)[:9], "truncated"),
        (gz(TAR)[:2], "truncated"),
        (b"x" + gz(TAR), "not_an_archive"),
        (gz(TAR, header=b"\x1f\x8b\x07\x00" + bytes(6)), "bad_archive"),
        (gz(TAR, header=b"\x1f\x8b\x08\x04" + bytes(6) + b"\x03\x00abc"), "bad_archive"),
        (gz(TAR, header=b"\x1f\x8b\x08\x10" + bytes(6) + b"comment\0"), "bad_archive"),
        (gz(TAR, header=b"\x1f\x8b\x08\x02" + bytes(6) + b"\0\0"), "bad_archive"),
        (gz(TAR, header=b"\x1f\x8b\x08\x80" + bytes(6)), "bad_archive"),
        (gz(TAR, header=b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 2000 + b"\0"), "bad_archive"),
        (b"\x1f\x8b\x08\x00" + bytes(6) + b"\xff\xff\xff\xff", "bad_compression"),
    ],
)
def test_the_gzip_around_the_tar_must_be_one_whole_stream(data, code):
    assert codes(data) == {code}


def test_a_gzip_header_may_hold_the_name_of_the_file():
    assert "SKILL.md" in open_safely(gz(TAR, header=b"\x1f\x8b\x08\x08" + bytes(6) + b"skill.tar\0"))
