"""What a zip can lie about."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from skillyard.skill.archive import Limits, open_safely
from tests.skill.crafted import FOLDER, LINK, SKILL, Zipped, codes, deflated, refusal, zip_of


def extra(kind: int, value: bytes) -> bytes:
    return struct.pack("<2H", kind, len(value)) + value


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("flags", [0, 8, 2, 0x800])
def test_stored_and_deflated_entries_are_read_with_and_without_descriptor(method, flags):
    files = open_safely(zip_of(Zipped(name="a", data=b"hello" * 99, method=method, flags=flags), Zipped(name="b")))
    assert files.read("a") == b"hello" * 99


def test_a_descriptor_may_lack_its_magic_number():
    sizes = struct.pack("<3L", zlib.crc32(b"x"), len(deflated(b"x")), 1)
    assert "a" in open_safely(zip_of(Zipped(name="a", flags=8, descriptor=sizes)))


def test_streamed_zips_of_other_programs_are_read():
    class Unseekable(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *args):
            raise OSError

    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SKILL.md", SKILL)
    assert open_safely(stream.getvalue()).read("SKILL.md") == SKILL


def test_executable_bits_are_read():
    files = open_safely(zip_of(Zipped(name="a", mode=0o100755), Zipped(name="b"), Zipped(name="c", mode=0)))
    assert [entry.executable for entry in files.entries] == [False, True, False, False]


def test_unknown_extra_fields_are_passed_over():
    times = extra(0x5455, b"\x01" + bytes(4))
    assert "a" in open_safely(zip_of(Zipped(name="a", extra=times, local_extra=times + extra(0x7875, bytes(11)))))


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Zipped(name="a", mode=LINK, data=b"/etc/passwd"), "link_entry"),
        (Zipped(name="a", attributes=0x400), "link_entry"),
        (Zipped(name="a", mode=stat.S_IFCHR | 0o644), "special_file"),
        (Zipped(name="a", mode=stat.S_IFBLK | 0o644), "special_file"),
        (Zipped(name="a", mode=stat.S_IFIFO | 0o644), "special_file"),
        (Zipped(name="a", mode=stat.S_IFSOCK | 0o644), "special_file"),
        (Zipped(name="a", mode=0o104755), "bad_mode"),
        (Zipped(name="a", mode=0o102755), "bad_mode"),
        (Zipped(name="a", mode=0o101755), "bad_mode"),
        (Zipped(name="d/", data=b"", mode=0o042755), "bad_mode"),
        (Zipped(name="a", mode=FOLDER, data=b""), "mismatched_header"),
        (Zipped(name="a", attributes=0x10), "mismatched_header"),
        (Zipped(name="d/", data=b""), "mismatched_header"),
        (Zipped(name="d/", data=b"x", mode=FOLDER), "wrong_size"),
        (Zipped(name="a", flags=1), "encrypted"),
        (Zipped(name="a", flags=0x41), "encrypted"),
        (Zipped(name="a", flags=0x2000), "encrypted"),
        (Zipped(name="a", flags=0x20), "bad_archive"),
        (Zipped(name="a", method=12), "unsupported_compression"),
        (Zipped(name="a", method=14), "unsupported_compression"),
        (Zipped(name="a", method=93), "unsupported_compression"),
        (Zipped(name="a", method=99), "unsupported_compression"),
        (Zipped(name="a", comment=b"hidden"), "hidden_data"),
        (Zipped(name="a", disk=1), "hidden_data"),
        (Zipped(name="a", crc=1), "bad_checksum"),
        (Zipped(name="a", data=b"abc", size=2), "wrong_size"),
        (Zipped(name="a", data=b"abc", size=4), "wrong_size"),
        (Zipped(name="a", data=b"abc", method=0, size=2), "wrong_size"),
        (Zipped(name="a", data=b"abc", method=0, size=4), "wrong_size"),
        (Zipped(name="a", data=b"abc" * 99, packed=deflated(b"abc" * 99)[:-2]), "bad_compression"),
        (Zipped(name="a", data=b"abc", packed=deflated(b"abc") + b"more"), "bad_compression"),
        (Zipped(name="a", data=b"abc", packed=b""), "bad_compression"),
        (Zipped(name="a", data=b"abc", packed=b"\xff\xff\xff"), "bad_compression"),
        (Zipped(name="d/", data=b"", packed=deflated(b"") + b"hidden", mode=FOLDER), "bad_compression"),
        (Zipped(name="a", local_name=b"b"), "mismatched_header"),
        (Zipped(name="a", local_name=b"SKILL.md"), "mismatched_header"),
        (Zipped(name="a", local_flags=0x800), "mismatched_header"),
        (Zipped(name="a", flags=1, local_flags=0), "mismatched_header"),
        (Zipped(name="a", local_method=0), "mismatched_header"),
        (Zipped(name="a", local_crc=1), "mismatched_header"),
        (Zipped(name="a", local_size=2), "mismatched_header"),
        (Zipped(name="a", flags=8, local_size=2), "mismatched_header"),
        (Zipped(name="a", flags=8, descriptor=bytes(16)), "mismatched_header"),
        (Zipped(name="a", flags=8, descriptor=b""), "mismatched_header"),
        (Zipped(name="a", extra=extra(0x7075, b"\x01" + bytes(4) + b"../x")), "mismatched_header"),
        (Zipped(name="a", local_extra=extra(0x7075, b"\x01" + bytes(4) + b"../x")), "mismatched_header"),
        (Zipped(name="a", extra=b"\x55"), "bad_archive"),
        (Zipped(name="a", extra=b"\x55\x54\x09\x00x"), "bad_archive"),
        (Zipped(name="a", extra=extra(1, bytes(16))), "zip64"),
        (Zipped(name="a", local_extra=extra(1, bytes(16))), "zip64"),
        (Zipped(name="a", size=0xFFFFFFFF, extra=extra(1, struct.pack("<Q", 1))), "zip64"),
        (Zipped(name="a", offset=0xFFFFFFFF), "zip64"),
        (Zipped(name="a", before=b"hidden"), "hidden_data"),
        (Zipped(name="a", offset=0), "overlapping_entries"),
        (Zipped(name="a", offset=3), "overlapping_entries"),
        (Zipped(name="a", offset=100_000), "hidden_data"),
    ],
)
def test_an_entry_that_is_not_a_plain_file_told_truly_is_refused(entry, code):
    faults = refusal(zip_of(entry))
    assert code in {fault.code for fault in faults}
    name = entry.name.removesuffix("/")
    assert all(fault.file is None or fault.file.removesuffix("/") in (name, "SKILL.md") for fault in faults)


def test_two_entries_over_the_same_data_are_refused():
    shared = Zipped(name="a", data=b"x" * 500)
    quoted = zip_of(shared, Zipped(name="b", offset=47 + len(deflated(SKILL)) - 1, local_name=b"b"))
    assert codes(quoted) & {"overlapping_entries", "hidden_data", "bad_archive"}


def test_an_entry_that_reaches_into_the_directory_is_refused():
    good = bytearray(zip_of(Zipped(name="a", data=b"abc", method=0)))
    at = good.rfind(b"PK\x01\x02")
    struct.pack_into("<L", good, at + 20, 40)
    assert codes(bytes(good)) == {"overlapping_entries"}


def test_an_entry_that_the_directory_does_not_list_is_refused():
    listed, hidden = Zipped(name="a"), Zipped(name="../evil").records(0)[0]
    assert codes(zip_of(listed, gap=hidden)) == {"hidden_data"}
    assert codes(zip_of(Zipped(name="a", before=hidden))) == {"hidden_data"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zip_of(gap=b"x"), "hidden_data"),
        (zip_of(gap2=b"x"), "hidden_data"),
        (zip_of(comment=b"x"), "hidden_data"),
        (zip_of() + b"x", "trailing_data"),
        (zip_of() + zip_of(), "hidden_data"),
        (zip_of() + b"PK\x05\x06", "trailing_data"),
        (b"x" + zip_of(), "not_an_archive"),
        (b"PK\x03\x04" + zip_of(), "hidden_data"),
        (zip_of(disk=1), "bad_archive"),
        (zip_of(disk2=1), "bad_archive"),
        (zip_of(here=0), "bad_archive"),
        (zip_of(here=2, all=2), "bad_archive"),
        (zip_of(Zipped(name="a"), here=1, all=1), "bad_archive"),
        (zip_of(here=0xFFFF, all=0xFFFF), "zip64"),
        (zip_of(at=0xFFFFFFFF), "zip64"),
        (zip_of(size=0xFFFFFFFF), "hidden_data"),
        (zip_of(gap2=b"PK\x06\x06" + bytes(52) + b"PK\x06\x07" + bytes(16)), "zip64"),
        (zip_of(at=1), "hidden_data"),
        (zip_of(skill=False), "no_skill_file"),
        (b"PK\x03\x04", "truncated"),
        (b"PK\x05\x06", "truncated"),
    ],
)
def test_the_records_around_the_entries_must_fit_exactly(data, code):
    assert code in codes(data)


@pytest.mark.parametrize("field", range(46))
def test_no_byte_of_the_directory_is_believed_alone(field):
    good = bytearray(zip_of(Zipped(name="a", data=b"abc")))
    at = good.rfind(b"PK\x01\x02") + field
    harmless = {4, 5, 6, 7, 12, 13, 14, 15, 36, 37, 38, 39, 40, 41}
    good[at] ^= 0x01
    if field not in harmless:
        assert codes(bytes(good))
    elif not 38 <= field <= 41:
        assert open_safely(bytes(good)).read("a") == b"abc"


def test_all_wrong_checksums_are_found_at_once():
    faults = refusal(zip_of(Zipped(name="a", crc=1), Zipped(name="b"), Zipped(name="c", crc=1)))
    assert [(fault.code, fault.file) for fault in faults] == [("bad_checksum", "a"), ("bad_checksum", "c")]


def test_more_entries_than_allowed_are_refused_before_they_are_read():
    data = zip_of(here=60_000, all=60_000)
    assert codes(data) == {"too_many_entries"}
    assert codes(zip_of(Zipped(name="a")), Limits(max_entries=1)) == {"too_many_entries"}
